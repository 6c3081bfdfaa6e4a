"""Mailboxes in the MyCareNet manner: what is not confirmed comes again, what is confirmed does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, func, select, update

from gateway.exchange.toestand import PENDING, Toestand
from gateway.store.tables import levering, levering_inhoud
from gateway.wire.generic import Outgoing

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes of content in one answer; the first message is given whatever its size."""


def wachtend(conn: Connection, bestemming: str, names: Sequence[str], limit: int) -> tuple[Outgoing, ...]:
    """Messages in a mailbox, oldest first, bounded in number and size."""
    query = (
        select(levering.c.id, levering.c.message_name, levering.c.input_reference, func.length(levering_inhoud.c.octetten))
        .join(levering_inhoud, levering_inhoud.c.levering_id == levering.c.id)
        .where(
            levering.c.bestemming == bestemming,
            levering.c.transport == "pull",
            levering.c.toestand.in_([t.value for t in PENDING]),
        )
        .order_by(levering.c.aangemaakt_op, levering.c.id)
        .limit(limit)
    )
    if names:
        query = query.where(levering.c.message_name.in_(names))
    chosen: list[Row[str, str, str, int]] = []
    total = 0
    for row in conn.execute(query):
        total += row[3]
        if chosen and total > MAX_ANSWER:
            break
        chosen.append(row)
    content = levering_inhoud.c
    octets = {
        r[0]: r[1]
        for r in conn.execute(
            select(content.levering_id, content.octetten).where(content.levering_id.in_([c[0] for c in chosen]))
        )
    }
    return tuple(Outgoing(id=r[0], message_name=r[1], input_reference=r[2], content=octets[r[0]]) for r in chosen)


def markeer_opgehaald(conn: Connection, ids: Sequence[str]) -> list[str]:
    """Mark what is given for the first time; returns the messages of those deliveries."""
    fresh = conn.execute(
        select(levering.c.id, levering.c.bericht_id).where(levering.c.id.in_(ids), levering.c.toestand == Toestand.WACHTEND.value)
    ).all()
    if fresh:
        conn.execute(update(levering).where(levering.c.id.in_([r[0] for r in fresh])).values(toestand=Toestand.OPGEHAALD.value))
    return [r[1] for r in fresh]


def bevestig(conn: Connection, bestemming: str, hashes: Sequence[bytes], references: Sequence[str], now: datetime) -> list[str]:
    """Confirm by content hash or reference, own mailbox only; unknown ones change nothing.

    Returns:
        Messages whose delivery is now closed.
    """
    pending = select(levering.c.id, levering.c.bericht_id).where(
        levering.c.bestemming == bestemming,
        levering.c.transport == "pull",
        levering.c.toestand.in_([t.value for t in PENDING]),
        levering.c.hash.in_([h.hex() for h in hashes]) | levering.c.id.in_(references),
    )
    rows = conn.execute(pending).all()
    if rows:
        conn.execute(
            update(levering)
            .where(levering.c.id.in_([r[0] for r in rows]))
            .values(toestand=Toestand.BEVESTIGD.value, bevestigd_op=now)
        )
    return [r[1] for r in rows]
