"""Shared fixtures: a database on either engine, one gateway for the tests that only send, and a way to start others.

SQLite and PostgreSQL are equals, so a test runs on both, with the engine in its id, when it
- uses `store` (a migrated `Store` of its own) or `database_url` (the address of that database), or
- uses `gateway` or `start_gateway` and is marked: `pytestmark = pytest.mark.both_engines` in its module.
Without that mark a gateway runs on SQLite. `new_database` makes further empty databases on the engine that the test runs on,
`engine_name` is its name, `postgresql` the session's one private server.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import pytest

from gateway.store.engine import Store, make_engine
from gateway.store.migrate import upgrade
from tests.databases import PostgreSQL, private_postgresql
from tests.support import RunningGateway, running_gateway

ENGINES = ("sqlite", "postgresql")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_engines: its gateways run on SQLite and on PostgreSQL")
    config.addinivalue_line("markers", "postgresql_only: of what SQLite does not have, such as partitions")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marked = metafunc.definition.get_closest_marker("both_engines") is not None
    if "engine_name" in metafunc.fixturenames and (marked or "database_url" in metafunc.fixturenames):
        only = metafunc.definition.get_closest_marker("postgresql_only") is not None
        metafunc.parametrize("engine_name", ENGINES[1:] if only else ENGINES, indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine_name(request: pytest.FixtureRequest) -> str:
    """sqlite or postgresql."""
    return getattr(request, "param", ENGINES[0])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One private server for the whole run; started by the first test that needs it."""
    # Hundreds of databases are made on it. Nothing here pulls the plug of the machine, and only that needs fsync.
    with private_postgresql("fsync=off", "full_page_writes=off", "max_wal_size=256MB") as server:
        yield server


@pytest.fixture(scope="session")
def new_database(engine_name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes an empty database on the engine that the test runs on; returns its SQLAlchemy URL."""
    if engine_name == "postgresql":
        return request.getfixturevalue("postgresql").new_database
    folder, numbers = tmp_path_factory.mktemp("databases"), count()
    return lambda: f"sqlite:///{folder}/{next(numbers)}.sqlite"


@pytest.fixture(scope="session")
def _migrated(new_database: Callable[[], str]) -> str:
    """A database with this version's tables; SQLite's tests get a copy of it."""
    engine = make_engine(url := new_database())
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def database_url(engine_name: str, _migrated: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy URL of a database with this version's tables and nothing in them.

    On PostgreSQL the tests share it one after the other: who changes tables or partitions takes `new_database` instead.
    """
    if engine_name == "postgresql":
        request.getfixturevalue("postgresql").empty(_migrated)
        return _migrated
    shutil.copyfile(_migrated.removeprefix("sqlite:///"), tmp_path / "gateway.sqlite")
    return f"sqlite:///{tmp_path}/gateway.sqlite"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The database at `database_url`, opened."""
    engine = make_engine(database_url)
    yield Store(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def gateway(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with the sample data, shared by the whole run."""
    with running_gateway(tmp_path_factory.mktemp("gateway"), VSB_DATABASE_URL=new_database()) as running:
        yield running


@pytest.fixture
def start_gateway(new_database: Callable[[], str], tmp_path: Path) -> Callable[..., AbstractContextManager[RunningGateway]]:
    """Start a gateway of one's own: `with start_gateway(VSB_SIGN_RESPONSES="true") as g`; arguments as `running_gateway`."""

    def start(
        push_base: str = "http://127.0.0.1:9", options: tuple[str, ...] = (), **env: str
    ) -> AbstractContextManager[RunningGateway]:
        return running_gateway(tmp_path / "gateway", push_base, options, **{"VSB_DATABASE_URL": new_database(), **env})

    return start
