"""Accepted aanvragen per second: HTTP, signature, rules, durable commit, signed receipt; beside the engine's own commits.

Then a soak: whether rate and memory at the end of many messages are what they were at the beginning.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sqlite3
import tempfile
import time
from pathlib import Path

import psycopg

from bench.running import Running, members, messages, post, running
from bench.table import Row
from tests.databases import PostgreSQL, private_postgresql

_CONNECTIONS = 32
_SLICES = 5


def run(quick: bool = False) -> list[Row]:
    """Accepted aanvragen per second on each engine, beside single durable commits per second on the same disk."""
    count = 200 if quick else 6_000
    rows = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name:
        folder = Path(name)
        numbers = members(folder, count)
        with running(folder, f"sqlite:///{folder}/gateway.sqlite") as gateway:
            rate = _load(gateway, messages(numbers))
        rows.append(_row("SQLite FULL", rate, _commits(folder, 200 if quick else 3_000)))
        with private_postgresql() as server:
            with running(folder, server.new_database()) as gateway:
                rate = _load(gateway, messages(numbers))
            rows.append(_row("PostgreSQL", rate, _commits_postgresql(server, 200 if quick else 3_000)))
    return rows


def soak(quick: bool = False) -> list[Row]:
    """The last slice of many messages beside the first: accepted per second, and resident memory."""
    count = 500 if quick else 20_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name:
        folder = Path(name)
        numbers = members(folder, count)
        rates, memory = [], []
        with running(folder, f"sqlite:///{folder}/gateway.sqlite") as gateway:
            for n in range(_SLICES):
                part = numbers[n * count // _SLICES : (n + 1) * count // _SLICES]
                rates.append(_load(gateway, messages(part)))
                memory.append(gateway.memory() / 1e6)
    return [
        Row(name=f"rate after {count} aanvragen", value=rates[-1], unit="per s", floor=rates[0], higher_is_better=True),
        Row(name=f"memory after {count} aanvragen", value=memory[-1], unit="MB", floor=memory[0]),
    ]


def _row(engine: str, rate: float, floor: float) -> Row:
    return Row(name=f"accepted aanvragen, {engine}", value=rate, unit="per s", floor=floor, higher_is_better=True)


def _load(gateway: Running, signed: list[bytes]) -> float:
    shares = [signed[n::_CONNECTIONS] for n in range(_CONNECTIONS)]
    with multiprocessing.Pool(_CONNECTIONS) as pool:
        begin = time.perf_counter()
        accepted = sum(pool.starmap(_send, [(gateway.port, share) for share in shares]))
        seconds = time.perf_counter() - begin
    if accepted != len(signed):
        raise RuntimeError(f"only {accepted} of {len(signed)} were accepted")
    return accepted / seconds


def _send(port: int, signed: list[bytes]) -> int:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        return sum(b"Uitkomst>aanvaard<" in post(connection, message) for message in signed)


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


def _commits_postgresql(server: PostgreSQL, count: int) -> float:
    block = os.urandom(8192)
    with psycopg.connect(server.new_database().replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY, b bytea)")
        begin = time.perf_counter()
        for _ in range(count):
            connection.execute("INSERT INTO t (b) VALUES (%s)", (block,))
        return count / (time.perf_counter() - begin)
