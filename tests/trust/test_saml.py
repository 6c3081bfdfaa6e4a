"""SAML 1.1 holder-of-key: what an STS says of the one who signed is believed, and nothing that anyone else says."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import signxml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.etree import _Element as Element

from conformance.saml_client import sign_envelope_saml
from conformance.sts_assertion import IDENTIFICATION, Attribute, Statement, certified, write_assertion
from conformance.sts_register import recognised
from conformance.sts_xmldsig import certificate_info, enveloped
from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.settings import Settings
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import GENERIC_ASYNC, SYNCHRONOUS, Part, SecurityPolicy
from gateway.trust.saml import CERTIFIED, SAML, StsTrust, check_assertion
from gateway.trust.signing import Signer
from gateway.trust.wssecurity import Signed, verify
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from gateway.wire.names import DS, ENVELOPED, SOAP, WSSE, q

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = NOW + timedelta(hours=24)
SKEW = SYNCHRONOUS.clock_skew
TICK = timedelta(milliseconds=1)
IBW1 = "72090103000"
NUMBER, TRUTH = recognised("protacc", "nihii11"), recognised("protacc", "boolean")

STS, HOLDER, OTHER = (sample_signer(n) for n in ("sts", "facility-ibw-1", "facility-ibw-2"))
_SETTINGS = Settings()
STORE = load_trust_store(_SETTINGS.ca_bundle, _SETTINGS.crls, _SETTINGS.revocation)
TRUST = StsTrust(certificates=(STS.certificate,), accept=STORE.accept)
GOOD = Statement(
    holder=HOLDER.certificate,
    not_before=NOW - timedelta(minutes=5),
    not_on_or_after=END,
    attributes=certified({NUMBER: IBW1, TRUTH: "true"}),
)


def assertion(signer: Signer = STS, **changes: object) -> Element:
    return write_assertion(replace(GOOD, **changes), signer, NOW)  # type: ignore[arg-type]


def resigned(change: Callable[[Element], object], signer: Signer = STS, **changes: object) -> Element:
    """An assertion that the STS signed after a change, so that nothing is wrong but the change."""
    element = assertion(**changes)
    element.remove(element[-1])
    change(element)
    element.append(enveloped(element, "AssertionID", signer))
    return element


def message(
    token: Element | None = None, signer: Signer = HOLDER, parts: tuple[str, ...] = ("Body", "Timestamp"), *, sha1: bool = False
) -> Element:
    root = write_envelope(etree.fromstring('<vraag xmlns="urn:example">tien</vraag>'))
    sign_envelope_saml(root, signer, assertion() if token is None else token, NOW, parts=parts, sha1=sha1)
    return root


RAW = serialise(message())


def judge(root: Element, policy: SecurityPolicy = SYNCHRONOUS, *, now: datetime = NOW, sts: StsTrust | None = TRUST) -> Signed:
    return verify(read_envelope(serialise(root)), policy, now, STORE.accept, sts=sts)


def refused(root: Element, policy: SecurityPolicy = SYNCHRONOUS, *, now: datetime = NOW, sts: StsTrust | None = TRUST) -> Code:
    with pytest.raises(Refusal) as caught:
        judge(root, policy, now=now, sts=sts)
    return caught.value.code


def at(moment: datetime, token: Element | None = None) -> Element:
    """A message made at another moment, with an assertion of NOW."""
    root = write_envelope(etree.fromstring("<vraag/>"))
    sign_envelope_saml(root, HOLDER, assertion() if token is None else token, moment)
    return root


def security(root: Element) -> Element:
    found = root.find(f"{q(SOAP, 'Header')}/{q(WSSE, 'Security')}")
    assert found is not None
    return found


def each(element: Element, name: str) -> list[Element]:
    return list(element.iter(q(SAML, name)))


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
