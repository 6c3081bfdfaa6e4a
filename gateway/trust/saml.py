"""SAML 1.1 holder-of-key assertions: who a configured STS says the holder of a key is (facts ehealth.md §1.8).

Everything is read from the copy that the STS's signature covers, by direct children only: what the client once claimed is
echoed, unsigned by anyone who checked it, inside SubjectConfirmationData, and no path here leads into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.algorithms import check_key
from gateway.trust.enveloped import check_enveloped, listed_certificates, read_enveloped
from gateway.trust.identity import Kind, read_identity
from gateway.trust.policy import SecurityPolicy
from gateway.trust.signedinfo import decode
from gateway.wire.names import DS, q

if TYPE_CHECKING:
    from gateway.trust.wssecurity import Signed

SAML = "urn:oasis:names:tc:SAML:1.0:assertion"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
STS_ISSUER = "urn:be:fgov:ehealth:sts:1_0"
CERTIFIED = "urn:be:fgov:certified-namespace:ehealth"

_PLACE = "//Security/Assertion"
_RECOGNISED = re.compile(
    r"urn:be:fgov:ehealth:1\.0:(?P<org>[a-z][a-z0-9_-]*):nihii-number:recognised(?P=org):(?P<kind>nihii11|boolean)"
)
_STATEMENTS = (q(SAML, "AuthenticationStatement"), q(SAML, "AttributeStatement"))


@dataclass(frozen=True, kw_only=True)
class StsTrust:
    """The STS whose word counts."""

    certificates: tuple[x509.Certificate, ...]
    """Its signing certificates, each named by configuration; several for a renewal. A chain alone proves no STS."""
    issuer: str = STS_ISSUER
    accept: Callable[[bytes, x509.Certificate, datetime], None] | None = None
    """Asked about a configured certificate too, for its path and revocation; raises a Refusal."""


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """What a verified assertion establishes."""

    id: str
    issuer: str
    not_before: datetime
    not_on_or_after: datetime
    name: str = field(repr=False)
    """NameIdentifier: the holder's subject as the STS writes it."""
    certificate: x509.Certificate = field(repr=False)
    """The holder's: its key must have signed the message."""
    certified: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Attributes of the certified namespace: name to values. Asserted ones are not here."""


def verify_assertion(element: Element, policy: SecurityPolicy, sts: StsTrust | None, now: datetime) -> Assertion:
    """Verify an assertion in a wsse:Security header.

    Args:
        element: the direct child of wsse:Security.
        policy: algorithms, key sizes and clock skew.
        sts: None when no STS is accepted.
        now: timezone-aware moment to judge its validity by.

    Raises:
        Refusal: STS, ASSERTION, ASSERTION_SIGNATURE, ASSERTION_EXPIRED, ASSERTION_NOT_YET, HOLDER, ALGORITHM or SECURITY_SHAPE.
    """
    issuer = element.get("Issuer", "")
    if sts is None or issuer != sts.issuer:
        expected = "een BinarySecurityToken (X.509-profiel)" if sts is None else sts.issuer
        raise Refusal(Code.STS, place=f"{_PLACE}/@Issuer", line=element.sourceline, expected=expected, found=issuer[:120])
    version = (element.get("MajorVersion"), element.get("MinorVersion"))
    if version != ("1", "1"):
        raise _refuse(element, "", "MajorVersion 1, MinorVersion 1", ".".join(v or "?" for v in version)[:20])
    signature, info = read_enveloped(element, "AssertionID", policy)
    signer = _signer(signature, policy, sts, now)
    try:
        signed = check_enveloped(element, signature, info, signer)
    except Refusal as refusal:
        if refusal.code not in (Code.SIGNATURE, Code.DIGEST):
            raise
        what = "de handtekening" if refusal.code is Code.SIGNATURE else "de inhoud"
        raise Refusal(
            Code.ASSERTION_SIGNATURE,
            place=f"{_PLACE}/Signature",
            line=signature.sourceline,
            expected=f"ondertekend door {signer.subject.rfc4514_string()[:80]}",
            found=f"{what} klopt niet",
        ) from None
    return _read(signed, issuer, policy, now)


def check_assertion(signed: Signed, riziv: str) -> None:
    """CROSSCHECK_ISSUER: the RIZIV number in the message is the one that the STS certifies and that the certificate is on.

    Does nothing for a message without an assertion. Numbers of 8 digits are compared on 8; a number of 11 digits on 11,
    where a last three of 000 is padding (facts ehealth.md §1.8.5, §3.5).

    Raises:
        Refusal: NOT_CERTIFIED or CROSSCHECK.
    """
    if signed.assertion is None:
        return
    numbers = _certified_numbers(signed.assertion)
    if not numbers:
        raise Refusal(Code.NOT_CERTIFIED, place=f"{_PLACE}/AttributeStatement", expected="…:nihii11", found="geen")
    fitting = [n for n in numbers if n[:8] == riziv[:8] and (riziv[8:] in ("", "000") or n == riziv)]
    if not fitting or len(riziv) < 8:
        raise Refusal(Code.CROSSCHECK, place=f"{_PLACE}/AttributeStatement", expected=", ".join(numbers), found=riziv[:11])
    identity = read_identity(signed.certificate)
    if identity.kind is not Kind.RIZIV or not identity.speaks_for_riziv(fitting[0]):
        raise Refusal(
            Code.CROSSCHECK, place=f"{_PLACE}//SubjectConfirmation/KeyInfo", expected=fitting[0][:8], found=identity.label
        )


def _certified_numbers(assertion: Assertion) -> list[str]:
    found: dict[str, list[str]] = {}
    denied: set[str] = set()
    for name, values in assertion.certified.items():
        match = _RECOGNISED.fullmatch(name)
        if match is None:
            continue
        if match["kind"] == "boolean":
            denied |= {match["org"]} if values != ("true",) else set()
        else:
            found.setdefault(match["org"], []).extend(v for v in values if re.fullmatch("[0-9]{11}", v))
    return [number for org, numbers in found.items() if org not in denied for number in numbers]


def _signer(signature: Element, policy: SecurityPolicy, sts: StsTrust, now: datetime) -> x509.Certificate:
    listed = listed_certificates(signature)
    named = {c for c in sts.certificates if c.public_bytes(Encoding.DER) in listed}
    if len(named) != 1:
        raise _no_sts(signature, "één geconfigureerd STS-certificaat in KeyInfo/X509Data", f"{len(named)} van {len(listed)}")
    (certificate,) = named
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise _no_sts(signature, "een STS-certificaat dat nu geldig is", f"geldig tot {certificate.not_valid_after_utc:%Y-%m-%d}")
    try:
        check_key(certificate, policy)
        if sts.accept is not None:
            sts.accept(certificate.public_bytes(Encoding.DER), certificate, now)
    except Refusal as refusal:
        if refusal.code is Code.UNAVAILABLE:
            raise
        raise _no_sts(signature, "een aanvaard STS-certificaat", refusal.code.info.code) from None
    return certificate


def _read(signed: Element, issuer: str, policy: SecurityPolicy, now: datetime) -> Assertion:
    allowed = {q(SAML, "Conditions"), *_STATEMENTS}
    strange = [c.tag for c in signed if c.tag not in allowed]
    statements = [c for c in signed if c.tag in _STATEMENTS]
    if strange or {s.tag for s in statements} != set(_STATEMENTS):
        found = ", ".join(str(c.tag).rpartition("}")[2] for c in signed)
        raise _refuse(signed, "", "Conditions, AuthenticationStatement, AttributeStatement, Signature", found[:120])
    not_before, not_on_or_after = _conditions(_only(signed, SAML, "Conditions"), policy, now)
    subjects = {_subject(s) for s in statements}
    if len(subjects) != 1:
        raise Refusal(
            Code.HOLDER, place=f"{_PLACE}//Subject", line=signed.sourceline, expected="overal hetzelfde Subject", found="verschil"
        )
    ((name, _, _, certificate),) = subjects
    return Assertion(
        id=signed.get("AssertionID", ""),
        issuer=issuer,
        not_before=not_before,
        not_on_or_after=not_on_or_after,
        name=name,
        certificate=certificate,
        certified=_certified(statements),
    )


def _conditions(element: Element, policy: SecurityPolicy, now: datetime) -> tuple[datetime, datetime]:
    if len(element):
        # SAML 1.1 §2.3.2.1: a condition that one does not understand makes the assertion indeterminate.
        raise _refuse(element, "/Conditions", "enkel NotBefore en NotOnOrAfter", str(element[0].tag).rpartition("}")[2][:60])
    start, end = (_moment(element, name) for name in ("NotBefore", "NotOnOrAfter"))
    if now + policy.clock_skew < start:
        raise Refusal(
            Code.ASSERTION_NOT_YET,
            place=f"{_PLACE}/Conditions/@NotBefore",
            line=element.sourceline,
            expected=f"hoogstens {policy.clock_skew} na {now:%Y-%m-%dT%H:%M:%SZ}",
            found=f"{start:%Y-%m-%dT%H:%M:%SZ}",
        )
    if now - policy.clock_skew >= end:
        raise Refusal(
            Code.ASSERTION_EXPIRED,
            place=f"{_PLACE}/Conditions/@NotOnOrAfter",
            line=element.sourceline,
            expected=f"later dan {now - policy.clock_skew:%Y-%m-%dT%H:%M:%SZ}",
            found=f"{end:%Y-%m-%dT%H:%M:%SZ}",
        )
    return start, end


def _moment(element: Element, name: str) -> datetime:
    text = element.get(name, "").strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or len(text) > 40:
        raise _refuse(element, f"/Conditions/@{name}", "een tijdstip met tijdzone", text[:40] or "geen")
    return moment


def _subject(statement: Element) -> tuple[str, str | None, str | None, x509.Certificate]:
    subject = _only(statement, SAML, "Subject")
    name = _only(subject, SAML, "NameIdentifier")
    confirmation = _only(subject, SAML, "SubjectConfirmation")
    methods = [(m.text or "").strip() for m in confirmation.findall(q(SAML, "ConfirmationMethod"))]
    if methods != [HOLDER_OF_KEY]:
        raise Refusal(
            Code.HOLDER,
            place=f"{_PLACE}//SubjectConfirmation/ConfirmationMethod",
            line=confirmation.sourceline,
            expected=HOLDER_OF_KEY,
            found=", ".join(methods)[:120] or "geen",
        )
    holder = _only(_only(_only(confirmation, DS, "KeyInfo", alone=True), DS, "X509Data", alone=True), DS, "X509Certificate")
    try:
        certificate = x509.load_der_x509_certificate(decode(holder))
    except (ValueError, x509.InvalidVersion):
        raise _refuse(holder, "//SubjectConfirmation/KeyInfo", "een X.509-certificaat (DER)", "iets anders") from None
    return (name.text or "").strip(), name.get("Format"), name.get("NameQualifier"), certificate


def _certified(statements: list[Element]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for statement in statements:
        for attribute in statement.findall(q(SAML, "Attribute")):
            if attribute.get("AttributeNamespace") == CERTIFIED:
                # A value with elements in it is none that we know; its text alone could be cut in two.
                values = [(v.text or "").strip() for v in attribute.findall(q(SAML, "AttributeValue")) if not len(v)]
                name = attribute.get("AttributeName", "")
                found[name] = (*found.get(name, ()), *values)
    return MappingProxyType(found)


def _only(parent: Element, namespace: str, name: str, *, alone: bool = False) -> Element:
    found = parent.findall(q(namespace, name))
    if len(found) != 1 or (alone and len(found[0]) != 1):
        where = str(parent.tag).rpartition("}")[2]
        raise _refuse(parent, f"//{where}", f"één {name}{' met één kind' if alone else ''}", f"{len(found)}")
    return found[0]


def _no_sts(element: Element, expected: str, found: str) -> Refusal:
    return Refusal(Code.STS, place=f"{_PLACE}/Signature/KeyInfo", line=element.sourceline, expected=expected, found=found)


def _refuse(element: Element, where: str, expected: str, found: str) -> Refusal:
    return Refusal(Code.ASSERTION, place=_PLACE + where, line=element.sourceline, expected=expected, found=found)
