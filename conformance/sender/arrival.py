"""One message that came in, read as far as it can be read, with the answer that it got."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Refusal
from gateway.wire.blob import inflate
from gateway.wire.c14n import exclusive
from gateway.wire.names import GENERIC_ASYNC
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=5_000_000)
_BLOB = 64 * 1024 * 1024
_OPERATIONS = {
    "verzekerbaarheid/RaadplegenRequest": "Raadplegen",
    "aanvraag/IndienenRequest": "Indienen",
    "aanvraag/RaadplegenRequest": "Statusvraag",
    "aanvraag/RaadplegenDossierRequest": "Dossiervraag",
}
UNREADABLE = "onleesbaar"


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message of a mailbox as an answer to get holds it."""

    hash: bytes
    name: str
    content: bytes
    """Inflated."""

    @property
    def label(self) -> str:
        """Its label, or the name of what it is."""
        try:
            root = parse(self.content, _BOUNDS)
        except Refusal:
            return UNREADABLE
        return root.findtext("{*}Label") or etree.QName(root).localname


@dataclass(kw_only=True)
class Answer:
    """What a client can read in an answer of the central application."""

    fault: str = ""
    """Our code of a SOAP fault, or its faultstring."""
    findings: tuple[Mapping[str, str], ...] = ()
    """Of a fault, a decision or a wrong question: local name of each field to its text."""
    outcome: str = ""
    """Uitkomst of an aanvraag; `TAck` of a post; the statuses of a question."""
    values: Mapping[str, str] = field(default_factory=dict)
    """MessageId, Dossiernummer, Zorgkas."""
    mail: tuple[Mail, ...] = ()
    tacks: int = 0

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f["Code"] for f in self.findings if f.get("Code")))


@dataclass(kw_only=True)
class Arrival:
    """A request, and what was done with it."""

    nr: int
    at: datetime
    """By the central application's clock."""
    monotonic: float
    path: str
    headers: Mapping[str, str]
    body: bytes
    operation: str = UNREADABLE
    """Raadplegen, Indienen, Statusvraag, Dossiervraag, post, get, confirm."""
    payload: Element | None = None
    content: bytes = b""
    """Of a post: the inflated blob; of anything else: the payload, canonical."""
    reference: str = ""
    """BerichtId or InputReference."""
    how: str = "gewoon"
    """The way in which it was answered."""
    status: int | None = None
    """None: no answer went out, or not yet."""
    reply: bytes = b""
    real: bytes = b""
    """What the central application said, when something else was sent."""
    retry_after: int = 0
    done: bool = False
    answered: float = 0.0
    answer: Answer = field(default_factory=Answer)
    """What the central application really said."""
    files: tuple[str, ...] = ()

    @property
    def processed(self) -> bool:
        """Whether the central application took it in."""
        return bool(self.real)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content or self.body).hexdigest()

    @property
    def clean(self) -> bool:
        """Whether the sender got a whole, true answer."""
        return self.done and self.how in ("gewoon", "laat") and self.status == 200


def read_arrival(arrival: Arrival, content_type: str) -> Arrival:
    """Fill in what the message says; what can not be read stays as it is."""
    try:
        envelope = read_message(arrival.body, content_type, _BOUNDS)
    except Refusal:
        return arrival
    payload = envelope.payload
    service, tag = arrival.path.removeprefix("/soap/").partition("/")[0], etree.QName(payload).localname
    generic = etree.QName(payload).namespace == GENERIC_ASYNC
    arrival.operation = tag if generic else _OPERATIONS.get(f"{service}/{tag}", tag)
    arrival.payload = payload
    if generic and tag == "post":
        arrival.reference = (payload.findtext("{*}CommonInput/{*}InputReference") or "").strip()
        arrival.content = blob_of(payload)
    else:
        arrival.content = exclusive(payload)
        arrival.reference = (payload.findtext(".//{*}Hoofding/{*}BerichtId") or "").strip()
    return arrival


def blob_of(payload: Element) -> bytes:
    """The inflated content of a post, empty when it can not be had."""
    detail = payload.find("{*}Detail")
    if detail is None:
        return b""
    try:
        octets = base64.b64decode("".join((detail.text or "").split()), validate=True)
        return octets if detail.get("ContentEncoding") == "none" else inflate(octets, _BLOB)
    except (ValueError, Refusal):
        return b""


def read_answer(body: bytes) -> Answer:
    """What an answer of our own gateway says; plain XML only."""
    try:
        root = parse(body, _BOUNDS)
    except Refusal:
        return Answer()
    if root.find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault") is not None:
        findings = _all(root, "Bevinding")
        return Answer(
            fault=(findings[0].get("Code", "") if findings else root.findtext(".//faultstring") or "fout"), findings=findings
        )
    if (tack := root.find(".//{*}postResponse/{*}return")) is not None:
        return Answer(outcome="TAck", values={"MessageId": tack.get("Reference", "")})
    if (result := root.find(".//{*}getResponse/{*}return")) is not None:
        return Answer(outcome="post", mail=tuple(_mail(result)), tacks=len(result.findall("{*}TAckResponse")))
    names = ("MessageId", "BerichtId", "Dossiernummer", "Zorgkas", "Uitkomst")
    values = {n: t for n in names if (t := root.findtext(f".//{{*}}{n}"))}
    wrong = root.findtext(".//{*}Fout/{*}FaultCode")
    statuses = " ".join(dict.fromkeys(e.text or "" for e in root.iter("{*}Status")))
    findings = _all(root, "Reden") or _all(root, "Fout")
    return Answer(outcome=wrong or values.get("Uitkomst") or statuses, values=values, findings=findings)


def _all(root: Element, name: str) -> tuple[Mapping[str, str], ...]:
    return tuple(
        {etree.QName(c).localname: (c.text or "").strip() for c in e.iterchildren("*")} for e in root.iter(f"{{*}}{name}")
    )


def _mail(result: Element) -> list[Mail]:
    found = []
    for detail in result.iterfind("{*}MsgResponse/{*}Detail"):
        content = inflate(base64.b64decode(detail.text or ""), _BLOB)
        digest = base64.b64decode(detail.get("HashValue", ""))
        found.append(Mail(hash=digest, name=detail.get("MessageName", ""), content=content))
    return found


def confirmed(arrival: Arrival) -> set[bytes]:
    """Hashes that a confirm names, by hash; references come as the octets of their text."""
    if arrival.payload is None or arrival.operation != "confirm":
        return set()
    hashes = (arrival.payload.findtext("{*}MsgHashValues") or "").split()
    found: set[bytes] = set()
    for word in hashes:
        try:
            found.add(base64.b64decode(word, validate=True))
        except ValueError:
            continue
    return found | {w.encode() for w in (arrival.payload.findtext("{*}MsgRefValues") or "").split()}
