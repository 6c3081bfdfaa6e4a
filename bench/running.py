"""A gateway to measure: its processes, and many generated members whose aanvragen it accepts."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from conformance.berichten.messages import envelope, head, start
from conformance.server.reference import free_port
from conformance.walkthrough import sample_signer

RIZIV = "72090103000"
COMMAND = [sys.executable, "-m", "gateway"]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A gateway that listens; its worker is the caller's business."""

    port: int
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    @property
    def pids(self) -> list[int]:
        """The server process and its children."""
        found = [self.process.pid]
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) in found:
                found.append(int(path.parent.name))
        return found

    def memory(self) -> int:
        """Resident bytes of all its processes."""
        pages = 0
        for pid in self.pids:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def members(folder: Path, count: int, zorgkassen: Sequence[str] = ("180",)) -> list[str]:
    """INSZ numbers of generated persons, in the files that load_members loads; the zorgkassen in turn."""
    numbers = []
    for n in range(count):
        day, order = divmod(n, 900)
        nine = f"{datetime(1903, 1, 1) + timedelta(days=day):%y%m%d}{order + 50:03d}"
        numbers.append(f"{nine}{97 - int(nine) % 97:02d}")
    with (folder / "personen.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(
            ["insz", "naam", "voornaam", "geboortedatum", "geslacht", "adres", "overlijdensdatum", "aansluiting_mogelijk"]
        )
        rows.writerows([n, "Meting", "Persoon", "", "", "", "", "ja"] for n in numbers)
    with (folder / "aansluitingen.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["insz", "zorgkas", "type", "van", "tot"])
        rows.writerows(
            [number, zorgkassen[n % len(zorgkassen)], "officieel", "2019-01-01", ""] for n, number in enumerate(numbers)
        )
    return numbers


def messages(numbers: Sequence[str]) -> list[bytes]:
    """A signed StartVerblijf of each person; made before the clock starts, so that only the gateway is measured."""
    now, signer = datetime.now(UTC), sample_signer("facility-ibw-1")
    today = now.date() - timedelta(days=1)
    return [envelope(start(RIZIV, insz, today, head(RIZIV, now)), signer, now) for insz in numbers]


@contextmanager
def running(folder: Path, database: str, push_base: str = "http://127.0.0.1:9") -> Iterator[Running]:
    """A gateway on the sample data and the members in `folder`, without a worker."""
    port = free_port()
    environment = {
        **os.environ,
        "VSB_PORT": str(port),
        "VSB_DATABASE_URL": database,
        "VSB_RATE_ADDRESS": "0",
        "VSB_RATE_SENDER": "0",
        "VSB_WORKERS": os.environ.get("VSB_WORKERS", "2"),
        "VSB_MAX_CONCURRENT": "32",
        "VSB_LOG_LEVEL": "ERROR",
    }
    files = [f"{folder}/personen.csv", f"{folder}/aansluitingen.csv"]
    for what in (["reference", "sample", "--push-base", push_base], ["reference", "load", *files]):
        subprocess.run([*COMMAND, *what], env=environment, check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([*COMMAND, "serve", "--no-worker"], env=environment)
    try:
        _wait(port)
        yield Running(port=port, process=process, environment=environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def post(connection: socket.socket, message: bytes) -> bytes:
    """POST one message on an open connection and read its answer."""
    head_ = b"POST /soap/aanvraag/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head_ % len(message) + message)
    answer = b""
    while b":Envelope>" not in answer:
        received = connection.recv(65536)
        if not received:
            raise ConnectionError("the gateway closed the connection")
        answer += received
    return answer


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=1).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    raise RuntimeError("the gateway did not come up")
