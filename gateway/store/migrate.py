"""Bring a database to the schema of this version, with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_FOLDER = Path(__file__).parent / "migrations"


def head() -> str:
    """The newest revision that this version knows."""
    found = ScriptDirectory(str(_FOLDER)).get_current_head()
    if found is None:
        raise RuntimeError("there are no migrations")
    return found


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply the migrations that are missing; one process at a time."""
    _migrate(engine, revision, forward=True)


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to an older schema; what only the newer one can hold is dropped."""
    _migrate(engine, revision, forward=False)


def _migrate(engine: Engine, revision: str, *, forward: bool) -> None:
    sqlite = engine.dialect.name == "sqlite"
    with engine.execution_options(vsb_write=True).connect() as connection:
        if sqlite:
            # SQLite changes a table by rebuilding it; with foreign keys on, the old one could not go while others point at it.
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                _run(connection, revision, forward=forward)
        finally:
            if sqlite:
                connection.connection.cursor().execute("PRAGMA foreign_keys=ON")


def _run(connection: Connection, revision: str, *, forward: bool) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20190401)")
    (command.upgrade if forward else command.downgrade)(config, revision)
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"the migration to {revision} left {len(broken)} rows without their parent")
