"""What a SOAP answer says, read once with the hardened parser; what can not be read becomes words."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.etree import _Element as Element

from conformance.traffic import Exchange
from gateway.berichten.names import ANTWOORD
from gateway.refusal import Refusal
from gateway.wire.blob import inflate
from gateway.wire.names import CIN_TYPES, ERRORS_SOA, GENERIC_ASYNC, SOAP, q
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=4_000_000, namespaces=200_000)
_INFLATED = 256 * 1024 * 1024
RESULT_LABELS = ("DF012-920999", "INHOUD-")
"""Labels that end the treatment of a zending; DF011-931000 only begins it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer of a service."""

    exchange: Exchange
    root: Element | None = None
    payload: Element | None = None
    """What stands in the Body; None: no SOAP envelope with one element in its Body."""
    trouble: str = ""
    """In Dutch: why it can not be read."""

    @property
    def fault(self) -> Element | None:
        """The soap:Fault, when it is one."""
        return self.payload if self.payload is not None and self.payload.tag == q(SOAP, "Fault") else None

    @property
    def soa(self) -> str:
        """eHealth's code of a fault."""
        for name in (q(ERRORS_SOA, "SystemError"), q(ERRORS_SOA, "BusinessError")):
            if self.fault is not None and (error := self.fault.find(f"detail/{name}")) is not None:
                return error.findtext("Code") or ""
        return "" if self.fault is None else self.fault.findtext(f"detail/*/{q(CIN_TYPES, 'FaultCode')}") or ""

    @property
    def codes(self) -> list[str]:
        """The codes of a fault's findings, an aanvraag's reasons or a question's details, sorted."""
        if self.payload is None:
            return []
        if self.fault is not None:
            return sorted({e.text or "" for e in self.payload.iter(q(ANTWOORD, "Code"))})
        if details := self.payload.findall(".//{*}Fout//{*}DetailCode"):
            return sorted(e.text or "" for e in details)
        if self.is_question:
            return [e.text or "" for e in self.payload.iterfind(".//{*}Deelperiode/{*}Zorgkas")]
        return sorted(e.text or "" for e in self.payload.iterfind(f".//{q(ANTWOORD, 'Reden')}/{{*}}Code"))

    @property
    def is_question(self) -> bool:
        """Whether it answers a question about insurability."""
        return self.payload is not None and next(self.payload.iter("{*}Deelperiode"), None) is not None

    @property
    def outcome(self) -> str:
        """`fout`, an aanvraag's Uitkomst, a question's FaultCode or statuses, or `tack`."""
        if self.payload is None:
            return "geen antwoord"
        if self.fault is not None:
            return "fout"
        if fault := self.payload.findtext(".//{*}FaultCode"):
            return fault
        if self.is_question:
            return "/".join(sorted({e.text or "" for e in self.payload.iter("{*}Status")}))
        if self.payload.tag == q(GENERIC_ASYNC, "postResponse"):
            return "tack"
        return self.payload.findtext(f".//{q(ANTWOORD, 'Uitkomst')}") or ""

    @property
    def tack(self) -> Element | None:
        """The TAck of a postResponse; what it says stands in its attributes."""
        if self.payload is None or self.payload.tag != q(GENERIC_ASYNC, "postResponse"):
            return None
        return self.payload.find(q(GENERIC_ASYNC, "return"))

    def text(self, name: str) -> str:
        """Text of the first element of this name, empty when there is none."""
        return "" if self.payload is None else self.payload.findtext(f".//{{*}}{name}") or ""

    def result(self) -> str | None:
        """What XAdES-sealed receipt it carries, base64; None: none."""
        return self.text("Ontvangstbewijs") or None


def read_answer(exchange: Exchange) -> Answer:
    """An answer, whatever came."""
    if exchange.trouble:
        return Answer(exchange=exchange, trouble=exchange.trouble)
    kind = exchange.answer_headers.get("content-type", "")
    try:
        if kind.startswith("multipart/related"):
            envelope = read_message(exchange.body, kind, _BOUNDS)
            return Answer(exchange=exchange, root=envelope.payload.getroottree().getroot(), payload=envelope.payload)
        root = parse(exchange.body, _BOUNDS)
    except Refusal as refusal:
        first = refusal.findings[0]
        what = f"{kind.partition(';')[0] or 'zonder Content-Type'}, {len(exchange.body)} octetten"
        return Answer(exchange=exchange, trouble=f"geen leesbare XML ({what}): {first.nl}")
    body = root.find(q(SOAP, "Body")) if root.tag == q(SOAP, "Envelope") else None
    children = [] if body is None else [c for c in body if isinstance(c.tag, str)]
    if len(children) != 1:
        return Answer(exchange=exchange, root=root, trouble="geen SOAP 1.1-envelop met precies één element in de Body")
    return Answer(exchange=exchange, root=root, payload=children[0])


@dataclass(frozen=True, kw_only=True)
class Post:
    """One message of a mailbox."""

    name: str
    content: bytes
    hash: bytes
    right_hash: bool
    root: Element | None

    @property
    def label(self) -> str:
        return "" if self.root is None else self.root.findtext(q(ANTWOORD, "Label")) or ""

    @property
    def about(self) -> str:
        """MessageId of what it is about."""
        return "" if self.root is None else self.root.findtext("{*}MessageId") or ""

    @property
    def codes(self) -> list[str]:
        return [] if self.root is None else sorted({e.text or "" for e in self.root.iter(q(ANTWOORD, "Code"))})


def mailbox(answer: Answer) -> Iterator[Post]:
    """The messages in the answer to a get; one that can not be unpacked has no root."""
    details = [] if answer.payload is None else answer.payload.iter(q(GENERIC_ASYNC, "Detail"))
    for detail in details:
        try:
            packed = base64.b64decode(detail.text or "")
            content = inflate(packed, _INFLATED) if detail.get("ContentEncoding") == "deflate" else packed
            declared = base64.b64decode(detail.get("HashValue") or "")
        except (binascii.Error, Refusal):
            content, declared = b"", b""
        yield Post(
            name=detail.get("MessageName") or "",
            content=content,
            hash=declared,
            right_hash=hashlib.sha256(content).digest() == declared,
            root=_root(content),
        )


def _root(content: bytes) -> Element | None:
    try:
        return parse(content, _BOUNDS) if content.lstrip()[:1] == b"<" else None
    except Refusal:
        return None
