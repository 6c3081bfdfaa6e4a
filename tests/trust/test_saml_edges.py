"""Assertions at their edges: the last second, two organisations, one child too many; and signatures inside text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.assertion import certified
from conformance.sts.register import recognised
from conformance.sts.xmldsig import SignedPart, certificate_info, signature
from gateway.refusal import Code, Refusal
from gateway.trust.enveloped import check_enveloped, read_enveloped
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.saml import STS_ISSUER, StsTrust, check_assertion, verify_assertion
from gateway.wire.c14n import exclusive
from gateway.wire.names import DS, ENVELOPED, EXC_C14N, q
from tests.trust.saml_support import (
    HOLDER,
    IBW1,
    NOW,
    NUMBER,
    STS,
    TRUTH,
    assertion,
    each,
    judge,
    message,
    refused,
    resigned,
)

CERTIFICATE = STS.certificate
ELSEWHERE = "71002101000"


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        (CERTIFICATE.not_valid_before_utc, True),
        (CERTIFICATE.not_valid_before_utc - timedelta(seconds=1), False),
        (CERTIFICATE.not_valid_after_utc, True),
        (CERTIFICATE.not_valid_after_utc + timedelta(seconds=1), False),
    ],
)
def test_an_sts_certificate_counts_from_its_first_second_to_its_last(moment: datetime, good: bool) -> None:
    token = assertion(not_before=moment - timedelta(minutes=5), not_on_or_after=moment + timedelta(hours=1))
    trust = StsTrust(certificates=(CERTIFICATE,))
    if good:
        assert verify_assertion(token, SYNCHRONOUS, trust, moment).certificate == HOLDER.certificate
    else:
        with pytest.raises(Refusal) as caught:
            verify_assertion(token, SYNCHRONOUS, trust, moment)
        assert caught.value.code is Code.STS


def test_the_assertion_keeps_its_own_id_issuer_and_name() -> None:
    token = assertion()
    found = judge(message(token)).assertion
    assert found is not None
    assert (found.id, found.issuer) == (token.get("AssertionID"), STS_ISSUER)
    assert found.name == (each(token, "NameIdentifier")[0].text or "").strip() != ""


def test_an_assertion_without_an_issuer_is_nobodys() -> None:
    token = assertion()
    del token.attrib["Issuer"]
    assert refused(message(token)) is Code.STS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}.1234+00:00:00.000000", None),
        (f"{NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}.12345+00:00:00.000000", Code.ASSERTION),
        ("", Code.ASSERTION),
        ("2026-03-01T12:00:00", Code.ASSERTION),
    ],
)
def test_a_moment_of_an_assertion_has_a_zone_and_at_most_forty_characters(text: str, code: Code | None) -> None:
    token = resigned(lambda t: each(t, "Conditions")[0].set("NotBefore", text))
    assert (None if code is None else refused(message(token))) is code
    if code is None:
        assert judge(message(token)).assertion is not None


@pytest.mark.parametrize("name", ["NotBefore", "NotOnOrAfter"])
def test_an_assertion_says_from_when_until_when_it_counts(name: str) -> None:
    token = resigned(lambda t: each(t, "Conditions")[0].attrib.pop(name))
    assert refused(message(token)) is Code.ASSERTION


@pytest.mark.parametrize("attribute", ["Format", "NameQualifier"])
def test_two_statements_whose_names_are_written_in_another_manner_are_not_about_one_holder(attribute: str) -> None:
    token = resigned(lambda t: each(t, "NameIdentifier")[1].set(attribute, "urn:example:ander"))
    assert refused(message(token)) is Code.HOLDER


@pytest.mark.parametrize("inside", ["KeyInfo", "X509Data"])
def test_the_holders_key_stands_alone(inside: str) -> None:
    def add(token: Element) -> None:
        for element in token.iter(q(DS, inside)):
            etree.SubElement(element, q(DS, "KeyName")).text = "nog een"

    assert refused(message(resigned(add))) is Code.ASSERTION


class TestTwoOrganisations:
    other, other_truth = recognised("retirement", "nihii11"), recognised("retirement", "boolean")

    def crosscheck(self, values: dict[str, str], riziv: str) -> Code | None:
        try:
            check_assertion(judge(message(assertion(attributes=certified(values)))), riziv)
        except Refusal as refusal:
            return refusal.code
        return None

    def test_what_we_do_not_know_hides_nothing_that_comes_after_it(self) -> None:
        assert self.crosscheck({"urn:be:fgov:person:ssin": "x", NUMBER: IBW1, TRUTH: "true"}, IBW1) is None

    def test_the_recognition_of_one_organisation_does_not_speak_for_another(self) -> None:
        values = {NUMBER: IBW1, TRUTH: "false", self.other: ELSEWHERE, self.other_truth: "true"}
        assert self.crosscheck(values, IBW1) is Code.CROSSCHECK
        assert self.crosscheck({**values, TRUTH: "true"}, IBW1) is None


def enveloped(build: Callable[[Element], int]) -> Code | None:
    """Sign an element whose signature stands at the place that `build` gives, with text on both sides."""
    element = etree.Element("vraag", {"RequestID": "R1"})
    place = build(element)
    whole = SignedPart(id="R1", octets=exclusive(element), transforms=(ENVELOPED, EXC_C14N))
    made = signature(HOLDER, [whole])
    made.append(certificate_info(HOLDER.der))
    _split_around(element, place, made)
    try:
        found, info = read_enveloped(element, "RequestID", SYNCHRONOUS)
        copy = check_enveloped(element, found, info, HOLDER.certificate)
    except Refusal as refusal:
        return refusal.code
    assert exclusive(copy) == whole.octets
    assert copy.find(q(DS, "Signature")) is None
    return None


def _split_around(element: Element, place: int, made: Element) -> None:
    text = element.text if place == 0 else element[place - 1].tail
    before, after = (text or "")[:2], (text or "")[2:]
    if place == 0:
        element.text = before
    else:
        element[place - 1].tail = before
    element.insert(place, made)
    made.tail = after or None


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("text", ["eentwee", "", None])
def test_a_signature_in_the_midst_of_text_leaves_the_text_as_it_was_signed(place: int, text: str | None) -> None:
    def build(element: Element) -> int:
        element.text = text
        for _ in range(2):
            etree.SubElement(element, "a").tail = text
        return place

    assert enveloped(build) is None


def test_two_signatures_or_another_child_beside_one_are_refused() -> None:
    element = etree.Element("vraag", {"RequestID": "R1"})
    made = signature(HOLDER, [SignedPart(id="R1", octets=exclusive(element), transforms=(ENVELOPED, EXC_C14N))])
    element.append(made)
    for _ in ("without KeyInfo", "with two"):
        with pytest.raises(Refusal) as caught:
            read_enveloped(element, "RequestID", SYNCHRONOUS)
        assert caught.value.code is Code.SECURITY_SHAPE
        element.append(etree.Element(q(DS, "Signature")))
