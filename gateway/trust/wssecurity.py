"""Verify the WS-Security header of a request: X.509 token profile, by-id references, exactly one signature.

What comes out says which elements of this very tree the signature covers; later stages read nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.algorithms import check_key, verify_value
from gateway.trust.policy import Part, SecurityPolicy
from gateway.trust.signedinfo import SignedInfo, decode, read_signed_info
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import Envelope
from gateway.wire.names import BASE64_BINARY, DS, EXC_C14N, SOAP, WSSE, WSU, X509_V3, q

_ID_NAMES = ("Id", "ID", "id", "iD", "AssertionID", "RequestID", "ResponseID")
_ALL_IDS = etree.XPath(f"//@*[{' or '.join(f'local-name() = {chr(39)}{n}{chr(39)}' for n in _ID_NAMES)}]")
_SIGNATURES = etree.XPath("count(//ds:Signature)", namespaces={"ds": DS})
_HEADERS = etree.XPath("count(//wsse:Security)", namespaces={"wsse": WSSE})


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a verified WS-Security signature establishes."""

    certificate: x509.Certificate
    certificate_der: bytes
    parts: frozenset[Part]
    created: datetime
    expires: datetime
    signature_value: bytes

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self.certificate_der).digest()

    @property
    def body_is_signed(self) -> bool:
        return Part.BODY in self.parts


@dataclass(frozen=True, kw_only=True)
class _Header:
    security: Element
    token: Element
    timestamp: Element
    signature: Element


def verify(
    envelope: Envelope,
    policy: SecurityPolicy,
    now: datetime,
    accept_certificate: Callable[[bytes, x509.Certificate, datetime], None],
) -> Signed:
    """Verify who signed which parts, and that it was just now.

    Args:
        envelope: a shape-checked envelope.
        policy: what must be signed, and with what.
        now: timezone-aware moment to judge clocks and certificates by.
        accept_certificate: raises a Refusal for a certificate that is not to be trusted; called before any digest.

    Raises:
        Refusal: a TRUST code.
    """
    header = _locate(envelope)
    ids = _unique_ids(envelope.root)
    der, certificate = _token(header.token)
    info = read_signed_info(header.signature, policy, frozenset({EXC_C14N}))
    _check_key_info(header)
    targets = _targets(envelope, header, info, ids)
    parts = frozenset(p for p, element in _parts(envelope, header).items() if element in targets)
    missing = policy.required_parts - parts
    if missing:
        raise Refusal(
            Code.PARTS,
            place="//Signature/SignedInfo",
            line=header.signature.sourceline,
            expected=", ".join(sorted(policy.required_parts)),
            found=", ".join(sorted(parts)) or "niets",
        )
    created, expires = _check_timestamp(header.timestamp, policy, now)
    accept_certificate(der, certificate, now)
    check_key(certificate, policy)
    verify_value(certificate, info.method, info.value, exclusive(info.element, info.prefixes))
    for reference, target in zip(info.references, targets, strict=True):
        octets = exclusive(target, reference.transforms[0].prefixes)
        if not hmac.compare_digest(hashlib.sha256(octets).digest(), reference.digest):
            raise Refusal(Code.DIGEST, place=f"//{etree.QName(target).localname}", line=target.sourceline)
    return Signed(
        certificate=certificate,
        certificate_der=der,
        parts=parts,
        created=created,
        expires=expires,
        signature_value=info.value,
    )


def _locate(envelope: Envelope) -> _Header:
    headers = int(_HEADERS(envelope.root))
    security = envelope.header_block(WSSE, "Security")
    if headers == 0 or security is None:
        raise Refusal(Code.NO_SECURITY, place="/Envelope/Header", expected="wsse:Security")
    if headers != 1:
        raise Refusal(Code.SECURITY_SHAPE, place="/Envelope/Header", expected="één wsse:Security", found=f"{headers}")
    if security.get(q(SOAP, "actor")) not in (None, ""):
        raise Refusal(Code.SECURITY_SHAPE, place="//Security/@actor", expected="geen actor", found="een actor")
    signatures = int(_SIGNATURES(envelope.root))
    if signatures == 0:
        raise Refusal(Code.NO_SECURITY, place="//Security", line=security.sourceline, expected="ds:Signature")
    if signatures != 1:
        raise Refusal(Code.SECURITY_SHAPE, place="//Signature", expected="één handtekening", found=f"{signatures}")
    return _Header(
        security=security,
        token=_only(security, q(WSSE, "BinarySecurityToken")),
        timestamp=_only(security, q(WSU, "Timestamp")),
        signature=_only(security, q(DS, "Signature")),
    )


def _only(security: Element, tag: str) -> Element:
    found = security.findall(tag)
    if len(found) != 1:
        raise Refusal(
            Code.SECURITY_SHAPE,
            place="//Security",
            line=security.sourceline,
            expected=f"één {tag.rpartition('}')[2]}",
            found=f"{len(found)}",
        )
    return found[0]


def _unique_ids(root: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for value in _ALL_IDS(root):
        key = str(value)
        if key in found:
            raise Refusal(Code.DUPLICATE_ID, line=value.getparent().sourceline, found=key[:60])
        found[key] = value.getparent()
    return found


def _token(element: Element) -> tuple[bytes, x509.Certificate]:
    if element.get("ValueType") != X509_V3 or element.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise Refusal(
            Code.SECURITY_SHAPE,
            place="//BinarySecurityToken",
            line=element.sourceline,
            expected=X509_V3,
            found=(element.get("ValueType") or "")[:120],
        )
    der = decode(element)
    try:
        return der, x509.load_der_x509_certificate(der)
    except ValueError:
        raise Refusal(
            Code.SECURITY_SHAPE,
            place="//BinarySecurityToken",
            line=element.sourceline,
            expected="een X.509-certificaat (DER)",
            found="iets anders",
        ) from None


def _check_key_info(header: _Header) -> None:
    path = [q(DS, "KeyInfo"), q(WSSE, "SecurityTokenReference"), q(WSSE, "Reference")]
    if len(header.signature) != 3:
        raise Refusal(
            Code.SECURITY_SHAPE,
            place="//Signature",
            line=header.signature.sourceline,
            expected="SignedInfo, SignatureValue, KeyInfo",
            found=f"{len(header.signature)} kinderen",
        )
    node = header.signature[2]
    for depth, tag in enumerate(path):
        if node.tag != tag or (depth < 2 and len(node) != 1) or (depth == 2 and len(node)):
            raise Refusal(
                Code.SECURITY_SHAPE,
                place="//Signature/KeyInfo",
                line=node.sourceline,
                expected="SecurityTokenReference/Reference naar het BinarySecurityToken",
                found=str(node.tag)[-60:],
            )
        if depth < 2:
            node = node[0]
    if node.get("URI") != f"#{header.token.get(q(WSU, 'Id'))}" or node.get("ValueType", X509_V3) != X509_V3:
        raise Refusal(
            Code.SECURITY_SHAPE,
            place="//SecurityTokenReference/Reference",
            line=node.sourceline,
            expected="URI van het BinarySecurityToken",
            found=(node.get("URI") or "")[:60],
        )


def _parts(envelope: Envelope, header: _Header) -> dict[Part, Element]:
    return {Part.BODY: envelope.body, Part.TIMESTAMP: header.timestamp, Part.TOKEN: header.token}


def _targets(envelope: Envelope, header: _Header, info: SignedInfo, ids: dict[str, Element]) -> list[Element]:
    # Besides the profile's parts only whole header blocks may be signed; nothing deeper is a place that we process.
    allowed = [
        *_parts(envelope, header).values(),
        *(b for b in header.security.itersiblings()),
        *(b for b in header.security.itersiblings(preceding=True)),
    ]
    targets: list[Element] = []
    for reference in info.references:
        target = ids.get(reference.id)
        if target is None or target not in allowed or target.get(q(WSU, "Id")) != reference.id:
            raise Refusal(
                Code.PARTS,
                place="//SignedInfo/Reference",
                expected="Id (wsu:Id) van Body, Timestamp, token of een headerblok",
                found=reference.id[:60],
            )
        if len(reference.transforms) != 1:
            raise Refusal(
                Code.ALGORITHM,
                place="//SignedInfo/Reference",
                expected="precies één transform: exclusive C14N",
                found=f"{len(reference.transforms)}",
            )
        if target in targets:
            raise Refusal(
                Code.SECURITY_SHAPE,
                place="//SignedInfo/Reference",
                expected="elk deel hoogstens één keer",
                found=reference.id[:60],
            )
        targets.append(target)
    return targets


def _check_timestamp(element: Element, policy: SecurityPolicy, now: datetime) -> tuple[datetime, datetime]:
    if [c.tag for c in element] != [q(WSU, "Created"), q(WSU, "Expires")]:
        raise Refusal(Code.SECURITY_SHAPE, place="//Timestamp", line=element.sourceline, expected="Created, Expires")
    created, expires = (_moment(c) for c in element)
    if created > now + policy.clock_skew:
        raise Refusal(
            Code.FUTURE,
            place="//Timestamp/Created",
            line=element.sourceline,
            expected=f"hoogstens {policy.clock_skew} na {now:%Y-%m-%dT%H:%M:%SZ}",
            found=f"{created:%Y-%m-%dT%H:%M:%SZ}",
        )
    if expires <= created or expires - created > policy.max_lifetime:
        raise Refusal(
            Code.STALE,
            place="//Timestamp/Expires",
            line=element.sourceline,
            expected=f"na Created, hoogstens {policy.max_lifetime} later",
            found=f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        )
    if expires + policy.clock_skew < now:
        raise Refusal(
            Code.STALE,
            place="//Timestamp/Expires",
            line=element.sourceline,
            expected=f"niet vroeger dan {now - policy.clock_skew:%Y-%m-%dT%H:%M:%SZ}",
            found=f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        )
    return created, expires


def _moment(element: Element) -> datetime:
    text = (element.text or "").strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() != timedelta(0) or len(element) or len(text) > 40:
        raise Refusal(
            Code.SECURITY_SHAPE,
            place=f"//Timestamp/{etree.QName(element).localname}",
            line=element.sourceline,
            expected="UTC-tijdstip, bv. 2026-01-31T12:00:00Z",
            found="iets anders",
        )
    return moment
