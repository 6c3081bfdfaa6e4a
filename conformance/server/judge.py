"""Judges one answer of a central application: what every answer owes, then what the step expects of this one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from cryptography import x509
from lxml import etree
from lxml.etree import _Element as Element

from conformance.server.answers import Answer
from conformance.verdict import Checks
from gateway.refusal import Refusal
from gateway.schema import registry
from gateway.trust.sealed import verify_sealed
from gateway.wire.names import ANTWOORD, DS, SOAP, WSSE, q

Accept = Callable[[bytes, x509.Certificate, datetime], None]
_FAULT_PARTS = ("Code", "Tekst", "TekstEn", "Remedie")
_COOKBOOK = "cookbook eibwfin"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What an answer answers."""

    octets: bytes
    now: datetime
    accept: Accept
    """Judges the certificate of a receipt."""


def judge(answer: Answer, expected: Mapping[str, Any], sent: Sent, checks: Checks) -> None:
    """Add what every answer owes and what this step expects."""
    if answer.exchange.status is None:
        checks.add("antwoord", False, "een antwoord over HTTP", answer.trouble, remedy="Maak het doel bereikbaar.")
        return
    if "tekst" in expected:
        _plain(answer, expected, checks)
        return
    if not _readable(answer, checks):
        return
    _shape(answer, checks)
    _receipt(answer, expected, sent, checks)
    for name, check in _EXPECTATIONS.items():
        if name in expected:
            check(answer, expected[name], checks)


def _plain(answer: Answer, expected: Mapping[str, Any], checks: Checks) -> None:
    """What is no SOAP: a WSDL, a schema, a page."""
    body = answer.exchange.body.decode("utf-8", "replace")
    for wanted in expected["tekst"]:
        checks.add("inhoud", wanted in body, f"bevat {wanted}", _begin(answer.exchange.body))
    if "http" in expected:
        _http(answer, expected["http"], checks)


def _readable(answer: Answer, checks: Checks) -> bool:
    remedy = "Antwoord altijd met een SOAP 1.1-envelop, ook bij een weigering."
    got = answer.trouble or "een SOAP-envelop"
    if answer.payload is None and answer.trouble:
        got = f"{answer.trouble}; het begin is: {_begin(answer.exchange.body)}"
    return checks.add("envelop", answer.payload is not None, "een leesbare SOAP 1.1-envelop", got, "/Envelope", remedy)


def _begin(octets: bytes) -> str:
    return octets[:120].decode("utf-8", "replace").replace("\n", " ") or "niets"


def _shape(answer: Answer, checks: Checks) -> None:
    kind = answer.exchange.answer_headers.get("content-type", "geen")
    right = kind.startswith(("text/xml", "multipart/related"))
    checks.add("content-type", right, "text/xml, of multipart/related met XOP", kind, "HTTP Content-Type")
    root = answer.root
    signed = root is not None and root.find(f"{q(SOAP, 'Header')}/{q(WSSE, 'Security')}/{q(DS, 'Signature')}") is not None
    checks.add(
        "geen ondertekende header",
        not signed,
        "hoogstens een Timestamp in wsse:Security",
        "een handtekening" if signed else "geen handtekening",
        "/Envelope/Header",
        f"Laat de handtekening weg: eHealth-clients weigeren ze ({_COOKBOOK} §4.6).",
    )
    if answer.fault is not None:
        _fault_shape(answer, answer.fault, checks)
    elif answer.payload is not None:
        checks.add("status", answer.exchange.status == 200, "HTTP 200", f"HTTP {answer.exchange.status}", "HTTP")
        _schema(answer.payload, checks)


def _schema(payload: Element, checks: Checks) -> None:
    try:
        registry.check(payload, place="/Envelope/Body")
    except Refusal as refusal:
        for finding in refusal.findings[:10]:
            where = f"{finding.place or ''} regel {finding.line}" if finding.line else finding.place or ""
            checks.add("schema", False, finding.expected or "wat het schema zegt", finding.found or finding.nl, where)
        return
    checks.add("schema", True, "een antwoord volgens het XSD", "volgens het XSD", "/Envelope/Body")


def _fault_shape(answer: Answer, fault: Element, checks: Checks) -> None:
    status = answer.exchange.status or 0
    checks.add("status", status >= 400, "HTTP 500 bij een fout (SOAP 1.1 §6.2)", f"HTTP {status}", "HTTP")
    for name in ("faultcode", "faultstring"):
        text = (fault.findtext(name) or "").strip()
        checks.add(name, bool(text), "ingevuld", text or "leeg", f"/Envelope/Body/Fault/{name}")
    checks.add("SOA-code", answer.soa.startswith("SOA-"), "een SOA-code van eHealth", answer.soa or "geen", "Fault/detail")
    findings = fault.findall(f"detail/{q(ANTWOORD, 'Bevindingen')}/{q(ANTWOORD, 'Bevinding')}")
    checks.add(
        "bevindingen", bool(findings), "elke bevinding met haar code", f"{len(findings)} bevindingen", "Fault/detail/Bevindingen",
        f"Zeg wat er mis is, waar, en wat te doen ({_COOKBOOK} §9).",
    )  # fmt: skip
    for finding in findings[:20]:
        missing = [n for n in _FAULT_PARTS if not (finding.findtext(q(ANTWOORD, n)) or "").strip()]
        code = finding.findtext(q(ANTWOORD, "Code")) or "?"
        checks.add(
            f"bevinding {code}", not missing, ", ".join(_FAULT_PARTS), f"zonder {', '.join(missing)}" if missing else "volledig"
        )


def _receipt(answer: Answer, expected: Mapping[str, Any], sent: Sent, checks: Checks) -> None:
    payload = answer.payload
    owes = payload is not None and etree.QName(payload).localname == "IndienenResponse"
    carried = answer.result()
    if not owes and carried is None:
        return
    remedy = f"Teken het ontvangstbewijs met de sleutel van de centrale toepassing ({_COOKBOOK} §8)."
    if carried is None:
        checks.add("ontvangstbewijs", False, "een ondertekend ontvangstbewijs", "geen", "//Ontvangstbewijs", remedy)
        return
    check_receipt(carried, None if expected.get("duplicaat") else sent.octets, sent, checks, remedy)


def check_receipt(carried: str, message: bytes | None, sent: Sent, checks: Checks, remedy: str = "") -> None:
    """A sealed receipt, and whether it is about these octets (None: about others that were sent before)."""
    try:
        sealed = verify_sealed(base64.b64decode(carried), sent.accept, sent.now)
    except (Refusal, binascii.Error) as error:
        why = error.findings[0].nl if isinstance(error, Refusal) else "geen base64"
        checks.add("ontvangstbewijs", False, "een geldige XAdES-handtekening", why, "//Ontvangstbewijs", remedy)
        return
    checks.add("ontvangstbewijs", True, "een geldige XAdES-handtekening", "geldig", "//Ontvangstbewijs")
    if message is None:
        return
    declared = sealed.content.findtext(f"{q(ANTWOORD, 'Bewijs')}/{q(ANTWOORD, 'Sha256')}") or ""
    own = base64.b64encode(hashlib.sha256(message).digest()).decode()
    right = hmac.compare_digest(declared.encode(), own.encode())
    checks.add("bewijs gaat over dit bericht", right, f"SHA-256 {own}", declared or "geen Sha256", "//Bewijs/Sha256", remedy)


def _outcome(answer: Answer, wanted: str, checks: Checks) -> None:
    checks.add("uitkomst", answer.outcome == wanted, wanted, _told(answer), "/Envelope/Body")


def _told(answer: Answer) -> str:
    return f"{answer.outcome} ({', '.join(answer.codes)})" if answer.codes else answer.outcome or "geen uitkomst"


def _codes(answer: Answer, wanted: Sequence[str], checks: Checks) -> None:
    checks.add(
        "codes", answer.codes == list(wanted), ", ".join(wanted) or "geen", ", ".join(answer.codes) or "geen", "//Code",
        "Meld elke regel die afgaat, en geen andere.",
    )  # fmt: skip


def _code(answer: Answer, wanted: str, checks: Checks) -> None:
    checks.add("code", wanted in answer.codes, wanted, ", ".join(answer.codes) or "geen", "//Bevinding/Code")


def _soa(answer: Answer, wanted: str, checks: Checks) -> None:
    checks.add("SOA-code", answer.soa == wanted, wanted, answer.soa or "geen", "Fault/detail")


def _faultcode(answer: Answer, wanted: str, checks: Checks) -> None:
    got = "" if answer.fault is None else (answer.fault.findtext("faultcode") or "").rpartition(":")[2]
    checks.add("faultcode", got == wanted, wanted, got or "geen", "Fault/faultcode")


def _http(answer: Answer, wanted: int, checks: Checks) -> None:
    checks.add("HTTP-status", answer.exchange.status == wanted, f"HTTP {wanted}", f"HTTP {answer.exchange.status}", "HTTP")


def _present(answer: Answer, wanted: Sequence[str], checks: Checks, *, present: bool = True) -> None:
    for name in wanted:
        found = answer.payload is not None and next(answer.payload.iter(f"{{*}}{name}"), None) is not None
        title, expected = (f"{name} aanwezig", "een") if present else (f"{name} afwezig", "geen")
        checks.add(title, found is present, f"{expected} element {name}", "aanwezig" if found else "afwezig", f"//{name}")


def _values(answer: Answer, wanted: Mapping[str, str], checks: Checks) -> None:
    for name, value in wanted.items():
        got = answer.text(name)
        checks.add(name, got == value, value, got or "leeg", f"//{name}")


def _duplicate(answer: Answer, wanted: bool, checks: Checks) -> None:
    marked = answer.payload is not None and any(e.get("Duplicaat") == "true" for e in answer.payload.iter("{*}Antwoord"))
    checks.add("Duplicaat", marked == wanted, str(wanted).lower(), str(marked).lower(), "//Antwoord/@Duplicaat")


def _header(answer: Answer, wanted: Sequence[str], checks: Checks) -> None:
    for name in wanted:
        got = answer.exchange.answer_headers.get(name.lower())
        checks.add(f"HTTP {name}", got is not None, f"een header {name}", got or "afwezig", f"HTTP {name}")


def _leaks(answer: Answer, forbidden: Sequence[str], checks: Checks) -> None:
    for text in forbidden:
        found = text.encode() in answer.exchange.body
        checks.add("lekt niets", not found, f"zonder {text!r}", "aanwezig" if found else "afwezig", "het hele antwoord")


_EXPECTATIONS: Mapping[str, Callable[[Answer, Any, Checks], None]] = {
    "uitkomst": _outcome,
    "codes": _codes,
    "code": _code,
    "soa": _soa,
    "faultcode": _faultcode,
    "http": _http,
    "aanwezig": _present,
    "afwezig": partial(_present, present=False),
    "waarden": _values,
    "duplicaat": _duplicate,
    "header": _header,
    "lekt-niet": _leaks,
}
"""Key of `verwacht` to what looks at it."""
KNOWN = frozenset(_EXPECTATIONS) | {"tekst", "tack", "zelfde", "berichten", "bevestigd-weg"}
"""Keys that a server scenario may expect."""
