"""With a broker: every delivery still goes out once, also when the broker loses everything, dies or was never there."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gateway.exchange import broker as broker_module
from gateway.exchange.broker import REPEAT, Broker
from gateway.exchange.relay import Relay
from gateway.exchange.toestand import Toestand
from gateway.exchange.transport import Unreachable
from gateway.store.tables import levering
from tests.databases import Nats, private_nats
from tests.exchange.conftest import Outbox, Receiver

KAS = "zorgkas:280"


@pytest.fixture
def nats() -> Iterator[Nats]:
    with private_nats() as server:
        yield server


@pytest.fixture
def brokers(nats: Nats) -> Iterator[Callable[[], Broker]]:
    made: list[Broker] = []

    def new() -> Broker:
        broker = Broker(nats.url, "Test", 1)
        broker.start()
        made.append(broker)
        wait_for(lambda: broker.connected)
        return broker

    yield new
    for broker in made:
        broker.stop()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Running:
    """Lanes and relays of some workers, each with a connection of its own."""

    def __init__(self, box: Outbox, receiver: Receiver, brokers: list[Broker]) -> None:
        self._stop = threading.Event()
        self._threads = []
        for number, broker in enumerate(brokers):
            lane = box.lane(receiver, werker=f"w{number}", source=broker)
            relay = Relay(box.store, broker, box.clock)
            self._threads += [
                threading.Thread(target=lane.run, args=(self._stop,)),
                threading.Thread(target=self._relay, args=(relay,)),
            ]
        for thread in self._threads:
            thread.start()

    def _relay(self, relay: Relay) -> None:
        while not self._stop.wait(0.05):
            relay.step()
            relay.repair(KAS)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


def test_workers_on_a_broker_hand_each_delivery_over_once(box: Outbox, brokers: Callable[[], Broker]) -> None:
    names = [box.put(volgorde=f"p{n % 7}") for n in range(40)]
    receiver = Receiver()
    with Running(box, receiver, [brokers(), brokers()]):
        wait_for(lambda: len(receiver.kept) == len(names))
        wait_for(lambda: {box.state(n) for n in names} == {Toestand.BEVESTIGD})
    assert receiver.attempts == len(names)


def test_order_is_kept_over_a_broker(box: Outbox, brokers: Callable[[], Broker]) -> None:
    chains = [[box.put(volgorde=f"p{p}") for _ in range(6)] for p in range(4)]
    receiver = Receiver()
    with Running(box, receiver, [brokers(), brokers()]):
        wait_for(lambda: len(receiver.kept) == 24)
    for chain in chains:
        assert [n for n in receiver.order if n in chain] == chain


def test_a_failed_attempt_is_announced_again_when_it_is_due(box: Outbox, brokers: Callable[[], Broker]) -> None:
    name = box.put()

    def first_away(_: object) -> None:
        if receiver.attempts == 1:
            raise Unreachable("ConnectionError")

    receiver = Receiver(first_away)
    with Running(box, receiver, [brokers()]):
        wait_for(lambda: receiver.attempts == 1)
        time.sleep(0.5)
        assert receiver.attempts == 1
        box.clock.pass_(seconds=5)
        wait_for(lambda: box.state(name) is Toestand.BEVESTIGD)


def test_what_the_broker_lost_is_announced_again(box: Outbox, brokers: Callable[[], Broker], nats: Nats) -> None:
    broker = brokers()
    name = box.put()
    assert Relay(box.store, broker, box.clock).step() == 1
    nats.stop(signal.SIGKILL)
    shutil.rmtree(nats.folder / "store")
    wait_for(lambda: not broker.connected)
    nats.start()
    wait_for(lambda: broker.connected)
    receiver = Receiver()
    with Running(box, receiver, [broker]):
        time.sleep(0.5)
        assert receiver.attempts == 0
        box.clock.pass_(seconds=REPEAT.total_seconds() + 1)
        wait_for(lambda: box.state(name) is Toestand.BEVESTIGD)


def test_what_was_given_to_somebody_who_never_acted_is_announced_again(box: Outbox, brokers: Callable[[], Broker]) -> None:
    broker, name, receiver = brokers(), box.put(), Receiver()
    assert Relay(box.store, broker, box.clock).step() == 1
    # Taken and never settled; a broker that crashed may remember such a one for ever.
    wait_for(lambda: bool(broker.next(KAS, 1, 0.2)))
    box.clock.pass_(seconds=REPEAT.total_seconds() + 1)
    assert Relay(box.store, broker, box.clock).repair(KAS) == 1
    with Running(box, receiver, [broker]):
        wait_for(lambda: box.state(name) is Toestand.BEVESTIGD, 15)


def test_a_turn_that_failed_while_it_was_being_announced_is_announced_anew(box: Outbox) -> None:
    name = box.put()

    class QuickLane:
        """Where what is announced is tried, and fails, before the announcer has noted it."""

        connected = True

        def announce(self, *_: str) -> None:
            with box.store.writing() as conn:
                later = box.clock() + timedelta(seconds=5)
                conn.execute(update(levering).values(pogingen=1, volgende_poging=later, gepubliceerd_op=None))

    relay = Relay(box.store, QuickLane(), box.clock)  # type: ignore[arg-type]
    assert relay.step() == 1
    box.clock.pass_(seconds=6)
    assert relay.step() == 1, name


def test_while_the_broker_is_away_the_lanes_ask_the_database(box: Outbox, brokers: Callable[[], Broker], nats: Nats) -> None:
    broker = brokers()
    nats.stop(signal.SIGKILL)
    wait_for(lambda: not broker.connected)
    name = box.put()
    with Running(box, Receiver(), [broker]):
        wait_for(lambda: box.state(name) is Toestand.BEVESTIGD)


def test_a_worker_starts_without_a_broker_and_uses_it_once_it_is_there(box: Outbox, nats: Nats) -> None:
    nats.stop()
    broker = Broker(nats.url, "Test", 1)
    broker.start()
    try:
        first, receiver = box.put(), Receiver()
        with Running(box, receiver, [broker]):
            wait_for(lambda: box.state(first) is Toestand.BEVESTIGD)
            nats.start()
            wait_for(lambda: broker.connected)
            second = box.put()
            wait_for(lambda: box.state(second) is Toestand.BEVESTIGD)
            with box.store.reading() as conn:
                assert conn.execute(select(levering.c.gepubliceerd_op).where(levering.c.id == second)).scalar() is not None
    finally:
        broker.stop()


def test_the_same_announcement_twice_makes_one_attempt(box: Outbox, brokers: Callable[[], Broker]) -> None:
    broker = brokers()
    name = box.put()
    for number in range(3):
        # Other numbers of attempts get past the broker's own de-duplication.
        broker.announce(KAS, name, str(number))
    with box.store.writing() as conn:
        conn.execute(update(levering).values(gepubliceerd_op=box.clock()))
    receiver = Receiver()
    with Running(box, receiver, [broker]):
        wait_for(lambda: box.state(name) is Toestand.BEVESTIGD)
        wait_for(lambda: broker.waiting(KAS) == 0)
    assert receiver.attempts == 1


def test_an_announcement_of_what_another_worker_holds_comes_back(box: Outbox, brokers: Callable[[], Broker]) -> None:
    from gateway.exchange import outbox

    broker, name, receiver = brokers(), box.put(), Receiver()
    with box.store.writing() as conn:
        outbox.claim(conn, KAS, 1, "dead", box.clock(), box.beleid)
        conn.execute(update(levering).values(gepubliceerd_op=box.clock()))
    broker.announce(KAS, name, "0")
    with Running(box, receiver, [broker]):
        time.sleep(0.5)
        assert receiver.attempts == 0
        box.clock.pass_(seconds=box.beleid.lease.total_seconds() + 1)
        wait_for(lambda: box.state(name) is Toestand.BEVESTIGD)


def test_what_a_dead_worker_took_from_the_broker_goes_out_as_soon_as_it_is_handed_back(
    box: Outbox, brokers: Callable[[], Broker]
) -> None:
    from gateway.exchange import outbox

    broker, name, receiver = brokers(), box.put(), Receiver()
    relay = Relay(box.store, broker, box.clock)
    assert relay.step() == 1
    wait_for(lambda: bool(broker.next(KAS, 1, 0.2)))
    with box.store.writing() as conn:
        outbox.claim(conn, KAS, 1, "dead", box.clock(), box.beleid)
    box.clock.pass_(seconds=1)
    with box.store.writing() as conn:
        assert outbox.geef_terug(conn, "dead", box.clock()) == 1
    with Running(box, receiver, [broker]):
        # The broker would drop the same announcement, and keep what the dead worker took for half a minute.
        wait_for(lambda: box.state(name) is Toestand.BEVESTIGD, 15)


def test_the_stream_is_of_its_environment_and_keeps_what_is_asked(brokers: Callable[[], Broker]) -> None:
    assert brokers().stream == "VSB-TEST"
    assert broker_module.DUPLICATES < REPEAT
