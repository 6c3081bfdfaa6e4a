"""NATS JetStream between the outbox and the lanes: ids of deliveries, a subject for each receiver.

The database stays the truth: a message on the stream only says "look at this one". What the broker loses is announced again, what
it says twice is claimed once, and while it is away the lanes ask the database themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

log = structlog.get_logger("broker")
T = TypeVar("T")
_TIMEOUT = 5.0
_ACK_WAIT = timedelta(seconds=30)
"""After it, what a worker took and did not settle goes to another, which finds in the database whether the first still has it."""
DUPLICATES = timedelta(seconds=30)
"""Window in which JetStream drops the same announcement; shorter than REPEAT, so that a repeat is not dropped."""
REPEAT = timedelta(seconds=60)
"""An announcement older than this that nobody acts on, while none waits at the broker, was lost and is made again."""


class BrokerAway(Exception):
    """The broker does not answer now."""


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """A delivery's id, taken from the stream and not acknowledged yet."""

    levering_id: str
    _broker: Broker
    _message: Msg

    def done(self) -> None:
        """Take it off the stream."""
        self._broker.settle(self._message.ack())

    def later(self) -> None:
        """Give it back, to be announced again in a few seconds."""
        self._broker.settle(self._message.nak(delay=2.0))


class Broker:
    """A connection to NATS on a thread of its own; safe to call from any thread.

    Args:
        url: nats://host:port, or several with commas between.
        environment: name of the environment; its stream and subjects are its own.
        replicas: copies that JetStream keeps of the stream.
    """

    def __init__(self, url: str, environment: str, replicas: int) -> None:
        self._servers = [u.strip() for u in url.split(",")]
        self._environment = environment.lower()
        self._replicas = replicas
        self._loop = asyncio.new_event_loop()
        self._client = Client()
        self._stream: JetStreamContext | None = None
        self._subscriptions: dict[str, JetStreamContext.PullSubscription] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="broker")

    @property
    def stream(self) -> str:
        return f"VSB-{self._environment.upper()}"

    @property
    def connected(self) -> bool:
        return self._client.is_connected and self._stream is not None

    def start(self) -> None:
        """Connect in the background, and again whenever the connection breaks."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._connect(), self._loop)

    def stop(self) -> None:
        """Close the connection and end the thread; what was not acknowledged is announced again to others."""
        self._stopping = True

        async def end() -> None:
            if self._client.is_connected:
                await self._client.close()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        with contextlib.suppress(BrokerAway):
            self._wait(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def announce(self, bestemming: str, levering_id: str, beurt: str) -> None:
        """Put a delivery's id on its receiver's subject; the same turn of it within a short time only once.

        Args:
            beurt: what tells one turn of a delivery from the next.

        Raises:
            BrokerAway: it is not on the stream.
        """
        headers = {"Nats-Msg-Id": f"{levering_id}.{beurt}"}
        self._wait(self._js().publish(self._subject(bestemming), levering_id.encode(), timeout=_TIMEOUT, headers=headers))

    def next(self, bestemming: str, limit: int, timeout: float) -> list[Announcement] | None:
        """Announced deliveries of a receiver; None while the broker is away."""
        if not self.connected:
            return None
        try:
            messages = self._wait(self._fetch(bestemming, limit, timeout))
        except BrokerAway:
            return None
        return [Announcement(levering_id=m.data.decode("ascii", "replace"), _broker=self, _message=m) for m in messages]

    def waiting(self, bestemming: str) -> int:
        """Announcements for a receiver that the broker gave to nobody yet.

        What it gave and was not told about is not counted: a broker that crashed may count some of those for ever.

        Raises:
            BrokerAway: it does not say.
        """

        async def ask() -> int:
            subscription = await self._subscription(bestemming)
            return (await subscription.consumer_info()).num_pending or 0

        return self._wait(ask())

    def settle(self, acknowledgement: Coroutine[Any, Any, None]) -> None:
        """Send an acknowledgement; one that gets lost only makes the announcement come again."""
        try:
            self._wait(acknowledgement)
        except BrokerAway:
            log.info("broker_away", at="ack")

    async def _connect(self) -> None:
        while True:
            try:
                await self._client.connect(
                    self._servers,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    connect_timeout=2,
                    error_cb=_quiet,
                    reconnected_cb=self._prepare,
                    disconnected_cb=self._lost,
                )
                await self._prepare()
                return
            except (TimeoutError, OSError, NatsError) as error:
                log.warning("broker_away", at="connect", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _prepare(self) -> None:
        # A broker that comes back may be an empty one: stream and consumers are made again where they are not there.
        context = self._client.jetstream(timeout=_TIMEOUT)
        config = StreamConfig(
            name=self.stream,
            subjects=[f"vsb.{self._environment}.levering.*"],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            num_replicas=self._replicas,
            duplicate_window=DUPLICATES.total_seconds(),
        )
        try:
            await context.stream_info(self.stream)
            await context.update_stream(config)
        except NotFoundError:
            await context.add_stream(config)
        self._subscriptions.clear()
        self._stream = context
        log.info("broker_connected", stream=self.stream, replicas=self._replicas)

    async def _lost(self) -> None:
        self._stream = None
        if not self._stopping:
            log.warning("broker_away", at="connection")

    async def _fetch(self, bestemming: str, limit: int, timeout: float) -> list[Msg]:
        subscription = await self._subscription(bestemming)
        try:
            return await subscription.fetch(limit, timeout=timeout)
        except (TimeoutError, nats.errors.TimeoutError):
            return []

    async def _subscription(self, bestemming: str) -> JetStreamContext.PullSubscription:
        if bestemming not in self._subscriptions:
            durable = f"lijn-{bestemming.rpartition(':')[2]}"
            config = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, ack_wait=_ACK_WAIT.total_seconds(), max_deliver=-1)
            self._subscriptions[bestemming] = await self._js().pull_subscribe(
                self._subject(bestemming), durable=durable, stream=self.stream, config=config
            )
        return self._subscriptions[bestemming]

    def _subject(self, bestemming: str) -> str:
        return f"vsb.{self._environment}.levering.{bestemming.rpartition(':')[2]}"

    def _js(self) -> JetStreamContext:
        if self._stream is None:
            raise BrokerAway
        return self._stream

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout=_TIMEOUT * 2)
        except (TimeoutError, OSError, NatsError, FutureTimeout) as error:
            future.cancel()
            raise BrokerAway(type(error).__name__) from None


async def _quiet(_error: Exception) -> None:
    # Every reconnect attempt would write a line of its own; the callbacks above say when it matters.
    return
