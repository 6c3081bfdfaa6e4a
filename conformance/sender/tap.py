"""Stands before the central application: records what comes and goes, and answers as the running step says."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conformance.sender.answers import WAYS, Canned, Line, Script, Way
from conformance.sender.arrival import Arrival, read_answer, read_arrival
from conformance.sender.universe import Universe
from gateway.clock import system_clock
from gateway.wire.envelope import serialise
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.parser import Bounds
from gateway.wire.server import BoundedProtocol
from gateway.wire.xop import is_package, read_message

log = structlog.get_logger("suite")
STS = "/IAM/"
"""Where the security token service answers, untouched."""
_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=5_000_000)
_LIMIT = 32 * 1024 * 1024
Connection = tuple[str, int]


class TappedProtocol(BoundedProtocol):
    """Knows each connection by its address, so that the tap can cut one without a word."""

    open_connections: ClassVar[dict[Connection, Any]] = {}

    def connection_made(self, transport: Any) -> None:
        self._peer = tuple((transport.get_extra_info("peername") or ("", 0))[:2])
        self.open_connections[self._peer] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open_connections.pop(self._peer, None)
        super().connection_lost(exc)


@dataclass(kw_only=True)
class Watch:
    """What one step saw."""

    script: Script
    arrivals: list[Arrival] = field(default_factory=list)
    used: int = 0

    def way(self, arrival: Arrival) -> Way:
        """How this arrival is answered; the script's next word if it is about this operation."""
        if arrival.operation == self.script.operation and self.used < len(self.script.ways):
            self.used += 1
            return self.script.ways[self.used - 1]
        if arrival.operation == self.script.operation and self.script.always:
            return self.script.ways[-1]
        return WAYS["gewoon"]


@dataclass(kw_only=True)
class Tap:
    """The ASGI application that a vendor's software talks to.

    Args:
        patience: seconds of silence before the line is cut.
        late: seconds that a late answer takes.
        keep: keeps an arrival as evidence, and returns the names of its files.
    """

    patience: float
    late: float
    keep: Callable[[Arrival], tuple[str, ...]]
    rest: ASGIApp
    universe: Universe | None = None
    watch: Watch | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)
    outside: int = 0
    """Messages that came while no step was running."""
    _count: int = 0

    def now(self) -> datetime:
        """By the clock of the central application that answers now."""
        return system_clock() if self.universe is None else self.universe.clock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ours = scope["type"] == "http" and scope["method"] == "POST" and not str(scope["path"]).startswith(STS)
        if not ours or self.universe is None:
            await self.rest(scope, receive, send)
            return
        body = await _body(receive)
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        arrival, way, universe = await run_in_threadpool(self._arrived, str(scope["path"]), headers, body)
        try:
            await self._answer(arrival, way, universe, scope, body, send)
        finally:
            await run_in_threadpool(self._finished, arrival, universe)

    def _arrived(self, path: str, headers: dict[str, str], body: bytes) -> tuple[Arrival, Way, Universe]:
        with self.changed:
            self._count += 1
            universe, watch = self.universe, self.watch
            assert universe is not None
            arrival = Arrival(
                nr=self._count, at=universe.clock(), monotonic=time.monotonic(), path=path, headers=headers, body=body
            )
            read_arrival(arrival, headers.get("content-type", ""))
            if watch is None:
                self.outside += 1
                return arrival, WAYS["gewoon"], universe
            way = watch.way(arrival)
            arrival.how = way.naam
            watch.arrivals.append(arrival)
            self.changed.notify_all()
            return arrival, way, universe

    def _finished(self, arrival: Arrival, universe: Universe) -> None:
        if arrival.operation == "get" and arrival.processed:
            universe.asked()
        with self.changed:
            arrival.answer = read_answer(arrival.real)
            arrival.answered = time.monotonic()
            arrival.files = self.keep(arrival)
            arrival.done = True
            self.changed.notify_all()

    async def _answer(self, arrival: Arrival, way: Way, universe: Universe, scope: Scope, body: bytes, send: Send) -> None:
        status, headers, real = await self._real(way, universe, scope, body)
        real, headers = _plain(real, headers)
        arrival.real = real if way.taken else b""
        if way.delay:
            await asyncio.sleep(self.late)
        if way.line is Line.SILENCE:
            await asyncio.sleep(self.patience)
        if way.line is not Line.ANSWER:
            _cut(scope)
            return
        if way.canned is not None:
            canned = way.canned(universe.clock())
            status, headers, real = canned.status, _headers(canned), canned.body
        elif way.change is not None and status == 200:
            real = await run_in_threadpool(way.change, real, universe.clock())
        arrival.status, arrival.reply = status, real
        arrival.retry_after = int(dict(headers).get(b"retry-after", b"0"))
        kept = [(k, v) for k, v in headers if k not in (b"content-length", b"date", b"server")]
        await send({"type": "http.response.start", "status": status, "headers": [*kept, (b"content-length", b"%d" % len(real))]})
        await send({"type": "http.response.body", "body": real})

    async def _real(
        self, way: Way, universe: Universe, scope: Scope, body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if way.naam == "vergeten":
            return 200, [(b"content-type", b"text/xml; charset=utf-8")], _CONFIRMED
        if not way.taken and way.change is None:
            return 0, [], b""
        try:
            found = await call(universe.services, scope, body)
            await run_in_threadpool(universe.settle)
        except Exception as error:
            # A scenario ended under a request that nobody asked for: its central application is gone.
            log.warning("answered_503", error=type(error).__name__)
            return 503, [(b"retry-after", b"1")], b"Service Unavailable\n"
        return found


_CONFIRMED = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><ga:confirmResponse '
    b'xmlns:ga="urn:be:cin:nip:async:generic"/></soap:Body></soap:Envelope>'
)


async def call(app: ASGIApp, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """What an application answers to a request whose body is here."""
    given = False
    status, headers, parts = 500, list[tuple[bytes, bytes]](), list[bytes]()

    async def receive() -> Message:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message["headers"])
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, headers, b"".join(parts)


async def _body(receive: Receive) -> bytes:
    found = bytearray()
    while True:
        message = await receive()
        found += message.get("body", b"")
        if not message.get("more_body") or len(found) > _LIMIT:
            return bytes(found)


def _plain(body: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """An answer as plain XML, which a client that sent a package understands too (SOAP 1.1 over HTTP)."""
    media = dict(headers).get(b"content-type", b"").decode("latin-1")
    if not is_package(media):
        return body, headers
    kept = [(k, v) for k, v in headers if k != b"content-type"]
    return serialise(read_message(body, media, _BOUNDS).root), [*kept, (b"content-type", XML_CONTENT_TYPE.encode())]


def _headers(canned: Canned) -> list[tuple[bytes, bytes]]:
    found = [(b"content-type", canned.media.encode())]
    return [*found, (b"retry-after", b"%d" % canned.retry_after)] if canned.retry_after else found


def _cut(scope: Scope) -> None:
    client = scope.get("client") or ("", 0)
    transport = TappedProtocol.open_connections.get((client[0], client[1]))
    if transport is None:
        log.warning("no_connection_to_cut")
        return
    transport.abort()
