"""`make chaos KILLS=200 DB=sqlite|postgres`: kill things at random under load, then look whether anything was lost or came twice."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom

from bench.running import RIZIV
from conformance.client import FacilityClient
from conformance.walkthrough import sample_signer
from tests.chaos.cluster import KASSEN, PUSHED, Cluster, cluster
from tests.chaos.collectors import Collector, kas_client
from tests.chaos.judge import Verdict, judge, undelivered
from tests.chaos.posters import Poster, mailbox, message_id_of, reference_of
from tests.chaos.senders import Sender, Tally

_SENDERS = 4
_PACE = (0.8, 3.0)
"""Seconds between two kills: a process started again just gets to work, or is killed while it starts."""


def run(database: str, kills: int, seed: int, folder: Path) -> tuple[str, Verdict]:
    """One run; returns the last line and what was found."""
    random = Random(seed)
    print(f"chaos: {database}, {kills} kills, seed {seed}")
    with cluster(folder, database, persons=300 + 60 * kills, seed=seed) as made:
        return _run(made, kills, random)


def _run(made: Cluster, kills: int, random: Random) -> tuple[str, Verdict]:
    tally, load, ended = Tally(), threading.Event(), threading.Event()
    facility = [
        lambda base=base: FacilityClient(base, sample_signer("facility-ibw-1"), RIZIV, pijler="eibwfin") for base in made.bases
    ]
    senders = [Sender(made.bases, made.persons[n::_SENDERS], tally, load, random.randrange(2**32)) for n in range(_SENDERS)]
    poster = Poster(facility, tally, load, random.randrange(2**32))
    boxes = {
        kas: Collector([lambda base=base, kas=kas: kas_client(base, kas) for base in made.bases], message_id_of, ended)
        for kas in KASSEN
        if kas not in PUSHED
    }
    results = Collector([mailbox(make) for make in facility], reference_of, ended)
    for thread in (*senders, poster, results, *boxes.values()):
        thread.start()
    struck: Counter[str] = Counter()
    shown = time.monotonic()
    for n in range(kills):
        time.sleep(random.uniform(*_PACE))
        struck[made.strike(random)] += 1
        if time.monotonic() - shown > 10:
            print(f"  {n + 1}/{kills} kills, {len(tally.acknowledged)} acknowledged", flush=True)
            shown = time.monotonic()
    load.set()
    made.calm()
    made.wait_until_up()
    for thread in (*senders, poster):
        thread.join(300)
    drained = _drain(made)
    ended.set()
    for thread in (results, *boxes.values()):
        thread.join(90)
    verdict = judge(made, tally.acknowledged, {kas: c.box for kas, c in boxes.items()}, poster.tacked, results.box)
    verdict.wrong += tally.wrong
    if not drained:
        verdict.wrong.append(f"not drained: {undelivered(made)}")
    _report(tally, struck, verdict, len(poster.tacked))
    acknowledged = len(tally.acknowledged) + len(poster.tacked)
    line = f"chaos: {kills} kills, {acknowledged} acknowledged, {len(verdict.lost)} lost, {len(verdict.duplicated)} duplicated"
    return line, verdict


def _drain(made: Cluster) -> bool:
    deadline, shown = time.monotonic() + 600, 0.0
    while waiting := undelivered(made):
        if time.monotonic() > deadline:
            return False
        if time.monotonic() - shown > 10:
            print(f"  draining: {waiting}", flush=True)
            shown = time.monotonic()
        time.sleep(0.5)
    # What was fetched and confirmed a moment ago is also in the collectors' hands.
    time.sleep(2)
    return True


def _report(tally: Tally, struck: Counter[str], verdict: Verdict, tacked: int) -> None:
    def line(name: str, counts: dict[str, int]) -> None:
        print(f"  {name}: " + ", ".join(f"{what} {n}" for what, n in sorted(counts.items())))

    line("killed", struck)
    line("senders met", tally.met)
    line("outcomes", Counter(a.uitkomst for a in tally.acknowledged))
    line("the receiver answered", verdict.counts)
    print(f"  TAcks: {tacked}")
    for name in ("lost", "duplicated", "disorder", "wrong"):
        for what in getattr(verdict, name)[:20]:
            print(f"  {name}: {what}")


def main() -> int:
    """Exit status 0 when nothing was lost, doubled, out of order or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many processes to kill")
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite", help="postgres also has NATS")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    parser.add_argument("--keep", type=Path, help="folder for database and logs, kept afterwards")
    given = parser.parse_args()
    seed = SystemRandom().randrange(2**32) if given.seed is None else given.seed
    begin = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="vsb-chaos-") as name:
        line, verdict = run(given.db, given.kills, seed, given.keep or Path(name))
    print(f"  {(datetime.now(UTC) - begin).seconds} s")
    print(line)
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
