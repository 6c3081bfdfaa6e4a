"""One receiver's lane in a worker: its own threads, so that a slow or dead receiver holds up nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from random import Random
from typing import Protocol

import structlog
from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.exchange import afloop, lijn, outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.outbox import Claim
from gateway.exchange.transport import Delivery, HandedOver, Refused, Transport, Unreachable
from gateway.observe.traces import span
from gateway.refusal import Refusal
from gateway.store.engine import Store

log = structlog.get_logger("exchange")
IDLE = 0.2
"""Seconds between two looks for work."""
_REFUSALS = 5
"""Different messages refused in a row are a failure of the line, not of the messages."""


class Source(Protocol):
    """Tells a lane which deliveries to look at first; the database has the last word on each."""

    def next(self, bestemming: str, limit: int, timeout: float) -> Sequence[Announced] | None:
        """Announced deliveries, after at most `timeout` seconds; None when the source cannot tell and the database must."""
        ...


class Announced(Protocol):
    """A delivery that a broker announced."""

    @property
    def levering_id(self) -> str: ...

    def done(self) -> None:
        """The attempt is on record, or there was nothing to do."""
        ...

    def later(self) -> None:
        """Somebody else holds it; announce it again."""
        ...


class Lane:
    """Hands deliveries over to one receiver, a few at once.

    Args:
        endpoint_of: the receiver's registered address, None when it has none.
        werker: name of this worker, in leases and attempts.
        limit: deliveries under way at once.
        source: a broker's announcements; None: the database is asked.
    """

    def __init__(
        self,
        bestemming: str,
        *,
        store: Store,
        clock: Clock,
        transports: Mapping[str, Transport],
        endpoint_of: Callable[[str], str | None],
        werker: str,
        beleid: Beleid,
        limit: int,
        source: Source | None = None,
        random: Random | None = None,
    ) -> None:
        self.bestemming = bestemming
        self._store = store
        self._clock = clock
        self._transports = transports
        self._endpoint_of = endpoint_of
        self._werker = werker
        self._beleid = beleid
        self._limit = limit
        self._source = source
        self._random = random or Random()  # noqa: S311
        self._refused: set[str] = set()
        self._changed = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then finish what is under way."""
        busy: set[Future[None]] = set()
        with ThreadPoolExecutor(self._limit, thread_name_prefix=f"lane-{self.bestemming}") as pool:
            while not stop.is_set():
                busy = {f for f in busy if not f.done()}
                self._changed.clear()
                try:
                    started = self._start(pool, self._limit - len(busy)) if len(busy) < self._limit else set()
                except Refusal as refusal:
                    log.warning("lane_waits", to=self.bestemming, code=refusal.code.info.code)
                    started = set()
                busy |= started
                if not started:
                    self._changed.wait(IDLE)
            wait(busy)

    def step(self) -> int:
        """Hand over what can be handed over now, one after the other; returns how many attempts were made."""
        claims = self._claim(self._limit)
        for claim in claims:
            self._deliver(claim)
        return len(claims)

    def _start(self, pool: ThreadPoolExecutor, free: int) -> set[Future[None]]:
        if self._source is not None:
            announced = self._source.next(self.bestemming, free, IDLE) if self._open() else []
            if announced is not None:
                return {self._submit(pool, lambda item=item: self._announced(item)) for item in announced}  # type: ignore[misc]
        return {self._submit(pool, lambda claim=claim: self._deliver(claim)) for claim in self._claim(free)}  # type: ignore[misc]

    def _submit(self, pool: ThreadPoolExecutor, work: Callable[[], None]) -> Future[None]:
        future = pool.submit(work)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: Future[None]) -> None:
        if (error := future.exception()) is not None:
            # Its lease ends by itself, and somebody tries again.
            log.error("attempt_not_recorded", to=self.bestemming, error=type(error).__name__)
        self._changed.set()

    def _open(self) -> bool:
        with self._store.reading() as conn:
            return lijn.lees(conn, self.bestemming).ruimte(self._limit, self._clock()) > 0

    def _claim(self, free: int) -> list[Claim]:
        now = self._clock()
        with self._store.reading() as conn:
            if lijn.lees(conn, self.bestemming).ruimte(free, now) == 0 or not outbox.klaar(conn, self.bestemming, now):
                return []
        with self._store.writing() as conn:
            stand = lijn.lees(conn, self.bestemming)
            room = stand.ruimte(free, now)
            if room == 0:
                return []
            claims = outbox.claim(conn, self.bestemming, room, self._werker, now, self._beleid, proef=not stand.bereikbaar)
            if claims:
                lijn.begin_proef(conn, stand, now, self._beleid)
            return claims

    def _announced(self, item: Announced) -> None:
        now = self._clock()
        with self._store.writing() as conn:
            stand = lijn.lees(conn, self.bestemming)
            claim = None
            if stand.ruimte(1, now):
                claim = outbox.claim_deze(conn, item.levering_id, self._werker, now, self._beleid)
            if claim is not None:
                lijn.begin_proef(conn, stand, now, self._beleid)
            elif outbox.bezet(conn, item.levering_id, now) or not stand.ruimte(1, now):
                item.later()
                return
        if claim is not None:
            self._deliver(claim)
        item.done()

    def _deliver(self, claim: Claim) -> None:
        begin = self._clock()
        try:
            transport = self._transports.get(claim.transport)
            endpoint = self._endpoint_of(claim.bestemming)
            if transport is None or not endpoint:
                raise Unreachable(f"no endpoint registered for transport {claim.transport}")
            with span("deliver", claim.bericht_id, to=claim.bestemming):
                gift = transport.deliver(_delivery(claim, endpoint))
        except Refused as error:
            self._refusal(claim, str(error), begin)
        except Unreachable as error:
            self._failure(claim, str(error), begin)
        except Exception as error:
            # A receiver can bring out a fault of our own; the delivery stays, and the log has all of it.
            log.exception("delivery_error", message_id=claim.bericht_id, to=claim.bestemming)
            self._failure(claim, type(error).__name__, begin)
        else:
            self._success(claim, gift, begin)

    def _success(self, claim: Claim, gift: HandedOver, begin: datetime) -> None:
        self._refused.clear()
        now = self._clock()
        self._record(lambda conn: afloop.overhandigd(conn, claim, gift, begin, now, self._beleid))

    def _failure(self, claim: Claim, melding: str, begin: datetime) -> None:
        now = self._clock()
        self._record(lambda conn: afloop.onbereikbaar(conn, claim, melding, begin, now, self._beleid, self._random))

    def _refusal(self, claim: Claim, melding: str, begin: datetime) -> None:
        now = self._clock()
        self._refused.add(claim.id)

        def work(conn: Connection) -> None:
            afloop.geweigerd(conn, claim, melding, begin, now, self._beleid, self._random)
            if len(self._refused) >= _REFUSALS:
                afloop.line_failed(conn, claim.bestemming, now, self._beleid, self._random)

        self._record(work)

    def _record(self, work: Callable[[Connection], None]) -> None:
        # The receiver may have it already: a database that is away for a moment must not make it come twice.
        pause = threading.Event()
        end = self._clock() + self._beleid.lease / 2
        while True:
            try:
                with self._store.writing() as conn:
                    work(conn)
                return
            except Refusal:
                if self._clock() > end:
                    raise
                pause.wait(1.0)


def _delivery(claim: Claim, endpoint: str) -> Delivery:
    return Delivery(
        id=claim.id,
        bestemming=claim.bestemming,
        endpoint=endpoint,
        message_name=claim.message_name,
        input_reference=claim.input_reference,
        test=claim.test,
        content=claim.content,
        sha256=claim.sha256,
        created=claim.aangemaakt_op,
    )
