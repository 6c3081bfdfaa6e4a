"""What zorgkassen decided and settled, in whose person. Every function works inside the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from gateway.store.scherm_tables import zorgkashandeling

BESLISSING, AFREKENING = "beslissing", "afrekening"
"""Kinds of act."""


@dataclass(frozen=True, kw_only=True)
class Handeling:
    """One act of a zorgkas on a message."""

    bericht_id: str
    soort: str
    zorgkas: str
    persoon: str | None
    """Who did it on a screen; None when the zorgkas's software did it by message."""
    op: datetime
    uitkomst: str
    motivering: str
    """The zorgkas's own words; of a settlement its payment reference."""


def bewaar_handeling(conn: Connection, handeling: Handeling) -> None:
    conn.execute(insert(zorgkashandeling).values(**asdict(handeling)))


def handelingen(conn: Connection, bericht_id: str) -> list[Handeling]:
    """Every act on a message, in order."""
    h = zorgkashandeling.c
    kolommen = [h[naam] for naam in Handeling.__dataclass_fields__]
    rows = conn.execute(select(*kolommen).where(h.bericht_id == bericht_id).order_by(h.id))
    return [Handeling(**row._mapping) for row in rows]


def laatste_handeling(conn: Connection, bericht_id: str, soort: str) -> Handeling | None:
    return next((h for h in reversed(handelingen(conn, bericht_id)) if h.soort == soort), None)
