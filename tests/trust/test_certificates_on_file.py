"""A signature may name a certificate that is on file: by issuer and serial number, key identifier or thumbprint."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from lxml import etree

from conformance.walkthrough import sample_signer
from gateway.refusal import Code
from gateway.trust.names import same_name
from gateway.trust.policy import GENERIC_ASYNC, Part
from gateway.trust.tokens import (
    THUMBPRINT_SHA1,
    CertificateIndex,
    key_identifier,
)
from gateway.wire.names import DS, WSSE, X509_V3, q
from tests.trust.x509_support import (
    FORMS,
    ISSUER,
    ME,
    NOW,
    OTHER,
    RENEWED,
    SERIAL,
    forms,
    issuer_serial,
    judge,
    key_identifier_of,
    message,
    refused,
    security,
    without_token,
)


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
