"""The main job against real processes: what is accepted arrives unaltered, once, at the right zorgkas, and answers return."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import zeep
from lxml import etree

from conformance.berichten.messages import envelope, head, start
from conformance.client import GenericAsyncClient
from conformance.walkthrough import sample_signer, zending
from gateway.berichten.factuur import lees_zending
from gateway.berichten.names import ANTWOORD, ZORGKAS
from gateway.berichten.plat_schrijven import naar_plat
from gateway.schema import registry
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.revocation import RevocationMode
from gateway.trust.wssecurity import verify
from gateway.wire.envelope import read_envelope
from gateway.wire.parser import parse
from tests.support import IBW1, PERSONS, RunningGateway, free_port, posted_zending, running_receiver

CERTS = Path(__file__).parents[2] / "certs-sample"
pytestmark = pytest.mark.both_engines
Start = Callable[..., AbstractContextManager[RunningGateway]]


def fetch(kas: GenericAsyncClient, message_id: str, seconds: float = 20) -> etree._Element:
    """Poll a zorgkas's mailbox, confirming nothing, until a message is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for _, content, _ in kas.get():
            root = etree.fromstring(content)
            if root.findtext(f"{{{ZORGKAS}}}MessageId") == message_id:
                return root
        time.sleep(0.1)
    raise AssertionError(f"{message_id} did not arrive")


def results(facility: GenericAsyncClient, reference: str, count: int, seconds: float = 20) -> list[etree._Element]:
    """Wait for `count` answers to one post and return them in order."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = [etree.fromstring(c) for name, c, _ in facility.get() if not name.endswith("-PLAT")]
        mine = [r for r in found if r.findtext(f"{{{ANTWOORD}}}InputReference") == reference]
        if len(mine) >= count:
            return mine
        time.sleep(0.1)
    raise AssertionError(f"no {count} answers to {reference}")


def label(root: etree._Element) -> str | None:
    return root.findtext(f"{{{ANTWOORD}}}Label")


def test_insurability_is_told_per_sub_period_with_the_mutation(gateway: RunningGateway) -> None:
    new_year = date(gateway.today().year, 1, 1)
    answer = gateway.facility().verzekerbaarheid(
        str(uuid4()), PERSONS["bert"], new_year - timedelta(days=3), new_year + timedelta(days=3)
    )
    assert [(p.Status, p.Zorgkas, p.Van, p.Tot) for p in answer.Deelperiode] == [
        ("AANGESLOTEN", "280", new_year - timedelta(days=3), new_year - timedelta(days=1)),
        ("AANGESLOTEN", "580", new_year, new_year + timedelta(days=3)),
    ]
    assert [(m.Soort, m.VanZorgkas, m.NaarZorgkas, m.Datum) for m in answer.Mutatie] == [("changeDuring", "280", "580", new_year)]


@pytest.mark.parametrize(("insz", "code"), [("", "10"), ("123", "11"), ("12071796093", "12")])
def test_a_wrong_number_is_a_business_answer_and_not_a_soap_fault(gateway: RunningGateway, insz: str, code: str) -> None:
    answer = gateway.facility().verzekerbaarheid(str(uuid4()), insz, gateway.today(), gateway.today())
    assert (answer.Fout.FaultCode, [d.DetailCode for d in answer.Fout.Detail]) == ("INPUT_ERROR", [code])


def test_an_accepted_aanvraag_arrives_byte_for_byte_with_a_signed_report(gateway: RunningGateway) -> None:
    now, signer = gateway.now(), sample_signer("facility-ibw-1")
    sent = envelope(start(IBW1, PERSONS["griet"], gateway.today(), head(IBW1, now)), signer, now)
    answer = gateway.post("aanvraag", sent).root
    registry.check(answer[1][0])
    message_id = answer.findtext(f".//{{{ANTWOORD}}}MessageId") or ""
    levering = fetch(gateway.kas("380"), message_id)
    registry.check(levering)
    original = levering.find(f"{{{ZORGKAS}}}Origineel")
    assert original is not None
    assert base64.b64decode(original.text or "") == sent
    assert base64.b64decode(original.get("Sha256", "")) == hashlib.sha256(sent).digest()
    trust = load_trust_store(CERTS / "ca-bundle.pem", [CERTS / "crl/issuing-ca.crl"], RevocationMode.STRICT)
    again = verify(read_envelope(base64.b64decode(original.text or "")), SYNCHRONOUS, gateway.now(), trust.accept)
    assert again.certificate == signer.certificate
    report = etree.fromstring(base64.b64decode(levering.findtext(f"{{{ZORGKAS}}}Validatieverslag") or ""))
    registry.check(report)
    assert report.findtext(f"{{{ANTWOORD}}}Uitkomst") == "aanvaard"
    assert {"in orde"} == {e.text for e in report.iter(f"{{{ANTWOORD}}}Resultaat")}


def test_what_is_not_confirmed_comes_again_and_what_is_confirmed_does_not(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility, kas = gateway.facility(), gateway.kas("180")
        facility.indienen(str(uuid4()), PERSONS["els"], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"})
        first, again = kas.get(), kas.get()
        assert len(first) == 1
        assert again == first
        gateway.kas("380").confirm([first[0][2]])
        assert kas.get() == first, "another zorgkas can not confirm it"
        kas.confirm([first[0][2]])
        assert kas.get() == []


def test_a_refused_aanvraag_reaches_no_zorgkas(gateway: RunningGateway) -> None:
    before = {code: len(gateway.kas(code).get()) for code in ("180", "380", "580")}
    answer = gateway.facility().indienen(
        str(uuid4()), PERSONS["lena"], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
    )
    assert (answer.Uitkomst, [r.Code for r in answer.Reden], answer.Zorgkas) == ("geweigerd", ["VSB_STATUS_002"], None)
    assert answer.Reden[0].Plaats == "/IndienenRequest/Aanvraag/StartVerblijf/Startdatum"
    assert answer.Reden[0].Remedie
    assert before == {code: len(gateway.kas(code).get()) for code in ("180", "380", "580")}


def test_a_person_who_changes_zorgkas_on_new_year_is_routed_by_the_care_date(start_gateway: Start) -> None:
    clock = f"{time.gmtime().tm_year}-01-10T09:00:00+00:00"
    with start_gateway(VSB_CLOCK=clock) as gateway:
        facility, new_year = gateway.facility(), date(gateway.today().year, 1, 1)
        before = facility.indienen(
            str(uuid4()), PERSONS["bert"], StartVerblijf={"Startdatum": new_year - timedelta(days=2), "TypeVerblijf": "regulier"}
        )
        facility.indienen(
            str(uuid4()),
            PERSONS["bert"],
            EindeVerblijf={"Dossiernummer": before.Dossiernummer, "Einddatum": new_year - timedelta(days=1), "Reden": "andere"},
        )
        after = facility.indienen(
            str(uuid4()), PERSONS["bert"], StartVerblijf={"Startdatum": new_year, "TypeVerblijf": "regulier"}
        )
        assert (before.Zorgkas, after.Zorgkas) == ("280", "580")


def test_a_zending_is_acknowledged_judged_delivered_and_settled(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility, kas = gateway.facility(), gateway.kas("180")
        begin = gateway.today() - timedelta(days=5)
        dossier = facility.indienen(
            str(uuid4()), PERSONS["els"], StartVerblijf={"Startdatum": begin, "TypeVerblijf": "regulier"}
        ).Dossiernummer
        last = min(
            gateway.today() - timedelta(days=1), (begin.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        )
        make = {
            "riziv": IBW1,
            "insz": PERSONS["els"],
            "dossier": dossier,
            "zorgkas": "180",
            "start": begin,
            "end": last,
            "today": gateway.today(),
        }
        content = zending(number=1, **make)  # type: ignore[arg-type]
        tack = facility.facturatie.post(content, "REF00000000001")
        assert tack.ResultMajor == "urn:nip:tack:result:major:success"
        assert tack.AppliesTo == "urn:nip:reference:input:REF00000000001"
        again = facility.facturatie.post(content, "REF00000000001")
        assert (again._value_1, again.Reference) == (tack._value_1, tack.Reference), "the same post gets the same TAck"
        answers = results(facility.facturatie, "REF00000000001", 2)
        for root in answers:
            registry.check(root)
        assert [label(r) for r in answers] == ["DF011-931000", "INHOUD-AANVAARD"]
        amount = answers[1].findtext(f"{{{ANTWOORD}}}Aanvaard")
        fetch(kas, tack.Reference)
        settlement = (
            f'<z:Afrekening xmlns:z="{ZORGKAS}"><z:MessageId>{tack.Reference}</z:MessageId><z:Zorgkas>180</z:Zorgkas>'
            f"<z:Gevraagd>{amount}</z:Gevraagd><z:Aanvaard>%s</z:Aanvaard><z:Geweigerd>0</z:Geweigerd>"
            "<z:Betaalreferentie>X</z:Betaalreferentie></z:Afrekening>"
        )
        with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-004"):
            kas.post((settlement % (int(amount or 0) + 1)).encode(), "S1", message_name="VSB-AFREKENING")
        kas.post((settlement % amount).encode(), "S2", message_name="VSB-AFREKENING")
        assert [label(r) for r in results(facility.facturatie, "REF00000000001", 3)][-1] == "AFREKENING-920900"
        facility.facturatie.post(zending(number=2, **make), "REF00000000002")  # type: ignore[arg-type]
        assert [label(r) for r in results(facility.facturatie, "REF00000000002", 2)] == ["DF011-931000", "INHOUD-920099"]
        facility.facturatie.post(zending(number=1, **make), "REF00000000003")  # type: ignore[arg-type]
        refused = results(facility.facturatie, "REF00000000003", 1)
        assert label(refused[0]) == "DF012-920999"
        assert [e.text for e in refused[0].iter(f"{{{ANTWOORD}}}Code")] == ["100721"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not XML", "VSB-WIRE-001"),
        (b"<a/>", "VSB-SCHEMA-001"),
        (b'<Zending xmlns="urn:vsb-gateway:factuur:v1"/>', "VSB-SCHEMA-001"),
    ],
)
def test_a_blob_that_cannot_be_read_becomes_df012_with_its_errors(gateway: RunningGateway, content: bytes, code: str) -> None:
    facility, reference = gateway.facility().facturatie, f"BAD{uuid4().hex[:10]}"
    if content.startswith(b"<"):
        facility.post(content, reference)
    else:
        _post_text(gateway, content, reference)
    answer = results(facility, reference, 1)[0]
    assert label(answer) == "DF012-920999"
    assert code in [e.text for e in answer.iter(f"{{{ANTWOORD}}}Code")]


def test_a_zending_of_an_unknown_pillar_is_refused_with_the_pillars_that_invoice(gateway: RunningGateway) -> None:
    facility, reference = gateway.facility().facturatie, f"BAD{uuid4().hex[:10]}"
    day = gateway.today() - timedelta(days=1)
    make = {"riziv": IBW1, "insz": PERSONS["els"], "dossier": "X-1", "zorgkas": "180", "number": 1, "start": day, "end": day}
    content = zending(**make, today=gateway.today())  # type: ignore[arg-type]
    facility.post(content.replace(b"<Pijler>eibwfin<", b"<Pijler>mohmx<"), reference)
    answer = results(facility, reference, 1)[0]
    assert label(answer) == "DF012-920999"
    assert [e.text for e in answer.iter(f"{{{ANTWOORD}}}Code")] == ["VSB-SCHEMA-002"]
    assert [e.text for e in answer.iter(f"{{{ANTWOORD}}}Verwacht")] == [
        "edgfin, eibwfin, emdofin, epvtfin, erevacfin, erevazfin, ewzcfin, mohm"
    ]


def test_a_related_performance_where_none_belongs_is_told_with_its_zone(gateway: RunningGateway) -> None:
    facility, reference = gateway.facility().facturatie, f"BAD{uuid4().hex[:10]}"
    day = gateway.today() - timedelta(days=1)
    make = {"riziv": IBW1, "insz": PERSONS["els"], "dossier": "X-2", "zorgkas": "180", "number": 9, "start": day, "end": day}
    content = zending(**make, today=gateway.today())  # type: ignore[arg-type]
    related = b"</Prestatiecode><BetrekkelijkeVerstrekking>763999</BetrekkelijkeVerstrekking>"
    facility.post(content.replace(b"</Prestatiecode>", related), reference)
    answer = results(facility, reference, 2)[1]
    fouten = {e.findtext(f"{{{ANTWOORD}}}Code"): e for e in answer.iter(f"{{{ANTWOORD}}}Fout")}
    assert fouten["301742"].findtext(f"{{{ANTWOORD}}}Zone") == "17-18"


def test_a_flat_file_is_judged_as_the_same_xml_and_its_own_errors_are_told(gateway: RunningGateway) -> None:
    facility, day = gateway.facility().facturatie, gateway.today() - timedelta(days=1)
    make = {"riziv": IBW1, "insz": PERSONS["els"], "dossier": "X-3", "zorgkas": "180", "number": 8, "start": day, "end": day}
    xml = zending(**make, today=gateway.today())  # type: ignore[arg-type]
    flat = naar_plat(lees_zending(parse(xml)))
    references = [f"FLAT{uuid4().hex[:9]}" for _ in range(3)]
    facility.post(flat[:-2] + b"00", references[0])
    refused = results(facility, references[0], 1)[0]
    assert label(refused) == "DF012-920999"
    (fout,) = refused.iter(f"{{{ANTWOORD}}}Fout")
    told = [fout.findtext(f"{{{ANTWOORD}}}{name}") for name in ("Code", "Record", "Zone", "Regel")]
    assert told == ["909902", "90", "99", "5"]
    answers = []
    for content, reference in zip((xml, flat), references[1:], strict=True):
        facility.post(content, reference)
        answers.append([(label(r), [e.text for e in r.iter(f"{{{ANTWOORD}}}Code")]) for r in results(facility, reference, 2)])
    assert answers[0] == answers[1]
    assert answers[0][0][0] == "DF011-931000"


def _post_text(gateway: RunningGateway, content: bytes, reference: str) -> None:
    answer = gateway.post("facturatie", posted_zending(gateway, content, reference))
    assert not answer.is_fault, answer.body


def test_a_decision_on_what_was_in_beraad_returns_to_the_facility_once(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility, kas = gateway.facility(), gateway.kas("180")
        held = facility.indienen(
            bericht_id := str(uuid4()),
            PERSONS["sofie"],
            StartVerblijf={"Startdatum": gateway.today() - timedelta(days=40), "TypeVerblijf": "regulier"},
        )
        assert (held.Uitkomst, [r.Code for r in held.Reden]) == ("in_beraad", ["IBW_START_103"])
        decision = (
            f'<z:Beslissing xmlns:z="{ZORGKAS}"><z:MessageId>{held.MessageId}</z:MessageId><z:Zorgkas>%s</z:Zorgkas>'
            "<z:Uitkomst>aanvaard</z:Uitkomst><z:Motivering>Overmacht.</z:Motivering></z:Beslissing>"
        )
        with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-002"):
            gateway.kas("380").post((decision % "380").encode(), "B0", message_name="VSB-BESLISSING")
        kas.post((decision % "180").encode(), "B1", message_name="VSB-BESLISSING")
        with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-003"):
            kas.post((decision % "180").encode(), "B2", message_name="VSB-BESLISSING")
        (name, content, _digest) = facility.facturatie.get()[0]
        root = etree.fromstring(content)
        registry.check(root)
        assert (name, root.findtext(f"{{{ANTWOORD}}}BerichtId")) == ("VSB-BESLISSING", bericht_id)
        life = facility.raadplegen(BerichtId=bericht_id)
        assert (life.Uitkomst, [s.Naam for s in life.Stap][:4]) == (
            "aanvaard",
            ["ontvangen", "technisch_aanvaard", "in_beraad", "gerouteerd"],
        )


def test_one_facility_sees_nothing_of_another(gateway: RunningGateway) -> None:
    bericht_id = str(uuid4())
    gateway.facility().indienen(
        bericht_id, PERSONS["nele"], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
    )
    other = gateway.facility("facility-ibw-2", "72090202000")
    assert other.raadplegen(BerichtId=bericht_id) is None


def test_a_push_zorgkas_gets_each_message_once_also_after_it_was_away(start_gateway: Start, tmp_path: Path) -> None:
    with running_receiver(tmp_path / "received") as address, start_gateway(push_base=address) as gateway:
        answer = gateway.facility().indienen(
            str(uuid4()), PERSONS["wout"], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
        )
        target = tmp_path / "received" / "480" / f"{answer.MessageId}.xml"
        wait_for(target.exists)
        wait_for(lambda: _steps(gateway, answer.BerichtId)[-1] == "bevestigd")
        assert _steps(gateway, answer.BerichtId) == [
            "ontvangen",
            "technisch_aanvaard",
            "aanvaard",
            "gerouteerd",
            "afgeleverd",
            "bevestigd",
        ]


def test_a_push_zorgkas_that_is_away_is_tried_again_until_it_is_back(start_gateway: Start, tmp_path: Path) -> None:
    port = free_port()
    with start_gateway(push_base=f"http://127.0.0.1:{port}") as gateway:
        answer = gateway.facility().indienen(
            str(uuid4()), PERSONS["piet"], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
        )
        wait_for(lambda: "delivery_failed" in gateway.log())
        assert _steps(gateway, answer.BerichtId)[-1] == "gerouteerd"
        with running_receiver(tmp_path / "received", port):
            wait_for((tmp_path / "received" / "280" / f"{answer.MessageId}.xml").exists, 40)


def test_what_was_acknowledged_before_a_kill_is_there_after_it(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility = gateway.facility()
        first = facility.indienen(
            bericht_id := str(uuid4()), PERSONS["els"], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
        )
        tack = facility.facturatie.post(b"<x/>", "REFKILL0000001")
        gateway.kill()
        gateway.start()
        again = facility.raadplegen(BerichtId=bericht_id)
        assert (again.MessageId, again.Uitkomst) == (first.MessageId, "aanvaard")
        assert len(gateway.kas("180").get()) == 1
        answer = results(facility.facturatie, "REFKILL0000001", 1)[0]
        assert (label(answer), answer.findtext(f"{{{ANTWOORD}}}MessageId")) == ("DF012-920999", tack.Reference)


def test_with_header_signing_on_the_answer_carries_a_signature_that_verifies(start_gateway: Start) -> None:
    with start_gateway(VSB_SIGN_RESPONSES="true") as gateway:
        now = gateway.now()
        reply = gateway.post(
            "aanvraag",
            envelope(start(IBW1, PERSONS["els"], gateway.today(), head(IBW1, now)), sample_signer("facility-ibw-1"), now),
        )
        trust = load_trust_store(CERTS / "ca-bundle.pem", [CERTS / "crl/issuing-ca.crl"], RevocationMode.STRICT)
        signed = verify(read_envelope(reply.body), SYNCHRONOUS, gateway.now(), trust.accept)
        assert signed.certificate == sample_signer("gateway").certificate


def test_without_it_the_answer_has_a_bare_timestamp(gateway: RunningGateway) -> None:
    now = gateway.now()
    reply = gateway.post(
        "aanvraag", envelope(start(IBW1, PERSONS["tom"], gateway.today(), head(IBW1, now)), sample_signer("facility-ibw-1"), now)
    )
    security = reply.root.find(".//{*}Security")
    assert security is not None
    assert [etree.QName(c).localname for c in security] == ["Timestamp"]


def test_over_https_the_same_works(start_gateway: Start) -> None:
    env = {"VSB_TLS_CERT": str(CERTS / "tls-server.pem"), "VSB_TLS_KEY": str(CERTS / "tls-server.key")}
    with start_gateway(**env) as gateway:
        now = gateway.now()
        body = envelope(start(IBW1, PERSONS["els"], gateway.today(), head(IBW1, now)), sample_signer("facility-ibw-1"), now)
        reply = requests.post(
            f"{gateway.base}/soap/aanvraag/v1",
            data=body,
            headers={"Content-Type": "text/xml"},
            verify=str(CERTS / "ca-bundle.pem"),
            timeout=20,
        )
        assert reply.status_code == 200


def _steps(gateway: RunningGateway, bericht_id: str) -> list[str]:
    return [s.Naam for s in gateway.facility().raadplegen(BerichtId=bericht_id).Stap]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
