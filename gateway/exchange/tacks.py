"""TAcks that come after the one on a post: what became of it on its way to the zorgkas, in the sender's mailbox.

The value of a TAck binds the request (facts ehealth.md §3.3), which may be many megabytes; so both values are computed when the
request is at hand, and kept.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select

from gateway.exchange.outbox import PULL
from gateway.exchange.toestand import Toestand
from gateway.store.identifiers import message_id
from gateway.store.tables import bericht, levering, levering_inhoud, tack_waarde
from gateway.wire.content import Content
from gateway.wire.generic import FAILURE, GATEWAY, SUCCESS, UNDELIVERED, UNREACHABLE, Tack, tack_content

MESSAGE_NAME = "TACK"


def onthoud(conn: Connection, bericht_id: str, request: Content) -> None:
    """Keep what later TAcks over this post will say.

    Args:
        request: the decoded blob.
    """
    values = {"geslaagd": tack_content(SUCCESS, request).hex(), "mislukt": tack_content(FAILURE, request).hex()}
    conn.execute(insert(tack_waarde).values(bericht_id=bericht_id, **values))


def ontvangen_door(conn: Connection, bericht_id: str, bestemming: str, now: datetime) -> None:
    """The zorgkas has the sender's post."""
    _plaats(conn, bericht_id, bestemming.rpartition(":")[2], now)


def niet_afgeleverd(conn: Connection, bericht_id: str, bestemming: str, now: datetime) -> None:
    """The sender's post could not be delivered, for now or for good; the operator knows."""
    text = "De zending is aanvaard maar kon niet afgeleverd worden; de centrale toepassing volgt dit op."
    _plaats(conn, bericht_id, bestemming.rpartition(":")[2], now, success=False, minor=UNDELIVERED, message=text)


def onbereikbaar(conn: Connection, bericht_id: str, now: datetime) -> None:
    """The sender's post is accepted and kept, but its zorgkas can not be reached for now."""
    text = "Aanvaard en bewaard; de zorgkas is nu niet bereikbaar. Niets opnieuw zenden."
    _plaats(conn, bericht_id, GATEWAY, now, minor=UNREACHABLE, message=text)


def _plaats(
    conn: Connection,
    bericht_id: str,
    issuer: str,
    now: datetime,
    *,
    success: bool = True,
    minor: str | None = None,
    message: str | None = None,
) -> None:
    query = select(bericht.c.afzender, bericht.c.bedrijfs_id, bericht.c.test, tack_waarde.c.geslaagd, tack_waarde.c.mislukt)
    row = conn.execute(query.join(tack_waarde).where(bericht.c.id == bericht_id)).first()
    if row is None:
        # Only who posted over GenericAsync has a mailbox that knows TAcks.
        return
    value = row.geslaagd if success else row.mislukt
    tack = Tack(
        issuer=issuer,
        input_reference=row.bedrijfs_id,
        value=bytes.fromhex(value),
        reference=message_id(now),
        success=success,
        minor=minor,
        message=message,
    )
    content = json.dumps({**asdict(tack), "value": value}).encode()
    conn.execute(
        insert(levering).values(
            id=tack.reference,
            bericht_id=bericht_id,
            bestemming=row.afzender,
            transport=PULL,
            soort="tack",
            message_name=MESSAGE_NAME,
            input_reference=row.bedrijfs_id,
            hash=value,
            octetten=len(content),
            test=row.test,
            toestand=Toestand.WACHTEND.value,
            pogingen=0,
            volgende_poging=now,
            aangemaakt_op=now,
        )
    )
    conn.execute(insert(levering_inhoud).values(levering_id=tack.reference, octetten=content))


def lees(content: bytes) -> Tack:
    """A TAck as the mailbox keeps it."""
    values = json.loads(content)
    return Tack(**{**values, "value": bytes.fromhex(values["value"])})
