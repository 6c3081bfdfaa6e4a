"""Mailboxes in the MyCareNet manner: what is not confirmed comes again, what is confirmed does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from gateway.exchange import tacks
from gateway.exchange.outbox import PULL, uiterlijk
from gateway.exchange.toestand import FINAL, IN_MAILBOX, Toestand
from gateway.refusal import Code, Refusal
from gateway.store.inhoud import lees_inhoud
from gateway.store.slot import slot
from gateway.store.tables import levering, levering_inhoud, postbus_vraag
from gateway.wire.generic import Outgoing, Tack

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes of content in one answer; the first message is given whatever its size."""
_BATCH = 500
_Row = Row[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Gesloten:
    """A delivery that its receiver's confirmation closed."""

    levering_id: str
    bericht_id: str
    soort: str


def wachtend(conn: Connection, bestemming: str, names: Sequence[str], limit: int) -> tuple[Outgoing, ...]:
    """Messages in a mailbox, in the order in which they came, bounded in number and size."""
    rows = _oldest(conn, bestemming, "bericht", limit, levering.c.message_name.in_(names) if names else None)
    octets = _contents(conn, [r.id for r in rows])
    return tuple(
        Outgoing(id=r.id, message_name=r.message_name, input_reference=r.input_reference, content=octets[r.id]) for r in rows
    )


def wachtende_tacks(conn: Connection, bestemming: str, limit: int) -> tuple[tuple[str, Tack], ...]:
    """TAcks in a mailbox with their deliveries' ids, in the order in which they came."""
    rows = _oldest(conn, bestemming, "tack", limit, None)
    octets = _contents(conn, [r.id for r in rows])
    return tuple((r.id, tacks.lees(octets[r.id])) for r in rows)


def _oldest(conn: Connection, bestemming: str, soort: str, limit: int, also: ColumnElement[bool] | None) -> Sequence[_Row]:
    query = (
        select(levering.c.id, levering.c.message_name, levering.c.input_reference, levering.c.octetten)
        .where(
            levering.c.bestemming == bestemming,
            levering.c.transport == PULL,
            levering.c.soort == soort,
            levering.c.toestand.in_([t.value for t in IN_MAILBOX]),
        )
        .order_by(levering.c.nr)
        .limit(limit)
    )
    if also is not None:
        query = query.where(also)
    chosen: list[_Row] = []
    total = 0
    for row in conn.execute(query):
        total += row.octetten
        if chosen and total > MAX_ANSWER:
            break
        chosen.append(row)
    return chosen


def _contents(conn: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    return {i: row.octetten for i, row in lees_inhoud(conn, levering_inhoud, ids).items()}


def markeer_opgehaald(conn: Connection, ids: Sequence[str], now: datetime) -> list[tuple[str, str]]:
    """Mark what is given for the first time; returns (delivery, message) of each."""
    fresh = conn.execute(
        select(levering.c.id, levering.c.bericht_id).where(levering.c.id.in_(ids), levering.c.toestand == Toestand.WACHTEND.value)
    ).all()
    if fresh:
        conn.execute(
            update(levering)
            .where(levering.c.id.in_([r[0] for r in fresh]))
            .values(toestand=Toestand.OPGEHAALD.value, afgeleverd_op=now)
        )
    return [(r[0], r[1]) for r in fresh]


def bevestig(
    conn: Connection, bestemming: str, hashes: Sequence[bytes], references: Sequence[str], now: datetime
) -> list[Gesloten]:
    """Close messages by content hash or reference, of one receiver only; unknown ones change nothing.

    Also what was pushed or put down: who names the hash of a content has that content.
    """
    return _sluit(conn, bestemming, "bericht", [h.hex() for h in hashes], references, now)


def bevestig_tacks(
    conn: Connection, bestemming: str, values: Sequence[bytes], references: Sequence[str], now: datetime
) -> list[Gesloten]:
    """Close TAcks by content or reference; only those that were given, as several may have one content."""
    return _sluit(conn, bestemming, "tack", [v.hex() for v in values], references, now)


def _sluit(
    conn: Connection, bestemming: str, soort: str, hashes: Sequence[str], references: Sequence[str], now: datetime
) -> list[Gesloten]:
    closed: list[Gesloten] = []
    for column, wanted in ((levering.c.hash, sorted(set(hashes))), (levering.c.id, sorted(set(references)))):
        for begin in range(0, len(wanted), _BATCH):
            conditions = [
                levering.c.bestemming == bestemming,
                levering.c.soort == soort,
                levering.c.toestand.not_in([t.value for t in FINAL]),
                column.in_(wanted[begin : begin + _BATCH]),
            ]
            if soort == "tack":
                conditions.append(levering.c.toestand == Toestand.OPGEHAALD.value)
            closed += _sluit_deze(conn, conditions, now)
    return closed


def _sluit_deze(conn: Connection, conditions: Sequence[ColumnElement[bool]], now: datetime) -> list[Gesloten]:
    rows = conn.execute(select(levering.c.id, levering.c.bericht_id, levering.c.soort).where(*conditions).with_for_update()).all()
    if rows:
        conn.execute(
            update(levering)
            .where(levering.c.id.in_([r[0] for r in rows]))
            .values(
                toestand=Toestand.BEVESTIGD.value,
                bevestigd_op=now,
                afgeleverd_op=uiterlijk(now),
                lease_tot=None,
                lease_van=None,
                ontvangst="confirm",
            )
        )
    return [Gesloten(levering_id=r[0], bericht_id=r[1], soort=r[2]) for r in rows]


def check_tempo(conn: Connection, bestemming: str, now: datetime, pause: timedelta) -> None:
    """Who was just told that the mailbox is empty must wait a little before asking again (facts ehealth.md §3.9).

    Raises:
        Refusal: NOT_ENOUGH_TIME with the seconds to wait.
    """
    last = conn.execute(select(postbus_vraag.c.laatst).where(postbus_vraag.c.bestemming == bestemming)).scalar()
    if last is not None and timedelta(0) <= now - last < pause:
        raise Refusal(
            Code.NOT_ENOUGH_TIME,
            place="/get",
            expected=f"minstens {pause.total_seconds():g} s na een lege postbus",
            retry_after=int((pause - (now - last)).total_seconds()) + 1,
        )


def noteer_leeg(conn: Connection, bestemming: str, now: datetime, *, leeg: bool) -> None:
    """Remember that a mailbox said it is empty, or forget it."""
    slot(conn, f"postbus/{bestemming}")
    conn.execute(delete(postbus_vraag).where(postbus_vraag.c.bestemming == bestemming))
    if leeg:
        conn.execute(insert(postbus_vraag).values(bestemming=bestemming, laatst=now))
