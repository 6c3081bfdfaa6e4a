"""Makes the sample PKI from its plan, and reads back what lies in its folder.

Making again gives the same bytes: private keys are kept, serial numbers and dates follow from the plan.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from gateway.trust.sample_pki_plan import (
    ALIAS,
    BUNDLE,
    CRL_ISSUERS,
    CRL_URL,
    NOT_YET_VALID_FROM,
    OCSP_URL,
    PASSWORD,
    PLAN,
    REVOKED_ON,
    VALID_FROM,
    VALID_UNTIL,
    KeyKind,
    KeyUse,
    Kind,
    PlannedCertificate,
    Rdn,
)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_IDENTITY = re.compile(r"[A-Z][A-Z0-9_-]*=[0-9]+")
BUNDLE_FILE = "ca-bundle.pem"


class State(StrEnum):
    """Whether a certificate may be relied on at a given moment, as far as its dates and its CRL tell."""

    OK = "ok"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"


@dataclass(frozen=True, kw_only=True)
class SampleCertificate:
    """One certificate as it lies in the folder."""

    name: str
    kind: Kind
    # What one uses it for, or what is wrong with it.
    purpose: str
    subject_cn: str
    # `<TYPE>=<number>` as the OU says it; None for a CA or a server.
    identity: str | None
    not_before: datetime
    not_after: datetime
    # Listed in a CRL of the same folder.
    revoked: bool
    files: tuple[Path, ...]

    def state_at(self, moment: datetime) -> State:
        if self.revoked:
            return State.REVOKED
        if moment < self.not_before:
            return State.NOT_YET_VALID
        return State.EXPIRED if moment > self.not_after else State.OK


@dataclass(frozen=True, kw_only=True)
class _Issued:
    key: PrivateKey
    certificate: x509.Certificate
    # From its issuer up to the root; empty for a certificate that signs itself.
    chain: tuple[x509.Certificate, ...]


def make_sample_pki(
    target: Path,
    *,
    now: datetime,
    force: bool = False,
    on_start: Callable[[PlannedCertificate], None] | None = None,
) -> list[SampleCertificate]:
    """Write the whole plan into `target`, keeping private keys that are there unless `force`.

    Raises ValueError when at `now` a good certificate would not be good, or one that is not valid yet would be.
    """
    if not VALID_FROM <= now < NOT_YET_VALID_FROM:
        raise ValueError(
            f"the sample PKI means what it says between {VALID_FROM:%Y-%m-%d} and {NOT_YET_VALID_FROM:%Y-%m-%d}, "
            f"not on {now:%Y-%m-%d}; set the clock right"
        )
    target.mkdir(parents=True, exist_ok=True)
    issued: dict[str, _Issued] = {}
    for planned in PLAN:
        if on_start:
            on_start(planned)
        key = _key(target / f"{planned.name}.key", planned.key, force=force)
        issuer = None if planned.is_self_signed else issued[planned.issuer]
        certificate = _certificate(planned, key, issuer)
        chain = (issuer.certificate, *issuer.chain) if issuer else ()
        issued[planned.name] = _Issued(key=key, certificate=certificate, chain=chain)
        if planned.is_ca:
            _write_pem(target / f"{planned.name}.pem", [certificate])
        else:
            _write_pem(target / f"{planned.name}.pem", [certificate, *chain])
            _write_p12(target / f"{planned.name}.p12", issued[planned.name])
    _write_pem(target / BUNDLE_FILE, [issued[name].certificate for name in BUNDLE])
    for name in CRL_ISSUERS:
        _write_crl(target / "crl" / f"{name}.crl", name, issued)
    certificates = [one for one in list_sample_pki(target) if one.kind is not Kind.UNPLANNED]
    (target / "README.md").write_text(_readme(certificates), encoding="utf-8")
    return certificates


def list_sample_pki(folder: Path) -> list[SampleCertificate]:
    """What lies in `folder`, in the order of the plan; empty when there is nothing."""
    planned = {folder / f"{one.name}.pem": one for one in PLAN}
    present = set(folder.glob("*.pem")) - {folder / BUNDLE_FILE}
    paths = [*(path for path in planned if path in present), *sorted(present - planned.keys())]
    revoked = _revoked_in(folder / "crl")
    return [_read(path, planned.get(path), revoked) for path in paths]


def _read(path: Path, planned: PlannedCertificate | None, revoked: set[tuple[x509.Name, int]]) -> SampleCertificate:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return SampleCertificate(
        name=path.stem,
        kind=planned.kind if planned else Kind.UNPLANNED,
        purpose=planned.purpose if planned else "",
        subject_cn=", ".join(_texts(certificate.subject, NameOID.COMMON_NAME)),
        identity=identity_of(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        revoked=(certificate.issuer, certificate.serial_number) in revoked,
        files=tuple(sorted(path.parent.glob(f"{path.stem}.*"))),
    )


def identity_of(certificate: x509.Certificate) -> str | None:
    """The `<TYPE>=<number>` that the subject's OUs carry, which is where eHealth's own clients look for it."""
    units = _texts(certificate.subject, NameOID.ORGANIZATIONAL_UNIT_NAME)
    return next((unit for unit in units if _IDENTITY.fullmatch(unit)), None)


def _texts(name: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)]


def _revoked_in(folder: Path) -> set[tuple[x509.Name, int]]:
    crls = [x509.load_der_x509_crl(path.read_bytes()) for path in folder.glob("*.crl")]
    return {(crl.issuer, entry.serial_number) for crl in crls for entry in crl}


def _key(path: Path, kind: KeyKind, *, force: bool) -> PrivateKey:
    if path.exists() and not force:
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except ValueError as error:
            raise ValueError(f"{path} holds no private key in PEM; remove it, or let --force replace it") from error
        if isinstance(key, PrivateKey) and key_text(key.public_key()) == kind:
            path.chmod(0o600)
            return key
    made = _new_key(kind)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(
        made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _new_key(kind: KeyKind) -> PrivateKey:
    match kind:
        case KeyKind.EC_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyKind.RSA_2048:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case KeyKind.RSA_1024:
            return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  short on purpose


def key_text(key: object) -> str:
    """A public key in a few words, as KeyKind words it."""
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return KeyKind.EC_P256
        case _:
            return type(key).__name__


def _name(rdns: Sequence[Rdn]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in rdns])


def _certificate(planned: PlannedCertificate, key: PrivateKey, issuer: _Issued | None) -> x509.Certificate:
    signer = issuer.key if issuer else key
    subject = _name(planned.subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(_serial(planned, key))
        .not_valid_before(planned.not_before)
        .not_valid_after(planned.not_after)
    )
    for extension, critical in _extensions(planned, key, signer):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _extensions(planned: PlannedCertificate, key: PrivateKey, signer: PrivateKey) -> list[tuple[x509.ExtensionType, bool]]:
    usage = {use.value: use in planned.key_usage for use in KeyUse}
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=planned.is_ca, path_length=planned.path_length), True),
        (x509.KeyUsage(**usage), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    if planned.extended_usage:
        extensions.append((x509.ExtendedKeyUsage(planned.extended_usage), False))
    if planned.hosts:
        extensions.append((x509.SubjectAlternativeName([_host(host) for host in planned.hosts]), False))
    if not planned.is_self_signed:
        crl = x509.UniformResourceIdentifier(CRL_URL.format(issuer=planned.issuer))
        extensions.append((x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)]), False))
        ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(OCSP_URL))
        extensions.append((x509.AuthorityInformationAccess([ocsp]), False))
    return extensions


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _serial(planned: PlannedCertificate, key: PrivateKey) -> int:
    """A serial number that follows from the certificate, so that issuing it again changes no byte."""
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    said = f"{planned.name} {planned.subject} {planned.not_before} {planned.not_after}".encode()
    return int.from_bytes(hashlib.sha256(said + public).digest()[:16]) >> 1


def _write_pem(path: Path, certificates: Sequence[x509.Certificate]) -> None:
    path.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates))


def _write_p12(path: Path, issued: _Issued) -> None:
    # A keystore is salted: written again it differs, so one that holds the same is left alone.
    if path.exists() and _holds(path, issued):
        return
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            ALIAS.encode(),
            issued.key,
            issued.certificate,
            issued.chain,
            serialization.BestAvailableEncryption(PASSWORD.encode()),
        )
    )


def _holds(path: Path, issued: _Issued) -> bool:
    try:
        store = pkcs12.load_pkcs12(path.read_bytes(), PASSWORD.encode())
    except ValueError:
        return False
    return (
        store.key is not None
        and store.key.public_key() == issued.key.public_key()
        and store.cert == pkcs12.PKCS12Certificate(issued.certificate, ALIAS.encode())
        and {held.certificate for held in store.additional_certs} == set(issued.chain)
    )


def _write_crl(path: Path, name: str, issued: dict[str, _Issued]) -> None:
    issuer = issued[name]
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(REVOKED_ON)
        .next_update(VALID_UNTIL)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for planned in PLAN:
        if planned.issuer == name and planned.revoked_for:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(issued[planned.name].certificate.serial_number)
                .revocation_date(REVOKED_ON)
                .add_extension(x509.CRLReason(planned.revoked_for), critical=False)
                .build()
            )
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def _readme(certificates: Sequence[SampleCertificate]) -> str:
    rows = "\n".join(
        f"| `{one.name}` | {one.kind} | {one.purpose} | {f'`{one.identity}`' if one.identity else ''} "
        f"| {one.not_before:%Y-%m-%d} | {one.not_after:%Y-%m-%d} |"
        for one in certificates
    )
    return _README.format(rows=rows, password=PASSWORD, alias=ALIAS)


_README = """\
# Sample certificates

**Not for production.** The private keys are published here, and every name and number is invented.

A small PKI in eHealth style to try the gateway with: facilities that may send, zorgkassen that receive, the
gateway's own servers, and certificates that must be refused. Each `bad-…` one has one flaw and no other.

| name | kind | what for, or what is wrong | identity | valid from | valid until |
|---|---|---|---|---|---|
{rows}

## Files

| file | holds |
|---|---|
| `<name>.pem` | the certificate, then its CAs up to the root |
| `<name>.key` | the private key (PKCS#8 PEM, not encrypted) |
| `<name>.p12` | key, certificate and CAs in one keystore, alias `{alias}`; a CA has none |
| `ca-bundle.pem` | the root and issuing CA to trust |
| `crl/*.crl` | the revocation lists of those two (DER) |

The password of every keystore is `{password}`.

## Make them again

    vsb-gateway certs sample

Keys that are here stay, so nothing changes unless the plan (`gateway/trust/sample_pki_plan.py`) did;
`--force` makes new keys. `vsb-gateway certs list` shows them, `vsb-gateway certs show FILE` takes one apart.
"""
