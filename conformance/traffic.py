"""One exchange over HTTP, whatever the other side does: every trouble becomes words, never an exception."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests
import urllib3

from gateway.central.identificatie import geldig_insz
from gateway.wire.http import XML_CONTENT_TYPE

LIMIT = 64 * 1024 * 1024
"""Octets of an answer that are read."""
_INSZ = re.compile(rb"(?<![0-9])[0-9]{11}(?![0-9])")
_BASE64 = re.compile(rb">([A-Za-z0-9+/=\s]{200,})<")
MASKED = b"***********"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and what came back."""

    name: str
    method: str
    url: str
    request: bytes
    headers: Mapping[str, str]
    status: int | None = None
    """None: no whole answer came."""
    body: bytes = b""
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    """In Dutch: what went wrong on the way."""
    seconds: float = 0.0
    files: tuple[str, ...] = ()
    """Where request and answer are kept, relative to the evidence."""


@dataclass(kw_only=True)
class Wire:
    """Sends to one target and keeps everything that went over the line.

    Args:
        base: address of the target.
        evidence: folder to keep the traffic in, None for none.
        mask: replace persons' numbers and long base64 in what is kept.
        verify: CA bundle of the target, or False.
    """

    base: str
    evidence: Path | None = None
    mask: bool = False
    timeout: float = 30.0
    verify: bool | str = True
    _session: requests.Session = field(default_factory=requests.Session)
    _names: dict[str, int] = field(default_factory=dict)

    def send(
        self, name: str, path: str, body: bytes, headers: Mapping[str, str] | None = None, *, method: str = "POST"
    ) -> Exchange:
        """One request; never raises.

        Args:
            name: what it is, for the evidence: scenario and step.
            headers: besides Content-Type; an empty value removes one.
        """
        sent = {k: v for k, v in {"Content-Type": XML_CONTENT_TYPE, **(headers or {})}.items() if v}
        url = path if path.startswith("http") else f"{self.base.rstrip('/')}{path}"
        begin = time.monotonic()
        known = {"name": name, "method": method, "url": url, "request": body, "headers": sent}
        try:
            reply = self._session.request(
                method, url, data=body or None, headers=sent, timeout=self.timeout, verify=self.verify, stream=True
            )
            with reply:
                content, trouble = self._read(reply, begin)
            exchange = Exchange(
                **known,  # type: ignore[arg-type]
                status=reply.status_code,
                body=content,
                answer_headers={k.lower(): v for k, v in reply.headers.items()},
                trouble=trouble,
                seconds=time.monotonic() - begin,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            exchange = Exchange(**known, trouble=_words(error), seconds=time.monotonic() - begin)  # type: ignore[arg-type]
        return self.keep(exchange)

    def _read(self, reply: requests.Response, begin: float) -> tuple[bytes, str]:
        found = bytearray()
        # One read of the line at a time: `iter_content` waits until it has a whole piece, however slowly that comes.
        while piece := reply.raw.read1(65_536, decode_content=True):
            found += piece
            if len(found) > LIMIT:
                return bytes(found[:LIMIT]), f"het antwoord is groter dan {LIMIT} octetten en werd afgebroken"
            if time.monotonic() - begin > self.timeout:
                return bytes(found), f"het antwoord was na {self.timeout:.0f} seconden nog niet volledig"
        return bytes(found), ""

    def keep(self, exchange: Exchange) -> Exchange:
        """Write request and answer to the evidence; the same exchange, with the names of the files."""
        if self.evidence is None:
            return exchange
        self.evidence.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^A-Za-z0-9._-]+", "_", exchange.name)
        self._names[stem] = self._names.get(stem, 0) + 1
        stem = f"{stem}.{self._names[stem]}"
        lines = [f"{exchange.method} {exchange.url}", *(f"{k}: {v}" for k, v in exchange.headers.items())]
        answer = [str(exchange.status or exchange.trouble), *(f"{k}: {v}" for k, v in exchange.answer_headers.items())]
        files = (f"{stem}.vraag", f"{stem}.antwoord")
        for file, head, body in ((files[0], lines, exchange.request), (files[1], answer, exchange.body)):
            whole = "\n".join(head).encode() + b"\n\n" + body
            (self.evidence / file).write_bytes(masked(whole) if self.mask else whole)
        return Exchange(**{**exchange.__dict__, "files": files})


def masked(octets: bytes) -> bytes:
    """The same without persons' numbers; long base64, in which they may hide, becomes its length."""
    octets = _BASE64.sub(lambda m: b">[base64, %d tekens]<" % len(m[1]), octets)
    return _INSZ.sub(lambda m: MASKED if geldig_insz(m[0].decode()) else m[0], octets)


def _words(error: Exception) -> str:
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "het TLS-certificaat van het doel wordt niet vertrouwd: geef --ca of herstel het"),
        (requests.exceptions.ConnectTimeout, "het doel aanvaardt geen verbinding binnen de tijd"),
        (requests.exceptions.ReadTimeout, "het doel antwoordt niet binnen de tijd"),
        (urllib3.exceptions.ReadTimeoutError, "het doel antwoordt niet binnen de tijd"),
        (urllib3.exceptions.ProtocolError, "het doel verbrak de verbinding in het midden van het antwoord"),
        (requests.exceptions.ChunkedEncodingError, "het doel verbrak de verbinding in het midden van het antwoord"),
        (requests.exceptions.ConnectionError, "het doel is niet bereikbaar, of verbrak de verbinding zonder antwoord"),
        (requests.exceptions.InvalidURL, "het adres is geen geldige URL"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), f"het verkeer mislukte ({type(error).__name__})")
