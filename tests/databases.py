"""Engines for tests: a private PostgreSQL and a private NATS, each in its own folder on a free port, stopped afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from conformance.server.reference import free_port


def _postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: make debian-test")
    return found[-1].parent


def _as_postgres(command: list[str]) -> list[str]:
    # PostgreSQL refuses to run as root.
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


_EMPTY = """
DO $$ DECLARE name text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND NOT relispartition AND relname <> 'alembic_version'
  LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
  PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S';
END $$
"""


@dataclass(kw_only=True)
class PostgreSQL:
    """A running server; every database in it is the caller's own."""

    port: int
    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def new_database(self) -> str:
        """SQLAlchemy URL of a new, empty database."""
        name = f"t{next(self._numbers)}_{os.getpid()}"
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def empty(self, url: str) -> None:
        """Delete every row of the gateway's tables, past the triggers that refuse to; numbers begin at 1 again."""
        name = url.rsplit("/", 1)[1]
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=name, autocommit=True) as conn:
            conn.execute(_EMPTY)

    def start(self) -> None:
        self._control("start", "-w", "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """Stop as pg_ctl does; `immediate` is a crash."""
        self._control("stop", "-w", "-m", mode)

    def _control(self, *arguments: str) -> None:
        command = _as_postgres([str(_postgres_bin() / "pg_ctl"), "-D", str(self.folder / "data"), *arguments])
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def private_postgresql(*settings: str) -> Iterator[PostgreSQL]:
    """A PostgreSQL server with fsync on, as production has it.

    Args:
        settings: further lines of postgresql.conf.
    """
    folder = Path(tempfile.mkdtemp(prefix="vsb-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = PostgreSQL(port=free_port(), folder=folder)
    try:
        initdb = [str(_postgres_bin() / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run(_as_postgres(initdb), check=True, stdout=subprocess.DEVNULL, cwd="/")
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
            lines = ["listen_addresses='127.0.0.1'", f"port={server.port}", f"unix_socket_directories='{folder}'"]
            conf.write("\n".join([*lines, "max_connections=200", *settings]) + "\n")
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(kw_only=True)
class Nats:
    """A running nats-server with JetStream."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = shutil.which("nats-server")
        if program is None:
            raise RuntimeError("nats-server is not installed: make debian-test")
        with (self.folder / "log").open("ab") as log:
            command = [program, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder / "store")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("nats-server did not come up")

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=20)
            self.process = None


@contextmanager
def private_nats() -> Iterator[Nats]:
    folder = Path(tempfile.mkdtemp(prefix="vsb-nats-"))
    server = Nats(port=free_port(), folder=folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
