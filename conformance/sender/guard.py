"""Keeps the session's page to the person at this computer: no other name than the loopback's, no order without the token."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "x-vsb-token"  # noqa: S105
MAX_BODY = 64 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """An ASGI application before the page.

    Args:
        hosts: names, with port, under which the page may be asked for: another name that resolves to this computer is an
            attacker's (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        problem = self._problem(str(scope["method"]), headers)
        if problem:
            await PlainTextResponse(problem, status_code=403, headers=HEADERS)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {k.lower() for k, _ in message["headers"]}
                more = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items() if k.lower().encode() not in known]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self._app(scope, receive, with_headers)

    def _problem(self, method: str, headers: Headers) -> str:
        if headers.get("host", "") not in self._hosts:
            return "Deze pagina antwoordt alleen op het eigen adres van deze computer.\n"
        if method in ("GET", "HEAD"):
            return ""
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc not in self._hosts:
            return "Deze opdracht komt van een andere site.\n"
        length = headers.get("content-length", "0")
        return "" if length.isdecimal() and int(length) <= MAX_BODY else "De opdracht is te groot.\n"


def allowed_hosts(port: int) -> list[str]:
    return [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]


def same_token(given: str | None, token: str) -> bool:
    """Whether an order carries the token, compared in constant time."""
    return hmac.compare_digest((given or "").encode(), token.encode())
