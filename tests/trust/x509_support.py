"""X.509 messages for tests: each way to name the signing certificate, and what the verifier says of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.settings import Settings
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import SYNCHRONOUS, SecurityPolicy
from gateway.trust.signing import Signer, sign_envelope
from gateway.trust.tokens import (
    SUBJECT_KEY_IDENTIFIER,
    THUMBPRINT_SHA1,
    CertificateIndex,
    KnownCertificates,
    key_identifier,
    thumbprint,
)
from gateway.trust.wssecurity import Signed, verify
from gateway.wire.build import b64
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from gateway.wire.names import BASE64_BINARY, DS, SOAP, WSSE, X509_V3, q

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
SKEW = SYNCHRONOUS.clock_skew
LIFETIME = timedelta(seconds=60)

ME, RENEWED, OTHER = (sample_signer(n) for n in ("facility-ibw-1", "facility-ibw-1-renewed", "facility-ibw-2"))
_SETTINGS = Settings()
STORE = load_trust_store(_SETTINGS.ca_bundle, _SETTINGS.crls, _SETTINGS.revocation)
ON_FILE = CertificateIndex([ME.certificate, RENEWED.certificate, OTHER.certificate])
ISSUER = ME.certificate.issuer.rfc4514_string()
SERIAL = ME.certificate.serial_number
ALL = ("Body", "Timestamp", "BinarySecurityToken")


def issuer_serial(issuer: str, serial: object) -> Element:
    data = etree.Element(q(DS, "X509Data"), nsmap={"ds": DS})
    inner = etree.SubElement(data, q(DS, "X509IssuerSerial"))
    etree.SubElement(inner, q(DS, "X509IssuerName")).text = issuer
    etree.SubElement(inner, q(DS, "X509SerialNumber")).text = str(serial)
    return data


def key_identifier_of(kind: str, octets: bytes) -> Element:
    element = etree.Element(q(WSSE, "KeyIdentifier"), {"ValueType": kind, "EncodingType": BASE64_BINARY}, nsmap={"wsse": WSSE})
    element.text = b64(octets)
    return element


def forms(signer: Signer) -> dict[str, Element]:
    """Every way to name a certificate on file."""
    certificate = signer.certificate
    return {
        "issuer and serial": issuer_serial(certificate.issuer.rfc4514_string(), certificate.serial_number),
        "subject key identifier": key_identifier_of(SUBJECT_KEY_IDENTIFIER, key_identifier(certificate)),
        "thumbprint": key_identifier_of(THUMBPRINT_SHA1, thumbprint(certificate)),
        "embedded certificate": key_identifier_of(X509_V3, signer.der),
    }


FORMS = tuple(forms(ME))


def message(signer: Signer = ME, *, parts: Sequence[str] = ALL, now: datetime = NOW, lifetime: timedelta = LIFETIME) -> Element:
    root = write_envelope(etree.fromstring('<vraag xmlns="urn:example">tien</vraag>'))
    sign_envelope(root, signer, now, parts=parts, lifetime=lifetime)
    return root


def without_token(pointer: Element, signer: Signer = ME, parts: Sequence[str] = ("Body", "Timestamp")) -> Element:
    """A message whose KeyInfo holds only a pointer; KeyInfo is not signed, so the token may go after signing."""
    root = message(signer, parts=parts)
    header = security(root)
    header.remove(header[0])
    reference = header[-1][2][0]
    reference.replace(reference[0], pointer)
    return root


def security(root: Element) -> Element:
    found = root.find(f"{q(SOAP, 'Header')}/{q(WSSE, 'Security')}")
    assert found is not None
    return found


def judge(
    root: Element, policy: SecurityPolicy = SYNCHRONOUS, *, known: KnownCertificates | None = ON_FILE, now: datetime = NOW
) -> Signed:
    return verify(read_envelope(serialise(root)), policy, now, STORE.accept, known=known)


def refused(
    root: Element, policy: SecurityPolicy = SYNCHRONOUS, *, known: KnownCertificates | None = ON_FILE, now: datetime = NOW
) -> Code:
    with pytest.raises(Refusal) as caught:
        judge(root, policy, known=known, now=now)
    return caught.value.code
