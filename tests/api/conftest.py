"""The whole application in this process, with the sample data and a person for each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.app import create_app
from gateway.console import sessies
from gateway.console.accounts import laad_accounts
from gateway.console.rechten import Persoon, Rol
from gateway.console.sessies import csrf_van, digest
from gateway.reference.laden import laad
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS, voorbeeldbestanden
from gateway.settings import Settings
from gateway.store.console_tables import console_sessie
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import upgrade


@dataclass(kw_only=True)
class Application:
    """The application and its database."""

    client: TestClient
    app: Any
    """FastAPI's own, with every route."""
    store: Store
    people: Mapping[Rol, Persoon]

    def as_(self, who: Persoon | Rol | None, method: str, path: str, *, purpose: str | None = None, **options: Any) -> Any:
        """One request of somebody in a session of its own; None: nobody. `csrf=False` leaves the token out."""
        headers = {**self.session(who, purpose, csrf=options.pop("csrf", True)), **options.pop("headers", {})}
        self.client.cookies.clear()
        return self.client.request(method, path, headers=headers, follow_redirects=False, **options)

    def session(self, who: Persoon | Rol | None, purpose: str | None = None, *, csrf: bool = True) -> dict[str, str]:
        """The headers of somebody who has just logged in."""
        if who is None:
            return {}
        person = self.people[who] if isinstance(who, Rol) else who
        with self.store.writing() as conn:
            cookie = sessies.begin(conn, [person], person, datetime.now(UTC))
            if purpose is not None:
                row = console_sessie.c.sleutel == digest(cookie)
                conn.execute(console_sessie.update().where(row).values(doel=purpose))
        return {"cookie": f"vsb-sessie={cookie}", **({"x-csrf-token": csrf_van(cookie)} if csrf else {})}


@pytest.fixture(scope="package")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("api")
    with running_application(folder) as found:
        yield found


@contextmanager
def running_application(folder: Path, **settings: Any) -> Iterator[Application]:
    """On a database of its own with the sample data."""
    url = f"sqlite:///{folder}/gateway.sqlite"
    engine = make_engine(url)
    upgrade(engine)
    laad(engine, voorbeeldbestanden(), datetime.now(UTC).date())
    engine.dispose()
    with application_on(url, folder, **settings) as found:
        yield found


@contextmanager
def application_on(url: str, folder: Path, **settings: Any) -> Iterator[Application]:
    """On a database that is there, which another gateway may have open too."""
    engine = make_engine(url)
    chosen = Settings(
        database_url=url,
        console=True,
        console_accounts=SAMPLE_ACCOUNTS,
        imports=folder / "imports",
        rate_address=0,
        log_level="ERROR",
        **settings,
    )
    outer: Any = create_app(chosen)
    people = {p.rol: p for a in laad_accounts(SAMPLE_ACCOUNTS).values() for p in a.personen if a.naam not in ("kaat", "omer")}
    with TestClient(outer, raise_server_exceptions=False) as client:
        yield Application(client=client, app=outer._rest, store=Store(engine), people=people)
    engine.dispose()


Ask = Callable[..., Any]
