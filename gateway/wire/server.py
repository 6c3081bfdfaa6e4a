"""uvicorn's h11 protocol with the bounds it lacks: time for the headers, and connections per process and per address.

h11 and not httptools: the latter loses the body of a request that offers HTTP/2, as Java's own client does on plain HTTP
(Kludex/uvicorn#2722).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

_LINGER_SECONDS = 2.0
_LINGER_OCTETS = 4 * 1024 * 1024
_TOO_MANY = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Type: text/plain\r\nContent-Length: 26\r\n"
    b"Connection: close\r\n\r\nToo many open connections\n"
)


class BoundedProtocol(H11Protocol):
    """One HTTP connection; slow or excessive ones are closed so that the others are served."""

    header_seconds: ClassVar[float] = 10.0
    """Time from the first byte, or the opening, of a request to the end of its headers."""
    max_connections: ClassVar[int] = 2_000
    max_per_address: ClassVar[int] = 200
    _open: ClassVar[Counter[str]] = Counter()

    _address = ""
    _lingering: int | None = None
    """Bytes that are still read and thrown away after a refusal."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if self._open.total() >= self.max_connections or self._open[address] >= self.max_per_address:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._address = address
        self._open[address] += 1
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if not self._address:
            return
        self._open[self._address] -= 1
        if not self._open[self._address]:
            del self._open[self._address]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._address:
            return
        if self._lingering is not None:
            self._lingering -= len(data)
            if self._lingering < 0:
                self.transport.close()
            return
        super().data_received(data)
        if self._lingering is not None:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._disarm()
        elif self._timer is None and not self.transport.is_closing():
            self._arm()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, then read on for a moment: closing at once would take the answer back (RFC 9112 §9.6)."""
        text = msg.encode()
        head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: "
        self.transport.write(f"{head}{len(text)}\r\n\r\n".encode() + text)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._disarm()
        self._lingering = _LINGER_OCTETS
        self._timer = asyncio.get_running_loop().call_later(_LINGER_SECONDS, self.transport.close)

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.header_seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
