"""Database engines: SQLite (WAL, synchronous=FULL) by default, PostgreSQL in production."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.refusal import Code, Refusal
from gateway.store.samen import GroupCommit

_OPERATIONAL = (sqlite3.OperationalError, psycopg.OperationalError)
T = TypeVar("T")
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "temp_store=MEMORY",
    "cache_size=-65536",
    "wal_autocheckpoint=1000",
)


def make_engine(url: str) -> Engine:
    """Engine for a SQLAlchemy URL; a SQLite file's folder is made."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_size=32, max_overflow=16, hide_parameters=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 10, "check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        # sqlite3's own transaction handling starts late; we begin ourselves, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("vsb_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


class Store:
    """Opens read and write transactions; a database that cannot be reached becomes a refusal that says: later."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(vsb_write=True)
        self._turn = threading.Lock()
        on_file = engine.dialect.name == "sqlite" and engine.url.database not in (None, "", ":memory:")
        self._lock_file = Path(f"{engine.url.database}.queue") if on_file else None
        self._group = GroupCommit(self.writing) if on_file else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with _unavailable(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is on disk when the block has ended without an exception."""
        with _unavailable(), self._queue(), self._writing.begin() as connection:
            yield connection

    def samen(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a transaction that is on disk when this returns; on SQLite several callers share one.

        Raises:
            Refusal: UNAVAILABLE; or whatever `work` raised, and then nothing of it is kept.
        """
        if self._group is not None:
            return self._group.do(work)
        with self.writing() as conn:
            return work(conn)

    @contextmanager
    def _queue(self) -> Iterator[None]:
        # SQLite's own waiting is a sleep that grows to 100 ms; a lock file wakes the next writer at once, of any process.
        if self._lock_file is None:
            yield
            return
        with self._turn, self._lock_file.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error.orig, _OPERATIONAL):
            raise Refusal(Code.UNAVAILABLE, found="databank") from error
        raise
    except PoolTimeout as error:
        raise Refusal(Code.UNAVAILABLE, found="databank") from error
