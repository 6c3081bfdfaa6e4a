"""The gate at its limits: the last reference, id or digit that is allowed, and the defaults that WS-Security gives what is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.xmldsig import SignedPart, signature
from gateway.refusal import Code, Refusal
from gateway.trust.header import MAX_IDS, unique_ids
from gateway.trust.identity import Identity, Kind
from gateway.trust.policy import GENERIC_ASYNC, SYNCHRONOUS, Part
from gateway.trust.signedinfo import read_signed_info
from gateway.trust.tokens import SUBJECT_KEY_IDENTIFIER, THUMBPRINT_SHA1, check_assertion_reference, key_identifier, thumbprint
from gateway.wire.c14n import exclusive
from gateway.wire.names import DS, ENVELOPED, EXC_C14N, SOAP, WSSE, WSU, X509_V3, q
from tests.trust.x509_support import (
    ISSUER,
    ME,
    ON_FILE,
    SERIAL,
    issuer_serial,
    judge,
    key_identifier_of,
    message,
    refused,
    security,
    without_token,
)


def signed_again(root: Element, elements: list[Element]) -> Element:
    header = security(root)
    made = signature(ME, [SignedPart(id=e.get(q(WSU, "Id"), ""), octets=exclusive(e)) for e in elements])
    made.append(header[-1][2])
    header.replace(header[-1], made)
    return root


def blocks(root: Element, before: int, after: int) -> list[Element]:
    """Header blocks with ids, before and after the Security header."""
    header, made = root.find(q(SOAP, "Header")), []
    assert header is not None
    for number in range(before + after):
        block = etree.Element("{urn:example}blok", {q(WSU, "Id"): f"blok-{number}"})
        header.insert(0, block) if number < before else header.append(block)
        made.append(block)
    return made


class TestSignedParts:
    @pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 0), (0, 2)])
    def test_a_whole_header_block_may_be_signed_too_wherever_it_stands(self, before: int, after: int) -> None:
        root = message()
        extra = blocks(root, before, after)
        found = judge(signed_again(root, [root[1], *security(root)[:2], *extra]))
        assert found.parts == frozenset(Part)

    def test_five_references_are_allowed_and_six_are_not(self) -> None:
        root = message()
        extra = blocks(root, 1, 1)
        assert judge(signed_again(root, [root[1], *security(root)[:2], *extra])).body_is_signed
        root = message()
        extra = blocks(root, 2, 1)
        assert refused(signed_again(root, [root[1], *security(root)[:2], *extra])) is Code.SECURITY_SHAPE

    def test_only_a_transform_stands_among_the_transforms(self) -> None:
        root = message()
        transform = next(security(root)[-1].iter(q(DS, "Transform")))
        transform.tag = q(DS, "CanonicalizationMethod")
        assert refused(root) is Code.SECURITY_SHAPE

    def test_a_direct_reference_need_not_say_what_the_token_already_says(self) -> None:
        root = message()
        del next(security(root)[-1].iter(q(WSSE, "Reference"))).attrib["ValueType"]
        assert judge(root).body_is_signed

    def test_an_id_of_one_letter_names_a_part(self) -> None:
        root = message()
        root[1].set(q(WSU, "Id"), "b")
        assert judge(signed_again(root, [root[1], *security(root)[:2]])).body_is_signed

    def test_a_header_without_a_token_has_no_token_to_sign(self) -> None:
        pointer = key_identifier_of(THUMBPRINT_SHA1, thumbprint(ME.certificate))
        found = judge(without_token(pointer, parts=("Timestamp",)), GENERIC_ASYNC)
        assert found.parts == {Part.TIMESTAMP}

    @pytest.mark.parametrize(
        "where", ["SignedInfo", "Reference", "Transform", "DigestMethod", "KeyInfo", "SecurityTokenReference"]
    )
    def test_text_between_the_elements_of_a_signature_is_refused(self, where: str) -> None:
        root = message()
        element = next(e for e in security(root)[-1].iter("*") if etree.QName(e).localname == where)
        element.text = "x"
        assert refused(root) is Code.SECURITY_SHAPE

    def test_text_after_an_element_of_a_signature_is_refused(self) -> None:
        root = message()
        security(root)[-1][0][0].tail = "x"
        assert refused(root) is Code.SECURITY_SHAPE

    def test_what_stands_among_the_transforms_and_is_none_is_refused(self) -> None:
        root = message()
        transforms = next(security(root)[-1].iter(q(DS, "Transforms")))
        etree.SubElement(transforms, q(DS, "Overig"), {"Algorithm": EXC_C14N})
        assert refused(root) is Code.SECURITY_SHAPE

    @pytest.mark.parametrize(("number", "fits"), [(1, True), (3, True), (4, False)])
    def test_a_reference_has_at_most_three_transforms(self, number: int, fits: bool) -> None:
        part = SignedPart(id="x", octets=b"", transforms=(ENVELOPED,) * (number - 1) + (EXC_C14N,))
        made = signature(ME, [part])
        allowed = frozenset({ENVELOPED, EXC_C14N})
        if fits:
            (reference,) = read_signed_info(made, SYNCHRONOUS, allowed).references
            assert [(t.algorithm, t.prefixes) for t in reference.transforms] == [(a, ()) for a in part.transforms]
        else:
            assert code_of(lambda: read_signed_info(made, SYNCHRONOUS, allowed)) is Code.SECURITY_SHAPE

    def test_a_prefix_list_is_read_word_by_word_and_may_be_left_out(self) -> None:
        for given, read in (("a  b #default", ("a", "b", "#default")), (None, ())):
            made = signature(ME, [SignedPart(id="x", octets=b"")])
            child = etree.SubElement(next(made.iter(q(DS, "Transform"))), q(EXC_C14N, "InclusiveNamespaces"))
            if given is not None:
                child.set("PrefixList", given)
            (reference,) = read_signed_info(made, SYNCHRONOUS, frozenset({EXC_C14N})).references
            assert reference.transforms[0].prefixes == read
            assert reference.transforms[0].algorithm == EXC_C14N


def code_of(call: Callable[[], object]) -> Code:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code


class TestHeader:
    @pytest.mark.parametrize(
        "name", ["actor", "role", "relay", q(SOAP, "actor"), "{http://www.w3.org/2003/05/soap-envelope}relay"]
    )
    def test_a_header_that_is_meant_for_another_node_is_refused_whatever_says_so(self, name: str) -> None:
        root = message()
        security(root).set(name, "true")
        assert refused(root) is Code.SECURITY_SHAPE

    def test_an_empty_actor_means_nobody_else(self) -> None:
        root = message()
        security(root).set(q(SOAP, "actor"), "")
        assert judge(root).body_is_signed

    def test_a_thousand_ids_are_read_and_one_more_is_not(self) -> None:
        root = etree.Element("a")
        for number in range(MAX_IDS):
            etree.SubElement(root, "b", Id=f"x{number}")
        assert len(unique_ids(root)) == MAX_IDS
        etree.SubElement(root, "b", Id="nog een")
        assert code_of(lambda: unique_ids(root)) is Code.TOO_COMPLEX


class TestTokens:
    def change(self, root: Element, name: str, attribute: str, value: str | None, *, resign: bool) -> Element:
        element = next(e for e in security(root).iter("*") if etree.QName(e).localname == name)
        if value is None:
            element.attrib.pop(attribute, None)
        else:
            element.set(attribute, value)
        return signed_again(root, [root[1], *security(root)[:2]]) if resign else root

    def test_a_token_without_encoding_type_is_base64(self) -> None:
        assert judge(self.change(message(), "BinarySecurityToken", "EncodingType", None, resign=True)).body_is_signed

    @pytest.mark.parametrize(("attribute", "value"), [("EncodingType", "urn:hex"), ("ValueType", None), ("ValueType", "urn:x")])
    def test_a_token_that_says_it_is_something_else_is_refused(self, attribute: str, value: str | None) -> None:
        root = self.change(message(), "BinarySecurityToken", attribute, value, resign=True)
        assert refused(root) is Code.SECURITY_SHAPE

    def test_what_is_refused_about_a_token_is_said_with_its_place(self) -> None:
        root = message()
        token = security(root)[0]
        token.text = "AAAA"
        with pytest.raises(Refusal) as caught:
            judge(signed_again(root, [root[1], *security(root)[:2]]))
        assert caught.value.findings[0].place == "//BinarySecurityToken"

    def test_a_reference_without_value_type_is_to_a_certificate(self) -> None:
        assert judge(self.change(message(), "Reference", "ValueType", None, resign=False)).body_is_signed
        pointer = next(e for e in security(message()).iter(q(WSSE, "Reference")))
        assert pointer.get("ValueType") == X509_V3

    def test_a_reference_to_another_kind_of_token_is_refused(self) -> None:
        root = message()
        next(security(root).iter(q(WSSE, "Reference"))).set("ValueType", "urn:x")
        assert refused(root) is Code.SECURITY_SHAPE

    @pytest.mark.parametrize(
        ("kind", "octets"),
        [(SUBJECT_KEY_IDENTIFIER, key_identifier(ME.certificate)), (THUMBPRINT_SHA1, thumbprint(ME.certificate))],
    )
    def test_a_key_identifier_without_encoding_type_is_base64(self, kind: str, octets: bytes) -> None:
        pointer = key_identifier_of(kind, octets)
        del pointer.attrib["EncodingType"]
        assert judge(without_token(pointer)).certificate == ME.certificate

    def test_an_issuer_and_serial_number_that_is_called_otherwise_is_refused(self) -> None:
        pointer = issuer_serial(ISSUER, SERIAL)
        pointer[0].tag = q(DS, "X509IssuerEnSerienummer")
        assert refused(without_token(pointer)) is Code.SECURITY_SHAPE

    def test_a_serial_number_of_sixty_digits_is_read(self) -> None:
        assert refused(without_token(issuer_serial(ISSUER, "9" * 60))) is Code.NOT_ON_FILE
        assert judge(without_token(issuer_serial(ISSUER, f"{SERIAL}".rjust(60, "0")))).certificate == ME.certificate

    @pytest.mark.parametrize("value_type", ["", "urn:x"])
    def test_a_pointer_to_an_assertion_has_the_name_and_value_type_of_one(self, value_type: str) -> None:
        kind = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
        right = etree.Element(q(WSSE, "KeyIdentifier"), ValueType=kind)
        right.text = "A1"
        check_assertion_reference(right, "A1")
        for change in ("tag", "child", "type"):
            wrong = etree.fromstring(etree.tostring(right))
            if change == "tag":
                wrong.tag = q(WSSE, "Embedded")
            elif change == "child":
                etree.SubElement(wrong, "x")
            else:
                wrong.set("ValueType", value_type)
            assert code_of(lambda w=wrong: check_assertion_reference(w, "A1")) is Code.SECURITY_SHAPE  # type: ignore[misc]

    def test_a_certificate_on_file_is_the_whole_one_that_the_message_carries(self) -> None:
        assert judge(without_token(key_identifier_of(X509_V3, ME.der)), known=ON_FILE).certificate == ME.certificate


def test_an_identity_speaks_for_the_eight_digits_of_its_number_and_no_others() -> None:
    eight = Identity(type="NIHII-PROT_ACC", number="72090103", application=None, name="x")
    assert eight.kind is Kind.RIZIV
    assert eight.speaks_for_riziv("72090103000")
    assert eight.speaks_for_riziv("72090103999")
    assert not eight.speaks_for_riziv("72090104000")
    eleven = replace(eight, number="72090103000")
    assert eleven.speaks_for_riziv("72090103111")
