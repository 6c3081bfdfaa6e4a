"""Certificates whose subject two readers may read as two holders; all truly issued by the sample CA."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from gateway.trust.identity import read_identity
from gateway.trust.signing import Signer
from tests.hostile.case import Case, cases
from tests.hostile.context import VICTIM, Context, signer
from tests.hostile.forge import good
from tests.hostile.mint import Rdn, issuer, subject

_HOLDER = read_identity(signer(VICTIM).certificate)
ID = f"{_HOLDER.type}={_HOLDER.number}"
NUMBER = _HOLDER.number
OTHER = read_identity(signer("facility-ibw-2").certificate).number
NAME = "BESCHUT WONEN DE BRUG"
FACILITY = subject(ID, ID, NAME)
"""The victim's own subject, for cases in which something else is wrong."""
_OU, _CN = NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME


def who(rdns: Sequence[Rdn], **options: object) -> Callable[[Context], bytes]:
    """The victim's question, truly signed under a subject that was minted for it."""
    return lambda ctx: good(ctx, None, ctx.mint.signer(rdns, **options))  # type: ignore[arg-type]


def typed(text: str) -> Callable[[Context], bytes]:
    """The same odd type and number in CN and OU."""
    return who(subject(text, text, NAME))


def multi_valued(ctx: Context) -> bytes:
    """One RDN that is an OU and a CN at once."""
    key = ctx.mint.signer(FACILITY)
    authority = issuer()
    name = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(_OU, ID), x509.NameAttribute(_OU, f"{_HOLDER.type}={OTHER}")]),
            x509.RelativeDistinguishedName([x509.NameAttribute(_CN, ID)]),
        ]
    )
    from cryptography.hazmat.primitives import hashes

    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority.certificate.subject)
        .public_key(key.certificate.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2045, 1, 1, tzinfo=UTC))
        .add_extension(
            key.certificate.extensions.get_extension_for_class(x509.KeyUsage).value,
            critical=True,
        )
        .sign(authority.key, hashes.SHA256())
    )
    return good(ctx, None, Signer(key=key.key, certificate=certificate))


_SUBJECTS = cases(
    "identity",
    ("two-cn", "two CNs, the attacker's first", who(subject([f"{_HOLDER.type}={OTHER}", ID], ID, NAME)), "TRUST-022"),
    ("two-cn-same", "the same CN twice", who(subject([ID, ID], ID, NAME)), "TRUST-022"),
    ("no-cn", "no CN", who(subject([], ID, NAME)), "TRUST-022"),
    ("no-ou", "no typed OU", who(subject(ID, NAME)), "TRUST-022"),
    ("two-ou", "two typed OUs, the attacker's first", who(subject(ID, f"{_HOLDER.type}={OTHER}", ID, NAME)), "TRUST-022"),
    ("two-ou-reversed", "two typed OUs, the victim's first", who(subject(ID, ID, f"{_HOLDER.type}={OTHER}", NAME)), "TRUST-022"),
    ("two-ou-types", "an OU by RIZIV number and one by KBO number", who(subject(ID, ID, "CBE=0900177717", NAME)), "TRUST-022"),
    ("multi-valued", "two OUs within one RDN", multi_valued, "TRUST-022"),
    ("cn-only", "the victim in the CN, the attacker in the OU", who(subject(ID, f"{_HOLDER.type}={OTHER}", NAME)), "TRUST-022"),
    ("ou-only", "the victim in the OU, the attacker in the CN", who(subject(f"{_HOLDER.type}={OTHER}", ID, NAME)), "TRUST-022"),
    ("in-o", "the number in O", who([(_CN, ID), (NameOID.ORGANIZATION_NAME, ID), (_OU, NAME)]), "TRUST-022"),
    ("in-l", "the number in L", who([(_CN, ID), (NameOID.LOCALITY_NAME, ID), (_OU, NAME)]), "TRUST-022"),
    ("in-serial", "the number in serialNumber", who([(_CN, ID), (NameOID.SERIAL_NUMBER, ID), (_OU, NAME)]), "TRUST-022"),
    ("in-title", "the number in title", who([(_CN, ID), (NameOID.TITLE, ID)]), "TRUST-022"),
    ("in-email", "the number in an e-mail address", who([(_CN, ID), (NameOID.EMAIL_ADDRESS, f"{ID}@x")]), "TRUST-022"),
    ("in-private", "the number under a private OID", who([(_CN, ID), (ObjectIdentifier("1.3.6.1.4.1.99999.1"), ID)]), "TRUST-022"),
    ("quoted-dn", "a CN that quotes another RDN", who(subject(f"x, OU={ID}", NAME)), "TRUST-022"),
    ("plus-dn", "an OU that holds a whole name", who(subject(ID, f"{NAME}+OU={ID}")), "TRUST-022"),
    ("nul-cn", "a NUL behind the victim's number in the CN", who(subject(f"{ID}\x00.evil", ID, NAME)), "TRUST-022 TRUST-007"),
    ("nul-ou", "a NUL behind the victim's number in the OU", who(subject(ID, f"{ID}\x00", NAME)), "TRUST-022 TRUST-007"),
    ("nul-both", "a NUL in both", typed(f"{ID}\x00"), "TRUST-022 TRUST-007"),
    ("newline", "a line end behind the number", typed(f"{ID}\n"), "TRUST-022"),
    ("space-after", "a space behind the number", typed(f"{ID} "), "TRUST-022"),
    ("space-before", "a space before the type", typed(f" {ID}"), "TRUST-022"),
    ("space-inside", "a space within the number", typed(f"{_HOLDER.type}={NUMBER[:4]} {NUMBER[4:]}"), "TRUST-022"),
    ("zero-width", "a zero-width space within the number", typed(f"{_HOLDER.type}={NUMBER[:4]}\u200b{NUMBER[4:]}"), "TRUST-022"),
    ("right-to-left", "an override that turns the number round", typed(f"{_HOLDER.type}=\u202e{NUMBER[::-1]}"), "TRUST-022"),
    ("full-width", "full-width digits", typed(f"{_HOLDER.type}=" + "".join(chr(0xFF10 + int(d)) for d in NUMBER)), "TRUST-022"),
    ("arabic", "Arabic-Indic digits", typed(f"{_HOLDER.type}=" + "".join(chr(0x660 + int(d)) for d in NUMBER)), "TRUST-022"),
    ("cyrillic", "a Cyrillic letter in the type", typed(ID.replace("I", "\u0406")), "TRUST-022"),
    ("full-width-equals", "a full-width equals sign", typed(ID.replace("=", "\uff1d")), "TRUST-022"),
    ("lower-case", "the type in lower case", typed(ID.lower()), "TRUST-022"),
    ("mixed-case", "lower case in the OU only", who(subject(ID, ID.lower(), NAME)), "TRUST-022"),
    ("no-number", "a type without number", typed(f"{_HOLDER.type}="), "TRUST-022"),
    ("no-type", "a number without type", typed(f"={NUMBER}"), "TRUST-022"),
    ("letters", "letters in the number", typed(f"{_HOLDER.type}={NUMBER[:-1]}A"), "TRUST-022"),
    ("minus", "a negative number", typed(f"{_HOLDER.type}=-{NUMBER}"), "TRUST-022"),
    ("colon", "a colon for the equals sign", typed(ID.replace("=", ":")), "TRUST-022"),
    ("two-equals", "two equals signs", typed(ID.replace("=", "==")), "TRUST-022"),
    ("comma-cn", "a second application in the CN", who(subject(f"{ID}, ZORGSOFT, EVIL", ID, NAME, "ZORGSOFT")), "TRUST-022"),
    ("comma-cn-ou", "an application with a comma", who(subject(f"{ID}, A, B", ID, NAME, "A, B")), "TRUST-022"),
    ("comma-number", "another number as application", who(subject(f"{ID}, {_HOLDER.type}={OTHER}", ID, NAME)), "TRUST-022"),
    ("application-unknown", "an application that no OU names", who(subject(f"{ID}, ZORGSOFT", ID, NAME)), "TRUST-022"),
    ("no-space-comma", "an application without space after the comma", who(subject(f"{ID},ZORGSOFT", ID, NAME, "ZORGSOFT")), "TRUST-022"),
    ("empty-subject", "an empty subject", who([]), "TRUST-022 TRUST-007"),
    ("many-ou", "2,000 OUs", who(subject(ID, *(f"{NAME} {n}" for n in range(2000)), ID)), "TRUST-022 TRUST-015 TRUST-002 TRUST-007"),
    ("long-number", "the victim's number with more digits behind it", typed(f"{ID}99999"), "TRUST-022 TRUST-015"),
    ("short-number", "the first six digits of the victim's number", typed(ID[:-2]), "TRUST-022 TRUST-015"),
    ("check-digits", "the victim's number with other check digits", typed(f"{_HOLDER.type}={NUMBER[:6]}00"), "TRUST-022 TRUST-015"),
    ("not-nihii", "a type that only begins like a RIZIV number", typed(f"NIHIIX={NUMBER}"), "TRUST-022 TRUST-011"),
    ("kbo-as-riziv", "the victim's number as KBO number", typed(f"CBE={NUMBER}"), "TRUST-011"),
    ("person-as-riziv", "the victim's number as INSZ", typed(f"SSIN={NUMBER}"), "TRUST-012"),
    ("unknown-type", "the victim's number under an unknown type", typed(f"EVIL={NUMBER}"), "TRUST-011 TRUST-022"),
)  # fmt: skip


def _key(make: Callable[[], object]) -> Callable[[Context], bytes]:
    return lambda ctx: good(ctx, None, ctx.mint.signer(FACILITY, key=make()))


def _foreign_key(key: object) -> Callable[[Context], bytes]:
    """A key that can not even make our signatures: the message is signed with another one."""

    def make(ctx: Context) -> bytes:
        minted = ctx.mint.signer(FACILITY, key=key)
        return good(ctx, None, Signer(key=ctx.signer().key, certificate=minted.certificate))

    return make


def _ca_itself(name: str) -> Callable[[Context], bytes]:
    return lambda ctx: good(ctx, None, issuer(name))


def _unknown_critical() -> list[tuple[x509.ExtensionType, bool]]:
    return [(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00"), True)]


def _usage(*purposes: ObjectIdentifier) -> list[tuple[x509.ExtensionType, bool]]:
    return [(x509.ExtendedKeyUsage(purposes), True)]


_NOW = datetime.now(UTC)
_CERTIFICATES = cases(
    "certificate",
    ("issuing-ca", "the issuing CA as sender", _ca_itself("issuing-ca"), "TRUST-021 TRUST-022"),
    ("root-ca", "the root as sender", _ca_itself("root-ca"), "TRUST-021 TRUST-022 TRUST-007"),
    ("other-root", "a stranger's root as sender", _ca_itself("other-root-ca"), "TRUST-007"),
    ("by-facility", "issued by another facility's certificate", who(FACILITY, ca="facility-ibw-1-renewed"), "TRUST-007"),
    ("by-ec-facility", "issued by a facility with an EC key", who(FACILITY, ca="facility-ibw-2"), "TRUST-007"),
    ("by-itself", "issued by the victim's own certificate", who(FACILITY, ca=VICTIM), "TRUST-007"),
    ("by-root", "issued by the root, past the issuing CA, on a facility's name", who(FACILITY, ca="other-issuing-ca"), "TRUST-007"),
    ("ca-true", "a facility's certificate that is a CA", who(FACILITY, is_ca=True, usage={"key_cert_sign": True}), "TRUST-007 TRUST-021 TRUST-022"),
    ("no-signature-usage", "keyAgreement only", who(FACILITY, usage={"digital_signature": False, "content_commitment": False, "key_encipherment": False, "key_agreement": True}), "TRUST-021"),
    ("crl-usage", "cRLSign only", who(FACILITY, usage={"digital_signature": False, "content_commitment": False, "key_encipherment": False, "crl_sign": True}), "TRUST-021"),
    ("critical-unknown", "an unknown critical extension", who(FACILITY, extensions=_unknown_critical()), "TRUST-007 TRUST-021"),
    ("usage-ocsp", "critical OCSP-signing usage only", who(FACILITY, extensions=_usage(ExtendedKeyUsageOID.OCSP_SIGNING)), "TRUST-007 TRUST-021"),
    ("usage-timestamp", "critical time-stamping usage only", who(FACILITY, extensions=_usage(ExtendedKeyUsageOID.TIME_STAMPING)), "TRUST-007 TRUST-021"),
    ("ended-today", "ended an hour ago", who(FACILITY, end=_NOW - timedelta(hours=1)), "TRUST-008"),
    ("starts-tomorrow", "starts in an hour", who(FACILITY, start=_NOW + timedelta(hours=1)), "TRUST-009"),
    ("rsa-1024", "RSA of 1024 bits", _key(lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024)), "TRUST-021"),
    ("rsa-2047", "RSA of 1536 bits", _key(lambda: rsa.generate_private_key(public_exponent=65537, key_size=1536)), "TRUST-021"),
    ("ed25519", "an Ed25519 key", _foreign_key(ed25519.Ed25519PrivateKey.generate()), "TRUST-021"),
    ("dsa", "a DSA key", _foreign_key(dsa.generate_private_key(2048)), "TRUST-021"),
)  # fmt: skip

CASES: tuple[Case, ...] = _SUBJECTS + _CERTIFICATES
