"""Verify a sealed document (receipt, validation report, audit seal): the enveloped XAdES that `signing.seal` makes, only that.

XMLDSig §4 and §6.6.4, XAdES 1.3.2 §7.2. The gate before the arithmetic: every element of the signature stands where `seal`
puts it and nothing else stands there, so that no other verifier's reading of the same bytes can differ from this one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.algorithms import check_key, verify_value
from gateway.trust.policy import SYNCHRONOUS, SecurityPolicy
from gateway.trust.signedinfo import decode
from gateway.wire.c14n import exclusive
from gateway.wire.names import DS, ENVELOPED, EXC_C14N, SHA256, XADES, XADES_SIGNED_PROPERTIES, q
from gateway.wire.parser import Bounds, parse

AcceptCertificate = Callable[[bytes, x509.Certificate, datetime], None]
"""Raises a Refusal for a certificate (DER, parsed) that was not to be trusted at a moment."""

SEALED_BOUNDS = Bounds(octets=8 * 1024 * 1024, markup=200_000)
_MAX_CERTIFICATES = 5
_IDS = etree.XPath("//@*[translate(local-name(), 'ID', 'id') = 'id']")
_SIGNATURES = etree.XPath("//ds:Signature", namespaces={"ds": DS})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What a verified seal establishes. Read nothing of the document but `content`."""

    certificate: x509.Certificate
    signing_time: datetime
    """As the signer says; a receipt carries no third party's time stamp."""
    content: Element
    """The root element without its signature: exactly what was digested."""


@dataclass(frozen=True, kw_only=True)
class _Seal:
    """The parts of the signature that count, each found at its one place."""

    info: Element
    method: str
    value: bytes
    whole: bytes
    """Digest of the document."""
    properties_digest: bytes
    properties: Element
    signing_time: datetime
    certificate_digest: bytes
    certificates: tuple[bytes, ...]


def verify_sealed(
    document: bytes,
    accept_certificate: AcceptCertificate,
    now: datetime,
    *,
    policy: SecurityPolicy = SYNCHRONOUS,
) -> Sealed:
    """Verify who sealed a document and that nothing in it changed since.

    The certificate is judged at the SigningTime, so that a receipt outlives the certificate that signed it.

    Args:
        document: the document's bytes.
        accept_certificate: called with the SigningTime, before any digest is computed.
        now: no seal may be signed later than this, but for the clock skew of the policy.

    Raises:
        Refusal: XADES (not made as `seal` makes it), DUPLICATE_ID, ALGORITHM, FUTURE, EXPIRED, NOT_YET_VALID, UNTRUSTED,
            WEAK_KEY, SIGNATURE, DIGEST, what the parser refuses, or what `accept_certificate` raises.
    """
    root = parse(document, SEALED_BOUNDS)
    _check_ids(root)
    signature = _only_signature(root)
    seal = _read(signature)
    if seal.signing_time > now + policy.clock_skew:
        raise Refusal(Code.FUTURE, place="//SigningTime", found=f"{seal.signing_time:%Y-%m-%dT%H:%M:%SZ}")
    if seal.method not in policy.signature_methods:
        raise Refusal(Code.ALGORITHM, place="//SignatureMethod", found=seal.method[:120])
    certificate = _signer(seal)
    accept_certificate(certificate.public_bytes(Encoding.DER), certificate, seal.signing_time)
    try:
        check_key(certificate, policy)
        verify_value(certificate, seal.method, seal.value, exclusive(seal.info))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refusal(Code.WEAK_KEY, place="//X509Certificate", found="een onleesbare sleutel") from None
    _compare(seal.properties_digest, exclusive(seal.properties), "//SignedProperties")
    root.remove(signature)
    _compare(seal.whole, exclusive(root), f"/{etree.QName(root).localname}")
    return Sealed(certificate=certificate, signing_time=seal.signing_time, content=root)


def _check_ids(root: Element) -> None:
    values = [str(v) for v in _IDS(root)]
    if len(values) != len(set(values)):
        raise Refusal(Code.DUPLICATE_ID, place="//@Id", found="dubbele Id")


def _only_signature(root: Element) -> Element:
    found: list[Element] = _SIGNATURES(root)
    if len(found) != 1:
        raise _refuse("precies één ds:Signature", f"{len(found)}")
    signature = found[0]
    # Text after the signature would be signed too, but lxml drops it together with the signature.
    if signature.getparent() is not root or signature.getnext() is not None or signature.tail:
        raise _refuse("ds:Signature als laatste kind van de wortel", "een andere plaats")
    return signature


def _read(signature: Element) -> _Seal:
    info, value, key_info, holder = _children(signature, DS, "SignedInfo", "SignatureValue", "KeyInfo", "Object")
    _attributes(signature, "Id")
    c14n, method, whole, over_properties = _children(
        info, DS, "CanonicalizationMethod", "SignatureMethod", "Reference", "Reference"
    )
    _attributes(info)
    _algorithm(c14n, EXC_C14N)
    (qualifying,) = _children(holder, XADES, "QualifyingProperties")
    (properties,) = _children(qualifying, XADES, "SignedProperties")
    _attributes(holder)
    _attributes(qualifying, "Target")
    _attributes(properties, "Id")
    if qualifying.get("Target") != f"#{signature.get('Id')}":
        raise _refuse("Target naar deze ds:Signature", (qualifying.get("Target") or "")[:60])
    signing_time, certificate_digest = _properties(properties)
    return _Seal(
        info=info,
        method=_algorithm(method, None),
        value=decode(value),
        whole=_reference(whole, {"URI": ""}, (ENVELOPED, EXC_C14N)),
        properties_digest=_reference(
            over_properties, {"URI": f"#{properties.get('Id')}", "Type": XADES_SIGNED_PROPERTIES}, (EXC_C14N,)
        ),
        properties=properties,
        signing_time=signing_time,
        certificate_digest=certificate_digest,
        certificates=_certificates(key_info),
    )


def _reference(element: Element, attributes: dict[str, str], transforms: Sequence[str]) -> bytes:
    if dict(element.attrib) != attributes:
        raise _refuse(", ".join(f'{k}="{v}"' for k, v in attributes.items()), "een andere Reference")
    steps, method, digest = _children(element, DS, "Transforms", "DigestMethod", "DigestValue")
    given = _children(steps, DS, *["Transform"] * len(transforms))
    for step, algorithm in zip(given, transforms, strict=True):
        _algorithm(step, algorithm)
    _algorithm(method, SHA256)
    return decode(digest)


def _properties(properties: Element) -> tuple[datetime, bytes]:
    (signed,) = _children(properties, XADES, "SignedSignatureProperties")
    time, holder = _children(signed, XADES, "SigningTime", "SigningCertificate")
    (certificate,) = _children(holder, XADES, "Cert")
    digest, _issuer = _children(certificate, XADES, "CertDigest", "IssuerSerial")
    method, value = _children(digest, DS, "DigestMethod", "DigestValue")
    _algorithm(method, SHA256)
    text = time.text or ""
    try:
        moment = datetime.fromisoformat(text) if _INSTANT.fullmatch(text) and not len(time) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _refuse("SigningTime in UTC, bv. 2026-01-31T12:00:00Z", "iets anders")
    return moment, decode(value)


def _certificates(key_info: Element) -> tuple[bytes, ...]:
    (data,) = _children(key_info, DS, "X509Data")
    listed = list(data)
    if not 1 <= len(listed) <= _MAX_CERTIFICATES or any(e.tag != q(DS, "X509Certificate") for e in listed):
        raise _refuse(f"1 tot {_MAX_CERTIFICATES} X509Certificate", f"{len(listed)} kinderen")
    return tuple(decode(e) for e in listed)


def _signer(seal: _Seal) -> x509.Certificate:
    # KeyInfo is not signed: it only delivers the certificate that the signed properties name.
    named = [der for der in seal.certificates if hmac.compare_digest(hashlib.sha256(der).digest(), seal.certificate_digest)]
    if len(named) != 1:
        raise _refuse("het certificaat van SigningCertificate in KeyInfo", "een ander certificaat")
    try:
        certificate = x509.load_der_x509_certificate(named[0])
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refusal(Code.UNTRUSTED, place="//X509Certificate", found="een onleesbaar certificaat") from None
    if seal.signing_time > end:
        raise Refusal(Code.EXPIRED, place="//X509Certificate", found=f"geldig tot {end:%Y-%m-%d}")
    if seal.signing_time < start:
        raise Refusal(Code.NOT_YET_VALID, place="//X509Certificate", found=f"geldig vanaf {start:%Y-%m-%d}")
    return certificate


def _children(element: Element, namespace: str, *names: str) -> list[Element]:
    """The element's children, which must be exactly these, with nothing between them."""
    found = list(element)
    if [c.tag for c in found] != [q(namespace, n) for n in names] or (element.text or "").strip():
        raise _refuse(f"{etree.QName(element).localname} met {', '.join(names)}", f"{len(found)} kinderen, of andere")
    if any((c.tail or "").strip() for c in found):
        raise _refuse(f"{etree.QName(element).localname} zonder tekst", "tekst")
    return found


def _attributes(element: Element, *names: str) -> None:
    if set(element.attrib) != set(names):
        raise _refuse(f"{etree.QName(element).localname} met {', '.join(names) or 'geen attributen'}", "andere attributen")


def _algorithm(element: Element, expected: str | None) -> str:
    algorithm = element.get("Algorithm", "")
    if set(element.attrib) != {"Algorithm"} or len(element) or element.text:
        raise _refuse(f"{etree.QName(element).localname} met alleen Algorithm", "meer")
    if expected is not None and algorithm != expected:
        raise Refusal(Code.ALGORITHM, place=f"//{etree.QName(element).localname}", expected=expected, found=algorithm[:120])
    return algorithm


def _compare(digest: bytes, octets: bytes, place: str) -> None:
    if not hmac.compare_digest(hashlib.sha256(octets).digest(), digest):
        raise Refusal(Code.DIGEST, place=place)


def _refuse(expected: str, found: str) -> Refusal:
    return Refusal(Code.XADES, place="//Signature", expected=expected, found=found)
