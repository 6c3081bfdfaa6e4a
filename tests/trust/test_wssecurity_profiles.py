"""The X.509 token profile in the forms that clients write: a token in the message, or the name of a certificate on file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.xmldsig import SignedPart, signature
from gateway.refusal import Code, Refusal
from gateway.trust.policy import GENERIC_ASYNC, SYNCHRONOUS, Part
from gateway.trust.signing import sign_envelope
from gateway.trust.wssecurity import verify
from gateway.wire.build import b64
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from gateway.wire.names import DS, WSSE, WSU, q
from tests.trust.x509_support import (
    FORMS,
    LIFETIME,
    ME,
    NOW,
    SKEW,
    TICK,
    forms,
    judge,
    message,
    refused,
    security,
)


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
