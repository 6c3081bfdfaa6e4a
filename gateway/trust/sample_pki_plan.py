"""The sample PKI, declared as data: which certificates exist, and what is wrong with each bad one.

The subjects follow the layout of real eHealth certificates; every number and every name is invented.
A bad certificate has one flaw and no other, so that a refusal can only mean that flaw.
There is no certificate signed with SHA-1 among them: `cryptography` refuses to make such a signature.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.x509 import ObjectIdentifier, ReasonFlags
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = "vsb-sample"  # noqa: S105  one published password for every sample keystore
ALIAS = "authentication"

VALID_FROM = datetime(2024, 1, 1, tzinfo=UTC)
VALID_UNTIL = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
NOT_YET_VALID_FROM = datetime(2048, 1, 1, tzinfo=UTC)
REVOKED_ON = datetime(2024, 2, 1, tzinfo=UTC)

OCSP_URL = "http://ocsp.sample.invalid/"
CRL_URL = "http://crl.sample.invalid/{issuer}.crl"
CRL_ISSUERS = ("root-ca", "issuing-ca")
BUNDLE = ("root-ca", "issuing-ca")

Rdn = tuple[ObjectIdentifier, str]


class Kind(StrEnum):
    """What a sample certificate is there for."""

    CA = "ca"  # signs the others
    FACILITY = "facility"  # a voorziening that sends messages
    ZORGKAS = "zorgkas"  # one of the six that receive them
    PLATFORM = "platform"  # the central application itself and its servers
    BAD = "bad"  # must be refused
    UNPLANNED = "unplanned"  # lies in the folder, but the plan does not know it


class KeyKind(StrEnum):
    RSA_2048 = "RSA 2048"
    RSA_1024 = "RSA 1024"
    EC_P256 = "EC P-256"


class KeyUse(StrEnum):
    """The bits of the key usage extension (RFC 5280, 4.2.1.3), named as `cryptography` names them."""

    DIGITAL_SIGNATURE = "digital_signature"
    CONTENT_COMMITMENT = "content_commitment"  # was called nonRepudiation
    KEY_ENCIPHERMENT = "key_encipherment"
    DATA_ENCIPHERMENT = "data_encipherment"
    KEY_AGREEMENT = "key_agreement"
    KEY_CERT_SIGN = "key_cert_sign"
    CRL_SIGN = "crl_sign"
    ENCIPHER_ONLY = "encipher_only"
    DECIPHER_ONLY = "decipher_only"


AUTHENTICATION = (KeyUse.DIGITAL_SIGNATURE, KeyUse.CONTENT_COMMITMENT, KeyUse.KEY_ENCIPHERMENT)
ISSUING = (KeyUse.KEY_CERT_SIGN, KeyUse.CRL_SIGN)


@dataclass(frozen=True, kw_only=True)
class Party:
    """Who an eHealth certificate speaks for."""

    # The identifier type, in eHealth's own words (NIHII-PROT_ACC, CBE, SSIN ...).
    type: str
    # The number of that type, check digits included.
    number: str
    # Upper case, without diacritics, as eHealth writes it.
    name: str
    # Tells several certificates of one organisation apart.
    application: str | None = None

    @property
    def identity(self) -> str:
        return f"{self.type}={self.number}"


@dataclass(frozen=True, kw_only=True)
class PlannedCertificate:
    """One certificate with its key, as it is to be made."""

    # Names its files.
    name: str
    kind: Kind
    # What one uses it for, or what is wrong with it.
    purpose: str
    # In the order in which the certificate carries them.
    subject: tuple[Rdn, ...]
    # The name of the CA that signs; its own name when it signs itself.
    issuer: str = "issuing-ca"
    key: KeyKind = KeyKind.RSA_2048
    not_before: datetime = VALID_FROM
    not_after: datetime = VALID_UNTIL
    key_usage: tuple[KeyUse, ...] = AUTHENTICATION
    extended_usage: tuple[ObjectIdentifier, ...] = (
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
    )
    # How many CAs may stand below this one; None sets no bound.
    path_length: int | None = None
    # DNS names and IP addresses, for a server.
    hosts: tuple[str, ...] = ()
    # Why its issuer's CRL lists it, if it does.
    revoked_for: ReasonFlags | None = None

    @property
    def is_ca(self) -> bool:
        return self.kind is Kind.CA

    @property
    def is_self_signed(self) -> bool:
        return self.issuer == self.name


def with_check(stem: str) -> str:
    """The number with its check digits, 97 less the stem modulo 97: RIZIV, KBO and the INSZ of a birth before 2000."""
    return f"{stem}{97 - int(stem) % 97:02d}"


def ehealth_subject(party: Party, *, cn_identity: str | None = None) -> tuple[Rdn, ...]:
    """The eHealth subject of `party`; `cn_identity` lets the CN claim something else than the OU."""
    cn, units = cn_identity or party.identity, ["eHealth-platform Belgium", party.name, party.identity]
    if party.application:
        cn, units = f"{cn}, {party.application}", [*units, party.application]
    return (
        (NameOID.COUNTRY_NAME, "BE"),
        (NameOID.ORGANIZATION_NAME, "Federal Government"),
        *((NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units),
        (NameOID.COMMON_NAME, cn),
    )


def _ca(name: str, cn: str, issuer: str, purpose: str, *, path_length: int | None = None) -> PlannedCertificate:
    return PlannedCertificate(
        name=name,
        kind=Kind.CA,
        purpose=purpose,
        subject=(
            (NameOID.COUNTRY_NAME, "BE"),
            (NameOID.ORGANIZATION_NAME, "VSB SAMPLE PKI (NOT FOR PRODUCTION)"),
            (NameOID.SERIAL_NUMBER, "001"),
            (NameOID.COMMON_NAME, cn),
        ),
        issuer=issuer,
        key_usage=ISSUING,
        extended_usage=(),
        path_length=path_length,
    )


def _ehealth(name: str, kind: Kind, party: Party, purpose: str) -> PlannedCertificate:
    return PlannedCertificate(name=name, kind=kind, purpose=purpose, subject=ehealth_subject(party))


def _enterprise(stem: str, name: str, application: str) -> Party:
    return Party(type="CBE", number=with_check(stem), name=name, application=application)


IBW_1 = Party(type="NIHII-PROT_ACC", number=with_check("720901"), name="BESCHUT WONEN DE BRUG")
IBW_1_APP = Party(type=IBW_1.type, number=IBW_1.number, name=IBW_1.name, application="ZORGSOFT")
IBW_1_KBO = Party(type="CBE", number=with_check("09001777"), name=IBW_1.name)
IBW_2 = Party(type="NIHII-PROT_ACC", number=with_check("720902"), name="BESCHUT WONEN HET ANKER")
PVT_1 = Party(type="NIHII-PSYCH_HOUSE", number=with_check("722903"), name="PVT DE LINDE")
WZC_1 = Party(type="NIHII-RETIREMENT", number=with_check("760904"), name="WZC AVONDZON")
REVAZ_1 = Party(type="NIHII-HOSPITAL", number=with_check("710905"), name="REVALIDATIEZIEKENHUIS DE KADE")
REVAC_1 = Party(type="NIHII-REEDUCATION", number=with_check("772906"), name="REVALIDATIECENTRUM DE STAP")
MBE_1 = Party(type="NIHII-PALLIATIVE_CARE", number=with_check("968907"), name="MBE DE HAVEN")
BANDAGIST_1 = Party(type="NIHII-OF_BAND", number=with_check("790908"), name="BANDAGISTERIE DE GANG")
MDO_1 = Party(type="NIHII-HOME_SERVICES", number=with_check("940909"), name="OVERLEG DE KRING")
ZORG_1 = Party(type="NIHII-HOME_SERVICES", number=with_check("940911"), name="GEZINSZORG DE DREMPEL")
UNREGISTERED = Party(type="NIHII-PROT_ACC", number=with_check("720999"), name="BESCHUT WONEN ONBEKEND")
# Carries IBW_1's name and IBW_2's number: a reader that trusts the OU alone takes it for a registered facility.
TWO_NUMBERS = Party(type=IBW_2.type, number=IBW_2.number, name=IBW_1.name)
# Born in 1901 as the 499th boy of his day: nobody alive has this number.
PERSON = Party(type="SSIN", number=with_check("010203997"), name="THEOFIEL VOORBEELD")

_ZORGKASSEN = {
    "180": "CM ZORGKAS (SAMPLE)",
    "280": "NEUTRALE ZORGKAS (SAMPLE)",
    "380": "SOLIDARIS ZORGKAS (SAMPLE)",
    "480": "LIBERALE ZORGKAS (SAMPLE)",
    "580": "ONAFHANKELIJKE ZORGKAS (SAMPLE)",
    "680": "VLAAMSE ZORGKAS (SAMPLE)",
}

_CAS = (
    _ca("root-ca", "VSB SAMPLE eHealth-style root CA 001", "root-ca", "The trust anchor of the sample PKI"),
    _ca(
        "issuing-ca",
        "VSB SAMPLE eHealth-style issuing CA 001",
        "root-ca",
        "Signs every certificate below that does not say otherwise",
        path_length=0,
    ),
    _ca("other-root-ca", "VSB SAMPLE unrelated root CA 001", "other-root-ca", "A stranger's trust anchor, not to trust"),
    _ca(
        "other-issuing-ca",
        "VSB SAMPLE unrelated issuing CA 001",
        "other-root-ca",
        "The stranger's issuing CA, signs bad-wrong-issuer",
        path_length=0,
    ),
)

_FACILITIES = (
    _ehealth("facility-ibw-1", Kind.FACILITY, IBW_1, "Sheltered housing; the one to begin with"),
    replace(_ehealth("facility-ibw-2", Kind.FACILITY, IBW_2, "Sheltered housing, with an EC key"), key=KeyKind.EC_P256),
    _ehealth("facility-pvt-1", Kind.FACILITY, PVT_1, "Psychiatric nursing home"),
    _ehealth("facility-wzc-1", Kind.FACILITY, WZC_1, "Residential care centre"),
    _ehealth("facility-revaz-1", Kind.FACILITY, REVAZ_1, "Rehabilitation hospital"),
    _ehealth("facility-revac-1", Kind.FACILITY, REVAC_1, "Rehabilitation centre with a convention"),
    _ehealth("facility-mbe-1", Kind.FACILITY, MBE_1, "Palliative support team"),
    _ehealth("facility-mohm-1", Kind.FACILITY, BANDAGIST_1, "Supplier of mobility aids"),
    _ehealth("facility-mdo-1", Kind.FACILITY, MDO_1, "Organiser of multidisciplinary meetings"),
    _ehealth("facility-zorg-1", Kind.FACILITY, ZORG_1, "Home care service"),
    _ehealth("facility-ibw-1-app", Kind.FACILITY, IBW_1_APP, "facility-ibw-1 again, for its application ZORGSOFT"),
    _ehealth("facility-ibw-1-renewed", Kind.FACILITY, IBW_1, "facility-ibw-1 after renewal: same subject, another key"),
    _ehealth("facility-unregistered", Kind.FACILITY, UNREGISTERED, "A good certificate of a facility that no register knows"),
)

_ZORGKAS_CERTIFICATES = tuple(
    _ehealth(
        f"zorgkas-{code}",
        Kind.ZORGKAS,
        _enterprise(f"09001{code}", name, "ZORGKAS"),
        f"Zorgkas {code}, receives what the gateway accepted",
    )
    for code, name in _ZORGKASSEN.items()
)

_PLATFORM = (
    _ehealth(
        "gateway",
        Kind.PLATFORM,
        _enterprise("09001001", "VSB CENTRALE TOEPASSING (SAMPLE)", "VSBGATEWAY"),
        "The central application itself",
    ),
    _ehealth("sts", Kind.PLATFORM, _enterprise("09001002", "SAMPLE STS", "STS"), "Signs the SAML assertions"),
    PlannedCertificate(
        name="tls-server",
        kind=Kind.PLATFORM,
        purpose="HTTPS on localhost and 127.0.0.1",
        subject=(
            (NameOID.COUNTRY_NAME, "BE"),
            (NameOID.ORGANIZATION_NAME, "VSB SAMPLE PKI (NOT FOR PRODUCTION)"),
            (NameOID.COMMON_NAME, "localhost"),
        ),
        key_usage=(KeyUse.DIGITAL_SIGNATURE, KeyUse.KEY_ENCIPHERMENT),
        extended_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
        hosts=("localhost", "127.0.0.1"),
    ),
)


def _bad(name: str, flaw: str, party: Party = IBW_1) -> PlannedCertificate:
    return _ehealth(f"bad-{name}", Kind.BAD, party, flaw)


_BAD = (
    replace(
        _bad("expired", "facility-ibw-1, expired"),
        not_before=datetime(2019, 1, 1, tzinfo=UTC),
        not_after=datetime(2022, 1, 1, tzinfo=UTC),
    ),
    replace(_bad("not-yet-valid", "facility-ibw-1, not valid yet"), not_before=NOT_YET_VALID_FROM),
    replace(_bad("wrong-issuer", "facility-ibw-1, signed by a CA that is not trusted"), issuer="other-issuing-ca"),
    replace(_bad("revoked", "facility-ibw-1, revoked: its key was compromised"), revoked_for=ReasonFlags.key_compromise),
    _bad("kbo-only", "The facility's KBO number in place of its RIZIV number", IBW_1_KBO),
    _bad("personal", "A person in place of an organisation", PERSON),
    replace(_bad("self-signed", "facility-ibw-1, signed by itself"), issuer="bad-self-signed"),
    replace(_bad("rsa1024", "facility-ibw-1, with a key that is too short"), key=KeyKind.RSA_1024),
    replace(
        _bad("no-digital-signature", "facility-ibw-1, with a key that may encrypt but not sign"),
        key_usage=(KeyUse.KEY_ENCIPHERMENT,),
    ),
    replace(
        _bad("riziv-in-cn-only", "facility-ibw-1's number in the CN, facility-ibw-2's in the OU"),
        subject=ehealth_subject(TWO_NUMBERS, cn_identity=IBW_1.identity),
    ),
)

# A CA stands before everything it signs.
PLAN: tuple[PlannedCertificate, ...] = (*_CAS, *_FACILITIES, *_ZORGKAS_CERTIFICATES, *_PLATFORM, *_BAD)
