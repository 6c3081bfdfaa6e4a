"""The gate before the verifier: what is counted, located and weighed before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.xmldsig import SignedPart, signature
from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.trust.algorithms import check_key, verify_value
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.tokens import CertificateIndex, key_identifier
from gateway.trust.wssecurity import verify
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import read_envelope, serialise
from gateway.wire.names import ECDSA_SHA256, EXC_C14N, RSA_SHA256, SOAP, WSSE, WSU, q
from tests.trust.x509_support import ALL, ME, NOW, OTHER, message, refused, security


def certificate(key: CertificateIssuerPrivateKeyTypes) -> x509.Certificate:
    """A self-made certificate without extensions."""
    name = ME.certificate.subject
    builder = x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def code_of(call: Callable[[], object]) -> Code:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code


def signed_again(root: Element, parts: list[SignedPart]) -> Element:
    """The message with a genuine signature over just these parts."""
    header = security(root)
    made = signature(ME, parts)
    made.append(header[-1][2])
    header.replace(header[-1], made)
    return root


def part(element: Element, **changes: object) -> SignedPart:
    return replace(SignedPart(id=element.get(q(WSU, "Id"), ""), octets=exclusive(element)), **changes)  # type: ignore[arg-type]


class TestOneSecurityHeader:
    def test_none_at_all(self) -> None:
        root = message()
        root.remove(root[0])
        assert refused(root) is Code.NO_SECURITY

    def test_one_that_stands_in_the_body(self) -> None:
        root = message()
        root[1][0].append(security(root))
        assert refused(root) is Code.NO_SECURITY

    def test_two_side_by_side(self) -> None:
        root = message()
        etree.SubElement(root[0], q(WSSE, "Security"))
        assert refused(root) is Code.SECURITY_SHAPE

    def test_one_in_the_header_and_one_in_the_body(self) -> None:
        root = message()
        etree.SubElement(root[1][0], q(WSSE, "Security"))
        assert refused(root) is Code.SECURITY_SHAPE

    def test_one_for_another_actor(self) -> None:
        root = message()
        security(root).set(q(SOAP, "actor"), "http://schemas.xmlsoap.org/soap/actor/next")
        assert refused(root) is Code.SECURITY_SHAPE

    def test_one_without_a_signature(self) -> None:
        root = message()
        security(root).remove(security(root)[-1])
        assert refused(root) is Code.NO_SECURITY


class TestIds:
    @pytest.mark.parametrize(
        "name", ["Id", "ID", "id", "AssertionID", "RequestID", q(WSU, "Id"), "{http://www.w3.org/XML/1998/namespace}id"]
    )
    def test_an_id_that_occurs_twice_is_refused_whatever_it_is_called(self, name: str) -> None:
        root = message()
        root[1][0].set(name, root[1].get(q(WSU, "Id"), ""))
        assert refused(root) is Code.DUPLICATE_ID

    @pytest.mark.parametrize("name", ["Id", "ID"])
    def test_only_wsu_id_names_a_part(self, name: str) -> None:
        root = message()
        root[1].set(name, root[1].attrib.pop(q(WSU, "Id")))
        assert refused(root) is Code.PARTS

    def test_a_signed_body_that_moved_away_is_not_the_body(self) -> None:
        root = message()
        evil = etree.Element(q(SOAP, "Body"))
        etree.SubElement(evil, "kwaad")
        wrapper = etree.SubElement(root[0], "{urn:x}wrapper")
        wrapper.append(root[1])
        root.append(evil)
        assert refused(root) is Code.PARTS


class TestReferences:
    def test_to_fewer_parts_than_the_profile_demands(self) -> None:
        root = message()
        header, body = security(root), root[1]
        assert refused(signed_again(root, [part(body), part(header[1])])) is Code.PARTS

    def test_to_something_deeper_than_a_part(self) -> None:
        root = message()
        header = security(root)
        header[1][0].set(q(WSU, "Id"), "dieper")
        parts = [part(e) for e in (root[1], header[0], header[1])]
        assert refused(signed_again(root, [*parts, part(header[1][0])])) is Code.PARTS

    def test_to_nothing(self) -> None:
        root = message()
        parts = [part(e) for e in (root[1], *security(root)[:2])]
        assert refused(signed_again(root, [*parts, SignedPart(id="weg", octets=b"")])) is Code.PARTS

    def test_twice_to_the_same(self) -> None:
        root = message()
        parts = [part(e) for e in (root[1], root[1], *security(root)[:2])]
        assert refused(signed_again(root, parts)) is Code.SECURITY_SHAPE

    @pytest.mark.parametrize(("transforms", "code"), [((EXC_C14N, EXC_C14N), Code.ALGORITHM), ((), Code.SECURITY_SHAPE)])
    def test_with_another_number_of_transforms(self, transforms: tuple[str, ...], code: Code) -> None:
        root = message()
        parts = [part(root[1], transforms=transforms), *(part(e) for e in security(root)[:2])]
        assert refused(signed_again(root, parts)) is code

    def test_more_than_five(self) -> None:
        root = message()
        reference = security(root)[-1][0][-1]
        for _ in range(3):
            reference.getparent().append(deepcopy(reference))
        assert refused(root) is Code.SECURITY_SHAPE

    def test_a_timestamp_with_something_more_in_it(self) -> None:
        root = message()
        etree.SubElement(security(root)[1], q(WSU, "Expires")).text = "2027-01-01T00:00:00Z"
        assert refused(root) is Code.SECURITY_SHAPE


class TestKeys:
    def test_a_key_of_just_enough_bits(self) -> None:
        check_key(certificate(rsa.generate_private_key(65537, 2048)), SYNCHRONOUS)

    def test_a_key_of_one_bit_less(self) -> None:
        weak = certificate(rsa.generate_private_key(65537, 2047))
        assert code_of(lambda: check_key(weak, SYNCHRONOUS)) is Code.WEAK_KEY

    def test_a_weak_key_is_refused_though_its_certificate_was_accepted(self) -> None:
        raw = serialise(message(sample_signer("bad-rsa1024"), parts=ALL))
        assert code_of(lambda: verify(read_envelope(raw), SYNCHRONOUS, NOW, lambda *_: None)) is Code.WEAK_KEY

    @pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
    def test_the_two_curves(self, curve: ec.EllipticCurve) -> None:
        check_key(certificate(ec.generate_private_key(curve)), SYNCHRONOUS)

    @pytest.mark.parametrize("curve", [ec.SECP521R1(), ec.SECP256K1()])
    def test_another_curve(self, curve: ec.EllipticCurve) -> None:
        other = certificate(ec.generate_private_key(curve))
        assert code_of(lambda: check_key(other, SYNCHRONOUS)) is Code.WEAK_KEY

    def test_another_kind_of_key(self) -> None:
        other = certificate(ed25519.Ed25519PrivateKey.generate())
        assert code_of(lambda: check_key(other, SYNCHRONOUS)) is Code.WEAK_KEY

    @pytest.mark.parametrize(("signer", "method"), [(ME, ECDSA_SHA256), (OTHER, RSA_SHA256), (ME, "urn:x"), (OTHER, "")])
    def test_a_method_that_does_not_fit_the_key(self, signer: object, method: str) -> None:
        holder = signer.certificate  # type: ignore[attr-defined]
        assert code_of(lambda: verify_value(holder, method, b"x" * 64, b"y")) is Code.ALGORITHM

    @pytest.mark.parametrize("size", [0, 63, 65, 64])
    def test_an_ecdsa_value_of_another_length_or_another_making(self, size: int) -> None:
        assert code_of(lambda: verify_value(OTHER.certificate, ECDSA_SHA256, b"\1" * size, b"y")) is Code.SIGNATURE

    def test_a_certificate_without_a_key_identifier_is_found_by_the_one_its_key_has(self) -> None:
        plain = certificate(ec.generate_private_key(ec.SECP256R1()))
        assert CertificateIndex([plain]).by_ski(key_identifier(plain)) == plain
