"""The outbox: one row per delivery, one immutable row per attempt. Moves content that it does not understand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, exists, insert, literal, or_, select, update

from gateway.exchange.beleid import Beleid, back_off
from gateway.exchange.toestand import BLOCKING, FINAL, PENDING, RETRYABLE, Toestand
from gateway.store.inhoud import lees_inhoud
from gateway.store.tables import levering, levering_inhoud, poging

PULL = "pull"
_INSERT = insert(levering)
_INSERT_CONTENT = insert(levering_inhoud)
_INSERT_POGING = insert(poging)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery that this worker may hand over until its lease ends."""

    id: str
    bericht_id: str
    bestemming: str
    transport: str
    message_name: str
    input_reference: str
    sha256: bytes
    test: bool
    pogingen: int
    weigeringen: int
    aangemaakt_op: datetime
    proberen_tot: datetime | None
    werker: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Poging:
    """How one attempt went."""

    begin: datetime
    einde: datetime
    melding: str
    """The receipt's reference, or what went wrong; never a part of a message."""


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
    test: bool = False,
    volgorde: str | None = None,
) -> None:
    """Put a delivery in the outbox, in the caller's transaction.

    Args:
        volgorde: what must arrive in order has the same text here; only its digest is kept.
    """
    values = {
        "id": levering_id,
        "bericht_id": bericht_id,
        "bestemming": bestemming,
        "transport": transport,
        "message_name": message_name,
        "input_reference": input_reference,
        "hash": hashlib.sha256(content).hexdigest(),
        "octetten": len(content),
        "test": test,
        "volgorde": None if volgorde is None else hashlib.sha256(volgorde.encode()).hexdigest(),
        "toestand": Toestand.WACHTEND.value,
        "pogingen": 0,
        "volgende_poging": now,
        "aangemaakt_op": now,
    }
    conn.execute(_INSERT, values)
    conn.execute(_INSERT_CONTENT, {"levering_id": levering_id, "octetten": content})


def claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What makes a delivery one that may be handed over now."""
    return (levering.c.volgende_poging <= now, *_unclaimed(now))


def _unclaimed(now: datetime) -> tuple[ColumnElement[bool], ...]:
    earlier = levering.alias("eerder")
    return (
        levering.c.transport != PULL,
        # What was put down and got no receipt in all its patience is put there again.
        levering.c.toestand.in_([Toestand.WACHTEND.value, Toestand.AFGELEVERD.value]),
        or_(levering.c.lease_tot.is_(None), levering.c.lease_tot < now),
        ~exists().where(
            earlier.c.volgorde == levering.c.volgorde,
            earlier.c.bestemming == levering.c.bestemming,
            earlier.c.nr < levering.c.nr,
            earlier.c.toestand.in_([t.value for t in BLOCKING]),
        ),
    )


def klaar(conn: Connection, bestemming: str, now: datetime) -> bool:
    """Whether anything to this receiver can be handed over now; a look without a lock."""
    return (
        conn.execute(select(levering.c.nr).where(levering.c.bestemming == bestemming, *claimable(now)).limit(1)).first()
        is not None
    )


def claim(
    conn: Connection, bestemming: str, limit: int, werker: str, now: datetime, beleid: Beleid, *, proef: bool = False
) -> list[Claim]:
    """Claim what may be handed over to one receiver now, oldest first.

    Args:
        proef: a probe of an open line takes what failed least, so that one poisonous message does not keep it open.
    """
    order = (levering.c.pogingen, levering.c.nr) if proef else (levering.c.volgende_poging, levering.c.nr)
    query = select(levering).where(levering.c.bestemming == bestemming, *claimable(now)).order_by(*order).limit(limit)
    return _neem(conn, query.with_for_update(skip_locked=True, of=levering), werker, now, beleid)


def claim_deze(conn: Connection, levering_id: str, werker: str, now: datetime, beleid: Beleid) -> Claim | None:
    """Claim one delivery that was announced as due; the announcer's clock decided that."""
    # It waits for a lock instead of skipping: the relay may be noting this very announcement, and it comes only once.
    query = select(levering).where(levering.c.id == levering_id, *_unclaimed(now)).with_for_update(of=levering)
    return next(iter(_neem(conn, query, werker, now, beleid)), None)


def bezet(conn: Connection, levering_id: str, now: datetime) -> bool:
    """Whether another worker holds a delivery that is not handed over yet."""
    kolom = levering.c
    held = select(kolom.nr).where(kolom.id == levering_id, kolom.toestand == Toestand.WACHTEND.value, kolom.lease_tot >= now)
    return conn.execute(held).first() is not None


def _neem(conn: Connection, query: Any, werker: str, now: datetime, beleid: Beleid) -> list[Claim]:
    rows = conn.execute(query).all()
    if not rows:
        return []
    ids = [r.id for r in rows]
    conn.execute(update(levering).where(levering.c.id.in_(ids)).values(lease_tot=now + beleid.lease, lease_van=werker))
    contents = lees_inhoud(conn, levering_inhoud, ids)
    return [_claim(r, werker, contents[r.id].octetten) for r in rows]


def _claim(row: Row[Any], werker: str, content: bytes) -> Claim:
    return Claim(
        id=row.id,
        bericht_id=row.bericht_id,
        bestemming=row.bestemming,
        transport=row.transport,
        message_name=row.message_name,
        input_reference=row.input_reference,
        sha256=bytes.fromhex(row.hash),
        test=row.test,
        pogingen=row.pogingen,
        weigeringen=row.weigeringen,
        aangemaakt_op=row.aangemaakt_op,
        proberen_tot=row.proberen_tot,
        werker=werker,
        content=content,
    )


def bevestigd(conn: Connection, claim: Claim, hoe: Poging) -> bool:
    """The receiver's receipt closes the delivery; False when it was closed already."""
    _noteer(conn, claim, hoe, gelukt=True)
    return sluit(conn, claim.id, hoe.melding, hoe.einde, pogingen=claim.pogingen + 1)


def uiterlijk(now: datetime) -> ColumnElement[datetime]:
    """When it was delivered, of what its receiver has now said that it has: as noted before, and not after this moment."""
    column = levering.c.afgeleverd_op
    moment = literal(now, column.type)
    return case((column <= moment, column), else_=moment)


def sluit(conn: Connection, levering_id: str, ontvangst: str, now: datetime, **kolommen: object) -> bool:
    """Close a delivery on its receiver's receipt; also a dead letter, since the receiver has it after all."""
    still_open = levering.c.toestand.not_in([t.value for t in FINAL])
    done = conn.execute(
        update(levering)
        .where(levering.c.id == levering_id, still_open)
        .values(
            toestand=Toestand.BEVESTIGD.value,
            bevestigd_op=now,
            afgeleverd_op=uiterlijk(now),
            ontvangst=ontvangst[:200],
            lease_tot=None,
            lease_van=None,
            **kolommen,
        )
    )
    return done.rowcount == 1


def afgeleverd(conn: Connection, claim: Claim, hoe: Poging, beleid: Beleid) -> bool:
    """It lies where the receiver finds it; returns True when it was put there for the first time."""
    _noteer(conn, claim, hoe, gelukt=True)
    first = claim.pogingen == claim.weigeringen
    _werk_bij(
        conn,
        claim,
        toestand=Toestand.AFGELEVERD.value,
        pogingen=claim.pogingen + 1,
        afgeleverd_op=hoe.einde,
        volgende_poging=hoe.einde + beleid.receipt_patience,
    )
    return first


def onbereikbaar(conn: Connection, claim: Claim, hoe: Poging, beleid: Beleid, random: Random) -> Toestand:
    """The receiver could not be reached: later again, or a dead letter after the policy's days."""
    _noteer(conn, claim, hoe, gelukt=False)
    count = claim.pogingen + 1
    dood = hoe.einde > (claim.proberen_tot or claim.aangemaakt_op + beleid.max_age)
    return _mislukt(
        conn, claim, dood, pogingen=count, volgende_poging=hoe.einde + back_off(count, beleid.unreachable_cap, random)
    )


def geweigerd(conn: Connection, claim: Claim, hoe: Poging, beleid: Beleid, random: Random) -> Toestand:
    """The receiver said no to this message: a few times again, then a dead letter."""
    _noteer(conn, claim, hoe, gelukt=False)
    count = claim.weigeringen + 1
    return _mislukt(
        conn,
        claim,
        count >= beleid.max_refusals,
        pogingen=claim.pogingen + 1,
        weigeringen=count,
        volgende_poging=hoe.einde + back_off(count, beleid.refused_cap, random),
    )


def keur_af(conn: Connection, levering_id: str, hoe: Poging) -> bool:
    """The receiver's own receipt says no: a person must look at once. Returns False when it was closed already."""
    states = [t.value for t in PENDING]
    moved = conn.execute(
        update(levering)
        .where(levering.c.id == levering_id, levering.c.toestand.in_(states))
        .values(toestand=Toestand.MISLUKT.value, lease_tot=None, lease_van=None)
    ).rowcount
    if moved:
        conn.execute(_INSERT_POGING, _attempt(levering_id, "", hoe, gelukt=False))
    return moved == 1


def _mislukt(conn: Connection, claim: Claim, dood: bool, **kolommen: object) -> Toestand:
    toestand = Toestand.MISLUKT if dood else Toestand.WACHTEND
    _werk_bij(conn, claim, toestand=toestand.value, **kolommen)
    return toestand


def _werk_bij(conn: Connection, claim: Claim, **kolommen: object) -> None:
    # A worker that lost its lease meanwhile may no longer move the delivery; its attempt is on record all the same.
    conn.execute(
        update(levering)
        .where(levering.c.id == claim.id, levering.c.lease_van == claim.werker)
        .values(lease_tot=None, lease_van=None, gepubliceerd_op=None, **kolommen)
    )


def _noteer(conn: Connection, claim: Claim, hoe: Poging, *, gelukt: bool) -> None:
    conn.execute(_INSERT_POGING, _attempt(claim.id, claim.werker, hoe, gelukt=gelukt))


def _attempt(levering_id: str, werker: str, hoe: Poging, *, gelukt: bool) -> dict[str, object]:
    return {
        "levering_id": levering_id,
        "begin": hoe.begin,
        "einde": hoe.einde,
        "gelukt": gelukt,
        "werker": werker,
        "melding": hoe.melding[:500],
    }


def geef_terug(conn: Connection, werker: str, now: datetime) -> int:
    """Hand back what a worker claimed and did not finish, for a new turn from now on; returns how many."""
    return conn.execute(
        update(levering)
        .where(levering.c.lease_van == werker)
        .values(lease_tot=None, lease_van=None, gepubliceerd_op=None, volgende_poging=now)
    ).rowcount


def leases(conn: Connection) -> list[str]:
    """Workers that hold a claim."""
    return list(conn.execute(select(levering.c.lease_van).where(levering.c.lease_van.is_not(None)).distinct()).scalars())


def opnieuw(conn: Connection, ids: Sequence[str], now: datetime, beleid: Beleid) -> list[str]:
    """Send again what a person asks for: dead letters, and what got no receipt.

    Returns:
        Ids of the deliveries that will go out again.
    """
    states = [t.value for t in RETRYABLE]
    chosen = list(conn.execute(select(levering.c.id).where(levering.c.id.in_(ids), levering.c.toestand.in_(states))).scalars())
    if chosen:
        conn.execute(
            update(levering)
            .where(levering.c.id.in_(chosen))
            .values(
                toestand=Toestand.WACHTEND.value,
                weigeringen=0,
                volgende_poging=now,
                proberen_tot=now + beleid.max_age,
                gepubliceerd_op=None,
            )
        )
    return chosen


def geef_op(conn: Connection, levering_id: str) -> bool:
    """A person gives a delivery up; what waits behind it goes on. Returns False when it was final already."""
    states = [t.value for t in PENDING | {Toestand.MISLUKT}]
    done = conn.execute(
        update(levering)
        .where(levering.c.id == levering_id, levering.c.toestand.in_(states))
        .values(toestand=Toestand.OPGEGEVEN.value, lease_tot=None, lease_van=None)
    )
    return done.rowcount == 1
