"""Afterwards: every acknowledged message is stored, decided as its sender was told, and delivered exactly once, in order."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from gateway.exchange.toestand import FINAL, Toestand
from gateway.store.engine import make_engine
from gateway.store.tables import bericht, bericht_inhoud, beslissing, levering
from tests.chaos.cluster import PUSHED, Cluster
from tests.chaos.collectors import Box
from tests.chaos.senders import Acknowledged


@dataclass
class Verdict:
    """What was found; a run is good when every list is empty."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not (self.lost or self.duplicated or self.disorder or self.wrong)


def undelivered(cluster: Cluster) -> dict[str, int]:
    """Deliveries to zorgkassen that are not final, per destination."""
    engine = make_engine(cluster.database_url)
    try:
        with engine.connect() as conn:
            rows = conn.execute(
                select(levering.c.bestemming, func.count())
                .where(levering.c.toestand.not_in([t.value for t in FINAL]))
                .group_by(levering.c.bestemming)
            )
            return {r[0]: r[1] for r in rows}
    finally:
        engine.dispose()


def judge(
    cluster: Cluster,
    acknowledged: Sequence[Acknowledged],
    boxes: Mapping[str, Box],
    tacked: Sequence[str],
    results: Box,
) -> Verdict:
    """Compare what senders and receivers hold with what the gateway holds."""
    verdict = Verdict()
    engine = make_engine(cluster.database_url)
    with engine.connect() as conn:
        stored = {r.id: r for r in conn.execute(select(bericht))}
        bodies = set(conn.execute(select(bericht_inhoud.c.bericht_id)).scalars())
        decided = Counter(conn.execute(select(beslissing.c.bericht_id)).scalars())
        deliveries = {r.id: r for r in conn.execute(select(levering))}
    engine.dispose()
    arrivals = _arrivals(cluster)
    orders = {kas: _firsts(kas, boxes, arrivals) for kas in set(cluster.kas_of.values())}
    for a in acknowledged:
        _stored(verdict, a, stored.get(a.message_id), bodies, decided)
        _delivered(verdict, cluster, a, orders)
    _once(verdict, boxes, arrivals, deliveries)
    _in_order(verdict, cluster, acknowledged, orders)
    _unknown(verdict, orders, stored)
    _results(verdict, tacked, results)
    chain = subprocess.run(
        [sys.executable, "-m", "gateway", "audit", "verify"], env=cluster.environment, capture_output=True, check=False
    )
    if chain.returncode:
        verdict.wrong.append(f"audit verify: {chain.stdout.decode()[-300:]}{chain.stderr.decode()[-300:]}")
    verdict.counts = dict(Counter(line["how"] for line in arrivals))
    return verdict


def _arrivals(cluster: Cluster) -> list[dict[str, Any]]:
    path = cluster.received / "arrivals.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _firsts(kas: str, boxes: Mapping[str, Box], arrivals: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Message id to its place among the first arrivals at a zorgkas."""
    if kas not in PUSHED:
        return {number: n for n, number in enumerate(boxes[kas].first)}
    # What was kept first arrived first; a receiver's threads may write their lines the other way round.
    kept = sorted((line["kept"], line["id"]) for line in arrivals if line["kas"] == kas and line["id"] is not None)
    return {number: n for n, number in enumerate(dict.fromkeys(number for _, number in kept))}


def _stored(verdict: Verdict, a: Acknowledged, row: Any, bodies: set[str], decided: Counter[str]) -> None:
    if row is None or a.message_id not in bodies:
        verdict.lost.append(f"{a.message_id}: answered and not stored")
    elif row.sha256 != a.sha256 or row.bedrijfs_id != a.bericht_id:
        verdict.wrong.append(f"{a.message_id}: other bytes are stored than were sent")
    elif decided[a.message_id] != 1 or row.uitkomst != a.uitkomst:
        verdict.wrong.append(f"{a.message_id}: told {a.uitkomst}, kept {row.uitkomst}, decided {decided[a.message_id]} times")


def _delivered(verdict: Verdict, cluster: Cluster, a: Acknowledged, orders: Mapping[str, Mapping[str, int]]) -> None:
    at = [kas for kas, found in orders.items() if a.message_id in found]
    wanted = [] if a.uitkomst == "geweigerd" else [cluster.kas_of[a.insz]]
    if set(wanted) - set(at):
        verdict.lost.append(f"{a.message_id}: never came to {wanted[0]}")
    if set(at) - set(wanted):
        verdict.duplicated.append(f"{a.message_id}: came to {at}, was for {wanted or 'nobody'}")


def _once(
    verdict: Verdict, boxes: Mapping[str, Box], arrivals: Sequence[Mapping[str, Any]], deliveries: Mapping[str, Any]
) -> None:
    for kas, box in boxes.items():
        verdict.duplicated += [f"{n}: given again to {kas} after its confirm" for n in box.again]
        verdict.duplicated += [f"{n}: other content under one id at {kas}" for n in box.changed]
    verdict.duplicated += [f"{a['id']}: other content under one id at {a['kas']}" for a in arrivals if a["how"] == "conflict"]
    for arrival in arrivals:
        row = deliveries.get(arrival["id"] or "")
        closed: datetime | None = None if row is None else row.bevestigd_op
        if closed is not None and arrival["at"] > closed.timestamp() + 0.001:
            verdict.duplicated.append(f"{arrival['id']}: sent again after its receipt was on record")
    for row in deliveries.values():
        if row.toestand != Toestand.BEVESTIGD.value and row.bestemming.startswith("zorgkas:"):
            verdict.lost.append(f"{row.id}: {row.toestand} at the end")


def _in_order(
    verdict: Verdict, cluster: Cluster, acknowledged: Sequence[Acknowledged], orders: Mapping[str, Mapping[str, int]]
) -> None:
    of_person: dict[str, list[Acknowledged]] = {}
    for a in acknowledged:
        if a.uitkomst != "geweigerd":
            of_person.setdefault(a.insz, []).append(a)
    for insz, messages in of_person.items():
        places = orders[cluster.kas_of[insz]]
        found = [places[a.message_id] for a in sorted(messages, key=lambda a: a.order) if a.message_id in places]
        if found != sorted(found):
            verdict.disorder.append(f"{messages[0].message_id}: a later message of the same person came first")


def _unknown(verdict: Verdict, orders: Mapping[str, Mapping[str, int]], stored: Mapping[str, Any]) -> None:
    for kas, found in orders.items():
        verdict.wrong += [f"{number}: came to {kas} and is not stored" for number in found if number not in stored]


def _results(verdict: Verdict, tacked: Sequence[str], results: Box) -> None:
    """Each post that got a TAck got one result; a post whose TAck was lost may have one as well."""
    verdict.lost += [f"{reference}: a TAck and no result" for reference in tacked if reference not in results.first]
    verdict.duplicated += [f"{reference}: result given again after its confirm" for reference in results.again]
    verdict.duplicated += [f"{reference}: two results" for reference in results.changed]
