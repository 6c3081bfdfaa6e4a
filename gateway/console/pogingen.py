"""Guessing passwords is slow: failures are counted per account and per address, in the database, for all processes together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from gateway.console.sessies import digest
from gateway.store.console_tables import console_poging
from gateway.store.slot import slot

_VRIJ = {"account": 5, "toestel": 5, "adres": 20}
"""Failures that cost no waiting; an office shares one address."""
_EERSTE = timedelta(seconds=30)
_LANGST = timedelta(minutes=15)
_VERGETEN = timedelta(hours=24)

Wie = Sequence[tuple[str, str]]
"""What is counted: account, toestel or adres, each with which one."""


def begin(conn: Connection, wie: Wie, nu: datetime) -> timedelta | None:
    """Count a try as a failure before it is judged, so that many at once are no more than one after the other.

    Returns:
        How long it must still wait; None: it is counted, and may be judged. `gelukt` takes it back.
    """
    slot(conn, *(f"console/{_sleutel(soort, waarde)}" for soort, waarde in wie))
    over = [w for soort, waarde in wie if (w := wacht(conn, soort, waarde, nu)) is not None]
    if over:
        return max(over)
    for soort, waarde in wie:
        mislukt(conn, soort, waarde, nu)
    return None


def begint_nu(conn: Connection, wie: Wie) -> list[str]:
    """Of what waiting begins with the failure that was counted last."""
    geteld = [(soort, _fouten(conn, soort, waarde)) for soort, waarde in wie]
    return [soort for soort, fouten in geteld if fouten == _VRIJ[soort]]


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


def gelukt(conn: Connection, wie: Wie) -> None:
    """Forget the failures of an account or device that logged in; an address keeps its own, but not this try."""
    for soort, waarde in wie:
        if soort == "adres":
            terug(conn, [(soort, waarde)])
        else:
            conn.execute(delete(console_poging).where(console_poging.c.sleutel == _sleutel(soort, waarde)))


def terug(conn: Connection, wie: Wie) -> None:
    """Take back a try that was not judged, or was no failure."""
    tabel = console_poging
    for soort, waarde in wie:
        mijn = (tabel.c.sleutel == _sleutel(soort, waarde)) & (tabel.c.fouten > 0)
        conn.execute(update(tabel).where(mijn).values(fouten=tabel.c.fouten - 1))


def _fouten(conn: Connection, soort: str, waarde: str) -> int:
    vraag = select(console_poging.c.fouten).where(console_poging.c.sleutel == _sleutel(soort, waarde))
    return conn.execute(vraag).scalar() or 0


def _sleutel(soort: str, waarde: str) -> str:
    return digest(f"{soort}:{waarde.strip().lower()[:200]}")
