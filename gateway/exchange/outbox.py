"""The outbox: one row per delivery, one immutable row per attempt. Moves content that it does not understand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from sqlalchemy import Connection, insert, or_, select, update

from gateway.store.tables import levering, levering_inhoud, poging

LEASE = timedelta(minutes=2)
"""Longer than any push may take; a worker that died loses its claim after this."""
MAX_POGINGEN = 20
"""With the back-off below about half a day of trying."""


class Toestand(StrEnum):
    """States of a delivery."""

    WACHTEND = "wachtend"
    """Not yet fetched (pull) or not yet pushed with success."""
    OPGEHAALD = "opgehaald"
    """Fetched and not confirmed: it is given again."""
    BEVESTIGD = "bevestigd"
    """The receiver's own receipt closed it."""
    MISLUKT = "mislukt"
    """Tried until the policy gave up; a person must look."""


FINAL = frozenset({Toestand.BEVESTIGD, Toestand.MISLUKT})
PENDING = frozenset({Toestand.WACHTEND, Toestand.OPGEHAALD})


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery that this worker may push until its lease ends."""

    id: str
    bericht_id: str
    bestemming: str
    message_name: str
    input_reference: str
    pogingen: int
    content: bytes


def plaats(
    conn: Connection,
    *,
    levering_id: str,
    bericht_id: str,
    bestemming: str,
    transport: str,
    message_name: str,
    input_reference: str,
    content: bytes,
    now: datetime,
) -> None:
    """Put a delivery in the outbox, in the caller's transaction."""
    conn.execute(
        insert(levering).values(
            id=levering_id,
            bericht_id=bericht_id,
            bestemming=bestemming,
            transport=transport,
            message_name=message_name,
            input_reference=input_reference,
            hash=hashlib.sha256(content).hexdigest(),
            toestand=Toestand.WACHTEND.value,
            pogingen=0,
            volgende_poging=now,
            aangemaakt_op=now,
        )
    )
    conn.execute(insert(levering_inhoud).values(levering_id=levering_id, octetten=content))


def claim(conn: Connection, transport: str, now: datetime) -> Claim | None:
    """Claim the delivery of this transport that has waited longest and is due."""
    row = conn.execute(
        select(levering)
        .where(
            levering.c.transport == transport,
            levering.c.toestand == Toestand.WACHTEND.value,
            levering.c.volgende_poging <= now,
            or_(levering.c.lease_tot.is_(None), levering.c.lease_tot < now),
        )
        .order_by(levering.c.volgende_poging, levering.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    conn.execute(update(levering).where(levering.c.id == row.id).values(lease_tot=now + LEASE))
    content = conn.execute(select(levering_inhoud.c.octetten).where(levering_inhoud.c.levering_id == row.id)).scalar_one()
    return Claim(
        id=row.id,
        bericht_id=row.bericht_id,
        bestemming=row.bestemming,
        message_name=row.message_name,
        input_reference=row.input_reference,
        pogingen=row.pogingen,
        content=content,
    )


def gelukt(conn: Connection, claim: Claim, begin: datetime, einde: datetime, melding: str) -> None:
    """The receiver's receipt closes the delivery."""
    _poging(conn, claim, begin, einde, True, melding)
    conn.execute(
        update(levering)
        .where(levering.c.id == claim.id)
        .values(toestand=Toestand.BEVESTIGD.value, pogingen=claim.pogingen + 1, bevestigd_op=einde, lease_tot=None)
    )


def niet_gelukt(conn: Connection, claim: Claim, begin: datetime, einde: datetime, melding: str, random: Random) -> Toestand:
    """Record a failed attempt and plan the next one, or give up after the policy's last."""
    _poging(conn, claim, begin, einde, False, melding)
    count = claim.pogingen + 1
    toestand = Toestand.MISLUKT if count >= MAX_POGINGEN else Toestand.WACHTEND
    conn.execute(
        update(levering)
        .where(levering.c.id == claim.id)
        .values(toestand=toestand.value, pogingen=count, volgende_poging=einde + back_off(count, random), lease_tot=None)
    )
    return toestand


def back_off(count: int, random: Random) -> timedelta:
    """Exponential from one second to an hour, with jitter of a fifth so that many do not return at once."""
    base = min(3600.0, 2.0 ** (count - 1))
    return timedelta(seconds=base * random.uniform(0.8, 1.2))


def _poging(conn: Connection, claim: Claim, begin: datetime, einde: datetime, ok: bool, melding: str) -> None:
    conn.execute(insert(poging).values(levering_id=claim.id, begin=begin, einde=einde, gelukt=ok, melding=melding[:500]))
