"""Bad input, each kind with its own code, over HTTP against a real process; and the process lives on."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import requests

from conformance.berichten.messages import envelope, head, question, start
from conformance.walkthrough import sample_signer
from tests.support import IBW1, IBW2, PERSONS, RunningGateway


def good(gateway: RunningGateway, certificate: str = "facility-ibw-1", **kwargs: object) -> bytes:
    now = gateway.now()
    hoofding = head(IBW1, now, **kwargs)  # type: ignore[arg-type]
    return envelope(question(PERSONS["els"], gateway.today(), gateway.today(), hoofding), sample_signer(certificate), now)


def change(message: bytes, old: bytes, new: bytes) -> bytes:
    assert old in message
    return message.replace(old, new)


CASES = {
    "not XML": (lambda g: b"hello", 400, "VSB-WIRE-001", "SOA-03001"),
    "empty": (lambda g: b"", 400, "VSB-WIRE-001", "SOA-03001"),
    "a DTD": (lambda g: b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', 500, "VSB-WIRE-002", "SOA-03001"),
    "an undeclared entity": (lambda g: change(good(g), b"ZorgSoft", b"&boom;"), 500, "VSB-WIRE-002", "SOA-03001"),
    "oversize": (lambda g: b" " * (17 * 1024 * 1024), 413, "VSB-WIRE-003", "SOA-03001"),
    "SOAP 1.2": (
        lambda g: b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><x/></e:Body></e:Envelope>',
        500,
        "VSB-WIRE-004",
        "SOA-03002",
    ),
    "no SOAP at all": (lambda g: b"<html/>", 400, "VSB-WIRE-005", "SOA-03002"),
    "no Body": (
        lambda g: b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/></e:Envelope>',
        500,
        "VSB-WIRE-006",
        "SOA-03003",
    ),
    "UTF-16": (lambda g: good(g).decode().encode("utf-16"), 400, "VSB-WIRE-012", "SOA-03001"),
    "unsigned": (
        lambda g: re.sub(rb"<soap:Header>.*</soap:Header>", b"", good(g), flags=re.S),
        500,
        "VSB-TRUST-001",
        "SOA-01001",
    ),
    "body changed after signing": (lambda g: change(good(g), b"ZorgSoft", b"ZorgSift"), 500, "VSB-TRUST-005", "SOA-01001"),
    "signature by another key": (
        lambda g: re.sub(rb"(<wsse:BinarySecurityToken[^>]*>)[^<]*", lambda m: m.group(1) + _other_token(), good(g)),
        500,
        "VSB-TRUST-006",
        "SOA-01001",
    ),
    "expired certificate": (lambda g: good(g, "bad-expired"), 500, "VSB-TRUST-008", "SOA-01001"),
    "certificate not yet valid": (lambda g: good(g, "bad-not-yet-valid"), 500, "VSB-TRUST-009", "SOA-01001"),
    "certificate of a stranger": (lambda g: good(g, "bad-wrong-issuer"), 500, "VSB-TRUST-007", "SOA-01001"),
    "self-signed certificate": (lambda g: good(g, "bad-self-signed"), 500, "VSB-TRUST-007", "SOA-01001"),
    "revoked certificate": (lambda g: good(g, "bad-revoked"), 500, "VSB-TRUST-010", "SOA-01001"),
    "weak key": (lambda g: good(g, "bad-rsa1024"), 500, "VSB-TRUST-021", "SOA-01001"),
    "key without digitalSignature": (lambda g: good(g, "bad-no-digital-signature"), 500, "VSB-TRUST-021", "SOA-01001"),
    "CN and OU that differ": (lambda g: good(g, "bad-riziv-in-cn-only"), 500, "VSB-TRUST-022", "SOA-01001"),
    "KBO-only certificate": (lambda g: good(g, "bad-kbo-only"), 500, "VSB-TRUST-011", "SOA-01002"),
    "personal certificate": (lambda g: good(g, "bad-personal"), 500, "VSB-TRUST-012", "SOA-01002"),
    "another facility's certificate": (lambda g: good(g, "facility-ibw-2"), 500, "VSB-TRUST-015", "SOA-01002"),
    "software that is suspended": (lambda g: good(g, attest="VSB-2024-0002"), 500, "VSB-TRUST-017", "SOA-01002"),
    "software that is unknown": (lambda g: good(g, attest="VSB-0000-0000"), 500, "VSB-TRUST-017", "SOA-01002"),
    "software in another version": (lambda g: good(g, versie="10.0"), 500, "VSB-TRUST-017", "SOA-01002"),
    "unknown pillar": (lambda g: good(g, pijler="onbekend"), 500, "VSB-SCHEMA-002", "SOA-03007"),
    "schema-invalid body": (
        lambda g: envelope(
            question("x", g.today(), g.today(), "<c:BerichtId>!</c:BerichtId>"), sample_signer("facility-ibw-1"), g.now()
        ),
        500,
        "VSB-SCHEMA-001",
        "SOA-03006",
    ),
    "another service's request": (
        lambda g: envelope('<Onbekend xmlns="urn:vsb-gateway:aanvraag:v1"/>', sample_signer("facility-ibw-1"), g.now()),
        500,
        "VSB-WIRE-010",
        "SOA-03005",
    ),
    "a Timestamp of an hour ago": (
        lambda g: envelope(
            question(PERSONS["els"], g.today(), g.today(), head(IBW1, g.now())),
            sample_signer("facility-ibw-1"),
            g.now() - timedelta(hours=1),
        ),
        500,
        "VSB-TRUST-013",
        "SOA-01001",
    ),
    "a Timestamp of tomorrow": (
        lambda g: envelope(
            question(PERSONS["els"], g.today(), g.today(), head(IBW1, g.now())),
            sample_signer("facility-ibw-1"),
            g.now() + timedelta(days=1),
        ),
        500,
        "VSB-TRUST-014",
        "SOA-01001",
    ),
    "only the Timestamp signed": (
        lambda g: envelope(
            question(PERSONS["els"], g.today(), g.today(), head(IBW1, g.now())),
            sample_signer("facility-ibw-1"),
            g.now(),
            ["Timestamp"],
        ),
        500,
        "VSB-TRUST-004",
        "SOA-01001",
    ),
}


def _other_token() -> bytes:
    import base64

    return base64.b64encode(sample_signer("facility-ibw-1-renewed").der)


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_bad_input_has_its_own_answer(gateway: RunningGateway, case: str) -> None:
    make, status, code, soa = CASES[case]
    answer = gateway.post("verzekerbaarheid", make(gateway))
    assert (answer.status, answer.codes[0], answer.soa) == (status, code, soa)
    assert answer.root.find(".//{*}SystemError") is not None or answer.root.find(".//{*}BusinessError") is not None
    assert requests.get(f"{gateway.base}/healthz", timeout=5).ok


def test_a_request_in_no_namespace_is_told_the_namespace_it_should_have(gateway: RunningGateway) -> None:
    answer = gateway.post("verzekerbaarheid", change(good(gateway), b'xmlns="urn:vsb-gateway:verzekerbaarheid:v1"', b""))
    said = "".join(str(t) for t in answer.root.itertext())
    assert answer.codes == ["VSB-WIRE-010"]
    assert "{urn:vsb-gateway:verzekerbaarheid:v1}RaadplegenRequest" in said
    assert "{}RaadplegenRequest" in said


def test_the_children_of_a_system_error_are_unqualified_and_environment_is_not(gateway: RunningGateway) -> None:
    error = gateway.post("verzekerbaarheid", b"x").root.find(".//{urn:be:fgov:ehealth:errors:soa:v1}SystemError")
    assert error is not None
    assert [c.tag for c in error] == [
        "Origin",
        "Code",
        "Message",
        "Message",
        "Retry",
        "{urn:be:fgov:ehealth:errors:soa:v1}Environment",
    ]
    assert error.get("Id")


def test_an_unknown_service_gets_a_fault(gateway: RunningGateway) -> None:
    answer = gateway.post("bestaatniet", good(gateway))
    assert (answer.status, answer.codes) == (500, ["VSB-WIRE-009"])


def test_a_wrong_content_type_gets_415_and_another_method_405(gateway: RunningGateway) -> None:
    answer = gateway.post("verzekerbaarheid", good(gateway), **{"Content-Type": "application/json"})
    assert (answer.status, answer.codes) == (415, ["VSB-WIRE-007"])
    reply = requests.put(f"{gateway.base}/soap/verzekerbaarheid/v1", data=b"x", timeout=5)
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST, GET")


def test_a_contradicting_soap_action_is_refused_and_an_empty_one_is_not(gateway: RunningGateway) -> None:
    wrong = gateway.post("verzekerbaarheid", good(gateway), SOAPAction='"urn:something:else"')
    assert wrong.codes == ["VSB-WIRE-011"]
    assert not gateway.post("verzekerbaarheid", good(gateway), SOAPAction='""').is_fault


def test_a_schema_refusal_names_every_fault_with_line_path_and_remedy_and_no_insz(gateway: RunningGateway) -> None:
    now = gateway.now()
    message = envelope(
        start("123", PERSONS["els"], gateway.today(), head("12", now, bericht_id="!")).replace("<Startdatum>", "<Startdatum>x"),
        sample_signer("facility-ibw-1"),
        now,
    )
    answer = gateway.post("aanvraag", message)
    places = [e.text for e in answer.root.iter("{urn:vsb-gateway:antwoord:v1}Plaats")]
    below = "/Envelope/Body/IndienenRequest/Aanvraag"
    assert {
        f"{below}/Hoofding/BerichtId",
        f"{below}/Hoofding/Afzender/RizivNummer",
        f"{below}/Voorziening",
        f"{below}/StartVerblijf/Startdatum",
    } <= set(places)
    assert all(e.text for e in answer.root.iter("{urn:vsb-gateway:antwoord:v1}Remedie"))
    assert PERSONS["els"].encode() not in answer.body


def test_the_same_id_with_other_content_is_refused_and_with_the_same_content_answered_again(gateway: RunningGateway) -> None:
    now, bericht_id = gateway.now(), str(uuid4())
    signer = sample_signer("facility-ibw-1")
    first = start(IBW1, PERSONS["mia"], gateway.today(), head(IBW1, now, bericht_id=bericht_id))
    one = gateway.post("aanvraag", envelope(first, signer, now))
    again = gateway.post("aanvraag", envelope(first, signer, gateway.now()))
    other = gateway.post("aanvraag", envelope(first.replace("regulier", "proef"), signer, gateway.now()))
    tag = ".//{urn:vsb-gateway:antwoord:v1}MessageId"
    assert one.root.findtext(tag) == again.root.findtext(tag)
    assert again.root.find(".//{urn:vsb-gateway:aanvraag:v1}Antwoord").get("Duplicaat") == "true"
    assert (other.status, other.codes) == (500, ["VSB-ID-001"])


def test_a_facility_that_is_not_recognised_for_the_pillar_is_refused(gateway: RunningGateway) -> None:
    riziv = "72290338000"
    now = gateway.now()
    message = envelope(start(riziv, PERSONS["els"], gateway.today(), head(riziv, now)), sample_signer("facility-pvt-1"), now)
    assert gateway.post("aanvraag", message).codes == ["VSB-TRUST-016"]


def test_a_sender_without_mandate_for_the_facility_is_refused(gateway: RunningGateway) -> None:
    now = gateway.now()
    message = envelope(start(IBW2, PERSONS["els"], gateway.today(), head(IBW1, now)), sample_signer("facility-ibw-1"), now)
    assert gateway.post("aanvraag", message).codes == ["VSB-TRUST-019"]


def test_nothing_of_a_refused_message_is_stored_and_no_insz_is_logged(gateway: RunningGateway) -> None:
    assert all(number not in gateway.log() for number in PERSONS.values())
