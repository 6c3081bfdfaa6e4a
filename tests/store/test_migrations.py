"""The schema goes forward and back with a gateway's real data in it, and is in the end the one that the models say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, inspect, select, text

from gateway.store import console_tables, migrate
from gateway.store.engine import make_engine
from gateway.store.metadata import metadata
from gateway.store.migrate import SchemaProblem, Stage, downgrade, stand, upgrade, upgrade_to
from tests.server.test_main_job import wait_for
from tests.support import PERSONS, RunningGateway

pytestmark = pytest.mark.both_engines
REVISIONS = [
    s.revision for s in reversed(list(ScriptDirectory(str(Path(migrate.__file__).parent / "migrations")).walk_revisions()))
]
assert console_tables.console_sessie.metadata is metadata
_PER_ENGINE = ("alembic_version",)


def shape(engine: Engine) -> dict[str, Any]:
    """Tables with their columns, keys and indexes, triggers too."""
    found: dict[str, Any] = {}
    look = inspect(engine)
    for table in look.get_table_names():
        columns = {c["name"]: (str(c["type"]), c["nullable"], str(c["default"])) for c in look.get_columns(table)}
        keys = sorted((str(k["name"]), tuple(k["constrained_columns"])) for k in look.get_foreign_keys(table))
        indexes = sorted((str(i["name"]), tuple(map(str, i["column_names"]))) for i in look.get_indexes(table))
        unique = sorted(str(u["name"]) for u in look.get_unique_constraints(table))
        found[table] = (columns, look.get_pk_constraint(table)["constrained_columns"], keys, indexes, unique)
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    triggers = sqlite if engine.dialect.name == "sqlite" else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with engine.connect() as conn:
        found["triggers"] = sorted(str(r[0]) for r in conn.execute(text(triggers)))
    return found


def contents(engine: Engine) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """Every row of every table, as a set."""
    tables = MetaData()
    tables.reflect(bind=engine)
    divided = tuple(f"{name}_" for name in tables.tables if name.endswith("_inhoud"))
    with engine.connect() as conn:
        return {
            name: {tuple((k, repr(v)) for k, v in sorted(row._mapping.items())) for row in conn.execute(select(table))}
            for name, table in tables.tables.items()
            if name not in _PER_ENGINE and not name.startswith(divided)
        }


def test_the_schema_is_the_one_that_the_models_say(new_database: Callable[[], str]) -> None:
    engine = make_engine(new_database())
    upgrade(engine)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"include_name": _ours}), metadata)
    engine.dispose()
    assert [d for d in found if "modify_comment" not in repr(d)] == []


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name is not None and "_inhoud_" in name)


def test_a_schema_that_went_back_and_forward_equals_a_fresh_one(new_database: Callable[[], str]) -> None:
    fresh, travelled = make_engine(new_database()), make_engine(new_database())
    upgrade(fresh)
    for revision in REVISIONS:
        upgrade_to(travelled, revision)
    for revision in (*reversed(REVISIONS[:-1]), *REVISIONS[1:]):
        (upgrade_to if revision > _revision(travelled) else downgrade)(travelled, revision)
        assert _revision(travelled) == revision
    assert shape(travelled) == shape(fresh)
    fresh.dispose()
    travelled.dispose()


def _revision(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(stand(connection).revision)


def notify(gateway: RunningGateway, person: str, **kind: object) -> Any:
    body = kind or {"StartVerblijf": {"Startdatum": gateway.today() - timedelta(days=2), "TypeVerblijf": "regulier"}}
    return gateway.facility().indienen(str(uuid4()), PERSONS[person], **body)


def test_a_gateways_data_survives_each_step_back_and_forward(start_gateway: Callable[..., Any]) -> None:
    with start_gateway() as gateway:
        els = notify(gateway, "els")
        start = {"Startdatum": gateway.today() - timedelta(days=40), "TypeVerblijf": "regulier"}
        held = notify(gateway, "sofie", StartVerblijf=start)
        assert (els.Uitkomst, held.Uitkomst) == ("aanvaard", "in_beraad")
        wait_for(lambda: bool(gateway.kas("180").get()))
        gateway.stop()
        engine = make_engine(gateway.environment["VSB_DATABASE_URL"])
        at: dict[str, dict[str, Any]] = {REVISIONS[-1]: contents(engine)}
        for revision in reversed(REVISIONS[:-1]):
            downgrade(engine, revision)
            at[revision] = contents(engine)
        for revision in REVISIONS[1:]:
            upgrade_to(engine, revision)
            now = contents(engine)
            for table in set(now) & set(at[REVISIONS[0]]):
                kept = _columns(at[REVISIONS[0]], table)
                assert _only(now[table], kept) == _only(at[revision][table], kept), (revision, table)
        engine.dispose()
        assert len(at[REVISIONS[0]]["bericht"]) >= 2
        gateway.start()
        assert gateway.facility().raadplegen(MessageId=els.MessageId).Uitkomst == "aanvaard"
        assert [d.Dossiernummer for d in gateway.facility().dossiers(Insz=PERSONS["els"])] == [els.Dossiernummer]
        assert notify(gateway, "jan").Uitkomst == "aanvaard"


def _columns(oldest: dict[str, Any], table: str) -> set[str]:
    return {name for row in oldest.get(table, ()) for name, _ in row}


def _only(rows: set[tuple[tuple[str, str], ...]], names: set[str]) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(pair for pair in row if pair[0] in names) for row in rows}


def test_an_empty_database_is_told_from_one_that_lacks_a_step_and_from_a_newer_one(new_database: Callable[[], str]) -> None:
    engine = make_engine(new_database())
    with engine.connect() as connection:
        assert stand(connection).revision is None
        assert [r for r, _ in stand(connection).missing] == REVISIONS
    upgrade_to(engine, REVISIONS[-2])
    with engine.connect() as connection:
        assert [r for r, _ in stand(connection).missing] == REVISIONS[-1:]
    assert upgrade(engine).revision == REVISIONS[-2]
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert upgrade(engine).newer
    assert _revision(engine) == "9999", "a release leaves the schema of a later one as it is"
    engine.dispose()


def test_what_the_release_before_could_not_live_with_waits_until_somebody_says_so(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(new_database())
    upgrade_to(engine, REVISIONS[-3])
    stages = dict.fromkeys(REVISIONS, Stage.PRE) | {REVISIONS[-1]: Stage.POST}
    real = migrate.stand

    def staged(connection: Any) -> migrate.Stand:
        found = real(connection)
        return migrate.Stand(revision=found.revision, missing=tuple((r, stages[r]) for r, _ in found.missing))

    monkeypatch.setattr(migrate, "stand", staged)
    upgrade(engine)
    assert _revision(engine) == REVISIONS[-2]
    stages |= {REVISIONS[-2]: Stage.POST, REVISIONS[-1]: Stage.PRE}
    downgrade(engine, REVISIONS[-3])
    with pytest.raises(SchemaProblem, match="--stage post"):
        upgrade(engine)
    upgrade(engine, Stage.POST)
    assert _revision(engine) == REVISIONS[-1]
    engine.dispose()
