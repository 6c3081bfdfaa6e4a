"""SAML 1.1 holder-of-key: what an STS says of the one who signed is believed, and nothing that anyone else says."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import signxml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.xmldsig import certificate_info, enveloped
from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.trust.policy import GENERIC_ASYNC, SYNCHRONOUS, Part
from gateway.trust.saml import SAML
from gateway.trust.wssecurity import verify
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import read_envelope, serialise
from gateway.wire.names import DS, q
from tests.trust.saml_support import (
    END,
    GOOD,
    HOLDER,
    IBW1,
    NOW,
    NUMBER,
    OTHER,
    RAW,
    SKEW,
    STORE,
    STS,
    TICK,
    TRUST,
    TRUTH,
    assertion,
    at,
    each,
    judge,
    message,
    refused,
    resigned,
)


class TestWhatIsAccepted:
    def test_the_holder_and_what_the_sts_certifies_come_out(self) -> None:
        signed = judge(message())
        assert signed.assertion is not None
        assert signed.certificate == HOLDER.certificate
        assert signed.parts == {Part.BODY, Part.TIMESTAMP}
        assert signed.assertion.certified == {NUMBER: (IBW1,), TRUTH: ("true",)}
        assert (signed.assertion.not_before, signed.assertion.not_on_or_after) == (NOW - timedelta(minutes=5), END)

    def test_an_ec_key_may_hold_an_assertion(self) -> None:
        assert judge(message(assertion(holder=OTHER.certificate), OTHER)).certificate == OTHER.certificate

    def test_a_prefixed_indented_assertion_is_as_good(self) -> None:
        plain = assertion()
        plain.remove(plain[-1])
        text = etree.tostring(plain).decode().replace("</", "</saml:").replace("<", "<saml:").replace("<saml:/saml:", "</saml:")
        text = text.replace("saml:ds:", "ds:").replace('xmlns="', 'xmlns:saml="')
        prefixed = etree.fromstring(text)
        etree.indent(prefixed)
        prefixed[-1].tail = "\n  "
        prefixed.append(enveloped(prefixed, "AssertionID", STS))
        prefixed[-1].tail = "\n"
        assert prefixed.prefix == "saml"
        # A tail after the signature is signed text too.
        assert refused(message(prefixed)) is Code.ASSERTION_SIGNATURE
        prefixed[-1].tail = None
        assert judge(message(prefixed)).assertion is not None

    def test_prefixes_of_the_envelope_do_not_touch_it(self) -> None:
        raw = serialise(message()).replace(
            b"<soap:Envelope ", b'<soap:Envelope xmlns:saml="%s" xmlns:x="urn:x" ' % SAML.encode(), 1
        )
        assert judge(etree.fromstring(raw)).assertion is not None

    def test_generic_async_signs_the_timestamp_only(self) -> None:
        signed = judge(message(parts=("Timestamp",)), GENERIC_ASYNC)
        assert not signed.body_is_signed

    @pytest.mark.parametrize("parts", [("Timestamp",), ("Body",)])
    def test_a_synchronous_service_wants_body_and_timestamp(self, parts: tuple[str, ...]) -> None:
        assert refused(message(parts=parts)) is Code.PARTS

    def test_an_old_and_a_new_sts_certificate_work_side_by_side(self) -> None:
        both = replace(TRUST, certificates=(sample_signer("gateway").certificate, STS.certificate))
        assert judge(message(), sts=both).assertion is not None
        assert judge(message(assertion(sample_signer("gateway"))), sts=both).assertion is not None

    def test_another_verifier_agrees_that_the_sts_signed_it(self) -> None:
        result = signxml.XMLVerifier().verify(assertion(), x509_cert=STS.certificate, id_attribute="AssertionID")
        assert result.signed_xml.get("Issuer") == "urn:be:fgov:ehealth:sts:1_0"


class TestTime:
    @pytest.mark.parametrize("moment", [GOOD.not_before - SKEW, END - TICK, END + SKEW - TICK])
    def test_just_inside_a_tolerance_it_holds(self, moment: datetime) -> None:
        assert judge(at(moment), now=moment).assertion is not None

    @pytest.mark.parametrize(
        ("moment", "code"), [(GOOD.not_before - SKEW - TICK, Code.ASSERTION_NOT_YET), (END + SKEW, Code.ASSERTION_EXPIRED)]
    )
    def test_just_outside_it_does_not(self, moment: datetime, code: Code) -> None:
        assert refused(at(moment), now=moment) is code

    @pytest.mark.parametrize("text", ["", "morgen", "2026-03-01T12:00:00"])
    def test_a_moment_without_meaning_is_refused(self, text: str) -> None:
        token = resigned(lambda a: a[0].set("NotOnOrAfter", text))
        assert refused(message(token)) is Code.ASSERTION

    def test_the_messages_own_timestamp_is_still_judged(self) -> None:
        assert refused(at(NOW - timedelta(hours=1))) is Code.STALE


class TestWhoseWordCounts:
    def test_without_a_configured_sts_no_assertion_is_believed(self) -> None:
        assert refused(message(), sts=None) is Code.STS

    def test_another_issuer_is_refused_whoever_signed(self) -> None:
        assert refused(message(assertion(issuer="urn:example:sts"))) is Code.STS

    def test_a_certificate_of_the_same_ca_is_not_the_sts(self) -> None:
        assert refused(message(assertion(sample_signer("gateway")))) is Code.STS

    def test_the_holder_can_not_be_its_own_sts(self) -> None:
        assert refused(message(assertion(HOLDER))) is Code.STS

    def test_naming_the_sts_certificate_is_not_signing_with_its_key(self) -> None:
        token = assertion(HOLDER)
        token[-1].replace(token[-1][-1], certificate_info(STS.der))
        assert refused(message(token)) is Code.ASSERTION_SIGNATURE

    def test_without_a_certificate_in_its_key_info_nobody_signed(self) -> None:
        token = assertion()
        token[-1][-1].remove(token[-1][-1][0])
        assert refused(message(token)) is Code.STS

    @pytest.mark.parametrize("name", ["bad-expired", "bad-not-yet-valid", "bad-revoked", "bad-wrong-issuer", "bad-rsa1024"])
    def test_a_configured_certificate_that_went_bad_is_not_believed(self, name: str) -> None:
        sts = sample_signer(name)
        assert refused(message(assertion(sts)), sts=replace(TRUST, certificates=(sts.certificate,))) is Code.STS

    def test_no_revocation_data_of_the_sts_is_our_trouble_and_said_so(self) -> None:
        def out(*_: object) -> None:
            raise Refusal(Code.UNAVAILABLE)

        assert refused(message(), sts=replace(TRUST, accept=out)) is Code.UNAVAILABLE

    def test_the_holders_own_certificate_is_judged_too(self) -> None:
        revoked = sample_signer("bad-revoked")
        assert refused(message(assertion(holder=revoked.certificate), revoked)) is Code.REVOKED


class TestHolderOfKey:
    def test_another_holder_can_not_replay_an_assertion(self) -> None:
        assert refused(message(signer=sample_signer("facility-ibw-1-renewed"))) is Code.HOLDER

    def test_sender_vouches_is_refused(self) -> None:
        assert refused(message(assertion(method="urn:oasis:names:tc:SAML:1.0:cm:sender-vouches"))) is Code.HOLDER

    def test_a_second_confirmation_method_is_refused(self) -> None:
        def add(token: Element) -> None:
            for subject in each(token, "SubjectConfirmation"):
                extra = etree.Element(q(SAML, "ConfirmationMethod"))
                extra.text = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
                subject.insert(1, extra)

        assert refused(message(resigned(add))) is Code.HOLDER

    @pytest.mark.parametrize("statement", [0, 1])
    def test_one_sender_vouches_statement_spoils_the_other(self, statement: int) -> None:
        def spoil(token: Element) -> None:
            each(token, "ConfirmationMethod")[statement].text = "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches"

        assert refused(message(resigned(spoil))) is Code.HOLDER

    @pytest.mark.parametrize("statement", [0, 1])
    def test_two_statements_about_two_keys_are_refused(self, statement: int) -> None:
        def swap(token: Element) -> None:
            confirmation = each(token, "SubjectConfirmation")[statement]
            confirmation.replace(confirmation[-1], certificate_info(OTHER.der))

        token = resigned(swap)
        assert refused(message(token)) is Code.HOLDER
        assert refused(message(token, OTHER)) is Code.HOLDER

    def test_two_statements_about_two_names_are_refused(self) -> None:
        def rename(token: Element) -> None:
            each(token, "NameIdentifier")[0].text = "CN=iemand anders"

        assert refused(message(resigned(rename))) is Code.HOLDER

    def test_no_key_or_two_keys_are_refused(self) -> None:
        def drop(token: Element) -> None:
            for confirmation in each(token, "SubjectConfirmation"):
                confirmation.remove(confirmation[-1])

        def double(token: Element) -> None:
            for confirmation in each(token, "SubjectConfirmation"):
                confirmation.append(certificate_info(OTHER.der))

        assert refused(message(resigned(drop))) is Code.ASSERTION
        assert refused(message(resigned(double))) is Code.ASSERTION

    def test_an_unreadable_certificate_is_refused_and_raises_nothing_else(self) -> None:
        def spoil(token: Element) -> None:
            for value in token.iter(q(DS, "X509Certificate")):
                value.text = base64.b64encode(b"geen certificaat").decode()

        assert refused(message(resigned(spoil))) is Code.ASSERTION


class TestChanges:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (IBW1, "72090202000"),
            ("NotOnOrAfter=", "x:NotOnOrAfter="),
            ("CN=NIHII", "CN=NIHIJ"),
            (NUMBER, NUMBER.replace("11", "12")),
        ],
    )
    def test_an_assertion_changed_after_signing_is_refused(self, old: str, new: str) -> None:
        text = etree.tostring(assertion()).decode()
        assert old in text
        changed = etree.fromstring(text.replace(old, new).replace("<Assertion ", '<Assertion xmlns:x="urn:x" ', 1))
        assert refused(message(changed)) is Code.ASSERTION_SIGNATURE

    def test_a_changed_signature_value_is_refused(self) -> None:
        token = assertion()
        value = token[-1].find(q(DS, "SignatureValue"))
        assert value is not None
        value.text = base64.b64encode(b"\1" * 256).decode()
        assert refused(message(token)) is Code.ASSERTION_SIGNATURE

    def test_a_changed_body_is_refused(self) -> None:
        root = message()
        root[1][0].text = "elf"
        assert refused(root) is Code.DIGEST

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_a_mutated_message_is_refused_or_means_the_same(self, data: st.DataObject) -> None:
        raw = bytearray(RAW)
        for _ in range(data.draw(st.integers(1, 3))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        try:
            envelope = read_envelope(bytes(raw))
            signed = verify(envelope, SYNCHRONOUS, NOW, STORE.accept, sts=TRUST)
        except Refusal:
            return
        assert signed.assertion is not None
        assert signed.assertion.certified == {NUMBER: (IBW1,), TRUTH: ("true",)}
        assert exclusive(envelope.payload) == exclusive(etree.fromstring(RAW)[1][0])
