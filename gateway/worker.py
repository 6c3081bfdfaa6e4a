"""A worker process: judges stored zendingen, hands deliveries over, and does the gateway's daily chores.

Any number may run, on any machine that reaches the database; safe to kill at any moment.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from random import Random

import structlog

from gateway.diensten.beslissen import bewaak_beraad
from gateway.diensten.kern import Gateway
from gateway.diensten.mutaties import meld_mutaties
from gateway.diensten.taken import doe_taak, geef_taken_terug, werkers_met_taken
from gateway.exchange import outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.broker import Broker
from gateway.exchange.herstel import weg, werker_naam
from gateway.exchange.lane import IDLE, Lane
from gateway.exchange.meldingen import haal
from gateway.exchange.relay import Relay
from gateway.exchange.transport import Drop, Unreachable
from gateway.exchange.vervoer import Adressen, drops, transports
from gateway.observe.alarmen import waak
from gateway.observe.gezondheid import bewaking_van
from gateway.refusal import Refusal
from gateway.store import deur, tellingen
from gateway.store.audit_zegels import KetenVerbroken, verzegel
from gateway.store.partities import INHOUD, zorg_voor_partities

log = structlog.get_logger("worker")
GRACE = 30.0
"""Seconds that running work gets to finish once the worker must stop; what is not finished is handed back."""


def calm_garbage_collector() -> None:
    """A large zending is hundreds of thousands of objects without a cycle; looking for one every 700 costs a quarter more."""
    gc.set_threshold(100_000, 50, 100)


@dataclass
class _Chore:
    """Something to do every so many seconds."""

    every: float
    work: Callable[[], object]
    due: float = field(default=0.0)


class Worker:
    """All the threads of one worker process."""

    def __init__(self, gateway: Gateway, *, beleid: Beleid | None = None, random: Random | None = None) -> None:
        self.name = werker_naam()
        self._gateway = gateway
        self._beleid = beleid or gateway.settings.delivery_policy()
        self._random = random or Random()  # noqa: S311
        self._adressen = Adressen(gateway.store)
        self._drops = drops(gateway.settings)
        self._transports = transports(gateway.settings, gateway.signer, gateway.trust, gateway.clock, self._adressen, self._drops)
        self._broker = _broker(gateway)
        self._relay = None if self._broker is None else Relay(gateway.store, self._broker, gateway.clock)
        self._lanes: dict[str, threading.Thread] = {}
        self._sealed: date | None = None
        self._bewaking = bewaking_van(gateway)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, finish what is under way within GRACE, hand back the rest."""
        calm_garbage_collector()
        self._recover()
        if self._broker is not None:
            self._broker.start()
        chores = [
            _Chore(2.0, lambda: self._open_lanes(stop)),
            _Chore(10.0, self._recover),
            _Chore(30.0, self._timely(self._seal)),
            _Chore(30.0, self._watch),
            _Chore(3600.0, self._partitions),
            _Chore(30.0, self._count),
            _Chore(300.0, self._timely(self._clear_door)),
            _Chore(60.0, self._timely(lambda: bewaak_beraad(self._gateway))),
            _Chore(60.0, self._timely(lambda: meld_mutaties(self._gateway))),
        ]
        receipts = [_Chore(5.0, partial(self._receipts, name, drop)) for name, drop in self._drops.items()]
        if self._relay is not None:
            chores += [_Chore(IDLE, self._announce), _Chore(5.0, self._repair)]
        threads = [
            threading.Thread(target=self._tasks, args=(stop,), name="tasks", daemon=True),
            threading.Thread(target=self._chores, args=(chores, stop), name="chores", daemon=True),
            *(threading.Thread(target=self._chores, args=([chore], stop), name="receipts", daemon=True) for chore in receipts),
        ]
        for thread in threads:
            thread.start()
        log.info("worker_started", worker=self.name, broker=self._broker is not None)
        stop.wait()
        self._finish([*threads, *self._lanes.values()])

    def _finish(self, threads: list[threading.Thread]) -> None:
        end = time.monotonic() + GRACE
        for thread in threads:
            thread.join(timeout=max(0.0, end - time.monotonic()))
        try:
            with self._gateway.store.writing() as conn:
                back = outbox.geef_terug(conn, self.name, self._gateway.clock()) + geef_taken_terug(conn, self.name)
        except Refusal:
            back = -1
        if self._broker is not None:
            self._broker.stop()
        log.info("worker_stopped", worker=self.name, handed_back=back)

    def _tasks(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._gateway.check_clock()
                busy = doe_taak(self._gateway, self.name, self._random)
            except Refusal as refusal:
                log.warning("worker_waits", code=refusal.code.info.code)
                busy = False
            if not busy:
                stop.wait(IDLE)

    def _timely(self, work: Callable[[], object]) -> Callable[[], object]:
        # What a term or a day decides waits for a clock that can be believed.
        def checked() -> object:
            self._gateway.check_clock()
            return work()

        return checked

    def _chores(self, chores: list[_Chore], stop: threading.Event) -> None:
        while not stop.is_set():
            for chore in chores:
                if chore.due <= time.monotonic():
                    try:
                        chore.work()
                    except Refusal as refusal:
                        log.warning("worker_waits", code=refusal.code.info.code)
                    except Exception:
                        # One chore that trips over our own code must not end the others.
                        log.exception("chore_failed")
                    chore.due = time.monotonic() + chore.every
            stop.wait(IDLE / 2)

    def _open_lanes(self, stop: threading.Event) -> None:
        for bestemming in self._adressen.bestemmingen():
            if bestemming not in self._lanes:
                lane = Lane(
                    bestemming,
                    store=self._gateway.store,
                    clock=self._gateway.clock,
                    transports=self._transports,
                    endpoint_of=self._adressen.endpoint,
                    werker=self.name,
                    beleid=self._beleid,
                    limit=self._gateway.settings.delivery_concurrency,
                    source=self._broker,
                    random=self._random,
                )
                self._lanes[bestemming] = threading.Thread(target=lane.run, args=(stop,), name=bestemming, daemon=True)
                self._lanes[bestemming].start()

    def _recover(self) -> None:
        with self._gateway.store.reading() as conn:
            gone = {w for w in [*outbox.leases(conn), *werkers_met_taken(conn)] if weg(w)}
        for werker in gone:
            with self._gateway.store.writing() as conn:
                back = outbox.geef_terug(conn, werker, self._gateway.clock()) + geef_taken_terug(conn, werker)
            log.warning("recovered", worker=werker, handed_back=back)

    def _announce(self) -> None:
        if self._relay is not None:
            self._relay.step()

    def _repair(self) -> None:
        for bestemming in self._adressen.bestemmingen() if self._relay is not None else ():
            if lost := self._relay.repair(bestemming):  # type: ignore[union-attr]
                log.warning("announcements_lost", to=bestemming, count=lost)

    def _receipts(self, name: str, drop: Drop) -> None:
        for bestemming, endpoint in self._adressen.met(name):
            try:
                haal(self._gateway.store, self._gateway.trust.accept, self._gateway.clock, drop, endpoint, bestemming)
            except Unreachable as error:
                log.warning("receipts_unreachable", to=bestemming, reason=str(error))

    def _watch(self) -> None:
        with self._gateway.store.writing() as conn:
            waak(conn, self._bewaking, self._gateway.clock())

    def _count(self) -> None:
        beloften = {naam: cookbook.belofte for naam, cookbook in self._gateway.cookbooks.items()}
        tellingen.werk_bij(self._gateway.store, beloften, self._gateway.clock())

    def _clear_door(self) -> None:
        if gone := deur.ruim_op(self._gateway.store, deur.Bewaring(), self._gateway.clock()):
            log.info("refusals_cleared", count=gone)

    def _partitions(self) -> None:
        for tabel in INHOUD:
            with self._gateway.store.writing() as conn:
                made = zorg_voor_partities(conn, self._gateway.clock(), [tabel])
            if made:
                log.info("partitions_made", names=made)

    def _seal(self) -> None:
        # Once a day: every finished day of the audit chain gets its signed checkpoint.
        now = self._gateway.clock()
        if self._sealed == now.date():
            return
        try:
            with self._gateway.store.writing() as conn:
                days = verzegel(conn, self._gateway.signer, now)
        except KetenVerbroken:
            log.error("audit_chain_broken", remedy="vsb-gateway audit verify")
            days = ()
        self._sealed = now.date()
        if days:
            log.info("audit_sealed", days=[d.isoformat() for d in days])


def _broker(gateway: Gateway) -> Broker | None:
    settings = gateway.settings
    if not settings.nats_url:
        return None
    return Broker(settings.nats_url, settings.environment.value, settings.nats_replicas)
