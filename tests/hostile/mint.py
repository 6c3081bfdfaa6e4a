"""Certificates that the sample issuing CA would never have made, truly signed by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from asn1crypto import algos
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from gateway.paths import data_dir
from gateway.trust.signing import Signer

Rdn = tuple[x509.ObjectIdentifier, str]
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
USAGE = {
    "digital_signature": True,
    "content_commitment": True,
    "key_encipherment": True,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


@cache
def issuer(name: str = "issuing-ca") -> Signer:
    """A sample CA, or any other sample certificate used as if it were one."""
    folder = data_dir("certs-sample")
    key = load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
    return Signer(key=key, certificate=certificate)  # type: ignore[arg-type]


@cache
def new_key() -> ec.EllipticCurvePrivateKey:
    """One key for all minted certificates that do not say otherwise."""
    return ec.generate_private_key(ec.SECP256R1())


def subject(cn: str | Sequence[str], *units: str, extra: Sequence[Rdn] = ()) -> list[Rdn]:
    """A subject in eHealth's layout: country, organisation, the OUs, the CNs."""
    names = [cn] if isinstance(cn, str) else list(cn)
    return [
        (NameOID.COUNTRY_NAME, "BE"),
        (NameOID.ORGANIZATION_NAME, "Federal Government"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "eHealth-platform Belgium"),
        *((NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units),
        *((NameOID.COMMON_NAME, name) for name in names),
        *extra,
    ]


class Mint:
    """Makes signers on demand."""

    def signer(
        self,
        rdns: Sequence[Rdn],
        *,
        key: Any = None,
        ca: str = "issuing-ca",
        is_ca: bool = False,
        usage: dict[str, bool] | None = None,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        start: datetime = START,
        end: datetime = END,
    ) -> Signer:
        """A key with a certificate on a subject, signed by a sample CA."""
        key, authority = key or new_key(), issuer(ca)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([_attribute(oid, text) for oid, text in rdns]))
            .issuer_name(authority.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**{**USAGE, **(usage or {})}), critical=True)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return Signer(key=key, certificate=builder.sign(authority.key, hashes.SHA256()))

    def reshaped(
        self,
        signer: Signer,
        change: Callable[[asn1.TbsCertificate], None],
        *,
        signature: str = "sha256_rsa",
        sign: bool = True,
        octets: tuple[bytes, bytes] = (b"", b""),
    ) -> bytes:
        """DER of a certificate after a change to its body, signed again by the issuing CA.

        Args:
            change: changes the TBSCertificate in place.
            signature: asn1crypto's name of the algorithm to declare and to sign with.
            sign: False leaves the old signature value, as anyone without the CA's key must.
            octets: replaced in the body's DER by others of the same length, for what no library would write.
        """
        certificate = asn1.Certificate.load(signer.certificate.public_bytes(Encoding.DER))
        tbs = certificate["tbs_certificate"]
        algorithm = algos.SignedDigestAlgorithm({"algorithm": signature})
        tbs["signature"] = algorithm
        change(tbs)
        body = tbs.dump(force=True)
        if octets[0]:
            assert octets[0] in body
            body = body.replace(*octets)
        value = _sign(issuer().key, body, signature) if sign else certificate["signature_value"].native
        return _der(0x30, body + algorithm.dump() + _der(0x03, b"\x00" + value))


def _der(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


def _attribute(oid: x509.ObjectIdentifier, text: str) -> x509.NameAttribute:
    # Most types refuse the characters that are the point of these cases.
    kind = x509.name._ASN1Type.PrintableString if oid == NameOID.COUNTRY_NAME else x509.name._ASN1Type.UTF8String
    return x509.NameAttribute(oid, text, _type=kind, _validate=False)


_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5_rsa": hashes.MD5(),
    "sha1_rsa": hashes.SHA1(),
    "sha256_rsa": hashes.SHA256(),
}


def _sign(key: Any, body: bytes, signature: str) -> bytes:
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.sign(body, padding.PKCS1v15(), _HASHES.get(signature, hashes.SHA256()))
