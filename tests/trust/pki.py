"""A small CA of its own for tests: roots, issuing CAs and leaves with whatever a test wants wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

START = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=3650)
KEYS = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
"""Made once: of the root, the issuing CA and the leaf."""


@dataclass(frozen=True)
class Made:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def name(text: str, extra: int = 0) -> x509.Name:
    more = [x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, f"OU {n}") for n in range(extra)]
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text), *more])


def make(
    subject: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer: Made | None,
    *,
    ca: bool = False,
    signs: bool = True,
    start: datetime = START,
    end: datetime = START + YEARS,
    serial: int = 4711,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Made:
    builder = x509.CertificateBuilder(
        issuer_name=subject if issuer is None else issuer.certificate.subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=serial,
        not_valid_before=start,
        not_valid_after=end,
    )
    usage = x509.KeyUsage(
        digital_signature=signs and not ca, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = builder.add_extension(usage, critical=True)
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Made(builder.sign(key if issuer is None else issuer.key, hashes.SHA256()), key)


def rewritten(made: Made, issuer: Made, *, serial: int | None = None, algorithm: str = "sha256_rsa") -> Made:
    """The certificate with what no builder makes, signed again by its issuer.

    Args:
        algorithm: of the issuer's signature, sha1_rsa for example.
    """
    certificate = asn1.Certificate.load(made.der)
    body = certificate["tbs_certificate"]
    if serial is not None:
        body["serial_number"] = serial
    body["signature"] = {"algorithm": algorithm}
    certificate["signature_algorithm"] = {"algorithm": algorithm}
    digest = {"sha256_rsa": hashes.SHA256(), "sha1_rsa": hashes.SHA1()}[algorithm]
    certificate["signature_value"] = core.OctetBitString(issuer.key.sign(body.dump(force=True), padding.PKCS1v15(), digest))
    return Made(x509.load_der_x509_certificate(certificate.dump(force=True)), made.key)


def crl(
    issuer: Made, path: Path, revoked: Sequence[int] = (), *, until: datetime = START + YEARS, encoding: Encoding = Encoding.DER
) -> Path:
    builder = x509.CertificateRevocationListBuilder(issuer_name=issuer.certificate.subject, last_update=START, next_update=until)
    for serial in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(serial_number=serial, revocation_date=START).build()
        )
    path.write_bytes(builder.sign(issuer.key, hashes.SHA256()).public_bytes(encoding))
    return path
