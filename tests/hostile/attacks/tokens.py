"""What stands in the BinarySecurityToken: garbage, chains, and certificates that no CA would make."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from gateway.trust.signing import Signer
from tests.hostile.attacks.identity import FACILITY
from tests.hostile.attacks.keyinfo import X509_TOKEN
from tests.hostile.case import Case, answers, cases
from tests.hostile.context import VICTIM, Context
from tests.hostile.forge import b64, draft
from tests.hostile.mint import issuer, new_key


def token(text: Callable[[Context], str], **attributes: str | None) -> Callable[[Context], bytes]:
    """A truly signed message with this text in its token."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.token.text = text(ctx)
        for name, value in attributes.items():
            if value is None:
                made.token.attrib.pop(name, None)
            else:
                made.token.set(name, value)
        made.sign()
        return made.octets()

    return make


def octets(change: Callable[[bytes], bytes]) -> Callable[[Context], bytes]:
    """The victim's certificate after a change to its octets."""
    return token(lambda ctx: b64(change(ctx.signer(VICTIM).der)))


def reshaped(change: Callable[[asn1.TbsCertificate], None] = lambda _: None, **options: Any) -> Callable[[Context], bytes]:
    """A minted certificate after a change to its body; unless `sign=False` the CA signs it again."""

    def make(ctx: Context) -> bytes:
        minted = ctx.mint.signer(FACILITY)
        der = ctx.mint.reshaped(minted, change, **options)
        made = draft(ctx, signer=Signer(key=new_key(), certificate=minted.certificate))
        made.token.text = b64(der)
        made.sign()
        return made.octets()

    return make


def put(field: str, value: object) -> Callable[[asn1.TbsCertificate], None]:
    def change(tbs: asn1.TbsCertificate) -> None:
        tbs[field] = value

    return change


def _key_octets(change: Callable[[bytes], bytes]) -> Callable[[asn1.TbsCertificate], None]:
    def edit(tbs: asn1.TbsCertificate) -> None:
        info = tbs["subject_public_key_info"]
        der = change(info.dump())
        tbs["subject_public_key_info"] = type(info).load(der)

    return edit


def _twice_extension(tbs: asn1.TbsCertificate) -> None:
    tbs["extensions"].append(tbs["extensions"][0])


def with_extension(oid: str, octets: bytes, *, critical: bool = False, sign: bool = True) -> Callable[[Context], bytes]:
    """A minted certificate with an extension whose octets are no DER."""

    def make(ctx: Context) -> bytes:
        extension = (x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), octets), critical)
        minted = ctx.mint.signer(FACILITY, extensions=[extension])
        made = draft(ctx, signer=minted)
        if not sign:
            made.token.text = b64(minted.der[:-1] + bytes([minted.der[-1] ^ 1]))
        made.sign()
        return made.octets()

    return make


_BEGIN = b"240101000000Z"


def _reversed_time(tbs: asn1.TbsCertificate) -> None:
    validity = tbs["validity"]
    tbs["validity"] = asn1.Validity({"not_before": validity["not_after"], "not_after": validity["not_before"]})


def _no_extensions(tbs: asn1.TbsCertificate) -> None:
    tbs["extensions"] = None
    tbs["version"] = "v1"


def pkcs7_chain(ctx: Context) -> str:
    return b64(pkcs7.serialize_certificates([ctx.signer(VICTIM).certificate, issuer().certificate], Encoding.DER))


def pki_path(ctx: Context) -> str:
    inner = issuer().certificate.public_bytes(Encoding.DER) + ctx.signer(VICTIM).der
    return b64(b"\x30\x82" + len(inner).to_bytes(2, "big") + inner)


_TEXTS = cases(
    "token",
    ("garbage", "no base64", token(lambda _: "%%%%"), "TRUST-002"),
    ("garbage-der", "base64 of no DER", token(lambda _: b64(b"hello")), "TRUST-002"),
    ("empty-token", "nothing", token(lambda _: ""), "TRUST-002"),
    ("one-octet", "one octet", token(lambda _: b64(b"0")), "TRUST-002"),
    ("long-length", "a length of four gigabytes", token(lambda _: b64(b"\x30\x84\xff\xff\xff\xff")), "TRUST-002"),
    ("indefinite", "an indefinite length", token(lambda _: b64(b"\x30\x80" * 1000)), "TRUST-002"),
    ("deep-der", "100,000 nested sequences", token(lambda _: b64(b"\x30\x82\xff\xff" * 100_000)), "TRUST-002"),
    ("pem", "PEM inside", token(lambda ctx: b64(ctx.signer().certificate.public_bytes(Encoding.PEM))), "TRUST-002"),
    ("pem-bare", "PEM in place of base64", token(lambda ctx: ctx.signer().certificate.public_bytes(Encoding.PEM).decode()), "TRUST-002"),
    ("url-safe", "base64 for URLs", token(lambda ctx: base64.urlsafe_b64encode(ctx.signer().der + b"\xff\xff\xff").decode()), "TRUST-002"),
    ("padding", "padding in the middle", token(lambda ctx: "AA==" + b64(ctx.signer().der)), "TRUST-002"),
    ("hexadecimal", "hexadecimal", token(lambda ctx: ctx.signer().der.hex(), EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#HexBinary"), "TRUST-002"),
    ("key", "a private key", token(lambda ctx: b64(b"\x30\x82\x04\xbd" + bytes(1213))), "TRUST-002"),
    ("trailing", "a certificate and a trailing octet", octets(lambda der: der + b"\x00"), "TRUST-002"),
    ("two-certificates", "two certificates", octets(lambda der: der + der), "TRUST-002"),
    ("cut", "half a certificate", octets(lambda der: der[: len(der) // 2]), "TRUST-002"),
    ("no-value-type", "no ValueType", token(lambda ctx: b64(ctx.signer().der), ValueType=None), "TRUST-002"),
    ("other-value-type", "another ValueType", token(lambda ctx: b64(ctx.signer().der), ValueType="urn:evil"), "TRUST-002"),
    ("v1-type", "ValueType X509v1", token(lambda ctx: b64(ctx.signer().der), ValueType=f"{X509_TOKEN}#X509v1"), "TRUST-002"),
    ("pkcs7", "a PKCS#7 chain", token(pkcs7_chain, ValueType=f"{X509_TOKEN}#PKCS7"), "TRUST-002"),
    ("pkcs7-as-certificate", "a PKCS#7 chain that says it is one certificate", token(pkcs7_chain), "TRUST-002"),
    ("pki-path", "a PKIPath", token(pki_path, ValueType=f"{X509_TOKEN}#X509PKIPathv1"), "TRUST-002"),
    ("pki-path-as-certificate", "a PKIPath that says it is one certificate", token(pki_path), "TRUST-002"),
    ("kerberos", "a Kerberos ticket", token(lambda _: b64(b"x"), ValueType="http://docs.oasis-open.org/wss/oasis-wss-kerberos-token-profile-1.1#GSS_Kerberosv5_AP_REQ"), "TRUST-002"),
)  # fmt: skip
_SHAPES = cases(
    "certificate",
    ("flipped", "one bit of the victim's name flipped", octets(lambda der: der.replace(b"BE", b"BF", 1)), "TRUST-007"),
    ("flipped-key", "one bit of the victim's key flipped", octets(lambda der: der[:400] + bytes([der[400] ^ 1]) + der[401:]), "TRUST-007 TRUST-002"),
    ("flipped-signature", "one bit of the CA's signature flipped", octets(lambda der: der[:-1] + bytes([der[-1] ^ 1])), "TRUST-007"),
    ("unsigned-change", "the subject changed, the CA's signature kept", reshaped(put("serial_number", 5), sign=False), "TRUST-007"),
    ("serial-negative", "a negative serial number", reshaped(put("serial_number", -5)), "TRUST-002 TRUST-007"),
    ("serial-zero", "serial number zero", reshaped(put("serial_number", 0)), "TRUST-002 TRUST-007"),
    ("serial-huge", "a serial number of 4,000 bits", reshaped(put("serial_number", 1 << 4000)), "TRUST-002 TRUST-007"),
    ("version-9", "version 9", reshaped(put("version", 8)), "TRUST-002 TRUST-007"),
    ("version-1", "version 1, without extensions", reshaped(_no_extensions), "TRUST-002 TRUST-007 TRUST-021"),
    ("sha1-signed", "signed with SHA-1", reshaped(lambda _: None, signature="sha1_rsa"), "TRUST-007 TRUST-021"),
    ("md5-signed", "signed with MD5", reshaped(lambda _: None, signature="md5_rsa"), "TRUST-007 TRUST-021"),
    ("md2-signed", "MD2 named", reshaped(lambda _: None, signature="md2_rsa"), "TRUST-007 TRUST-021 TRUST-002"),
    ("pss-signed", "PSS named, PKCS#1 inside", reshaped(lambda _: None, signature="rsassa_pss"), "TRUST-007 TRUST-021 TRUST-002"),
    ("ecdsa-signed", "ECDSA named, RSA inside", reshaped(lambda _: None, signature="sha256_ecdsa"), "TRUST-007 TRUST-021 TRUST-002"),
    ("dsa-signed", "DSA named", reshaped(lambda _: None, signature="sha256_dsa"), "TRUST-007 TRUST-021 TRUST-002"),
    ("unknown-signed", "an unknown signature algorithm", reshaped(lambda _: None, signature="1.2.3.4.5"), "TRUST-007 TRUST-021 TRUST-002"),
    ("unknown-signed-unsigned", "the same, by someone without the CA's key", reshaped(lambda _: None, signature="1.2.3.4.5", sign=False), "TRUST-007 TRUST-021 TRUST-002"),
    ("extension-twice", "an extension twice", reshaped(_twice_extension), "TRUST-007 TRUST-021 TRUST-002"),
    ("extension-twice-unsigned", "the same, by someone without the CA's key", reshaped(_twice_extension, sign=False), "TRUST-007 TRUST-021 TRUST-002"),
    ("extension-broken", "an extension that is no DER", with_extension("2.5.29.17", b"\x30\x03\x02\x01"), "TRUST-007 TRUST-021 TRUST-002"),
    ("extension-broken-critical", "broken name constraints, critical", with_extension("2.5.29.30", b"\x30\x82\xff\xff", critical=True), "TRUST-007 TRUST-021 TRUST-002"),
    ("extension-broken-unsigned", "a broken extension, by someone without the CA's key", with_extension("2.5.29.17", b"\x30\x03\x02\x01", sign=False), "TRUST-007 TRUST-002"),
    ("time-broken", "dates that do not exist", reshaped(octets=(_BEGIN, b"249931999999Z")), "TRUST-002 TRUST-007"),
    ("time-broken-unsigned", "the same, by someone without the CA's key", reshaped(octets=(_BEGIN, b"249931999999Z"), sign=False), "TRUST-002 TRUST-007"),
    ("time-zone", "dates with a zone", reshaped(octets=(_BEGIN, b"2401010000+01")), "TRUST-002 TRUST-007"),
    ("time-letters", "dates in letters", reshaped(octets=(_BEGIN, b"EVILEVILEVILZ")), "TRUST-002 TRUST-007"),
    ("time-reversed", "an end before its begin", reshaped(_reversed_time), "TRUST-007 TRUST-008 TRUST-009"),
    ("key-point", "an EC point that is not on its curve", reshaped(_key_octets(lambda der: der[:-1] + bytes([der[-1] ^ 1]))), "TRUST-021 TRUST-002 TRUST-007"),
    ("key-infinity", "the point at infinity", reshaped(_key_octets(lambda der: der[:27] + bytes(len(der) - 27))), "TRUST-021 TRUST-002 TRUST-007"),
    ("key-curve", "a curve nobody knows", reshaped(_key_octets(lambda der: der.replace(b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2a\x86\x48\xce\x3d\x03\x01\x7f"))), "TRUST-021 TRUST-002 TRUST-007"),
    ("key-curve-unsigned", "the same, by someone without the CA's key", reshaped(_key_octets(lambda der: der.replace(b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2a\x86\x48\xce\x3d\x03\x01\x7f")), sign=False), "TRUST-007 TRUST-021 TRUST-002"),
)  # fmt: skip

_STRING_TAGS = {
    "bit-string": 0x03,
    "octet-string": 0x04,
    "null": 0x05,
    "integer": 0x02,
    "bmp-string": 0x1E,
    "universal-string": 0x1C,
    "teletex-string": 0x14,
    "ia5-string": 0x16,
    "numeric-string": 0x12,
    "sequence": 0x30,
    "private": 0xDF,
}
_NAMES = tuple(
    Case(
        id=f"name-{whose}-{name}",
        title=f"the {whose}'s organisation as ASN.1 {name}",
        kind="certificate",
        make=octets(lambda der, tag=tag, old=old: der.replace(old, bytes([tag]) + old[1:], 1)),
        expect=answers("TRUST-002 TRUST-007"),
    )
    for name, tag in _STRING_TAGS.items()
    for whose, old in (("issuer", b"\x0c#VSB"), ("subject", b"\x0c\x12Federal"))
)

CASES: tuple[Case, ...] = _TEXTS + _SHAPES + _NAMES
