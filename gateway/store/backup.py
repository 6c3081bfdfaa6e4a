"""A copy of the database while it works, and the way back.

SQLite: its online backup API, which copies a consistent state past writers. PostgreSQL: its own pg_dump and pg_restore. A copy
holds what was acknowledged before it began; for less loss than the time between two copies see docs/databases.md.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL, make_url

from gateway.store.engine import make_engine
from gateway.store.tables import bericht

Voortgang = Callable[[int, int], None]
"""(pages done, pages in all)."""
_PAGES = 1_000
_EMPTY = """
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  LOOP EXECUTE format('DROP TABLE %I CASCADE', r.relname); END LOOP;
  FOR r IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  LOOP EXECUTE 'DROP FUNCTION ' || r.name || ' CASCADE'; END LOOP;
END $$
"""
_SIDE = ("-wal", "-shm", ".queue")


class BackupProblem(Exception):
    """A copy can not be made or put back; says why, in Dutch."""


def maak_backup(url: str, target: Path, voortgang: Voortgang = lambda _done, _all: None) -> None:
    """Copy the database to a file that appears whole or not at all, readable by its owner only.

    Raises:
        BackupProblem: there is no database, no program for it, or the copy is not whole.
        OSError: the file can not be written.
    """
    address = make_url(url)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.touch(mode=0o600, exist_ok=False)
    try:
        if address.get_backend_name() == "sqlite":
            _copy_sqlite(_sqlite_file(address), partial, voortgang)
            _check_sqlite(partial)
        else:
            _run_postgresql("pg_dump", address, "--format=custom", f"--file={partial}")
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.rename(target)
        _sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def zet_backup_terug(url: str, source: Path, *, overschrijf: bool) -> None:
    """Put a copy in the place of the database.

    Args:
        overschrijf: also when the database holds messages; SQLite's old file is kept beside it as `<file>.voor-herstel`.

    Raises:
        BackupProblem: the copy is not whole, the database is in use, or holds messages and may not be overwritten.
    """
    address = make_url(url)
    if not overschrijf and _holds_messages(url):
        raise BackupProblem("De databank bevat berichten; geef --yes om ze te vervangen.")
    if address.get_backend_name() == "sqlite":
        _check_sqlite(source)
        _place_sqlite(source, Path(address.database or ""))
        return
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            others = connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            ).scalar()
    finally:
        engine.dispose()
    if others:
        raise BackupProblem(f"{others} andere verbindingen gebruiken deze databank; stop eerst elke gateway en worker.")
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        script = Path(folder) / "inhoud.sql"
        _run("pg_restore", "--no-owner", f"--file={script}", str(source))
        # One transaction: either all of the copy is there, or all of what was.
        steps = ("--single-transaction", "--set=ON_ERROR_STOP=1", "--quiet", "--no-psqlrc", "-c", _EMPTY, "-f", str(script))
        _run_postgresql("psql", address, *steps)


def _sqlite_file(address: URL) -> Path:
    file = Path(address.database or "")
    if not file.is_file():
        raise BackupProblem(f"Er is geen databank {file}.")
    return file


def _copy_sqlite(source: Path, target: Path, voortgang: Voortgang) -> None:
    with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy, pages=_PAGES, progress=lambda _status, rest, total: voortgang(total - rest, total), sleep=0.0)
        copy.execute("PRAGMA journal_mode=DELETE")


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
            found = [*copy.execute("PRAGMA integrity_check(1)"), *copy.execute("PRAGMA foreign_key_check")]
            copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BackupProblem(f"{file} is geen databank van de gateway ({error}).") from None
    if found != [("ok",)]:
        raise BackupProblem(f"{file} is niet heel: {str(found[0][0])[:200]}")


def _place_sqlite(source: Path, target: Path) -> None:
    if (user := _in_use(target)) is not None:
        raise BackupProblem(f"Proces {user} gebruikt {target}; stop eerst elke gateway en worker.")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, partial)
    partial.chmod(0o600)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    if target.exists():
        # What still stands in the old journal belongs to the old file.
        with closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target.rename(f"{target}.voor-herstel")
    for suffix in _SIDE:
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    partial.rename(target)
    _sync_folder(target.parent)


def _in_use(file: Path) -> int | None:
    """A process that has the file open, as far as this account may see."""
    if not file.exists():
        return None
    wanted = file.stat()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            found = descriptor.stat()
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return int(descriptor.parts[2])
    return None


def _holds_messages(url: str) -> bool:
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        return False
    engine: Engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(bericht.name):
                return False
            return connection.execute(bericht.select().limit(1)).first() is not None
    finally:
        engine.dispose()


def _run_postgresql(program: str, address: URL, *arguments: str) -> None:
    plain = URL.create("postgresql", address.username, None, address.host, address.port, address.database, address.query)
    _run(program, f"--dbname={plain.render_as_string()}", *arguments, password=str(address.password or ""))


def _run(program: str, *arguments: str, password: str = "") -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupProblem(f"{program} staat niet op deze machine: installeer postgresql-client.")
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run(  # noqa: S603 — the program is PostgreSQL's own, its arguments are ours
        [found, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupProblem(f"{program}: {next(iter(done.stderr.splitlines()), 'mislukt')[:300]}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
