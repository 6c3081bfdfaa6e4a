"""Judges what a zorgkas's receiver answered: each receipt as the gateway would believe it or not, each refusal as a fault."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from lxml.etree import _Element as Element

from conformance.berichten.compose import Parcel
from conformance.traffic import Exchange
from conformance.verdict import Checks
from gateway.clock import Clock
from gateway.refusal import Refusal
from gateway.schema import registry
from gateway.trust.chain import TrustStore
from gateway.trust.identity import read_identity
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.wssecurity import verify
from gateway.wire.content import Content
from gateway.wire.envelope import Envelope
from gateway.wire.generic import SUCCESS, tack_content
from gateway.wire.names import GENERIC_ASYNC, SOAP, q
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

MAX_REPLY = 1024 * 1024
"""Octets of a receipt; the gateway reads no more."""
_FAULT = q(SOAP, "Fault")
_WHOLE = "een juiste handtekening over Body, Timestamp en token"
_BLAMES_MESSAGE = ("Client", "VersionMismatch", "MustUnderstand")
"""Fault codes of SOAP 1.1 §4.4.1 that say that the sender must change something."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Who must have signed, and who is believed."""

    trust: TrustStore
    kbo: str
    """Enterprise number of the zorgkas, as it is registered with the gateway."""
    clock: Clock

    def receipt(self, checks: Checks, exchange: Exchange, parcel: Parcel) -> str | None:
        """Check a receipt, one thing after the other until nothing more can be looked at.

        Returns:
            the Reference that the zorgkas gave, None when the receipt is not one.
        """
        if not _answered(checks, exchange, "HTTP 200 met een ondertekende postResponse"):
            return None
        if not checks.add(
            "HTTP-status",
            exchange.status == 200,
            "200",
            f"{exchange.status}{_fault_text(exchange)}",
            "HTTP",
            "Antwoord met een postResponse zodra het bericht bij u op schijf staat; deze levering is juist.",
        ):
            return None
        envelope = self._envelope(checks, exchange)
        if envelope is None or not self._signed(checks, envelope):
            return None
        return self._tack(checks, envelope.payload, parcel)

    def _envelope(self, checks: Checks, exchange: Exchange) -> Envelope | None:
        kind = exchange.answer_headers.get("content-type", "")
        checks.add("Content-Type", kind.partition(";")[0].strip() == "text/xml", "text/xml; charset=utf-8", kind[:80], "HTTP")
        try:
            envelope = read_message(exchange.body, "text/xml", Bounds(octets=MAX_REPLY))
        except Refusal as refusal:
            checks.add(
                "SOAP-envelop",
                False,
                "een SOAP 1.1-envelop van hoogstens 1 MiB",
                _words(refusal),
                "/Envelope",
                "Antwoord met een SOAP 1.1-envelop in UTF-8 met één postResponse in de Body.",
            )
            return None
        right = envelope.payload.tag == q(GENERIC_ASYNC, "postResponse")
        checks.add("Antwoordelement", right, "postResponse", str(envelope.payload.tag)[:120], "/Envelope/Body/*")
        return envelope if right else None

    def _signed(self, checks: Checks, envelope: Envelope) -> bool:
        remedy = (
            "Onderteken Body, Timestamp en token van het antwoord met uw geregistreerde certificaat (cookbook eibwfin §4, §10.1)."
        )
        try:
            signed = verify(envelope, SYNCHRONOUS, self.clock(), self.trust.accept)
        except Refusal as refusal:
            return checks.add(
                "Handtekening",
                False,
                "een juiste handtekening over Body, Timestamp en token",
                _words(refusal),
                "//Security",
                remedy,
            )
        checks.add("Handtekening", True, "een juiste handtekening over Body, Timestamp en token", "juist", "//Security")
        try:
            label = read_identity(signed.certificate)
        except Refusal as refusal:
            return checks.add("Ondertekenaar", False, f"CBE={self.kbo}", _words(refusal), "//BinarySecurityToken", remedy)
        return checks.add(
            "Ondertekenaar",
            hmac.compare_digest(label.number, self.kbo),
            f"CBE={self.kbo}",
            label.label,
            "//BinarySecurityToken",
            "Onderteken met het certificaat dat voor deze zorgkas geregistreerd is; een ander gelooft de gateway niet.",
        )

    def _tack(self, checks: Checks, payload: Element, parcel: Parcel) -> str | None:
        try:
            registry.check(payload, place="/Envelope/Body")
        except Refusal as refusal:
            checks.add(
                "Schema", False, "een postResponse volgens genericasync.wsdl", _words(refusal), "/Envelope/Body/postResponse"
            )
            return None
        tack = payload.find(q(GENERIC_ASYNC, "return"))
        if not checks.add("TAck", tack is not None, "een return-element", "geen", "postResponse/return") or tack is None:
            return None
        checks.add(
            "ResultMajor",
            tack.get("ResultMajor") == SUCCESS,
            SUCCESS,
            tack.get("ResultMajor", "afwezig"),
            "return/@ResultMajor",
            "Een juiste levering wordt aanvaard; weiger met een SOAP-fout, niet met een mislukte TAck.",
        )
        assert parcel.blob is not None
        checks.add(
            "Inhoud van de TAck",
            hmac.compare_digest(_decode(tack.text), tack_content(SUCCESS, Content.plain(parcel.blob.content))),
            "base64 van HMAC-SHA-256 over de uitgepakte inhoud, met de tekst van ResultMajor als sleutel",
            (tack.text or "leeg")[:60],
            "return",
            "Bereken de HMAC over de inhoud ná inflate, niet over de gecomprimeerde octetten (cookbook eibwfin §7.4).",
        )
        wanted = f"urn:nip:reference:input:{parcel.reference}"
        checks.add("AppliesTo", tack.get("AppliesTo") == wanted, wanted, tack.get("AppliesTo", "afwezig"), "return/@AppliesTo")
        return tack.get("Reference") or tack.get("AppliesTo")

    def refusal(self, checks: Checks, exchange: Exchange, *, soap: bool) -> None:
        """Check that a message was refused.

        Args:
            soap: it must be a SOAP fault that blames the message; else any HTTP error, or a closed line, is good.
        """
        if not soap and exchange.status is None:
            checks.add("Weigering", True, "een fout, of een gesloten lijn", exchange.trouble, "HTTP")
            return
        if not _answered(checks, exchange, "een SOAP-fout"):
            return
        fault = _fault(exchange)
        if fault is None:
            right = not soap and (exchange.status or 0) >= 400
            checks.add(
                "Weigering",
                right,
                "een SOAP-fout" if soap else "een SOAP-fout of een HTTP-fout vanaf 400",
                f"HTTP {exchange.status}, {_what(exchange)}",
                "/Envelope/Body/Fault",
                "Weiger dit bericht met een SOAP-fout en bewaar er niets van: zo komt het niet van de centrale toepassing.",
            )
            return
        checks.add("Weigering", True, "een SOAP-fout", "een SOAP-fout", "/Envelope/Body/Fault")
        checks.add(
            "HTTP-status van de fout",
            (exchange.status or 0) >= 400,
            "500, of 4xx als het geen SOAP was",
            str(exchange.status),
            "HTTP",
            "SOAP 1.1 §6.2: een fout gaat op HTTP 500; met 200 leest niet elke client ze als fout.",
        )
        code = (fault.findtext("faultcode") or "").rpartition(":")[2]
        if soap:
            checks.add(
                "faultcode",
                code.startswith(_BLAMES_MESSAGE),
                "Client",
                code or "afwezig",
                "/Envelope/Body/Fault/faultcode",
                "Client zegt dat het bericht niet goed is; met Server blijft de gateway het vijf dagen opnieuw zenden.",
            )


def _answered(checks: Checks, exchange: Exchange, expected: str) -> bool:
    right = exchange.status is not None and not exchange.trouble
    return right or checks.add(
        "Antwoord", False, expected, exchange.trouble or "geen antwoord", "HTTP", "Kijk of de ontvanger draait en antwoordt."
    )


def _fault(exchange: Exchange) -> Element | None:
    try:
        return parse(exchange.body, Bounds(octets=MAX_REPLY)).find(f"{q(SOAP, 'Body')}/{_FAULT}")
    except Refusal:
        return None


def _fault_text(exchange: Exchange) -> str:
    fault = _fault(exchange)
    return "" if fault is None else f": {(fault.findtext('faultstring') or fault.findtext('faultcode') or '')[:200]}"


def _what(exchange: Exchange) -> str:
    if not exchange.body:
        return "een leeg antwoord"
    start = exchange.body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "een HTML-bladzijde"
    return "een postResponse" if b"postResponse" in exchange.body else "iets anders dan een SOAP-fout"


def _words(refusal: Refusal) -> str:
    first = refusal.findings[0]
    parts = (refusal.code.info.code, refusal.code.info.nl, first.place, first.found and f"gevonden: {first.found}")
    return " ".join(str(p) for p in parts if p)[:300]


def _decode(text: str | None) -> bytes:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
