"""`make run`: what was started ends with it, and the commands beside it find its database and its port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from conformance.berichten.sample import others
from gateway.paths import data_dir
from tests.support import free_port

READY = "Ctrl-C stops everything"


def environment(port: int) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("VSB_")}
    root = data_dir("cookbooks").parent
    links = {"VSB_COOKBOOKS": str(root / "cookbooks"), "PYTHONUNBUFFERED": "1", "COLUMNS": "80"}
    return {**kept, **links, "VSB_PORT": str(port)}


def run(folder: Path, port: int, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", *command]
    return subprocess.run(
        arguments, cwd=folder, env={**environment(port), **more}, capture_output=True, text=True, check=False, timeout=120
    )


@contextmanager
def demo(folder: Path, port: int, ready: str = READY) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A demo that has come to a line, and what it printed until there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "demo"],
        cwd=folder,
        env=environment(port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = ""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            printed += line
            if ready in line:
                break
        assert ready in printed, printed
        yield process, printed
    finally:
        started = below(process.pid)
        process.kill()
        process.wait()
        for pid in started:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def running() -> dict[int, int]:
    """Process to its parent, of all that is not a zombie."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


def below(pid: int) -> list[int]:
    """Every process that descends from one."""
    parents, found = running(), [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def left(pids: list[int]) -> list[int]:
    """Those that are still there after a minute."""
    for _ in range(600):
        if not (still := [pid for pid in pids if pid in running()]):
            return []
        time.sleep(0.1)
    return still


def test_a_port_that_is_taken_is_told_with_the_way_to_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(tmp_path, port, "gateway", "demo")
    assert done.returncode == 2
    assert f"Port {port}" in done.stdout
    assert "VSB_PORT=" in done.stdout


def ends_with_all_it_started(process: subprocess.Popen[str], number: signal.Signals, port: int) -> bool:
    """Whether nothing is left of a demo that got a signal, and its port is free again."""
    started = below(process.pid)
    assert len(started) >= 2, started  # the gateway and the receiver; the worker comes a moment later
    process.send_signal(number)
    process.wait(timeout=60)
    assert left(started) == []
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_nothing_is_left_of_a_demo_that_was_killed(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port, "Is this person insured?") as (process, _):
        assert ends_with_all_it_started(process, signal.SIGKILL, port)


def test_commands_beside_the_demo_do_what_it_prints_and_it_stops_as_a_whole(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as (process, printed):
        told = run(tmp_path, port, "gateway", "alarms")
        assert told.returncode == 2
        chosen = re.search(r"export VSB_DATABASE_URL='([^']+)'", printed)
        assert chosen is not None
        assert chosen[0] in told.stderr
        assert f"export VSB_PORT={port}" in printed
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        alarms = run(elsewhere, port, "gateway", "alarms", VSB_DATABASE_URL=chosen[1])
        assert alarms.returncode in (0, 1), alarms.stderr
        register = run(elsewhere, port, "gateway", "register", "attestation", "list", VSB_DATABASE_URL=chosen[1])
        assert "VSB-2024-0001" in register.stdout, register.stderr
        for _ in range(3):
            signed = run(elsewhere, port, "conformance", "sign", "aanvraag")
            (curl,) = [line for line in signed.stdout.splitlines() if line.strip().startswith("curl ")]
            answer = subprocess.run(["sh", "-c", curl], cwd=elsewhere, capture_output=True, text=True, check=True, timeout=60)
            assert "Uitkomst>aanvaard<" in answer.stdout, answer.stdout
        assert ends_with_all_it_started(process, signal.SIGTERM, port)


def test_signing_takes_another_person_each_time_and_the_address_that_was_given(tmp_path: Path) -> None:
    said = [run(tmp_path, 8099, "conformance", "sign", "aanvraag").stdout for _ in range(2)]
    assert [re.findall(r"about (\d{11})", text) for text in said] == [[insz] for insz in others()[:2]]
    assert "http://127.0.0.1:8099/soap/aanvraag/v1" in said[0]
    there = run(tmp_path, 8099, "conformance", "sign", "verzekerbaarheid", "--target", "https://gateway.example.be/")
    assert there.stdout.rstrip().endswith("https://gateway.example.be/soap/verzekerbaarheid/v1")
    nobody = run(tmp_path, 8099, "conformance", "sign", "aanvraag", "--person", "niemand")
    assert nobody.returncode == 2
    assert "els" in nobody.stdout


def test_the_list_of_certificates_reads_at_eighty_columns(tmp_path: Path) -> None:
    listed = run(tmp_path, 8099, "gateway", "certs", "list").stdout
    for whole in ("NIHII-PALLIATIVE_CARE=96890726", "Residential care centre", "facility-ibw-1-renewed"):
        assert whole in listed
