"""The sample issuers' own keys, for who must sign CRLs and OCSP answers."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.paths import data_dir


@dataclass(frozen=True, kw_only=True, repr=False)
class Issuer:
    """A sample CA."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def issuer(name: str) -> Issuer:
    """One of the sample's issuers, for example issuing-ca.

    Raises:
        OSError: there is none of this name.
    """
    folder = data_dir("certs-sample")
    key = load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"the key of {name} is not RSA")
    return Issuer(certificate=certificate(name), key=key)


def certificate(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((data_dir("certs-sample") / f"{name}.pem").read_bytes())
