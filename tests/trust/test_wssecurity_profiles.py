"""The X.509 token profile in the forms that clients write: a token in the message, or the name of a certificate on file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts_xmldsig import SignedPart, signature
from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.settings import Settings
from gateway.trust.chain import load_trust_store
from gateway.trust.names import same_name
from gateway.trust.policy import GENERIC_ASYNC, SYNCHRONOUS, Part, SecurityPolicy
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
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from gateway.wire.names import BASE64_BINARY, DS, SOAP, WSSE, WSU, X509_V3, q

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


class TestTokenInTheMessage:
    def test_it_says_who_signed_and_what(self) -> None:
        signed = judge(message(), known=None)
        assert signed.certificate == ME.certificate
        assert signed.fingerprint == hashlib.sha256(ME.der).digest()
        assert signed.parts == set(Part)
        assert signed.assertion is None

    def test_the_token_itself_must_be_signed(self) -> None:
        assert refused(message(parts=("Body", "Timestamp"))) is Code.PARTS

    def test_generic_async_needs_no_signed_body(self) -> None:
        assert not judge(message(parts=("Timestamp", "BinarySecurityToken")), GENERIC_ASYNC).body_is_signed

    def test_the_reference_must_be_to_the_token(self) -> None:
        root = message()
        (reference,) = root.iter(q(WSSE, "Reference"))
        reference.set("URI", "#TS-1")
        assert refused(root) is Code.SECURITY_SHAPE

    @pytest.mark.parametrize("form", FORMS)
    def test_a_token_that_the_signature_does_not_point_at_is_refused(self, form: str) -> None:
        root = message()
        header = security(root)
        header[-1][2][0].replace(header[-1][2][0][0], forms(ME)[form])
        assert refused(root) is Code.SECURITY_SHAPE

    @pytest.mark.parametrize("tag", [q(WSSE, "BinarySecurityToken"), q(WSU, "Timestamp"), q(DS, "Signature")])
    def test_one_of_each_and_no_more(self, tag: str) -> None:
        root = message()
        etree.SubElement(security(root), tag)
        assert refused(root) is Code.SECURITY_SHAPE

    @pytest.mark.parametrize("tag", [q(WSSE, "UsernameToken"), q(DS, "KeyInfo"), "{urn:x}y"])
    def test_nothing_else_in_the_header(self, tag: str) -> None:
        root = message()
        etree.SubElement(security(root), tag)
        assert refused(root) is Code.SECURITY_SHAPE

    def test_octets_that_are_no_certificate_are_refused(self) -> None:
        root = message()
        security(root)[0].text = b64(b"geen certificaat")
        assert refused(root) is Code.SECURITY_SHAPE

    def test_a_signature_in_the_body_is_one_too_many_unless_the_service_knows_it(self) -> None:
        root = write_envelope(etree.fromstring(f'<vraag><ds:Signature xmlns:ds="{DS}"/></vraag>'))
        sign_envelope(root, ME, NOW)
        assert refused(root) is Code.SECURITY_SHAPE
        assert judge(root, replace(SYNCHRONOUS, signatures_in_body=1)).body_is_signed


class TestCertificateOnFile:
    @pytest.mark.parametrize("form", FORMS)
    def test_each_form_finds_it(self, form: str) -> None:
        signed = judge(without_token(forms(ME)[form]))
        assert signed.certificate == ME.certificate
        assert signed.parts == {Part.BODY, Part.TIMESTAMP}

    @pytest.mark.parametrize("form", FORMS)
    def test_an_ec_certificate_too(self, form: str) -> None:
        assert judge(without_token(forms(OTHER)[form], OTHER)).certificate == OTHER.certificate

    @pytest.mark.parametrize("form", FORMS)
    def test_one_that_is_not_on_file_is_refused_though_its_ca_is_trusted(self, form: str) -> None:
        stranger = sample_signer("facility-unregistered")
        assert refused(without_token(forms(stranger)[form], stranger)) is Code.NOT_ON_FILE

    @pytest.mark.parametrize("form", FORMS)
    def test_without_a_file_there_is_none(self, form: str) -> None:
        assert refused(without_token(forms(ME)[form]), known=None) is Code.NOT_ON_FILE

    @pytest.mark.parametrize("form", FORMS)
    def test_naming_anothers_certificate_is_not_holding_its_key(self, form: str) -> None:
        assert refused(without_token(forms(RENEWED)[form])) is Code.SIGNATURE

    @pytest.mark.parametrize("form", FORMS)
    def test_the_body_must_be_signed_all_the_same(self, form: str) -> None:
        assert refused(without_token(forms(ME)[form], parts=("Timestamp",))) is Code.PARTS
        assert judge(without_token(forms(ME)[form], parts=("Timestamp",)), GENERIC_ASYNC).parts == {Part.TIMESTAMP}

    @pytest.mark.parametrize("form", FORMS)
    def test_on_file_is_not_the_same_as_still_good(self, form: str) -> None:
        revoked = sample_signer("bad-revoked")
        file = CertificateIndex([revoked.certificate])
        assert refused(without_token(forms(revoked)[form], revoked), known=file) is Code.REVOKED

    def test_a_careless_file_that_answers_with_another_certificate_is_not_believed(self) -> None:
        class Careless:
            def by_issuer_serial(self, issuer: str, serial: int) -> x509.Certificate | None:
                return OTHER.certificate

            def by_ski(self, identifier: bytes) -> x509.Certificate | None:
                return OTHER.certificate

            def by_thumbprint(self, sha1: bytes) -> x509.Certificate | None:
                return OTHER.certificate

        for pointer in forms(ME).values():
            assert refused(without_token(pointer), known=Careless()) is Code.NOT_ON_FILE

    def test_a_key_identifier_of_two_holders_is_nobodys(self) -> None:
        def rename(subject: x509.Name) -> x509.Certificate:
            builder = x509.CertificateBuilder(subject_name=subject, issuer_name=ME.certificate.issuer)
            builder = builder.public_key(ME.certificate.public_key()).serial_number(7)
            builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9_000))
            return builder.sign(OTHER.key, ME.certificate.signature_hash_algorithm)

        identifier = key_identifier(ME.certificate)
        same_holder = CertificateIndex([ME.certificate, rename(ME.certificate.subject)])
        found = same_holder.by_ski(identifier)
        assert found is not None
        assert found.serial_number == 7
        assert CertificateIndex([ME.certificate, rename(OTHER.certificate.subject)]).by_ski(identifier) is None


class TestPointersThatAreRefused:
    @pytest.mark.parametrize(
        "pointer",
        [
            f'<ds:X509Data xmlns:ds="{DS}"/>',
            f'<ds:X509Data xmlns:ds="{DS}"><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>',
            f'<ds:X509Data xmlns:ds="{DS}"><ds:X509IssuerSerial/><ds:X509IssuerSerial/></ds:X509Data>',
            f'<ds:KeyName xmlns:ds="{DS}">ik</ds:KeyName>',
            f'<ds:KeyValue xmlns:ds="{DS}"/>',
            f'<w:Embedded xmlns:w="{WSSE}"/>',
            f'<w:Reference xmlns:w="{WSSE}" URI="http://example.invalid/cert"/>',
            f'<w:KeyIdentifier xmlns:w="{WSSE}">AAAA</w:KeyIdentifier>',
            f'<w:KeyIdentifier xmlns:w="{WSSE}" ValueType="{THUMBPRINT_SHA1}" EncodingType="urn:hex">AAAA</w:KeyIdentifier>',
            f'<w:KeyIdentifier xmlns:w="{WSSE}" ValueType="{THUMBPRINT_SHA1}">geen base64!</w:KeyIdentifier>',
            f'<w:KeyIdentifier xmlns:w="{WSSE}" ValueType="{THUMBPRINT_SHA1}"><x/></w:KeyIdentifier>',
            f'<w:KeyIdentifier xmlns:w="{WSSE}" ValueType="{X509_V3}">AAAA</w:KeyIdentifier>',
        ],
    )
    def test_another_shape(self, pointer: str) -> None:
        assert refused(without_token(etree.fromstring(pointer))) is Code.SECURITY_SHAPE

    @pytest.mark.parametrize("serial", ["", "-1", "0x10", "1.5", "9" * 61, "²", "١"])
    def test_a_serial_number_that_is_no_number(self, serial: str) -> None:
        assert refused(without_token(issuer_serial(ISSUER, serial))) is Code.SECURITY_SHAPE

    def test_the_right_serial_number_of_another_issuer(self) -> None:
        assert refused(without_token(issuer_serial("CN=andere CA,C=BE", SERIAL))) is Code.NOT_ON_FILE

    def test_a_key_value_beside_the_reference(self) -> None:
        root = message()
        etree.SubElement(security(root)[-1][2], q(DS, "KeyValue"))
        assert refused(root) is Code.SECURITY_SHAPE

    def test_an_object_beside_key_info(self) -> None:
        root = message()
        etree.SubElement(security(root)[-1], q(DS, "Object"))
        assert refused(root) is Code.SECURITY_SHAPE

    def test_a_client_of_2018_that_signed_its_body_only_and_sent_no_timestamp(self) -> None:
        root = without_token(key_identifier_of(X509_V3, ME.der))
        header = security(root)
        header.remove(header[0])
        assert refused(root) is Code.SECURITY_SHAPE


class TestNamesAsText:
    CN, SERIALNUMBER = "VSB SAMPLE eHealth-style issuing CA 001", "001"
    O = "VSB SAMPLE PKI (NOT FOR PRODUCTION)"  # noqa: E741

    @pytest.mark.parametrize(
        "text",
        [
            "CN={cn},SERIALNUMBER={sn},O={o},C=BE",
            "CN={cn}, SERIALNUMBER={sn}, O={o}, C=BE",
            "C=BE,O={o},SERIALNUMBER={sn},CN={cn}",
            "CN={cn},2.5.4.5=#1303303031,O={o},C=BE",
            'CN="{cn}"; OID.2.5.4.5="{sn}"; O="{o}"; C=be',
            "cn={cn} , serialNumber={sn} , o={o} , c=BE",
            "CN=VSB\\ SAMPLE eHealth\\2Dstyle issuing CA 001,SERIALNUMBER={sn},O={o},C=BE",
        ],
    )
    def test_each_way_of_writing_the_issuer_is_understood(self, text: str) -> None:
        written = text.format(cn=self.CN, sn=self.SERIALNUMBER, o=self.O)
        assert same_name(written, ME.certificate.issuer)
        assert judge(without_token(issuer_serial(written, SERIAL))).certificate == ME.certificate

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "=",
            "CN={cn}",
            "CN={cn},SERIALNUMBER={sn},O={o},C=BE,",
            "CN={cn},SERIALNUMBER={sn},O={o},C=NL",
            "CN={cn},O={o},C=BE",
            "CN={cn},O={o},SERIALNUMBER={sn},C=BE",
            "CN={cn},2.5.4.5=#ff,O={o},C=BE",
            "CN={cn},2.5.4.5=#0500,O={o},C=BE",
            "CN={cn}\\ff,SERIALNUMBER={sn},O={o},C=BE",
            "XX={cn},SERIALNUMBER={sn},O={o},C=BE",
            'CN="{cn},SERIALNUMBER={sn},O={o},C=BE',
            "CN={cn}\\,SERIALNUMBER={sn},O={o},C=BE",
            "CN={cn},SERIALNUMBER={sn},O={o},C=BE" + " " * 1_000,
        ],
    )
    def test_what_says_something_else_or_nothing_is_not_the_same(self, text: str) -> None:
        assert not same_name(text.format(cn=self.CN, sn=self.SERIALNUMBER, o=self.O), ME.certificate.issuer)


class TestClock:
    @pytest.mark.parametrize("moment", [NOW - SKEW, NOW + LIFETIME + SKEW])
    def test_just_inside_the_skew(self, moment: datetime) -> None:
        assert judge(message(), now=moment).created == NOW

    @pytest.mark.parametrize(("moment", "code"), [(NOW - SKEW - TICK, Code.FUTURE), (NOW + LIFETIME + SKEW + TICK, Code.STALE)])
    def test_just_outside_the_skew(self, moment: datetime, code: Code) -> None:
        assert refused(message(), now=moment) is code

    def test_the_longest_lifetime_and_a_moment_more(self) -> None:
        longest = SYNCHRONOUS.max_lifetime
        assert judge(message(lifetime=longest)).expires == NOW + longest
        assert refused(message(lifetime=longest + TICK)) is Code.STALE

    @pytest.mark.parametrize("lifetime", [timedelta(0), -TICK])
    def test_a_lifetime_that_is_none(self, lifetime: timedelta) -> None:
        assert refused(message(lifetime=lifetime)) is Code.STALE

    @pytest.mark.parametrize("text", ["", "x", "2026-03-01T12:00:00", "2026-03-01T12:00:00+01:00", "9999-12-31T23:59:59Z"])
    def test_a_moment_that_is_none_or_far_away(self, text: str) -> None:
        root = message()
        (created,) = root.iter(q(WSU, "Created"))
        created.text = text
        assert refused(root) in (Code.SECURITY_SHAPE, Code.FUTURE)


class TestSha1:
    ALLOWED = replace(SYNCHRONOUS, allow_sha1=True)

    def sha1_message(self) -> Element:
        root = message()
        header = security(root)
        body = root[1]
        parts = [SignedPart(id=e.get(q(WSU, "Id"), ""), octets=exclusive(e)) for e in (body, header[1], header[0])]
        made = signature(ME, parts, sha1=True)
        made.append(header[-1][2])
        header.replace(header[-1], made)
        return root

    def test_it_is_refused_unless_switched_on(self) -> None:
        root = self.sha1_message()
        assert refused(root) is Code.ALGORITHM
        assert judge(root, self.ALLOWED).certificate == ME.certificate

    def test_switched_on_a_changed_body_is_still_seen(self) -> None:
        root = self.sha1_message()
        root[1][0].text = "elf"
        assert refused(root, self.ALLOWED) is Code.DIGEST

    def test_switched_on_sha_256_stays_sha_256(self) -> None:
        root = message()
        assert judge(root, self.ALLOWED).body_is_signed
        (first, *_) = root.iter(q(DS, "DigestValue"))
        first.text = b64(hashlib.sha1(exclusive(root[1])).digest())
        assert refused(root, self.ALLOWED) is Code.SIGNATURE

    @pytest.mark.parametrize("name", ["hmac-sha1", "rsa-md5", "dsa-sha1"])
    def test_switched_on_nothing_else_comes_with_it(self, name: str) -> None:
        root = message()
        (method,) = root.iter(q(DS, "SignatureMethod"))
        method.set("Algorithm", f"{DS}{name}")
        assert refused(root, self.ALLOWED) is Code.ALGORITHM

    def test_it_is_off_unless_somebody_says_so(self) -> None:
        assert not SYNCHRONOUS.allow_sha1
        assert not GENERIC_ASYNC.allow_sha1
        assert not any("sha1" in a for a in SYNCHRONOUS.signature_methods | SYNCHRONOUS.digest_methods)


class TestEveryOutcomeIsARefusal:
    @pytest.mark.parametrize(
        "error",
        [
            ValueError("x"),
            OverflowError(),
            etree.XMLSyntaxError("x", 1, 1, 1),
            etree.C14NError("x"),
            etree.DocumentInvalid("x"),
            x509.DuplicateExtension("x", x509.ObjectIdentifier("1.2.3")),
        ],
    )
    def test_whatever_a_library_raises(self, error: Exception) -> None:
        def accept(*_: object) -> None:
            raise error

        with pytest.raises(Refusal) as caught:
            verify(read_envelope(serialise(message())), SYNCHRONOUS, NOW, accept)
        assert caught.value.code is Code.SECURITY_SHAPE

    def test_a_relative_namespace_that_can_not_be_canonical(self) -> None:
        raw = serialise(message()).replace(b'<vraag xmlns="urn:example">', b'<vraag xmlns="urn:example" xmlns:b="foo/bar">')
        assert refused(etree.fromstring(raw)) is Code.STRUCTURE
