"""Messages that wait for a zorgkas's decision, and until when. Every function works inside the caller's transaction."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.store.tables import beraad, bericht

_OPEN = (
    select(beraad.c.bericht_id, beraad.c.vervalt_op, beraad.c.herinnerd_op, bericht.c.pijler)
    .join(bericht, bericht.c.id == beraad.c.bericht_id)
    .where(beraad.c.gesloten_op.is_(None))
)


def open_beraad(conn: Connection, bericht_id: str, *, zorgkas: str, pijler: str, sinds: datetime, vervalt_op: date) -> None:
    wacht = {"zorgkas": zorgkas, "pijler": pijler, "sinds": sinds, "vervalt_op": vervalt_op}
    conn.execute(insert(beraad).values(bericht_id=bericht_id, **wacht))


def sluit_beraad(conn: Connection, bericht_id: str, op: datetime) -> None:
    """Somebody, or the term, decided."""
    conn.execute(update(beraad).where(beraad.c.bericht_id == bericht_id, beraad.c.gesloten_op.is_(None)).values(gesloten_op=op))


def vervallen(conn: Connection, vandaag: date, limit: int) -> list[Row[Any]]:
    """What is still open on the day that its term ended, the oldest first."""
    return list(conn.execute(_OPEN.where(beraad.c.vervalt_op <= vandaag).order_by(beraad.c.vervalt_op).limit(limit)))


def lopend(conn: Connection, tot: date) -> list[Row[Any]]:
    """What is open and ends on or before a day."""
    return list(conn.execute(_OPEN.where(beraad.c.vervalt_op <= tot).order_by(beraad.c.vervalt_op, beraad.c.bericht_id)))


def herinnerd(conn: Connection, bericht_id: str, dag: date) -> None:
    conn.execute(update(beraad).where(beraad.c.bericht_id == bericht_id).values(herinnerd_op=dag))
