"""How a message was signed, as its header says it: the gateway's verifier has the last word, this names each choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from lxml import etree
from lxml.etree import _Element as Element

from conformance.sender.arrival import Arrival
from conformance.verdict import Checks
from gateway.refusal import Refusal
from gateway.trust.saml import SAML
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.names import DS, EXC_C14N, SHA256, WSSE, WSU, q
from gateway.wire.parser import Bounds
from gateway.wire.xop import read_message

_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=5_000_000)
_METHODS = frozenset({"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"})
_LIFETIME = timedelta(minutes=10)
_PARTS = {"facturatie": frozenset({"Timestamp", "BinarySecurityToken"})}
_WHOLE = frozenset({"Body", "Timestamp", "BinarySecurityToken"})
_ADVICE = "Teken met RSA-SHA256 of ECDSA-SHA256, digest SHA-256, exclusive C14N; zeeps eigen plugin tekent met SHA-1 (§4.4)."


def look(arrival: Arrival, checks: Checks) -> None:
    """Add a check for each choice of the signature."""
    try:
        root = read_message(arrival.body, arrival.headers.get("content-type", ""), _BOUNDS).root
    except Refusal:
        return
    media = arrival.headers.get("content-type", "")
    right = media.partition(";")[0].strip().lower() in ("text/xml", "multipart/related")
    checks.add("Content-Type", right, XML_CONTENT_TYPE, media, "HTTP Content-Type", "Stuur text/xml; charset=utf-8 (§3.2).")
    security = root.find(f".//{q(WSSE, 'Security')}")
    signature = None if security is None else security.find(q(DS, "Signature"))
    if security is None or signature is None:
        checks.add("handtekening", False, "één wsse:Security met een ds:Signature", "geen", "/Envelope/Header", _ADVICE)
        return
    _algorithms(signature, checks)
    _parts(root, signature, checks, arrival.path.removeprefix("/soap/").partition("/")[0])
    _times(security, arrival.at, checks)


def look_for_assertion(arrival: Arrival, checks: Checks) -> None:
    """Whether it was signed with an assertion of the STS, holder-of-key."""
    try:
        root = read_message(arrival.body, arrival.headers.get("content-type", ""), _BOUNDS).root
    except Refusal:
        return
    found = root.find(f".//{q(WSSE, 'Security')}/{q(SAML, 'Assertion')}")
    named = [e.text or "" for e in root.iter(q(WSSE, "KeyIdentifier"))]
    right = found is not None and found.get("AssertionID") in named
    checks.add(
        "SAML-assertie",
        right,
        "de assertie van de STS in wsse:Security, en KeyInfo met haar AssertionID",
        "zo" if right else "een andere handtekening" if found is None else "KeyInfo noemt de assertie niet",
        "/Envelope/Header/Security",
        "Vraag een holder-of-key-assertie aan /IAM/Saml11TokenService/v1 en neem ze octet voor octet over (§4.2).",
    )


def _algorithms(signature: Element, checks: Checks) -> None:
    method = _algorithm(signature, "SignatureMethod")
    checks.add("SignatureMethod", method in _METHODS, " of ".join(sorted(_METHODS)), method, "//SignatureMethod", _ADVICE)
    canon = _algorithm(signature, "CanonicalizationMethod")
    checks.add("CanonicalizationMethod", canon == EXC_C14N, EXC_C14N, canon, "//CanonicalizationMethod", _ADVICE)
    digests = sorted({e.get("Algorithm", "") for e in signature.iter(q(DS, "DigestMethod"))})
    checks.add("DigestMethod", digests == [SHA256], SHA256, ", ".join(digests), "//DigestMethod", _ADVICE)


def _algorithm(signature: Element, name: str) -> str:
    found = signature.find(f"{q(DS, 'SignedInfo')}/{q(DS, name)}")
    return "" if found is None else found.get("Algorithm", "")


def _parts(root: Element, signature: Element, checks: Checks, service: str) -> None:
    ids = dict(_ids(root))
    uris = [e.get("URI", "") for e in signature.iter(q(DS, "Reference"))]
    signed = {ids[u[1:]] for u in uris if u[1:] in ids}
    wanted = _PARTS.get(service, _WHOLE)
    got = ", ".join(sorted(signed)) or "niets"
    text = "Teken wat §4.3 voor deze dienst noemt, elk deel met zijn eigen wsu:Id."
    checks.add("getekende delen", wanted <= signed, ", ".join(sorted(wanted)), got, "//SignedInfo/Reference", text)


def _ids(root: Element) -> Iterator[tuple[str, str]]:
    for element in root.iter(etree.Element):
        if found := element.get(q(WSU, "Id")):
            yield found, etree.QName(element).localname


def _times(security: Element, at: datetime, checks: Checks) -> None:
    stamp = security.find(q(WSU, "Timestamp"))
    texts: Mapping[str, str] = {} if stamp is None else {etree.QName(c).localname: (c.text or "").strip() for c in stamp}
    text = "Maak de Timestamp vlak voor het zenden, in UTC, hoogstens 10 minuten lang, met een juiste klok (§4.5)."
    try:
        created, expires = (datetime.fromisoformat(texts[n]) for n in ("Created", "Expires"))
        right = created < expires <= created + _LIFETIME and abs(created - at) <= timedelta(minutes=5)
    except (KeyError, ValueError, TypeError):
        right = False
    got = " – ".join(texts.get(n, "ontbreekt") for n in ("Created", "Expires"))
    checks.add("Timestamp", right, f"rond {at:%Y-%m-%dT%H:%M:%SZ}, hoogstens 10 minuten lang", got, "//Timestamp", text)
