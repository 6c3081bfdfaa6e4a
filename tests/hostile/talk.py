"""Talk to the server over a bare socket and name what it answered."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

from lxml import etree

from gateway.wire.http import XML_CONTENT_TYPE
from tests.hostile.case import ACCEPTED, CLOSED, SILENT, Raw

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_CODE = "{urn:vsb-gateway:antwoord:v1}Code"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One HTTP answer, or none."""

    status: int | None
    body: bytes
    seconds: float
    headers: Mapping[str, str]

    @property
    def name(self) -> str:
        """Our code, `HTTP <status>`, CLOSED, SILENT or ACCEPTED."""
        if self.status is None:
            return self.body.decode()
        fault, codes = self._fault()
        if codes:
            return codes[0]
        if 200 <= self.status < 300 and not fault:
            return ACCEPTED
        return f"HTTP {self.status}"

    @property
    def is_server_error(self) -> bool:
        """SOA-00001, a traceback, our own INTERNAL, or a 5xx that is not SOAP."""
        if b"SOA-00001" in self.body or b"Traceback" in self.body or b"VSB-SYS-002" in self.body:
            return True
        return self.status is not None and self.status >= 500 and not self._fault()[0]

    def _fault(self) -> tuple[bool, list[str]]:
        try:
            root = etree.fromstring(self.body)
        except etree.XMLSyntaxError:
            return False, []
        return root.find(f".//{_SOAP}Fault") is not None, [e.text or "" for e in root.iter(_CODE)]


def post_request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole HTTP/1.1 request, as an ordinary client writes it."""
    lines = {
        "Host": "gateway",
        "Content-Type": XML_CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def talk(address: tuple[str, int], raw: Raw, *, timeout: float, source: str | None = None) -> list[Reply]:
    """Send, while listening, and return every answer on the connection.

    A refusal may come before the whole request was sent, so sending and listening go side by side.
    """
    started = time.monotonic()
    with socket.create_connection(address, timeout=timeout, source_address=None if source is None else (source, 0)) as sock:
        done = threading.Event()
        threading.Thread(target=_send, args=(sock, raw, done), daemon=True).start()
        try:
            return _listen(sock, started, timeout, done)
        finally:
            done.set()
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _send(sock: socket.socket, raw: Raw, done: threading.Event) -> None:
    with contextlib.suppress(OSError):
        for piece in raw.pieces():
            if done.is_set():
                return
            if isinstance(piece, float):
                done.wait(piece)
            else:
                sock.sendall(piece)
        if raw.half_close:
            sock.shutdown(socket.SHUT_WR)


def _listen(sock: socket.socket, started: float, timeout: float, done: threading.Event) -> list[Reply]:
    stream = sock.makefile("rb")
    replies: list[Reply] = []
    ended = CLOSED
    while True:
        try:
            replies.append(reply := _one(stream, started))
        except TimeoutError:
            ended = SILENT
            break
        except (HTTPException, OSError, ValueError):
            break
        # What a smuggled request would be answered with follows at once.
        sock.settimeout(0.3)
        if reply.headers.get("connection", "").lower() == "close":
            break
    done.set()
    return replies or [Reply(status=None, body=ended.encode(), seconds=time.monotonic() - started, headers={})]


def _one(stream: Any, started: float) -> Reply:
    response = HTTPResponse(_Stream(stream))  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    return Reply(
        status=response.status,
        body=body,
        seconds=time.monotonic() - started,
        headers={name.lower(): value for name, value in response.getheaders()},
    )


class _Stream:
    # HTTPResponse wants a socket and closes its file after one answer; ours must live on for the next.
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        return _Unclosed(self._stream)  # type: ignore[return-value]


class _Unclosed:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        pass
