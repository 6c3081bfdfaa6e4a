"""Bring a database to this version's schema, with Alembic, in steps that the release before can live with (docs/databases.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_FOLDER = Path(__file__).parent / "migrations"


class SchemaProblem(Exception):
    """The schema can not be brought where it should be; says what to do, in Dutch."""


class Stage(StrEnum):
    """When a revision may be applied; each declares its own as `stage`."""

    PRE = "pre"
    """Only adds: processes of the release before go on working on it. Applied when the first new process starts."""
    POST = "post"
    """Tightens or removes: only once no process of the release before runs any more."""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Where a database's schema is, against what this release knows."""

    revision: str | None
    """None: an empty database."""
    missing: tuple[tuple[str, Stage], ...]
    """Revisions still to apply, oldest first."""
    newer: bool = False
    """The revision is of a later release: this one runs on it, because its pre steps only add."""


def stand(connection: Connection) -> Stand:
    """Where the schema is and what is missing."""
    revision = MigrationContext.configure(connection).get_current_revision()
    known = [(s.revision, Stage(s.module.stage)) for s in reversed(list(_script().walk_revisions()))]
    names = [r for r, _ in known]
    if revision is not None and revision not in names:
        return Stand(revision=revision, missing=(), newer=True)
    done = 0 if revision is None else names.index(revision) + 1
    return Stand(revision=revision, missing=tuple(known[done:]))


def upgrade(engine: Engine, stage: Stage = Stage.PRE) -> Stand:
    """Apply the migrations that are missing, one process at a time; returns where the schema was before.

    An empty database gets all of them. A newer one is left as it is.

    Args:
        stage: PRE stops before the first step that processes of the release before could not live with.

    Raises:
        SchemaProblem: a PRE step of this release waits behind a POST step of the one before.
    """
    with engine.connect() as connection:
        before = stand(connection)
    steps = [r for r, _ in before.missing]
    if stage is Stage.PRE and before.revision is not None:
        steps = [r for r, _ in takewhile(lambda step: step[1] is Stage.PRE, before.missing)]
        behind = [r for r, s in before.missing[len(steps) :] if s is Stage.PRE]
        if behind:
            raise SchemaProblem(
                f"Revisie {behind[0]} wacht op {before.missing[len(steps)][0]}, een stap van na de vorige versie. Stop alle "
                "processen van die versie en geef: vsb-gateway database upgrade --stage post"
            )
    if steps:
        _migrate(engine, steps[-1], forward=True)
    return before


def upgrade_to(engine: Engine, revision: str) -> None:
    """Go forward to one revision, whatever its stage."""
    _migrate(engine, revision, forward=True)


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to an older schema; what only the newer one can hold is dropped."""
    _migrate(engine, revision, forward=False)


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(_FOLDER))


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
