"""Accepted aanvragen per second: HTTP, signature, rules, durable commit, signed receipt; beside the disk's own commits."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from bench.table import Row
from conformance.messages import envelope, head, start
from conformance.walkthrough import sample_signer

_RIZIV = "72090103000"
_CONNECTIONS = 32


def run(quick: bool = False) -> list[Row]:
    """Accepted aanvragen per second, beside single durable commits per second on the same disk."""
    count = 200 if quick else 6_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name:
        folder = Path(name)
        members = _members(folder, count)
        rate = _accepted(folder, members)
        floor = _commits(folder, 200 if quick else 3_000)
    return [Row(name="accepted aanvragen, SQLite FULL", value=rate, unit="per s", floor=floor, higher_is_better=True)]


def _members(folder: Path, count: int) -> list[str]:
    numbers = []
    for n in range(count):
        day, order = divmod(n, 900)
        birth = datetime(1903, 1, 1) + timedelta(days=day)
        nine = f"{birth:%y%m%d}{order + 50:03d}"
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
        rows.writerows([n, "180", "officieel", "2019-01-01", ""] for n in numbers)
    return numbers


def _accepted(folder: Path, members: list[str]) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "VSB_PORT": str(port),
        "VSB_DATABASE_URL": f"sqlite:///{folder}/gateway.sqlite",
        "VSB_RATE_ADDRESS": "0",
        "VSB_RATE_SENDER": "0",
        "VSB_WORKERS": os.environ.get("VSB_WORKERS", "2"),
        "VSB_MAX_CONCURRENT": "32",
        "VSB_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "gateway"]
    for what in (["reference", "sample"], ["reference", "load", f"{folder}/personen.csv", f"{folder}/aansluitingen.csv"]):
        subprocess.run([*command, *what], env=environment, check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen([*command, "serve", "--no-worker"], env=environment)
    try:
        _wait(port)
        # Messages are signed before the clock starts: only the gateway is measured.
        now, signer = datetime.now(UTC), sample_signer("facility-ibw-1")
        today = now.date() - timedelta(days=1)
        messages = [envelope(start(_RIZIV, insz, today, head(_RIZIV, now)), signer, now) for insz in members]
        return _load(port, messages)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _load(port: int, messages: list[bytes]) -> float:
    shares = [messages[n::_CONNECTIONS] for n in range(_CONNECTIONS)]
    with multiprocessing.Pool(_CONNECTIONS) as pool:
        begin = time.perf_counter()
        accepted = sum(pool.starmap(_send, [(port, share) for share in shares]))
        seconds = time.perf_counter() - begin
    if accepted != len(messages):
        raise RuntimeError(f"only {accepted} of {len(messages)} were accepted")
    return accepted / seconds


def _send(port: int, messages: list[bytes]) -> int:
    head_ = b"POST /soap/aanvraag/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
    accepted = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for message in messages:
            connection.sendall(head_ % len(message) + message)
            answer = b""
            while b":Envelope>" not in answer:
                answer += connection.recv(65536)
            accepted += b"Uitkomst>aanvaard<" in answer
    return accepted


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=1).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise RuntimeError("the gateway did not come up")


def _commits(folder: Path, count: int) -> float:
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)")
    block = os.urandom(8192)
    begin = time.perf_counter()
    for _ in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (b) VALUES (?)", (block,))
        connection.execute("COMMIT")
    rate = count / (time.perf_counter() - begin)
    connection.close()
    return rate
