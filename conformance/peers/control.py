"""One peer over HTTP: answers as the behaviour of the moment says, which is chosen over `/control`.

GET  /control                      what can be chosen, what is chosen, what was asked so far
PUT  /control/late                 from now on
PUT  /control/slow:2?times=1       the next time only, then good again; what follows the colon is the behaviour's argument
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

GOOD = "good"
_SILENCE = 3600.0
_CHUNK = b"x" * 65_536


class UnknownBehaviour(ValueError):
    """A behaviour that this peer does not have; the text names those it has."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How it is answered."""

    body: bytes = b""
    status: int = 200
    media: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the answer begins."""
    cut: bool = False
    """The line breaks after half of the body."""
    megabytes: int = 0
    """Of filling behind the body."""


Answer = Callable[[Asked, str], Reply]
"""Makes the reply to a request, with the behaviour's argument."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One way to behave."""

    what: str
    """What it does, in words: "it ..."."""
    outcome: str
    """What a right central application makes of it."""
    answer: Answer
    twin: str = ""
    """The behaviour just inside the tolerance of this one."""


def on_the_line(good: Answer, media: str, believed: str, not_believed: str) -> dict[str, Behaviour]:
    """What any peer can do wrong before its content counts.

    Args:
        good: the right answer.
        media: content type of a right answer.
        believed, not_believed: what a right central application makes of a right answer, and of none.
    """

    def slow(asked: Asked, argument: str) -> Reply:
        return replace(good(asked, ""), delay=float(argument or 1))

    def row(what: str, reply: Reply, twin: str = "") -> Behaviour:
        return Behaviour(what=what, outcome=not_believed, answer=lambda _a, _b: reply, twin=twin)

    return {
        GOOD: Behaviour(what="answers as it should", outcome=believed, answer=good),
        "slow": Behaviour(what="answers rightly after a second, or the seconds of its argument", outcome=believed, answer=slow),
        "silent": row("takes the request and never answers", Reply(delay=_SILENCE), "slow"),
        "half": Behaviour(
            what="breaks the line in the middle of its answer",
            outcome=not_believed,
            answer=lambda asked, _: replace(good(asked, ""), cut=True),
        ),
        "unavailable": row("answers HTTP 503", Reply(status=503, body=b"onderhoud")),
        "rate-limited": row("answers HTTP 429 with Retry-After", Reply(status=429, headers={"Retry-After": "1"})),
        "html": row("answers an HTML page on HTTP 200", Reply(body=b"<!DOCTYPE html><html>Welkom</html>", media="text/html")),
        "empty": row("answers HTTP 200 and nothing", Reply(media=media)),
        "malformed": row("answers octets that are none of its kind", Reply(body=b"\x00\x01geen antwoord", media=media)),
        "endless": row("answers hundreds of megabytes", Reply(body=b"<a>", media=media, megabytes=512)),
    }


@dataclass(kw_only=True)
class Peer:
    """A peer as an ASGI application."""

    behaviours: Mapping[str, Behaviour]
    now: str = GOOD
    """The behaviour of the moment, with its argument."""
    times: int | None = None
    """How many requests it still is; None: for ever."""
    asked: list[dict[str, str]] = field(default_factory=list)

    def choose(self, behaviour: str, times: int | None = None) -> None:
        """Behave so from now on, or for some requests.

        Raises:
            UnknownBehaviour: this peer has none of that name.
        """
        name, _, argument = behaviour.partition(":")
        if name not in self.behaviours:
            raise UnknownBehaviour(f"there is no behaviour {name!r}; there are {', '.join(self.behaviours)}")
        if argument and name == "slow":
            float(argument)
        self.now, self.times = behaviour, times

    def _next(self, asked: Asked) -> tuple[Behaviour, str]:
        name, _, argument = self.now.partition(":")
        self.asked.append({"method": asked.method, "path": asked.path, "behaviour": self.now})
        if self.times is not None:
            self.times -= 1
            if self.times <= 0:
                self.now, self.times = GOOD, None
        return self.behaviours[name], argument

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        asked = Asked(method=request.method, path=request.url.path, body=body)
        if asked.path == "/control" or asked.path.startswith("/control/"):
            await _reply(send, self._control(asked, request.query_params.get("times")))
            return
        behaviour, argument = self._next(asked)
        reply = await run_in_threadpool(behaviour.answer, asked, argument)
        await _reply(send, reply)

    def _control(self, asked: Asked, times: str | None) -> Reply:
        try:
            if asked.method == "PUT":
                self.choose(asked.path.removeprefix("/control/"), int(times) if times else None)
            elif asked.method != "GET":
                return _json({"error": "GET or PUT"}, 405)
        except ValueError as error:
            return _json({"error": str(error)}, 404)
        rows = {name: {"what": b.what, "outcome": b.outcome, "twin": b.twin} for name, b in self.behaviours.items()}
        return _json({"now": self.now, "times": self.times, "asked": self.asked[-100:], "behaviours": rows})


def _json(content: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(content, indent=1).encode(), media="application/json")


async def _reply(send: Send, reply: Reply) -> None:
    await asyncio.sleep(reply.delay)
    length = len(reply.body) + (reply.megabytes << 20)
    headers = {"Content-Type": reply.media, "Content-Length": str(length), **reply.headers}
    raw = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    if reply.cut:
        # Less than Content-Length: the server closes the line, as a router does that fails.
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2]})
        return
    await send({"type": "http.response.body", "body": reply.body, "more_body": bool(reply.megabytes)})
    for n in range(reply.megabytes << 4):
        await send({"type": "http.response.body", "body": _CHUNK, "more_body": n + 1 < reply.megabytes << 4})
