"""Kill a cluster under load, many times: `python -m tests.chaos.run --kills 200 --db sqlite|postgres [--seed N]`.

The last line counts what was acknowledged, lost and duplicated; the exit status is 1 when anything is not as it must be.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from lxml import etree
from sqlalchemy import Engine, func, select

from conformance.client import FacilityClient, GenericAsyncClient, zorgkas_client
from conformance.walkthrough import PULL, PUSH, sample_signer
from gateway.refusal import Refusal
from gateway.store.engine import Store, make_engine
from gateway.store.tables import levering, taak
from gateway.trust.identity import read_identity
from tests.chaos.cluster import ZORGKASSEN, Cluster, running_cluster
from tests.chaos.collectors import Collector, Postbus
from tests.chaos.judge import Received, Verdict, judge
from tests.chaos.receiver import journal
from tests.chaos.senders import FACILITIES, Book, Sender
from tests.support import free_port

Show = Callable[[str], None]
_SENDERS = 6
_PERSONS = 40
"""Persons of each sender in each hundred kills, and at least once."""
_LINE = 5.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run does."""

    kills: int
    engine: str
    """sqlite or postgres."""
    seed: int
    pause: float = 3.0
    """Mean seconds between two kills."""
    think: float = 0.35
    """Mean seconds that a sender waits between two messages."""
    patience: float = 900.0
    """Seconds that everything may take to arrive once the load has stopped."""

    def order(self) -> list[str]:
        """What is killed, in order; with PostgreSQL one in twenty is the database and one in twenty the broker."""
        random = Random(self.seed)
        heavy = max(1, self.kills // 20) if self.engine == "postgres" else 0
        rest = self.kills - 2 * heavy
        kinds = ["postgresql"] * heavy + ["nats"] * heavy + [random.choice(["server", "worker"]) for _ in range(rest)]
        random.shuffle(kinds)
        return kinds


@dataclass(kw_only=True)
class Outcome:
    """What a run found."""

    killed: Counter[str]
    verdict: Verdict
    chain: str
    """What is wrong with the audit chain; empty when nothing is."""

    @property
    def clean(self) -> bool:
        return self.verdict.clean and not self.chain

    @property
    def summary(self) -> str:
        verdict = self.verdict
        return (
            f"chaos: {self.killed.total()} kills, {verdict.acknowledged} acknowledged, "
            f"{len(verdict.lost)} lost, {len(verdict.duplicated)} duplicated"
        )


@dataclass(kw_only=True)
class _Field:
    """Everything that runs during a run."""

    plan: Plan
    cluster: Cluster
    folder: Path
    """The receiver's."""
    store: Store
    show: Show
    book: Book = field(default_factory=Book)
    killed: Counter[str] = field(default_factory=Counter)
    boxes: list[Postbus] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def line(self, text: str) -> None:
        self.show(f"{time.monotonic() - self.began:5.0f} s  {text}")

    def progress(self) -> None:
        kills = ", ".join(f"{kind} {n}" for kind, n in sorted(self.killed.items()))
        answered = sum(s.acknowledged for s in list(self.book.sent))
        self.line(f"{self.killed.total()}/{self.plan.kills} kills ({kills}), {answered} acknowledged, {self.waiting()}")

    def open(self) -> tuple[int, int] | None:
        """Tasks and deliveries that are not done; None while the database is away."""
        try:
            with self.store.reading() as conn:
                tasks = conn.execute(select(func.count()).select_from(taak)).scalar_one()
                query = select(func.count()).select_from(levering).where(levering.c.toestand.not_in(["bevestigd", "opgegeven"]))
                return tasks, conn.execute(query).scalar_one()
        except Refusal:
            return None

    def waiting(self) -> str:
        waits = self.open()
        return "database away" if waits is None else f"{waits[0]} to judge, {waits[1]} to deliver"


def chaos(plan: Plan, folder: Path, show: Show) -> Outcome:
    """Run one plan from an empty database to the verdict."""
    port, inbox = free_port(), folder / "in"
    inbox.mkdir()
    each = _PERSONS * max(1, plan.kills // 50)
    with (
        _receiver(port, inbox, plan.seed),
        running_cluster(folder, plan.engine, f"http://127.0.0.1:{port}", each * _SENDERS) as cluster,
    ):
        engine = make_engine(cluster.environment["VSB_DATABASE_URL"])
        field_ = _Field(plan=plan, cluster=cluster, folder=inbox, store=Store(engine), show=show)
        field_.line(f"{plan.engine}, seed {plan.seed}: the cluster is up")
        with _collecting(field_):
            _load(field_, each)
            _drain(field_)
        try:
            return _verdict(field_, engine)
        finally:
            engine.dispose()


def _load(field_: _Field, each: int) -> None:
    cluster, plan = field_.cluster, field_.plan
    stop, give_up = threading.Event(), threading.Event()
    kassen = {insz: ZORGKASSEN[n % len(ZORGKASSEN)] for n, insz in enumerate(cluster.persons)}
    senders = [
        Sender(
            n,
            cluster.bases,
            cluster.persons[n * each : (n + 1) * each],
            kassen,
            field_.book,
            seed=plan.seed,
            think=plan.think,
            stop=stop,
            give_up=give_up,
        )
        for n in range(_SENDERS)
    ]
    for sender in senders:
        sender.start()
    try:
        _kill(field_)
    finally:
        stop.set()
        cluster.wait_until_up()
        end = time.monotonic() + 120
        for sender in senders:
            sender.join(max(0.0, end - time.monotonic()))
        give_up.set()
    field_.line("the load has stopped, every server is up")


def _kill(field_: _Field) -> None:
    random, plan = Random(f"{field_.plan.seed}/moments"), field_.plan
    shown = time.monotonic()
    for kind in plan.order():
        time.sleep(random.uniform(0.1, 2 * plan.pause - 0.1))
        field_.cluster.kill(kind, random)
        field_.killed[kind] += 1
        if time.monotonic() - shown > _LINE:
            field_.progress()
            shown = time.monotonic()


def _drain(field_: _Field) -> None:
    (field_.folder / "calm").touch()
    end, shown = time.monotonic() + field_.plan.patience, time.monotonic()
    while time.monotonic() < end:
        if field_.open() == (0, 0):
            field_.line("everything has arrived")
            return
        if time.monotonic() - shown > _LINE:
            field_.progress()
            shown = time.monotonic()
        time.sleep(0.5)
    field_.line(f"not everything arrived in {field_.plan.patience:g} s")


@contextmanager
def _receiver(port: int, folder: Path, seed: int) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.chaos.receiver", "--port", str(port), "--folder", str(folder), "--seed", str(seed)]
    with (folder / "receiver.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def _collecting(field_: _Field) -> Iterator[None]:
    stop = threading.Event()
    clients: dict[str, list[GenericAsyncClient]] = {}
    for base in field_.cluster.bases:
        for code in PULL:
            signer = sample_signer(f"zorgkas-{code}")
            clients.setdefault(code, []).append(zorgkas_client(base, signer, read_identity(signer.certificate).number))
        for certificate, riziv in FACILITIES:
            facility = FacilityClient(base, sample_signer(certificate), riziv, pijler="eibwfin")
            clients.setdefault(riziv, []).append(facility.facturatie)
    field_.boxes = [Postbus(name=name) for name in clients]
    collectors = [Collector(box, clients[box.name], field_.plan.seed, stop) for box in field_.boxes]
    for collector in collectors:
        collector.start()
    try:
        yield
    finally:
        stop.set()
        for collector in collectors:
            collector.join(60)


def _received(field_: _Field) -> Iterator[Received]:
    attempts = list(journal(field_.folder))
    for code in PUSH:
        mine = [a for a in attempts if a.zorgkas == code]
        yield Received(
            zorgkas=code,
            contents={path.stem: path.read_bytes() for path in (field_.folder / code).glob("*.xml")},
            order=list(dict.fromkeys(a.id for a in mine if a.kept)),
            attempts=[(a.id, a.at) for a in mine],
        )
    for box in field_.boxes:
        if box.name in PULL:
            contents = {etree.fromstring(f.content).findtext("{*}MessageId") or "": f.content for f in box.fetched.values()}
            yield Received(zorgkas=box.name, contents=contents, order=list(contents), given_after_confirm=box.given_after_confirm)


def _verdict(field_: _Field, engine: Engine) -> Outcome:
    with engine.connect() as conn:
        verdict = judge(conn, field_.book.sent, _received(field_))
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "audit", "verify"],
        env=field_.cluster.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    field_.line(f"audit verify: {done.stdout.strip()}")
    _counts(field_)
    for note in verdict.notes[:50]:
        field_.show(f"  WRONG {note}")
    chain = "" if done.returncode == 0 else done.stdout + done.stderr
    return Outcome(killed=field_.killed, verdict=verdict, chain=chain)


def _counts(field_: _Field) -> None:
    attempts = list(journal(field_.folder))
    sent = field_.book.sent
    rows = {
        "killed": field_.killed,
        "ended by themselves": field_.cluster.ended,
        "pushes": Counter({"attempts": len(attempts), "messages": len({a.id for a in attempts})}),
        "the receiver": Counter(a.behaviour for a in attempts),
        "senders": Counter({"messages": len(sent), "requests": sum(s.attempts for s in sent)}),
        "senders met": field_.book.met,
        "decided": Counter(str(s.answers[0].outcome or "by tack") for s in sent if s.answers),
        "mailboxes": Counter(
            {
                "gets": sum(b.gets for b in field_.boxes),
                "messages": sum(len(b.fetched) for b in field_.boxes),
                "given again before confirm": sum(b.repeats for b in field_.boxes),
                "line broke": sum(b.broken for b in field_.boxes),
            }
        ),
    }
    for name, counter in rows.items():
        field_.show(f"  {name}: " + (", ".join(f"{what} {n}" for what, n in counter.most_common()) or "none"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=time.time_ns() & 0xFFFFFFFF, help="to see the same kills at the same moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vsb-chaos-") as folder:
        plan = Plan(kills=options.kills, engine=options.db, seed=options.seed)
        outcome = chaos(plan, Path(folder), lambda text: print(text, flush=True))
    print(outcome.summary)
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())
