"""How fast the outbox drains to one zorgkas while another is down; beside the same queue with nobody down."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.running import COMMAND, members, messages, post, running
from bench.table import Row
from conformance.server.reference import free_port


def run(quick: bool = False) -> list[Row]:
    """Deliveries per second to zorgkas 280: with 480 unreachable and as many messages waiting for it, and alone."""
    count = 40 if quick else 400
    alone = _drain(["280"], count)
    beside = _drain(["280", "480"], 2 * count)
    return [Row(name="drain of 280 while 480 is down", value=beside, unit="per s", floor=alone, higher_is_better=True)]


def _drain(zorgkassen: list[str], count: int) -> float:
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name:
        folder, port = Path(name), free_port()
        numbers = members(folder, count, zorgkassen)
        with running(folder, f"sqlite:///{folder}/gateway.sqlite", f"http://127.0.0.1:{port}") as gateway:
            with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
                for message in messages(numbers):
                    post(connection, message)
            if "480" in zorgkassen:
                _unreachable(folder, gateway.environment, "480")
            receiver = [sys.executable, "-m", "conformance", "receiver", "--port", str(port), "--folder", str(folder / "in")]
            processes = [subprocess.Popen(receiver), subprocess.Popen([*COMMAND, "worker"], env=gateway.environment)]
            try:
                return _rate(folder / "in" / "280", count // len(zorgkassen))
            finally:
                for process in processes:
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)


def _unreachable(folder: Path, environment: dict[str, str], code: str) -> None:
    # A port on which a connection is taken and nothing ever answers is the slowest way to be down.
    silent = socket.create_server(("127.0.0.1", 0), backlog=64)
    row = f"{code};Zorgkas van de Liberale Ziekenfondsen;0900148023;soap;http://127.0.0.1:{silent.getsockname()[1]}/;ja"
    (folder / "zorgkassen.csv").write_text(f"code;naam;kbo;levering;endpoint;actief\n{row}\n", encoding="utf-8")
    subprocess.run(
        [*COMMAND, "reference", "load", f"{folder}/zorgkassen.csv"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    _SILENT.append(silent)


_SILENT: list[socket.socket] = []
"""Kept open until the bench ends."""


def _rate(folder: Path, count: int) -> float:
    begin = first = None
    while True:
        kept = len(list(folder.glob("*.xml"))) if folder.is_dir() else 0
        now = time.perf_counter()
        if kept and begin is None:
            # The clock starts at the first delivery, so that the start of the processes is not in it.
            begin, first = now, kept
        if kept >= count and begin is not None and first is not None:
            return (kept - first) / (now - begin)
        time.sleep(0.02)
