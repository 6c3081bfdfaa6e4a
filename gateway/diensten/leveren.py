"""Put an accepted message on its way to its zorgkas, inside the transaction that accepted it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from gateway.berichten.zorgkas import Levering, schrijf_levering
from gateway.exchange.outbox import PULL, plaats
from gateway.reference import lookup
from gateway.store.berichten import Stap


def transport_van(conn: Connection, zorgkas: str) -> str:
    """How a zorgkas is registered to receive; one that is not registered finds its messages in a mailbox."""
    found = lookup.zorgkas(conn, zorgkas)
    return PULL if found is None else found.levering.value


def gerouteerd(zorgkas: str, transport: str) -> tuple[Stap, str]:
    """The step to record with the outbox entry."""
    return Stap.GEROUTEERD, f"zorgkas {zorgkas} ({transport})"


def naar_zorgkas(conn: Connection, levering: Levering, now: datetime, *, transport: str, volgorde: str) -> None:
    """Write the outbox entry.

    The delivery's id is the message id, so that the receiver can de-duplicate on it.

    Args:
        transport: how the zorgkas receives, see transport_van.
        volgorde: deliveries with the same text arrive in the order in which they were accepted.
    """
    plaats(
        conn,
        levering_id=levering.message_id,
        bericht_id=levering.message_id,
        bestemming=f"zorgkas:{levering.zorgkas}",
        transport=transport,
        message_name=f"VSB-{levering.soort.upper()}",
        input_reference=levering.message_id,
        content=schrijf_levering(levering),
        now=now,
        test=levering.test,
        volgorde=volgorde,
    )
