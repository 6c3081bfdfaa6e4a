"""The verdict afterwards: what senders, receivers and the database each say must be one story."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from sqlalchemy import Connection, Row, select

from gateway.berichten.zorgkas import lees_levering
from gateway.exchange.toestand import Toestand
from gateway.store.tables import bericht, bericht_inhoud, beslissing, levering
from tests.chaos.messages import AANVRAAG, decision_of
from tests.chaos.senders import Sent

_SETTLED = 1.0
"""Seconds after a delivery was closed within which an attempt of a process that was killed may still be read from its socket."""
_ROUTED = ("aanvaard", "in_beraad")


@dataclass(frozen=True, kw_only=True)
class Received:
    """All that came in at one zorgkas, as it counts by message id."""

    zorgkas: str
    contents: Mapping[str, bytes]
    """What it keeps, by message id."""
    order: Sequence[str]
    """Message ids in the order in which the receiver kept each."""
    attempts: Sequence[tuple[str, float]] = ()
    """Message id and moment, in seconds since the epoch, of every push."""
    given_after_confirm: Sequence[str] = ()


@dataclass(kw_only=True)
class Verdict:
    """What is wrong; empty lists when nothing is."""

    acknowledged: int
    lost: set[str] = field(default_factory=set)
    """Business or message ids of messages that are not there, not whole, not decided, or not delivered."""
    duplicated: set[str] = field(default_factory=set)
    """Message ids that came twice as the receiver counts, or twice in our own books."""
    wrong: set[str] = field(default_factory=set)
    """Everything else: order, other answers, deliveries of what was refused."""
    notes: list[str] = field(default_factory=list)
    """One line a finding."""

    def note(self, kind: set[str], name: str, what: str) -> None:
        kind.add(name)
        self.notes.append(f"{what}: {name}")

    @property
    def clean(self) -> bool:
        return not (self.lost or self.duplicated or self.wrong)


def judge(conn: Connection, sent: Sequence[Sent], received: Iterable[Received]) -> Verdict:
    """Compare what senders were told with what is kept and with what receivers got."""
    verdict = Verdict(acknowledged=sum(s.acknowledged for s in sent))
    rows = {r.id: r for r in conn.execute(select(bericht))}
    decided = Counter(conn.execute(select(beslissing.c.bericht_id).where(beslissing.c.door == "gateway")).scalars())
    deliveries = {r.id: r for r in conn.execute(select(levering).where(levering.c.bestemming.like("zorgkas:%")))}
    places = list(received)
    for one in sent:
        _check_sent(verdict, conn, one, rows)
    for row in rows.values():
        _check_decided(verdict, row, decided[row.id], deliveries.get(row.id))
    _check_delivered(verdict, conn, rows, deliveries, places)
    for place in places:
        for name in place.contents.keys() - set(place.order):
            verdict.note(verdict.wrong, name, f"kept at zorgkas {place.zorgkas} without having come")
        _check_order(verdict, place, deliveries)
        _check_closed(verdict, place, deliveries)
    _check_sender_order(verdict, sent, places)
    return verdict


def _check_sent(verdict: Verdict, conn: Connection, sent: Sent, rows: Mapping[str, Row[Any]]) -> None:
    name = sent.request.business_id
    for code in sent.unexpected:
        verdict.note(verdict.wrong, name, f"the sender got {code}")
    if not sent.acknowledged:
        verdict.note(verdict.wrong, name, f"no answer after {sent.attempts} attempts")
        return
    ids = {a.message_id for a in sent.answers}
    if len(ids) > 1 or len({a.digest for a in sent.answers if a.digest}) > 1:
        verdict.note(verdict.duplicated, name, "the same message got two answers")
    row = rows.get(sent.answers[0].message_id)
    if row is None or row.bedrijfs_id != name:
        verdict.note(verdict.lost, name, "acknowledged and not kept")
        return
    kept = conn.execute(select(bericht_inhoud.c.octetten).where(bericht_inhoud.c.bericht_id == row.id)).scalar()
    if kept is None or not hashlib.sha256(kept).hexdigest() == row.sha256 == sent.request.sha256:
        verdict.note(verdict.lost, name, "kept with other bytes")
    for answer in sent.answers:
        if answer.outcome is not None and answer.outcome != row.uitkomst:
            verdict.note(verdict.wrong, name, f"the sender saw {answer.outcome}, kept is {row.uitkomst}")
        if answer.digest and row.dienst == AANVRAAG and answer.digest != decision_of(etree.fromstring(row.antwoord)).digest:
            verdict.note(verdict.wrong, name, "the answer that is kept is not the one that the sender saw")


def _check_decided(verdict: Verdict, row: Row[Any], times: int, delivery: Row[Any] | None) -> None:
    if row.uitkomst is None or times == 0:
        verdict.note(verdict.lost, row.id, "kept and not decided")
    elif times > 1:
        verdict.note(verdict.duplicated, row.id, "decided twice")
    elif row.uitkomst in _ROUTED:
        if delivery is None or delivery.bestemming != f"zorgkas:{row.zorgkas}":
            verdict.note(verdict.lost, row.id, "accepted and not routed to its zorgkas")
        elif delivery.toestand != Toestand.BEVESTIGD.value:
            verdict.note(verdict.lost, row.id, f"its delivery is still {delivery.toestand}")
    elif delivery is not None:
        verdict.note(verdict.wrong, row.id, "refused and routed")


def _check_delivered(
    verdict: Verdict,
    conn: Connection,
    rows: Mapping[str, Row[Any]],
    deliveries: Mapping[str, Row[Any]],
    places: Sequence[Received],
) -> None:
    where: dict[str, list[str]] = defaultdict(list)
    business: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places:
        for name, content in place.contents.items():
            where[name].append(place.zorgkas)
            row, delivery = rows.get(name), deliveries.get(name)
            if row is None or delivery is None:
                verdict.note(verdict.wrong, name, f"zorgkas {place.zorgkas} has what was never routed")
                continue
            business[row.afzender, row.bedrijfs_id].append(name)
            if delivery.bestemming != f"zorgkas:{place.zorgkas}":
                verdict.note(verdict.wrong, name, f"at zorgkas {place.zorgkas} instead of {delivery.bestemming}")
            if hashlib.sha256(content).hexdigest() != delivery.hash:
                verdict.note(verdict.lost, name, "arrived with other bytes than were sent")
            elif hashlib.sha256(lees_levering(etree.fromstring(content)).origineel).hexdigest() != row.sha256:
                verdict.note(verdict.lost, name, "its original is not the facility's bytes")
    for name in deliveries.keys() - where.keys():
        verdict.note(verdict.lost, name, "routed and not at its zorgkas")
    for name, codes in where.items():
        if len(codes) > 1:
            verdict.note(verdict.duplicated, name, f"at {len(codes)} zorgkassen")
    for (_, reference), names in business.items():
        if len(names) > 1:
            verdict.note(verdict.duplicated, reference, "one business id arrived as several messages")


def _check_order(verdict: Verdict, place: Received, deliveries: Mapping[str, Row[Any]]) -> None:
    last: dict[str, int] = {}
    for name in place.order:
        delivery = deliveries.get(name)
        if delivery is None or delivery.volgorde is None:
            continue
        if delivery.nr < last.get(delivery.volgorde, 0):
            verdict.note(verdict.wrong, name, f"came after a later one at zorgkas {place.zorgkas}")
        last[delivery.volgorde] = max(delivery.nr, last.get(delivery.volgorde, 0))


def _check_sender_order(verdict: Verdict, sent: Sequence[Sent], places: Sequence[Received]) -> None:
    # Independent of the gateway's own numbers: who waits for each answer knows in which order his messages were accepted.
    place_of = {name: (place.zorgkas, n) for place in places for n, name in enumerate(place.order)}
    last: dict[tuple[str, str, str], int] = {}
    for one in sent:
        name = one.answers[0].message_id if one.answers else ""
        if one.insz is None or name not in place_of:
            continue
        zorgkas, n = place_of[name]
        key = (one.riziv, one.insz, zorgkas)
        if n < last.get(key, -1):
            verdict.note(verdict.wrong, name, "came before one that its sender had an answer to earlier")
        last[key] = max(n, last.get(key, -1))


def _check_closed(verdict: Verdict, place: Received, deliveries: Mapping[str, Row[Any]]) -> None:
    for digest in place.given_after_confirm:
        verdict.note(verdict.duplicated, digest, f"given again to zorgkas {place.zorgkas} after its confirmation")
    for name, at in place.attempts:
        delivery = deliveries.get(name)
        if delivery is not None and delivery.bevestigd_op is not None and at > delivery.bevestigd_op.timestamp() + _SETTLED:
            verdict.note(verdict.duplicated, name, f"pushed again to zorgkas {place.zorgkas} after its receipt")
