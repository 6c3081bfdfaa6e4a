"""An assertion as a document: at its one place, in its one shape, read for what the STS certifies and for nothing else."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from conformance.saml_client import sign_envelope_saml
from conformance.sts.assertion import IDENTIFICATION, Attribute, certified, write_assertion
from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.saml import CERTIFIED, SAML, check_assertion
from gateway.trust.signing import Signer
from gateway.wire.envelope import write_envelope
from gateway.wire.names import DS, ENVELOPED, WSSE, q
from tests.trust.saml_support import (
    GOOD,
    HOLDER,
    IBW1,
    NOW,
    NUMBER,
    OTHER,
    STS,
    TRUTH,
    assertion,
    each,
    judge,
    message,
    refused,
    resigned,
    security,
)


class TestPlace:
    def test_two_assertions_are_refused(self) -> None:
        root = message()
        security(root).append(assertion())
        assert refused(root) is Code.SECURITY_SHAPE

    def test_a_token_beside_an_assertion_is_refused(self) -> None:
        root = message()
        etree.SubElement(security(root), q(WSSE, "BinarySecurityToken"))
        assert refused(root) is Code.SECURITY_SHAPE

    def test_anything_else_beside_an_assertion_is_refused(self) -> None:
        root = message()
        etree.SubElement(security(root), q(WSSE, "UsernameToken"))
        assert refused(root) is Code.SECURITY_SHAPE

    def test_the_clients_own_claim_inside_is_never_read(self) -> None:
        claim = assertion(attributes=certified({NUMBER: "72090202000", "urn:forged": "true"}))
        claim.remove(claim[-1])
        signed = judge(message(assertion(echo=claim)))
        assert signed.assertion is not None
        assert signed.assertion.certified == {NUMBER: (IBW1,), TRUTH: ("true",)}

    def test_a_claim_that_is_signed_is_a_signature_too_many(self) -> None:
        assert refused(message(assertion(echo=assertion()))) is Code.SECURITY_SHAPE

    def test_a_genuine_assertion_inside_a_forged_one_does_not_count(self) -> None:
        genuine = assertion()
        forged = assertion(HOLDER, attributes=certified({NUMBER: "72090202000"}))
        forged.remove(forged[-1])
        echo = etree.SubElement(each(forged, "SubjectConfirmation")[0], q(SAML, "SubjectConfirmationData"))
        echo.append(genuine)
        assert refused(message(forged)) is Code.SECURITY_SHAPE
        forged.append(genuine[-1])
        assert refused(message(forged)) in (Code.SECURITY_SHAPE, Code.ASSERTION_SIGNATURE)

    def test_an_id_inside_the_claim_may_not_be_the_bodys(self) -> None:
        claim = etree.Element(q(SAML, "Assertion"), {"AssertionID": "BODY-1"}, nsmap={None: SAML})
        root = message(assertion(echo=claim))
        root[1].set("Id", "BODY-1")
        assert refused(root) is Code.DUPLICATE_ID

    def test_a_claim_with_the_assertions_own_id_is_refused(self) -> None:
        def echo(token: Element) -> None:
            for confirmation in each(token, "SubjectConfirmation"):
                data = etree.Element(q(SAML, "SubjectConfirmationData"))
                etree.SubElement(data, q(SAML, "Assertion"), {"AssertionID": token.get("AssertionID", "")})
                confirmation.insert(1, data)

        assert refused(message(resigned(echo))) is Code.DUPLICATE_ID

    def test_an_assertion_in_the_body_means_nothing(self) -> None:
        root = write_envelope(assertion())
        sign_envelope_saml(root, HOLDER, assertion(), NOW)
        assert refused(root) is Code.SECURITY_SHAPE
        root[1][0].remove(root[1][0][-1])
        assert refused(root) is Code.DIGEST

    def test_the_key_identifier_must_name_this_assertion(self) -> None:
        root = message()
        (pointer,) = security(root).iter(q(WSSE, "KeyIdentifier"))
        pointer.text = "_iets-anders"
        assert refused(root) is Code.ASSERTION

    def test_the_key_identifier_must_be_of_the_saml_kind(self) -> None:
        root = message()
        (pointer,) = security(root).iter(q(WSSE, "KeyIdentifier"))
        pointer.set("ValueType", "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID")
        assert refused(root) is Code.SECURITY_SHAPE

    def test_an_assertion_without_its_signature_is_refused(self) -> None:
        token = assertion()
        token.remove(token[-1])
        assert refused(message(token)) is Code.SECURITY_SHAPE


class TestShape:
    @pytest.mark.parametrize("version", [("1", "0"), ("2", "0"), ("1", "2")])
    def test_only_saml_1_1_is_spoken(self, version: tuple[str, str]) -> None:
        def set_version(token: Element) -> None:
            token.set("MajorVersion", version[0])
            token.set("MinorVersion", version[1])

        assert refused(message(resigned(set_version))) is Code.ASSERTION

    @pytest.mark.parametrize("name", ["Advice", "AuthorizationDecisionStatement", "Conditions"])
    def test_a_part_that_has_no_place_here_is_refused(self, name: str) -> None:
        assert refused(message(resigned(lambda a: a.insert(1, etree.Element(q(SAML, name)))))) is Code.ASSERTION

    @pytest.mark.parametrize("name", ["AuthenticationStatement", "AttributeStatement", "Conditions"])
    def test_a_part_that_is_missing_is_refused(self, name: str) -> None:
        assert refused(message(resigned(lambda a: a.remove(each(a, name)[0])))) is Code.ASSERTION

    def test_a_condition_that_we_do_not_know_is_not_met(self) -> None:
        token = resigned(lambda a: etree.SubElement(a[0], q(SAML, "AudienceRestrictionCondition")))
        assert refused(message(token)) is Code.ASSERTION

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("xmldsig#enveloped-signature", "xmldsig#base64", Code.ALGORITHM),
            (
                ENVELOPED,
                "http://www.w3.org/TR/1999/REC-xslt-19991116",
                Code.ALGORITHM,
            ),
            ("#rsa-sha256", "#hmac-sha256", Code.ALGORITHM),
            ('URI="#_', 'URI="#x_', Code.SECURITY_SHAPE),
            ('URI="#_', 'URI="" x="', Code.SECURITY_SHAPE),
            ('URI="#_', 'URI="http://example.invalid/#_', Code.SECURITY_SHAPE),
        ],
    )
    def test_its_signature_passes_the_same_gate(self, old: str, new: str, code: Code) -> None:
        text = etree.tostring(assertion()).decode()
        assert old in text
        assert refused(message(etree.fromstring(text.replace(old, new)))) is code

    def test_both_transforms_are_needed(self) -> None:
        token = assertion()
        (steps,) = token[-1].iter(q(DS, "Transforms"))
        steps.remove(steps[0])
        assert refused(message(token)) is Code.ALGORITHM

    def test_a_second_reference_is_refused(self) -> None:
        token = assertion()
        info = token[-1][0]
        info.append(deepcopy(info[-1]))
        assert refused(message(token)) is Code.SECURITY_SHAPE


class TestAttributes:
    def certified_in(self, *attributes: Attribute) -> dict[str, tuple[str, ...]]:
        signed = judge(message(assertion(attributes=attributes)))
        assert signed.assertion is not None
        return dict(signed.assertion.certified)

    @pytest.mark.parametrize("namespace", [IDENTIFICATION, "urn:be:fgov:certified-namespace", f"{CERTIFIED}:x", ""])
    def test_what_stands_in_another_namespace_is_not_certified(self, namespace: str) -> None:
        assert self.certified_in(Attribute(namespace=namespace, name=NUMBER, values=(IBW1,))) == {}

    def test_several_values_stay_several(self) -> None:
        assert self.certified_in(Attribute(namespace=CERTIFIED, name="n", values=("a", "b"))) == {"n": ("a", "b")}

    def test_a_value_with_elements_in_it_is_no_value(self) -> None:
        def split(token: Element) -> None:
            value = each(token, "AttributeValue")[0]
            value.text = IBW1[:8]
            etree.SubElement(value, "x").tail = "999"

        signed = judge(message(resigned(split)))
        assert signed.assertion is not None
        assert signed.assertion.certified[NUMBER] == ()

    def test_a_typed_value_is_read_like_an_untyped_one(self) -> None:
        def add_type(token: Element) -> None:
            for value in each(token, "AttributeValue"):
                value.set("{http://www.w3.org/2001/XMLSchema-instance}type", "xs:string")

        signed = judge(message(resigned(add_type)))
        check_assertion(signed, IBW1)

    def test_neither_name_nor_attributes_show_in_a_log(self) -> None:
        signed = judge(message())
        assert IBW1[:8] not in repr(signed.assertion)


class TestCrosscheck:
    def crosscheck(self, riziv: str, signer: Signer = HOLDER, **changes: object) -> Code | None:
        signed = judge(message(assertion(holder=signer.certificate, **changes), signer))
        try:
            check_assertion(signed, riziv)
        except Refusal as refusal:
            return refusal.code
        return None

    @pytest.mark.parametrize("riziv", ["72090103", "72090103000"])
    def test_the_certified_number_is_the_messages(self, riziv: str) -> None:
        assert self.crosscheck(riziv) is None

    def test_a_number_padded_with_zeros_is_its_eight_digits(self) -> None:
        assert self.crosscheck("72090103000", attributes=certified({NUMBER: "72090103520"})) is None

    @pytest.mark.parametrize("riziv", ["72090202", "72090202000", "72090103001", "7209010", ""])
    def test_another_number_is_refused(self, riziv: str) -> None:
        assert self.crosscheck(riziv) is Code.CROSSCHECK

    def test_a_number_that_is_only_asserted_certifies_nothing(self) -> None:
        asserted = (Attribute(namespace=IDENTIFICATION, name=NUMBER, values=(IBW1,)),)
        assert self.crosscheck(IBW1, attributes=asserted) is Code.NOT_CERTIFIED

    @pytest.mark.parametrize("values", [{}, {TRUTH: "true"}, {NUMBER: IBW1, TRUTH: "false"}, {NUMBER: "72090103"}])
    def test_no_recognised_number_is_refused(self, values: dict[str, str]) -> None:
        assert self.crosscheck(IBW1, attributes=certified(values)) is Code.NOT_CERTIFIED

    def test_a_name_whose_two_organisation_words_differ_certifies_nothing(self) -> None:
        name = "urn:be:fgov:ehealth:1.0:protacc:nihii-number:recognisedretirement:nihii11"
        assert self.crosscheck(IBW1, attributes=certified({name: IBW1})) is Code.NOT_CERTIFIED

    def test_a_certificate_on_another_number_is_refused(self) -> None:
        assert self.crosscheck(IBW1, OTHER) is Code.CROSSCHECK

    def test_a_certificate_on_a_kbo_number_is_refused(self) -> None:
        assert self.crosscheck(IBW1, sample_signer("bad-kbo-only")) is Code.CROSSCHECK

    def test_a_message_without_an_assertion_has_nothing_to_compare(self) -> None:
        check_assertion(replace(judge(message()), assertion=None), "72090202")


class TestSha1:
    ALLOWED = replace(SYNCHRONOUS, allow_sha1=True)

    def test_it_is_refused_in_the_assertion_unless_switched_on(self) -> None:
        root = message(write_assertion(GOOD, STS, NOW, sha1=True))
        assert refused(root) is Code.ALGORITHM
        assert judge(root, self.ALLOWED).assertion is not None

    def test_it_is_refused_in_the_message_unless_switched_on(self) -> None:
        root = message(sha1=True)
        assert refused(root) is Code.ALGORITHM
        assert judge(root, self.ALLOWED).body_is_signed

    def test_switched_on_it_still_proves_what_it_signs(self) -> None:
        root = message(write_assertion(GOOD, STS, NOW, sha1=True), sha1=True)
        root[1][0].text = "elf"
        assert refused(root, self.ALLOWED) is Code.DIGEST
        token = write_assertion(GOOD, STS, NOW, sha1=True)
        each(token, "AttributeValue")[0].text = "72090202000"
        assert refused(message(token), self.ALLOWED) is Code.ASSERTION_SIGNATURE
