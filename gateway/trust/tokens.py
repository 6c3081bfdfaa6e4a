"""How a WS-Security signature names its key: a token beside it, a certificate on file, or a SAML assertion.

X.509 token profile 1.0 §3.2, SOAP message security 1.1 §7.3 (thumbprint), SAML token profile 1.0 §3.4; facts ehealth.md §1.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.names import same_name
from gateway.trust.signedinfo import decode
from gateway.wire.names import BASE64_BINARY, DS, WSSE, WSU, X509_V3, q

SUBJECT_KEY_IDENTIFIER = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier"
THUMBPRINT_SHA1 = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
SAML_ASSERTION_ID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"

_POINTER = "//Signature/KeyInfo/SecurityTokenReference"
_MAX_SERIAL = 60
_UNREADABLE = (ValueError, x509.InvalidVersion, x509.DuplicateExtension)


class KnownCertificates(Protocol):
    """Certificates on file. Each look-up answers None when nothing fits, and when more than one holder fits."""

    def by_issuer_serial(self, issuer: str, serial: int) -> x509.Certificate | None:
        """The certificate with this serial number whose issuer has this name (`gateway.trust.names.same_name`)."""

    def by_ski(self, identifier: bytes) -> x509.Certificate | None:
        """The certificate with this subject key identifier."""

    def by_thumbprint(self, sha1: bytes) -> x509.Certificate | None:
        """The certificate whose DER has this SHA-1."""


class CertificateIndex:
    """Certificates on file, in memory.

    Args:
        certificates: of a renewed certificate with the same key, the one that lives longest answers to the key identifier.
    """

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._by_serial: dict[int, list[x509.Certificate]] = {}
        self._by_ski: dict[bytes, list[x509.Certificate]] = {}
        self._by_thumbprint: dict[bytes, x509.Certificate] = {}
        for certificate in sorted(certificates, key=lambda c: c.not_valid_after_utc, reverse=True):
            self._by_serial.setdefault(certificate.serial_number, []).append(certificate)
            self._by_ski.setdefault(key_identifier(certificate), []).append(certificate)
            self._by_thumbprint[thumbprint(certificate)] = certificate

    def by_issuer_serial(self, issuer: str, serial: int) -> x509.Certificate | None:
        found = [c for c in self._by_serial.get(serial, ()) if same_name(issuer, c.issuer)]
        return found[0] if len(found) == 1 else None

    def by_ski(self, identifier: bytes) -> x509.Certificate | None:
        found = self._by_ski.get(identifier, [])
        return found[0] if len({c.subject.public_bytes() for c in found}) == 1 else None

    def by_thumbprint(self, sha1: bytes) -> x509.Certificate | None:
        return self._by_thumbprint.get(sha1)


def thumbprint(certificate: x509.Certificate) -> bytes:
    """SHA-1 of the DER: a name for a certificate on file, never a proof of anything."""
    return hashlib.sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).digest()


def key_identifier(certificate: x509.Certificate) -> bytes:
    """Subject key identifier: the extension's, or else SHA-1 of the public key (RFC 5280 §4.2.1.2, method 1)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def pointer_of(signature: Element) -> Element:
    """The one element inside Signature/KeyInfo/SecurityTokenReference of a signature that has nothing beside KeyInfo.

    Raises:
        Refusal: SECURITY_SHAPE.
    """
    if len(signature) != 3:
        raise Refusal(
            Code.SECURITY_SHAPE,
            place="//Signature",
            line=signature.sourceline,
            expected="SignedInfo, SignatureValue, KeyInfo",
            found=f"{len(signature)} kinderen",
        )
    node = signature[2]
    for tag in (q(DS, "KeyInfo"), q(WSSE, "SecurityTokenReference")):
        if node.tag != tag or len(node) != 1:
            raise _shape(node, "KeyInfo met één SecurityTokenReference met één verwijzing", str(node.tag)[-60:])
        node = node[0]
    return node


def read_token(element: Element) -> x509.Certificate:
    """The certificate in a BinarySecurityToken.

    Raises:
        Refusal: SECURITY_SHAPE.
    """
    if element.get("ValueType") != X509_V3 or element.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise _shape(element, X509_V3, (element.get("ValueType") or "")[:120], place="//BinarySecurityToken")
    return _certificate(element, "//BinarySecurityToken")


def check_direct_reference(pointer: Element, token: Element) -> None:
    """The pointer must be a Reference to this very token.

    Raises:
        Refusal: SECURITY_SHAPE.
    """
    if (
        pointer.tag != q(WSSE, "Reference")
        or len(pointer)
        or pointer.get("URI") != f"#{token.get(q(WSU, 'Id'))}"
        or pointer.get("ValueType", X509_V3) != X509_V3
    ):
        found = pointer.get("URI") or str(pointer.tag).rpartition("}")[2]
        raise _shape(pointer, "Reference met de URI van het BinarySecurityToken", found[:60], place=f"{_POINTER}/Reference")


def on_file(pointer: Element, known: KnownCertificates | None) -> x509.Certificate:
    """The certificate on file that an X509IssuerSerial or a KeyIdentifier means.

    Raises:
        Refusal: SECURITY_SHAPE for another form, NOT_ON_FILE.
    """
    if pointer.tag == q(DS, "X509Data"):
        found, named = _by_issuer_serial(pointer, known)
    elif pointer.tag == q(WSSE, "KeyIdentifier"):
        found, named = _by_key_identifier(pointer, known)
    else:
        raise _shape(pointer, "Reference, X509Data/X509IssuerSerial of KeyIdentifier", str(pointer.tag).rpartition("}")[2][:60])
    if found is None:
        raise Refusal(
            Code.NOT_ON_FILE, place=_POINTER, line=pointer.sourceline, expected="een geregistreerd certificaat", found=named
        )
    return found


def check_assertion_reference(pointer: Element, assertion_id: str) -> None:
    """The pointer must be a KeyIdentifier with this assertion's id.

    Raises:
        Refusal: SECURITY_SHAPE for another form, ASSERTION for another id.
    """
    if pointer.tag != q(WSSE, "KeyIdentifier") or len(pointer) or pointer.get("ValueType") != SAML_ASSERTION_ID:
        found = pointer.get("ValueType") or str(pointer.tag).rpartition("}")[2]
        raise _shape(pointer, f"KeyIdentifier met ValueType {SAML_ASSERTION_ID}", found[:120])
    named = (pointer.text or "").strip()
    if named != assertion_id:
        raise Refusal(
            Code.ASSERTION,
            place=f"{_POINTER}/KeyIdentifier",
            line=pointer.sourceline,
            expected=f"AssertionID {assertion_id[:60]}",
            found=named[:60],
        )


def _by_issuer_serial(data: Element, known: KnownCertificates | None) -> tuple[x509.Certificate | None, str]:
    parts = data[0] if len(data) == 1 else data
    if parts.tag != q(DS, "X509IssuerSerial") or [c.tag for c in parts] != [q(DS, "X509IssuerName"), q(DS, "X509SerialNumber")]:
        raise _shape(data, "X509IssuerSerial met X509IssuerName en X509SerialNumber", "een andere inhoud")
    issuer, digits = ((c.text or "").strip() for c in parts)
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _MAX_SERIAL:
        raise _shape(data, "X509SerialNumber in cijfers", digits[:60])
    found = None if known is None else known.by_issuer_serial(issuer, int(digits))
    if found is not None and (found.serial_number != int(digits) or not same_name(issuer, found.issuer)):
        found = None
    return found, f"serienummer {digits} van {issuer[:80]}"


def _by_key_identifier(pointer: Element, known: KnownCertificates | None) -> tuple[x509.Certificate | None, str]:
    kind = pointer.get("ValueType") or ""
    if pointer.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise _shape(pointer, BASE64_BINARY, (pointer.get("EncodingType") or "")[:120])
    if kind == X509_V3:
        given = _certificate(pointer, f"{_POINTER}/KeyIdentifier")
        found = None if known is None else known.by_thumbprint(thumbprint(given))
        return (found if found == given else None), "een ander certificaat"
    octets = decode(pointer)
    if kind == SUBJECT_KEY_IDENTIFIER:
        found = None if known is None else known.by_ski(octets)
        return (found if found is not None and key_identifier(found) == octets else None), f"SKI {octets.hex()[:60]}"
    if kind == THUMBPRINT_SHA1:
        found = None if known is None else known.by_thumbprint(octets)
        return (found if found is not None and thumbprint(found) == octets else None), f"SHA-1 {octets.hex()[:60]}"
    wanted = ", ".join(v.rpartition("#")[2] for v in (SUBJECT_KEY_IDENTIFIER, THUMBPRINT_SHA1, X509_V3))
    raise _shape(pointer, f"KeyIdentifier met ValueType #{wanted}", kind[:120] or "geen ValueType")


def _certificate(element: Element, place: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(decode(element))
    except _UNREADABLE:
        raise _shape(element, "een X.509-certificaat (DER)", "iets anders", place=place) from None


def _shape(element: Element, expected: str, found: str, *, place: str = _POINTER) -> Refusal:
    return Refusal(Code.SECURITY_SHAPE, place=place, line=element.sourceline, expected=expected, found=found)
