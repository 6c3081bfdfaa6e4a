"""Ways of answering that a central application has on a bad day, and lies that a sender must not believe.

Each is a name in a scenario (`antwoord`). A way acts before the message is taken in, after it, or on the answer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lxml import etree
from lxml.etree import _Element as Element

from conformance.plan import PlanError
from conformance.walkthrough import sample_signer
from gateway.berichten.antwoord import Bewijs, schrijf_ontvangstbewijs
from gateway.berichten.names import ANTWOORD
from gateway.refusal import Code, Refusal
from gateway.trust.signing import seal
from gateway.wire.blob import deflate, inflate
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.faults import fault
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.names import DS, q
from gateway.wire.parser import Bounds, parse

_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=5_000_000)
_HTML = (
    b"<!DOCTYPE html><html><head><title>Onderhoud</title></head><body><h1>Even geduld</h1><p>We zijn zo terug.</p></body></html>"
)


class Line(StrEnum):
    """What happens to the connection."""

    ANSWER = "antwoord"
    SILENCE = "stilte"
    """Nothing, until the sender or the suite gives up; then the line is cut."""
    CUT = "verbroken"


@dataclass(frozen=True, kw_only=True)
class Canned:
    """A whole HTTP answer that no gateway made."""

    status: int
    body: bytes
    media: str = "text/plain; charset=utf-8"
    retry_after: int = 0


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way of answering."""

    naam: str
    tekst: str
    """In Dutch, as a person reads it afterwards."""
    taken: bool
    """Whether the central application takes the message in all the same."""
    line: Line = Line.ANSWER
    canned: Callable[[datetime], Canned] | None = None
    change: Callable[[bytes, datetime], bytes] | None = None
    """Of the true answer."""
    delay: bool = False
    lie: bool = False
    """Whether the sender must not believe the answer."""


def _soap_fault(code: Code, now: datetime, retry: int = 0) -> Canned:
    refusal = Refusal(code, found="de suite doet alsof", retry_after=retry or None)
    payload = fault(refusal, ticket=f"suite-{now:%H%M%S}", environment="Development")
    body = serialise(write_envelope(payload))
    return Canned(status=code.info.http, body=body, media=XML_CONTENT_TYPE, retry_after=retry)


def _half(body: bytes, now: datetime) -> bytes:  # noqa: ARG001
    return body[: len(body) // 2]


def _on_sealed(change: Callable[[bytes, datetime], bytes | None]) -> Callable[[bytes, datetime], bytes]:
    """Change every Ontvangstbewijs in an answer."""

    def changed(body: bytes, now: datetime) -> bytes:
        root = parse(body, _BOUNDS)
        _each_receipt(root, change, now)
        return serialise(root)

    return changed


def _in_mail(change: Callable[[Element, datetime], None]) -> Callable[[bytes, datetime], bytes]:
    """Change the messages that a mailbox gives; their hashes follow."""

    def changed(body: bytes, now: datetime) -> bytes:
        root = parse(body, _BOUNDS)
        for detail in root.iterfind(".//{*}MsgResponse/{*}Detail"):
            content = parse(inflate(base64.b64decode(detail.text or ""), 1 << 26), _BOUNDS)
            change(content, now)
            octets = etree.tostring(content, xml_declaration=True, encoding="utf-8")
            detail.text = base64.b64encode(deflate(octets)).decode()
            detail.set("HashValue", base64.b64encode(hashlib.sha256(octets).digest()).decode())
        return serialise(root)

    return changed


def _about_another(content: Element, now: datetime) -> None:  # noqa: ARG001
    for name in ("InputReference", "BerichtId"):
        for element in content.iterfind(f"{{*}}{name}"):
            element.text = "nooit-verzonden"


def _with_foreign_receipt(content: Element, now: datetime) -> None:
    bewijs = Bewijs(
        message_id=content.findtext("{*}MessageId") or "?",
        dienst="facturatie",
        afzender="NIHII-PROT_ACC=72090103",
        certificaat_sha256=bytes(32),
        bedrijfsreferentie=content.findtext("{*}InputReference") or "?",
        ontvangen_op=now,
        octetten=1,
        sha256=bytes(32),
    )
    document = seal(schrijf_ontvangstbewijs(bewijs), sample_signer("facility-ibw-2"), now)
    element = etree.SubElement(content, f"{{{ANTWOORD}}}Ontvangstbewijs")
    element.text = base64.b64encode(document).decode()


def _wrong_tack(body: bytes, now: datetime) -> bytes:  # noqa: ARG001
    root = parse(body, _BOUNDS)
    for tack in root.iterfind(".//{*}postResponse/{*}return"):
        tack.text = base64.b64encode(hashlib.sha256(b"iets anders").digest()).decode()
    return serialise(root)


def _each_receipt(root: Element, change: Callable[[bytes, datetime], bytes | None], now: datetime) -> None:
    for place in list(root.iter("{*}Ontvangstbewijs")):
        parent = place.getparent()
        if parent is None or not (place.text or "").strip():
            continue
        made = change(base64.b64decode(place.text or ""), now)
        if made is None:
            parent.remove(place)
        else:
            place.text = base64.b64encode(made).decode()


def _tampered(document: bytes, now: datetime) -> bytes:  # noqa: ARG001
    """Its Octetten are one more than was signed."""
    root = parse(document, _BOUNDS)
    for element in root.iter("{*}Octetten"):
        element.text = str(int(element.text or "0") + 1)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _bare(document: bytes) -> Element:
    root = parse(document, _BOUNDS)
    for signature in root.findall(q(DS, "Signature")):
        root.remove(signature)
    return root


def _unsigned(document: bytes, now: datetime) -> bytes:  # noqa: ARG001
    return etree.tostring(_bare(document), xml_declaration=True, encoding="utf-8")


def _foreign(document: bytes, now: datetime) -> bytes:
    return seal(_bare(document), sample_signer("facility-ibw-2"), now)


def _self_made(document: bytes, now: datetime) -> bytes:
    return seal(_bare(document), sample_signer("bad-self-signed"), now)


def _of_another(document: bytes, now: datetime) -> bytes:
    """Truly sealed by the gateway, over another message's digest."""
    root = _bare(document)
    for element in root.iter("{*}Sha256"):
        element.text = base64.b64encode(hashlib.sha256(b"een ander bericht").digest()).decode()
    return seal(root, sample_signer("gateway"), now)


def _wrong_hash(body: bytes, now: datetime) -> bytes:  # noqa: ARG001
    root = parse(body, _BOUNDS)
    for detail in root.iterfind(".//{*}MsgResponse/{*}Detail"):
        detail.set("HashValue", base64.b64encode(hashlib.sha256(b"iets anders").digest()).decode())
    return serialise(root)


def _for_another(body: bytes, now: datetime) -> bytes:  # noqa: ARG001
    root = parse(body, _BOUNDS)
    for element in root.iter("{*}BerichtId"):
        element.text = "bericht-van-iemand-anders"
    for tack in root.iterfind(".//{*}postResponse/{*}return"):
        tack.set("AppliesTo", "urn:nip:reference:input:iemand-anders")
    return serialise(root)


def _text(status: int, body: bytes, retry: int = 0, media: str = "text/plain; charset=utf-8") -> Callable[[datetime], Canned]:
    return lambda _now: Canned(status=status, body=body, retry_after=retry, media=media)


_ALL = (
    Way(naam="gewoon", tekst="zoals het hoort", taken=True),
    Way(naam="laat", tekst="juist, maar laat", taken=True, delay=True),
    Way(naam="stilte-voor", tekst="geen antwoord; het bericht kwam niet aan", taken=False, line=Line.SILENCE),
    Way(naam="stilte-na", tekst="geen antwoord; het bericht is wel verwerkt", taken=True, line=Line.SILENCE),
    Way(naam="verbroken-voor", tekst="verbinding verbroken; het bericht kwam niet aan", taken=False, line=Line.CUT),
    Way(naam="verbroken-na", tekst="verbinding verbroken; het bericht is wel verwerkt", taken=True, line=Line.CUT),
    Way(naam="503", tekst="HTTP 503 met Retry-After", taken=False, canned=_text(503, b"Service Unavailable\n", 1)),
    Way(naam="500", tekst="HTTP 500 zonder SOAP", taken=False, canned=_text(500, b"Internal Server Error\n")),
    Way(naam="429", tekst="HTTP 429 met Retry-After", taken=False, canned=lambda now: _soap_fault(Code.BUSY, now, 1)),
    Way(naam="html", tekst="HTML op HTTP 200", taken=False, canned=_text(200, _HTML, media="text/html; charset=utf-8")),
    Way(naam="502-html", tekst="HTML van een tussenstation, HTTP 502", taken=False, canned=_text(502, _HTML, media="text/html")),
    Way(
        naam="fout-tijdelijk",
        tekst="SOAP-fout met Retry=true",
        taken=False,
        canned=lambda now: _soap_fault(Code.UNAVAILABLE, now),
    ),
    Way(naam="fout-blijvend", tekst="SOAP-fout met Retry=false", taken=False, canned=lambda now: _soap_fault(Code.INTERNAL, now)),
    Way(naam="leeg", tekst="HTTP 200 zonder inhoud", taken=True, canned=_text(200, b"", media=XML_CONTENT_TYPE)),
    Way(naam="afgebroken", tekst="een antwoord dat halverwege ophoudt", taken=True, change=_half),
    Way(naam="vergeten", tekst="bevestigd, en toch komt hetzelfde nog eens", taken=False),
    Way(
        naam="zegel-vals",
        tekst="een ontvangstbewijs dat na het zegelen veranderd is",
        taken=True,
        lie=True,
        change=_on_sealed(_tampered),
    ),
    Way(naam="zegel-geen", tekst="een ontvangstbewijs zonder zegel", taken=True, lie=True, change=_on_sealed(_unsigned)),
    Way(
        naam="zegel-ander",
        tekst="een ontvangstbewijs gezegeld door een voorziening",
        taken=True,
        lie=True,
        change=_on_sealed(_foreign),
    ),
    Way(
        naam="zegel-zelf",
        tekst="een ontvangstbewijs met een zelfgemaakt certificaat",
        taken=True,
        lie=True,
        change=_on_sealed(_self_made),
    ),
    Way(
        naam="bewijs-ander",
        tekst="het ontvangstbewijs van een ander bericht",
        taken=True,
        lie=True,
        change=_on_sealed(_of_another),
    ),
    Way(naam="bewijs-weg", tekst="geen ontvangstbewijs", taken=True, lie=True, change=_on_sealed(lambda *_: None)),
    Way(naam="tack-vals", tekst="een TAck over een andere inhoud", taken=True, lie=True, change=_wrong_tack),
    Way(
        naam="vreemd",
        tekst="een oordeel over een zending die nooit verzonden is",
        taken=True,
        lie=True,
        change=_in_mail(_about_another),
    ),
    Way(
        naam="bewijs-vals",
        tekst="een oordeel met een ontvangstbewijs dat een voorziening zegelde",
        taken=True,
        lie=True,
        change=_in_mail(_with_foreign_receipt),
    ),
    Way(naam="hash-vals", tekst="een HashValue die niet bij de inhoud past", taken=True, lie=True, change=_wrong_hash),
    Way(naam="ander-bericht", tekst="het antwoord op een ander bericht", taken=True, lie=True, change=_for_another),
)
WAYS: Mapping[str, Way] = {w.naam: w for w in _ALL}


@dataclass(frozen=True, kw_only=True)
class Script:
    """How the arrivals of one operation are answered, in their order; after these as it should be."""

    operation: str
    ways: tuple[Way, ...]
    always: bool = False
    """The last way goes on for ever."""


def read_script(text: str, asked: str) -> Script:
    """A step's `antwoord`: names of ways, in order, with the operation before them if it is not the asked one; `*` at the end
    goes on with the last.

    Raises:
        PlanError: no such way.
    """
    operation, _, words = text.rpartition(":")
    try:
        ways = tuple(WAYS[w] for w in words.removesuffix("*").split())
        return Script(operation=operation or asked, ways=ways, always=words.endswith("*"))
    except KeyError as error:
        raise PlanError(f"there is no answer {error}; there are {', '.join(WAYS)}") from None
