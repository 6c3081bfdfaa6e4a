"""An outbox on either engine, with messages in it and receivers that do as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import insert, select

from gateway.exchange import outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.lane import Lane, Source
from gateway.exchange.toestand import Toestand
from gateway.exchange.transport import Delivery, HandedOver
from gateway.reference.tables import zorgkas
from gateway.store import berichten
from gateway.store.berichten import Ontvangst
from gateway.store.engine import Store, make_engine
from gateway.store.identifiers import message_id
from gateway.store.migrate import upgrade
from gateway.store.tables import levering, poging
from tests.databases import PostgreSQL, private_postgresql

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with private_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path) -> Iterator[Store]:
    """A migrated database on each engine."""
    on_file = request.param == "sqlite"
    engine = make_engine(f"sqlite:///{tmp_path}/g.sqlite" if on_file else request.getfixturevalue("postgresql").new_database())
    upgrade(engine)
    yield Store(engine)
    engine.dispose()


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Receiver:
    """A receiver in memory: keeps what it takes by id, does what `behave` says before it answers."""

    behave: Callable[[Delivery], HandedOver | None] = lambda _: None
    kept: dict[str, bytes] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    attempts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, delivery: Delivery) -> HandedOver:
        with self._lock:
            self.attempts += 1
        answer = self.behave(delivery)
        with self._lock:
            if delivery.id not in self.kept:
                self.kept[delivery.id] = delivery.content
                self.order.append(delivery.id)
        return answer or HandedOver(reference=f"R-{delivery.id[:8]}", confirmed=True)


@dataclass
class Outbox:
    """What a test says of the outbox, in its own words."""

    store: Store
    clock: Clock
    beleid: Beleid = field(default_factory=Beleid)

    def put(self, kas: str = "280", volgorde: str | None = None, transport: str = "soap", content: bytes = b"<inhoud/>") -> str:
        name = message_id(self.clock())
        with self.store.writing() as conn:
            berichten.bewaar(conn, _ontvangst(name, self.clock()))
            outbox.plaats(
                conn,
                levering_id=name,
                bericht_id=name,
                bestemming=f"zorgkas:{kas}",
                transport=transport,
                message_name="VSB-AANVRAAG",
                input_reference=name,
                content=content,
                now=self.clock(),
                volgorde=volgorde,
            )
        return name

    def lane(
        self, receiver: Receiver, kas: str = "280", *, werker: str = "w1", limit: int = 4, source: Source | None = None
    ) -> Lane:
        return Lane(
            f"zorgkas:{kas}",
            store=self.store,
            clock=self.clock,
            transports={"soap": receiver, "map": receiver},
            endpoint_of=lambda _: "http://zorgkas",
            werker=werker,
            beleid=self.beleid,
            limit=limit,
            source=source,
            random=Random(1),
        )

    def state(self, name: str) -> Toestand:
        with self.store.reading() as conn:
            return Toestand(conn.execute(select(levering.c.toestand).where(levering.c.id == name)).scalar_one())

    def attempts(self, name: str) -> int:
        with self.store.reading() as conn:
            return len(conn.execute(select(poging.c.id).where(poging.c.levering_id == name)).all())

    def life(self, name: str) -> list[str]:
        with self.store.reading() as conn:
            return [s.stap for s in berichten.levensloop(conn, name)]

    def run(self, lane: Lane, rounds: int = 50, step: float = 1.0) -> None:
        """Let time pass and the lane work, until nothing moves any more or the rounds are over."""
        for _ in range(rounds):
            lane.step()
            self.clock.pass_(seconds=step)


@pytest.fixture
def box(store: Store, clock: Clock) -> Outbox:
    with store.writing() as conn:
        for number, code in enumerate(("180", "280", "380")):
            conn.execute(
                insert(zorgkas).values(
                    code=code, naam=code, kbo=f"090000000{number}", levering="soap", endpoint="http://zorgkas", actief=True
                )
            )
    return Outbox(store, clock)


def _ontvangst(name: str, now: datetime) -> Ontvangst:
    return Ontvangst(
        id=name,
        dienst="aanvraag",
        afzender="riziv:72090103",
        bedrijfs_id=name,
        pijler="eibwfin",
        soort="StartVerblijf",
        test=False,
        ontvangen_op=now,
        octetten=b"<x/>",
        content_type="text/xml",
        sha256=b"\0" * 32,
        inhoud_sha256=b"\0" * 32,
        identiteit="NIHII-x",
        certificaat_sha256=b"\0" * 32,
    )
