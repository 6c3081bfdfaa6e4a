"""Guessing passwords is slow: failures are counted per account and per address, in the database, for all processes together."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from gateway.console.sessies import digest
from gateway.store.console_tables import console_poging
from gateway.store.slot import slot

_VRIJ = {"account": 5, "adres": 20}
"""Failures that cost no waiting; an office shares one address."""
_EERSTE = timedelta(seconds=30)
_LANGST = timedelta(minutes=15)
_VERGETEN = timedelta(hours=24)


def wacht(conn: Connection, soort: str, waarde: str, nu: datetime) -> timedelta | None:
    """How long this account or address must still wait; None: it may try. A name that nobody has waits as well."""
    row = conn.execute(select(console_poging).where(console_poging.c.sleutel == _sleutel(soort, waarde))).first()
    if row is None or row.fouten < _VRIJ[soort]:
        return None
    straf = min(_LANGST, _EERSTE * 2 ** min(row.fouten - _VRIJ[soort], 10))
    over: timedelta = row.laatst + straf - nu
    return over if over > timedelta(0) else None


def mislukt(conn: Connection, soort: str, waarde: str, nu: datetime) -> bool:
    """Count a failure; returns whether waiting begins with this one."""
    sleutel, tabel = _sleutel(soort, waarde), console_poging
    slot(conn, f"console/{sleutel}")
    conn.execute(delete(tabel).where(tabel.c.laatst < nu - _VERGETEN))
    fouten = conn.execute(select(tabel.c.fouten).where(tabel.c.sleutel == sleutel)).scalar()
    if fouten is None:
        conn.execute(insert(tabel).values(sleutel=sleutel, fouten=1, laatst=nu))
    else:
        conn.execute(update(tabel).where(tabel.c.sleutel == sleutel).values(fouten=fouten + 1, laatst=nu))
    return (fouten or 0) + 1 == _VRIJ[soort]


def gelukt(conn: Connection, soort: str, waarde: str) -> None:
    """Forget the failures of an account that logged in; an address keeps its own, or one good account would pay for guessing."""
    conn.execute(delete(console_poging).where(console_poging.c.sleutel == _sleutel(soort, waarde)))


def _sleutel(soort: str, waarde: str) -> str:
    return digest(f"{soort}:{waarde.strip().lower()[:200]}")
