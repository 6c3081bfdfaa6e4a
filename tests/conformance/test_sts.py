"""The sample STS: what a vendor's connector asks it, over real HTTP, and what our own verifier says of its answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
import uvicorn
from lxml import etree
from lxml.etree import _Element as Element

from conformance.saml_client import (
    REQUEST_SECURE_TOKEN,
    REQUEST_SECURITY_TOKEN,
    StsError,
    challenge_response,
    request_assertion,
    request_assertion_wstrust,
    samlp_request,
    sign_envelope_saml,
    wstrust_request,
)
from conformance.sts import wstrust
from conformance.sts.app import LEGACY_PATH, SAMLP_PATH, WSTRUST_PATH, Sts, sts_app
from conformance.sts.register import ORGANISATIONS, holder_numbers, recognised, sample_register
from conformance.sts.samlp import SAMLP
from conformance.sts.xmldsig import enveloped
from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.settings import Settings
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import GENERIC_ASYNC, SYNCHRONOUS
from gateway.trust.saml import CERTIFIED, HOLDER_OF_KEY, SAML, StsTrust, check_assertion
from gateway.trust.signing import Signer, sign_envelope
from gateway.trust.wssecurity import Signed, verify
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from gateway.wire.names import DS, SOAP, q
from tests.support import free_port

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
ME, OTHER, KEY = (sample_signer(n) for n in ("facility-ibw-1", "facility-ibw-2", "sts"))
FACILITIES = {
    "facility-ibw-1": ("protacc", "72090103000"),
    "facility-ibw-2": ("protacc", "72090202000"),
    "facility-pvt-1": ("psychhouse", "72290338000"),
    "facility-wzc-1": ("retirement", "76090461000"),
}
_SETTINGS = Settings()
STORE = load_trust_store(_SETTINGS.ca_bundle, _SETTINGS.crls, _SETTINGS.revocation)
TRUST = StsTrust(certificates=(KEY.certificate,), accept=STORE.accept)


def clock() -> datetime:
    return NOW


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Address of a running STS."""
    port = free_port()
    app = sts_app(KEY, STORE, sample_register(), clock)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def sts() -> Sts:
    """An STS that one talks to without HTTP."""
    return Sts(signer=KEY, trust=STORE, register=sample_register(), clock=clock)


def use(assertion: Element, signer: Signer = ME) -> Signed:
    """What our verifier says of a message that carries the assertion."""
    root = write_envelope(etree.fromstring("<vraag/>"))
    sign_envelope_saml(root, signer, assertion, NOW)
    return verify(read_envelope(serialise(root)), SYNCHRONOUS, NOW, STORE.accept, sts=TRUST)


def ask(sts: Sts, payload: Element, signer: Signer = ME, path: str = SAMLP_PATH) -> Element:
    root = write_envelope(payload)
    sign_envelope(root, signer, NOW)
    body = etree.fromstring(sts.answer(path, serialise(root))).find(q(SOAP, "Body"))
    assert body is not None
    return body[0]


def denied(answer: Element) -> str:
    """Our code in a denial."""
    codes = [c.get("Value") for c in answer.iter(q(SAMLP, "StatusCode"))]
    assert codes == ["samlp:Requester", "samlp:RequestDenied"]
    assert answer.find(q(SAML, "Assertion")) is None
    return (answer.findtext(f"{q(SAMLP, 'Status')}/{q(SAMLP, 'StatusMessage')}") or "").split(":")[0]


def refused(sts: Sts, payload: Element, signer: Signer = ME, path: str = SAMLP_PATH) -> Code:
    with pytest.raises(Refusal) as caught:
        ask(sts, payload, signer, path)
    return caught.value.code


class TestSamlP:
    @pytest.mark.parametrize("path", [SAMLP_PATH, LEGACY_PATH])
    @pytest.mark.parametrize("action", [REQUEST_SECURITY_TOKEN, REQUEST_SECURE_TOKEN, "AttributeQuery", ""])
    def test_every_address_and_soap_action_of_the_field_gets_an_assertion(self, base: str, path: str, action: str) -> None:
        signed = use(request_assertion(base + path, ME, clock, action=action))
        check_assertion(signed, "72090103000")

    @pytest.mark.parametrize("name", FACILITIES)
    def test_each_sample_facility_gets_its_own_number_certified(self, base: str, name: str) -> None:
        word, riziv = FACILITIES[name]
        signed = use(request_assertion(base + SAMLP_PATH, sample_signer(name), clock), sample_signer(name))
        assert signed.assertion is not None
        assert signed.assertion.certified == {recognised(word, "nihii11"): (riziv,), recognised(word, "boolean"): ("true",)}
        check_assertion(signed, riziv)

    def test_a_facility_that_the_register_does_not_know_is_certified_as_not_recognised(self, base: str) -> None:
        stranger = sample_signer("facility-unregistered")
        signed = use(request_assertion(base + SAMLP_PATH, stranger, clock), stranger)
        assert signed.assertion is not None
        assert signed.assertion.certified == {recognised("protacc", "boolean"): ("false",)}
        with pytest.raises(Refusal) as caught:
            check_assertion(signed, "72099902")
        assert caught.value.code is Code.NOT_CERTIFIED

    @pytest.mark.parametrize("validity", [timedelta(hours=5), DAY])
    def test_it_is_valid_from_five_minutes_ago_until_the_asked_end(self, base: str, validity: timedelta) -> None:
        assertion = use(request_assertion(base + SAMLP_PATH, ME, clock, validity=validity)).assertion
        assert assertion is not None
        assert (assertion.not_before, assertion.not_on_or_after) == (NOW - timedelta(minutes=5), NOW + validity)

    def test_without_an_asked_end_it_is_valid_for_a_day(self, sts: Sts) -> None:
        request = samlp_request(ME, NOW)
        (data,) = request.iter(q(SAML, "SubjectConfirmationData"))
        data.getparent().remove(data)
        answer = ask(sts, request)
        assert answer[-1][0].get("NotOnOrAfter") == "2026-03-02T12:00:00.000Z"

    def test_an_end_that_is_past_is_denied(self, sts: Sts) -> None:
        assert denied(ask(sts, samlp_request(ME, NOW, validity=-DAY))) == "VSB-TRUST-013"

    def test_the_answer_has_the_fields_shape(self, sts: Sts) -> None:
        request = samlp_request(ME, NOW)
        answer = ask(sts, request)
        assert answer.tag == q(SAMLP, "Response")
        assert answer.get("InResponseTo") == request.get("RequestID")
        assert answer.get("Recipient") == ME.certificate.subject.rfc4514_string()
        (status,) = answer.iter(q(SAMLP, "StatusCode"))
        assert status.get("Value") == "samlp:Success"
        assertion = answer[-1]
        assert assertion.prefix is None
        assert assertion.get("Issuer") == "urn:be:fgov:ehealth:sts:1_0"
        assert [etree.QName(c).localname for c in assertion] == [
            "Conditions",
            "AuthenticationStatement",
            "AttributeStatement",
            "Signature",
        ]
        spaces = [a.get("AttributeNamespace") for a in assertion[2].findall(q(SAML, "Attribute"))]
        assert spaces == ["urn:be:fgov:identification-namespace"] * 2 + [CERTIFIED] * 2

    def test_every_subject_echoes_the_clients_own_unsigned_assertion(self, sts: Sts) -> None:
        request = samlp_request(ME, NOW)
        (claim,) = request.iter(q(SAML, "Assertion"))
        assertion = ask(sts, request)[-1]
        for statement in assertion[1:3]:
            (echo,) = statement[0].iter(q(SAML, "Assertion"))
            assert echo.get("AssertionID") == claim.get("AssertionID")
            assert echo.find(q(DS, "Signature")) is None

    def test_only_what_was_asked_for_is_certified(self, sts: Sts) -> None:
        request = samlp_request(ME, NOW)
        first, _ = request.iter(q(SAML, "AttributeDesignator"))
        first.getparent().remove(first)
        signed = use(ask(sts, request)[-1])
        assert signed.assertion is not None
        assert set(signed.assertion.certified) == {recognised("protacc", "boolean")}


class TestWhatTheClientClaims:
    def claim(self, value: str, namespace: str | None = None, name: str | None = None) -> Element:
        request = samlp_request(ME, NOW)
        first, _ = request.iter(q(SAML, "Attribute"))
        first[0].text = value
        if namespace is not None:
            first.set("AttributeNamespace", namespace)
        if name is not None:
            first.set("AttributeName", name)
        return request

    def test_anothers_number_is_denied(self, sts: Sts) -> None:
        assert denied(ask(sts, self.claim("72090202"))) == "VSB-TRUST-015"

    def test_anothers_kind_of_organisation_is_denied(self, sts: Sts) -> None:
        assert denied(ask(sts, self.claim("72090103", name=holder_numbers("retirement")[0]))) == "VSB-TRUST-015"

    def test_a_person_that_is_not_on_the_certificate_is_denied(self, sts: Sts) -> None:
        assert denied(ask(sts, self.claim("01020399715", name="urn:be:fgov:person:ssin"))) == "VSB-TRUST-015"

    def test_a_claim_in_the_certified_namespace_is_not_certified_for_it(self, sts: Sts) -> None:
        forged = self.claim("72090202000", namespace=CERTIFIED, name=recognised("protacc", "nihii11"))
        signed = use(ask(sts, forged)[-1])
        assert signed.assertion is not None
        assert signed.assertion.certified[recognised("protacc", "nihii11")] == ("72090103000",)


class TestWhoAsks:
    def test_sender_vouches_is_denied(self, sts: Sts) -> None:
        request = samlp_request(ME, NOW, method=HOLDER_OF_KEY.replace("holder-of-key", "sender-vouches"))
        assert denied(ask(sts, request)) == "VSB-TRUST-032"

    def test_a_holder_other_than_the_sender_must_sign_the_request_itself(self, base: str) -> None:
        person = sample_signer("bad-personal")
        signed = use(request_assertion(base + SAMLP_PATH, person, clock, holder=ME))
        assert signed.certificate == ME.certificate

    def test_anothers_certificate_without_its_key_is_denied(self, sts: Sts) -> None:
        assert denied(ask(sts, samlp_request(ME, NOW), OTHER)) == "VSB-TRUST-032"

    def test_anothers_certificate_with_ones_own_signature_is_denied(self, sts: Sts) -> None:
        request = samlp_request(ME, NOW)
        request.insert(0, enveloped(request, "RequestID", sample_signer("facility-ibw-1-renewed")))
        assert denied(ask(sts, request, OTHER)) == "VSB-TRUST-006"

    def test_a_request_changed_after_its_holder_signed_it_is_denied(self, sts: Sts) -> None:
        request = samlp_request(ME, NOW)
        request.insert(0, enveloped(request, "RequestID", ME))
        request.set("IssueInstant", "2026-03-01T12:00:01.000Z")
        assert denied(ask(sts, request, OTHER)) == "VSB-TRUST-005"

    def test_a_holder_whose_certificate_is_revoked_is_denied(self, sts: Sts) -> None:
        revoked = sample_signer("bad-revoked")
        request = samlp_request(revoked, NOW)
        request.insert(0, enveloped(request, "RequestID", revoked))
        assert denied(ask(sts, request)) == "VSB-TRUST-010"

    @pytest.mark.parametrize(
        ("name", "code"),
        [("bad-expired", "VSB-TRUST-008"), ("bad-wrong-issuer", "VSB-TRUST-007"), ("bad-revoked", "VSB-TRUST-010")],
    )
    @pytest.mark.parametrize("path", [SAMLP_PATH, WSTRUST_PATH])
    def test_a_bad_certificate_in_the_header_gets_a_fault(self, base: str, path: str, name: str, code: str) -> None:
        request = request_assertion_wstrust if path == WSTRUST_PATH else request_assertion
        with pytest.raises(StsError, match=code):
            request(base + path, sample_signer(name), clock)

    def test_an_unsigned_request_gets_a_fault(self, base: str) -> None:
        raw = serialise(write_envelope(samlp_request(ME, NOW)))
        reply = requests.post(base + SAMLP_PATH, data=raw, headers={"Content-Type": "text/xml"}, timeout=5)
        assert reply.status_code == 500
        assert b"VSB-TRUST-001" in reply.content


class TestWsTrust:
    def test_request_challenge_and_token(self, base: str) -> None:
        signed = use(request_assertion_wstrust(base + WSTRUST_PATH, ME, clock))
        check_assertion(signed, "72090103000")
        assert signed.assertion is not None
        assert signed.assertion.not_on_or_after == NOW + DAY

    def test_the_challenge_proves_a_key_that_the_first_step_did_not(self, base: str) -> None:
        person = sample_signer("bad-personal")
        signed = use(request_assertion_wstrust(base + WSTRUST_PATH, person, clock, holder=ME))
        assert signed.certificate == ME.certificate

    def challenge(self, sts: Sts, request: Element, signer: Signer = ME) -> str:
        answer = ask(sts, request, signer, WSTRUST_PATH)
        assert answer.get("Context") == request.get("Context")
        assert not list(answer.iter(q(SAML, "Assertion")))
        (challenge,) = answer.iter(q(wstrust.WST, "Challenge"))
        return challenge.text or ""

    def test_the_first_answer_is_always_a_challenge_and_no_token(self, sts: Sts) -> None:
        assert len(self.challenge(sts, wstrust_request(ME, NOW))) > 40

    def test_a_client_that_leaves_the_context_out_is_understood(self, sts: Sts) -> None:
        challenge = self.challenge(sts, wstrust_request(ME, NOW))
        answer = ask(sts, challenge_response(None, challenge), path=WSTRUST_PATH)
        (assertion,) = answer.findall(f"{q(wstrust.WST, 'RequestedSecurityToken')}/{q(SAML, 'Assertion')}")
        assert use(assertion).certificate == ME.certificate

    def test_only_the_holder_can_answer(self, sts: Sts) -> None:
        challenge = self.challenge(sts, wstrust_request(ME, NOW), OTHER)
        assert refused(sts, challenge_response(None, challenge), OTHER, WSTRUST_PATH) is Code.HOLDER
        assert ask(sts, challenge_response(None, challenge), ME, WSTRUST_PATH) is not None

    def test_a_challenge_is_answered_once(self, sts: Sts) -> None:
        challenge = self.challenge(sts, wstrust_request(ME, NOW))
        ask(sts, challenge_response(None, challenge), path=WSTRUST_PATH)
        assert refused(sts, challenge_response(None, challenge), path=WSTRUST_PATH) is Code.REPLAY

    def aged(self, age: timedelta) -> tuple[Sts, str]:
        moments = iter([NOW, NOW + age])
        sts = Sts(signer=KEY, trust=STORE, register=sample_register(), clock=lambda: next(moments))
        return sts, self.challenge(sts, wstrust_request(ME, NOW))

    def test_a_challenge_waits_for_five_minutes(self) -> None:
        sts, challenge = self.aged(timedelta(minutes=5) - timedelta(seconds=1))
        assert ask(sts, challenge_response(None, challenge), path=WSTRUST_PATH) is not None

    def test_and_then_no_longer(self) -> None:
        sts, challenge = self.aged(timedelta(minutes=5))
        assert refused(sts, challenge_response(None, challenge), path=WSTRUST_PATH) is Code.REPLAY

    def test_a_made_up_challenge_is_refused(self, sts: Sts) -> None:
        assert refused(sts, challenge_response("x", "zelf verzonnen"), path=WSTRUST_PATH) is Code.REPLAY

    def test_another_kind_of_request_is_refused(self, sts: Sts) -> None:
        request = wstrust_request(ME, NOW)
        (kind,) = request.iter(q(wstrust.WST, "RequestType"))
        kind.text = f"{wstrust.WST}/Cancel"
        assert refused(sts, request, path=WSTRUST_PATH) is Code.SCHEMA


class TestAddresses:
    def test_each_address_knows_its_own_requests_only(self, sts: Sts) -> None:
        assert refused(sts, samlp_request(ME, NOW), path=WSTRUST_PATH) is Code.UNKNOWN_OPERATION
        assert refused(sts, wstrust_request(ME, NOW), path=SAMLP_PATH) is Code.UNKNOWN_OPERATION

    def test_another_address_and_another_content_type_get_a_fault(self, base: str) -> None:
        assert b"VSB-WIRE-009" in requests.post(f"{base}/IAM/Elders/v1", data=b"<x/>", timeout=5).content
        reply = requests.post(base + SAMLP_PATH, data=b"<x/>", headers={"Content-Type": "text/plain"}, timeout=5)
        assert reply.status_code == 415

    @pytest.mark.parametrize("raw", [b"", b"x", b"<x/>", b"\xff\xfe"])
    def test_anything_at_all_gets_a_fault(self, base: str, raw: bytes) -> None:
        reply = requests.post(base + SAMLP_PATH, data=raw, headers={"Content-Type": "text/xml"}, timeout=5)
        assert reply.status_code in (400, 500)
        assert etree.fromstring(reply.content).find(f".//{q(SOAP, 'Fault')}") is not None

    @pytest.mark.parametrize("name", ["AttributeQuery", "Subject", "SubjectConfirmation", "ConfirmationMethod", "KeyInfo"])
    def test_a_request_that_misses_a_part_says_which(self, sts: Sts, name: str) -> None:
        request = samlp_request(ME, NOW)
        found = [e for e in request.iter() if etree.QName(e).localname == name]
        part = min(found, key=lambda e: len(list(e.iterancestors())))
        part.getparent().remove(part)
        assert denied(ask(sts, request)) == "VSB-SCHEMA-001"


def test_an_assertion_serves_a_generic_async_message_that_signs_its_timestamp_only(base: str) -> None:
    root = write_envelope(etree.fromstring("<post/>"))
    sign_envelope_saml(root, ME, request_assertion(base + LEGACY_PATH, ME, clock), NOW, parts=("Timestamp",))
    signed = verify(read_envelope(serialise(root)), GENERIC_ASYNC, NOW, STORE.accept, sts=TRUST)
    check_assertion(signed, "72090103")


def test_every_word_that_the_register_uses_has_a_sample_facility() -> None:
    assert {word for word, _ in FACILITIES.values()} == set(ORGANISATIONS.values())
