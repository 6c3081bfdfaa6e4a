"""Put an accepted message on its way to its zorgkas, inside the transaction that accepted it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from gateway.berichten.zorgkas import Levering, schrijf_levering
from gateway.exchange.outbox import plaats
from gateway.reference import lookup
from gateway.store.berichten import Stap


def naar_zorgkas(conn: Connection, levering: Levering, now: datetime, volgorde: str) -> list[tuple[Stap, str | None]]:
    """Write the outbox entry and return the steps to record.

    The delivery's id is the message id, so that the receiver can de-duplicate on it.

    Args:
        volgorde: deliveries with the same text arrive in the order in which they were accepted.
    """
    zorgkas = lookup.zorgkas(conn, levering.zorgkas)
    transport = "pull" if zorgkas is None else zorgkas.levering
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
    return [(Stap.GEROUTEERD, f"zorgkas {levering.zorgkas} ({transport})")]
