"""Certificates of the central application that must be refused: its own name and key, and one thing wrong with the rest.

A receiver that is shown a facility's bad certificate may refuse it for its holder alone; with these only the flaw is left.
Made on the spot with the sample issuers' published keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.paths import data_dir
from gateway.trust.signing import Signer

_START, _END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)


def _certificate(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((data_dir("certs-sample") / f"{name}.pem").read_bytes())


def _issued(true: Signer, *, by: str = "issuing-ca", serial: int | None = None, end: datetime = _END) -> Signer:
    issuer = _certificate(by)
    key = load_pem_private_key((data_dir("certs-sample") / f"{by}.key").read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"the key of {by} is not RSA")
    builder = (
        x509.CertificateBuilder()
        .subject_name(true.certificate.subject)
        .issuer_name(issuer.subject)
        .public_key(true.key.public_key())
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(_START)
        .not_valid_after(end)
    )
    for extension in true.certificate.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return Signer(key=true.key, certificate=builder.add_extension(authority, False).sign(key, hashes.SHA256()), chain=(issuer,))


FLAWS: Mapping[str, Callable[[Signer], Signer]] = {
    "verlopen": lambda true: _issued(true, end=datetime(2025, 1, 1, tzinfo=UTC)),
    # A CRL names a certificate by its number: this one has the number of the sample's revoked certificate.
    "ingetrokken": lambda true: _issued(true, serial=_certificate("bad-revoked").serial_number),
    "vreemd": lambda true: _issued(true, by="other-issuing-ca"),
}
"""Name of a flaw to what makes a flawed twin."""
FORGED = tuple(f"gateway-{flaw}" for flaw in FLAWS)
"""Names of the gateway's flawed twins, as scenarios name them."""


def flawed(true: Signer, flaw: str) -> Signer:
    """The same name and key with one flaw: `verlopen`, `ingetrokken` or `vreemd`.

    Raises:
        KeyError: there is no such flaw.
    """
    return FLAWS[flaw](true)
