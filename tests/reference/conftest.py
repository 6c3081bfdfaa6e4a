from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from gateway.reference.laden import laad
from gateway.reference.voorbeeld import voorbeeldbestanden
from gateway.store.engine import Store

VANDAAG = date(2026, 3, 15)

Schrijver = Callable[[str, str], Path]


@pytest.fixture
def engine(store: Store) -> Engine:
    return store.engine


@pytest.fixture
def geladen(engine: Engine) -> Engine:
    """A database with the sample data."""
    verslag = laad(engine, voorbeeldbestanden(), VANDAAG)
    assert verslag.fouten == ()
    return engine


@pytest.fixture
def conn(geladen: Engine) -> Iterator[Connection]:
    with geladen.connect() as conn:
        yield conn


@pytest.fixture
def schrijf(tmp_path: Path) -> Schrijver:
    """Makes a file in a folder of its own test."""

    def _schrijf(naam: str, inhoud: str) -> Path:
        bestand = tmp_path / naam
        bestand.write_text(inhoud, encoding="utf-8")
        return bestand

    return _schrijf
