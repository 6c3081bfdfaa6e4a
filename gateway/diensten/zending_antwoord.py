"""Put the answer to a zending in its sender's mailbox: the XML, and beside it the flat return for who sent flat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from gateway.berichten.antwoord import FacturatieAntwoord, schrijf_facturatie_antwoord
from gateway.berichten.plat_retour import retour
from gateway.exchange.outbox import plaats
from gateway.store.identifiers import message_id
from gateway.wire.content import Content

_PLAT = "-PLAT"
"""Behind the message name of a flat return."""


def leg_klaar(
    conn: Connection, row: Row[Any], antwoord: FacturatieAntwoord, *, naam: str, plat: Content | None, now: datetime
) -> None:
    """Args:
    row: the message that posted the zending.
    naam: message name of the answer.
    plat: the flat file as it was sent, or None.
    """
    inhouden = [(naam, schrijf_facturatie_antwoord(antwoord))]
    if plat is not None:
        inhouden.append((f"{naam}{_PLAT}", retour(plat.steps(), antwoord, test=row.test)))
    for message_name, content in inhouden:
        plaats(
            conn,
            levering_id=message_id(now),
            bericht_id=row.id,
            bestemming=row.afzender,
            transport="pull",
            message_name=message_name,
            input_reference=row.bedrijfs_id,
            content=content,
            now=now,
        )
