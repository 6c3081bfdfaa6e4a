"""The lines on which a receiver is tried: the usual one, a slow one, one that breaks before or after the message arrived."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from urllib.parse import urlsplit

from conformance.traffic import LIMIT, Exchange, Wire

_PIECES = 20
_TROUBLE = (OSError, http.client.HTTPException)


def send(wire: Wire, line: str, name: str, url: str, octets: bytes, headers: Mapping[str, str], method: str) -> list[Exchange]:
    """One message over a line.

    Args:
        line: `gewoon`, `samen:<n>` (n times at once), `traag:<seconds>`, `verbroken` (half of it) or `weg` (nobody reads on).

    Returns:
        what can be judged: one exchange, n, or none after a line that was broken on purpose.

    Raises:
        KeyError: there is no such line.
    """
    kind, _, argument = line.partition(":")
    if kind == "gewoon":
        return [wire.send(name, url, octets, headers, method=method)]
    if kind == "samen":
        with ThreadPoolExecutor(int(argument)) as pool:
            asked = [pool.submit(wire.send, f"{name}.{n}", url, octets, headers, method=method) for n in range(int(argument))]
            return [a.result() for a in asked]
    return OTHER[kind](wire, name, url, octets, headers, argument)


def _slow(wire: Wire, name: str, url: str, octets: bytes, headers: Mapping[str, str], seconds: str) -> list[Exchange]:
    begin, known = time.monotonic(), {"name": name, "method": "POST", "url": url, "request": octets, "headers": dict(headers)}
    size = max(1, len(octets) // _PIECES)
    try:
        with closing(_open(wire, url, len(octets), headers)) as line:
            for start in range(0, len(octets), size):
                line.send(octets[start : start + size])
                time.sleep(float(seconds) / _PIECES)
            reply = line.getresponse()
            content = reply.read(LIMIT)
        exchange = Exchange(
            **known,  # type: ignore[arg-type]
            status=reply.status,
            body=content,
            answer_headers={k.lower(): v for k, v in reply.getheaders()},
            seconds=time.monotonic() - begin,
        )
    except _TROUBLE:
        trouble = "de ontvanger verbrak de lijn terwijl het bericht nog kwam"
        exchange = Exchange(**known, trouble=trouble, seconds=time.monotonic() - begin)  # type: ignore[arg-type]
    return [wire.keep(exchange)]


def _broken(wire: Wire, _name: str, url: str, octets: bytes, headers: Mapping[str, str], _argument: str) -> list[Exchange]:
    with suppress(*_TROUBLE), closing(_open(wire, url, len(octets), headers)) as line:
        line.send(octets[: len(octets) // 2])
    return []


def _gone(wire: Wire, _name: str, url: str, octets: bytes, headers: Mapping[str, str], _argument: str) -> list[Exchange]:
    with suppress(*_TROUBLE), closing(_open(wire, url, len(octets), headers)) as line:
        line.send(octets)
        # The whole message is with the receiver once it begins to answer; nothing of that answer is kept.
        line.getresponse()
    return []


def _open(wire: Wire, url: str, length: int, headers: Mapping[str, str]) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=wire.verify if isinstance(wire.verify, str) else None)
        if wire.verify is False:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line: http.client.HTTPConnection = http.client.HTTPSConnection(parts.netloc, timeout=wire.timeout, context=context)
    else:
        line = http.client.HTTPConnection(parts.netloc, timeout=wire.timeout)
    line.putrequest("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    for key, value in {**headers, "Content-Length": str(length)}.items():
        line.putheader(key, value)
    line.endheaders()
    return line


OTHER: Mapping[str, Callable[[Wire, str, str, bytes, Mapping[str, str], str], list[Exchange]]] = {
    "traag": _slow,
    "verbroken": _broken,
    "weg": _gone,
}
"""Name of a line that is not the usual one to what sends over it."""
