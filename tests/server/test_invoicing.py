"""The invoicing cycle against real processes: a dry run keeps nothing, a settlement agrees to the cent or is refused."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import zeep
from lxml import etree
from pyarrow import parquet
from sqlalchemy import func, select

from conformance.berichten.messages import envelope, head, start
from conformance.berichten.sample import sample_price
from conformance.walkthrough import sample_signer, zending
from gateway.berichten.factuur import Lijn, VorigeFactuur, Zending, lees_zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.berichten.names import ANTWOORD, FACTUUR, ZORGKAS
from gateway.berichten.plat import controlegetal
from gateway.berichten.plat_schrijven import naar_plat
from gateway.schema import registry
from gateway.store import tables
from gateway.store.engine import make_engine
from gateway.store.metadata import metadata
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.parser import parse
from tests.server.test_main_job import label, results
from tests.support import IBW1, PERSONS, SOAP, RunningGateway, posted_zending

pytestmark = pytest.mark.both_engines
Start = Callable[..., AbstractContextManager[RunningGateway]]
UNKEPT = frozenset({"certificaat", "spil", "taak", "alarm", "bewaking", "lijn", "postbus_vraag", "raadpleging"})
"""Tables that say who called about whom and how the processes are, not what was sent."""


def rows(gateway: RunningGateway) -> dict[str, int]:
    """Table to its number of rows."""
    engine = make_engine(gateway.environment["VSB_DATABASE_URL"])
    with engine.connect() as conn:
        found = {t.name: conn.execute(select(func.count()).select_from(t)).scalar_one() for t in metadata.sorted_tables}
    engine.dispose()
    return {name: count for name, count in found.items() if name not in UNKEPT and not name.startswith("telling_")}


def dry_run(gateway: RunningGateway, service: str, message: bytes) -> etree._Element:
    """The payload of the answer."""
    url = f"{gateway.base}/soap/{service}/v1/proef"
    reply = requests.post(url, data=message, headers={"Content-Type": XML_CONTENT_TYPE}, timeout=30)
    return etree.fromstring(reply.content).find(f"{SOAP}Body")[0]  # type: ignore[index]


def codes(antwoord: etree._Element) -> list[str | None]:
    return [e.findtext(f"{{{ANTWOORD}}}Code") for e in antwoord.iter(f"{{{ANTWOORD}}}Fout")]


def stay(gateway: RunningGateway, person: str, days: int) -> str:
    """A dossier that began so many days ago."""
    begin = gateway.today() - timedelta(days=days)
    answer = gateway.facility().indienen(
        str(uuid4()), PERSONS[person], StartVerblijf={"Startdatum": begin, "TypeVerblijf": "regulier"}
    )
    assert answer.Uitkomst == "aanvaard"
    return str(answer.Dossiernummer)


def month_of(gateway: RunningGateway) -> tuple[date, date]:
    """Two days ago and yesterday, or the last two of the month before, so that both lie in one month."""
    last = gateway.today() - timedelta(days=1)
    return (last - timedelta(days=1), last) if last.day > 1 else (last - timedelta(days=2), last - timedelta(days=1))


def accepted(gateway: RunningGateway, days: Sequence[date]) -> tuple[str, Zending, str]:
    """An accepted zending 001 of these days: its dossier, the zending, its MessageId."""
    facility, dossier = gateway.facility().facturatie, stay(gateway, "els", 20)
    given = per_day(gateway, "els", dossier, 1, days)
    tack = facility.post(schrijf_zending(given), "REF1")
    assert [label(r) for r in results(facility, "REF1", 2)][-1] == "INHOUD-AANVAARD"
    return dossier, given, str(tack.Reference)


def per_day(gateway: RunningGateway, person: str, dossier: str, number: int, days: Sequence[date]) -> Zending:
    """A zending with one line for each day."""
    one = zending(
        riziv=IBW1,
        insz=PERSONS[person],
        dossier=dossier,
        zorgkas="180",
        number=number,
        start=days[0],
        end=days[0],
        today=gateway.today(),
    )
    read = lees_zending(parse(one))
    (factuur,) = read.facturen
    regels = []
    for n, dag in enumerate(days, 1):
        bedrag = sample_price(IBW1, dag, gateway.today())
        regels.append(factuur.lijnen[0]._replace(volgnummer=n, van=dag, tot=dag, bedrag=bedrag))
    return with_lines(read, regels)


def with_lines(given: Zending, regels: Sequence[Lijn], **factuur: object) -> Zending:
    totaal = sum(x.bedrag for x in regels)
    nieuw = replace(given.facturen[0], lijnen=tuple(regels), totaal=totaal, **factuur)  # type: ignore[arg-type]
    return replace(given, facturen=(nieuw,), totaal=totaal)


def settle(message_id: str, asked: int, refused: int, *lines: tuple[str, int, str]) -> bytes:
    """An Afrekening."""
    return (
        f'<z:Afrekening xmlns:z="{ZORGKAS}"><z:MessageId>{message_id}</z:MessageId><z:Zorgkas>180</z:Zorgkas>'
        f"<z:Gevraagd>{asked}</z:Gevraagd><z:Aanvaard>{asked - refused}</z:Aanvaard><z:Geweigerd>{refused}</z:Geweigerd>"
        "<z:Betaalreferentie>PAY-1</z:Betaalreferentie>"
        + "".join(
            f"<z:GeweigerdeLijn><z:Factuurnummer>{nummer}</z:Factuurnummer><z:Volgnummer>{lijn}</z:Volgnummer>"
            f"<z:Code>{code}</z:Code><z:Motivering>Manuele controle.</z:Motivering></z:GeweigerdeLijn>"
            for nummer, lijn, code in lines
        )
        + "</z:Afrekening>"
    ).encode()


def test_a_dry_run_of_an_aanvraag_says_what_the_service_would_and_keeps_nothing(gateway: RunningGateway) -> None:
    signer, today = sample_signer("facility-ibw-1"), gateway.today()
    answers = []
    before = rows(gateway)
    for person in ("griet", "lena"):
        sent = envelope(start(IBW1, PERSONS[person], today, head(IBW1, gateway.now())), signer, gateway.now())
        for _ in range(2):
            payload = dry_run(gateway, "aanvraag", sent)
            registry.check(payload)
        answers.append(payload[0])
    assert rows(gateway) == before
    assert [a.get("Proef") for a in answers] == ["true", "true"]
    assert [a.get("Duplicaat") for a in answers] == [None, None]
    assert [a.findtext(f"{{{ANTWOORD}}}Uitkomst") for a in answers] == ["aanvaard", "geweigerd"]
    assert answers[0].findtext(f"{{{ANTWOORD}}}Zorgkas") == "380"
    assert [e.text for e in answers[1].iter("{urn:vsb-gateway:common:v1}Code")] == ["VSB_STATUS_002"]
    assert answers[0].find(f"{{{ANTWOORD}}}Ontvangstbewijs") is None, "it proves nothing"


def test_a_dry_run_of_a_zending_answers_at_once_with_what_the_mailbox_would_say(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        days = month_of(gateway)
        dossier = stay(gateway, "els", 20)
        good = per_day(gateway, "els", dossier, 1, days)
        wrong = with_lines(good, [x._replace(bedrag=1) for x in good.facturen[0].lijnen])
        before = rows(gateway)
        for given, expected in ((good, ("INHOUD-AANVAARD", [])), (wrong, ("INHOUD-920099", ["301940", "301940"]))):
            payload = dry_run(gateway, "facturatie", posted_zending(gateway, schrijf_zending(given), "PROEF1"))
            registry.check(payload)
            assert (label(payload), codes(payload), payload.get("Proef")) == (*expected, "true")
        unread = dry_run(gateway, "facturatie", posted_zending(gateway, b"920000", "PROEF1"))
        assert (label(unread), codes(unread)) == ("DF012-920999", ["100103"])
        assert rows(gateway) == before
        facility = gateway.facility().facturatie
        facility.post(schrijf_zending(good), "ECHT1")
        assert [label(r) for r in results(facility, "ECHT1", 2)] == ["DF011-931000", "INHOUD-AANVAARD"]
        again = dry_run(gateway, "facturatie", posted_zending(gateway, schrijf_zending(good), "PROEF1"))
        assert codes(again) == ["100721"], "it sees what was really sent"


def test_a_hundred_thousand_errors_come_back_as_a_thousand_and_the_number_left_out(gateway: RunningGateway) -> None:
    day = month_of(gateway)[0]
    good = per_day(gateway, "els", "GEEN-DOSSIER", 1, [day])
    line = good.facturen[0].lijnen[0]
    lines = tuple(line._replace(volgnummer=n) for n in range(1, 1001))
    invoices = tuple(
        replace(good.facturen[0], factuurnummer=str(n), lijnen=lines, totaal=1000 * line.bedrag) for n in range(1, 101)
    )
    content = schrijf_zending(replace(good, facturen=invoices, totaal=100_000 * line.bedrag))
    answer = dry_run(gateway, "facturatie", posted_zending(gateway, content, "VEEL"))
    registry.check(answer)
    assert (label(answer), len(codes(answer))) == ("INHOUD-920099", 1000)
    assert set(codes(answer)) == {"300541"}
    # Each line lacks its dossier, and each but the first claims a day that is claimed already.
    assert int(answer.findtext(f"{{{ANTWOORD}}}WeggelatenFouten") or 0) == 2 * 100_000 - 1 - 1000


def test_a_dry_run_is_for_who_may_send_and_asks_nothing_else(gateway: RunningGateway) -> None:
    signer, now = sample_signer("facility-ibw-1"), gateway.now()
    unsigned = envelope(start(IBW1, PERSONS["griet"], gateway.today(), head(IBW1, now)), signer, now).replace(b"griet", b"")
    broken = unsigned.replace(b"<Startdatum>", b"<Startdatum> ", 1).replace(b"Startdatum> ", b"Startdatum>1", 1)
    assert dry_run(gateway, "aanvraag", broken).tag == f"{SOAP}Fault"
    assert dry_run(gateway, "zorgkas", unsigned).tag == f"{SOAP}Fault"
    reply = requests.get(f"{gateway.base}/soap/aanvraag/v1/proef", timeout=10)
    assert (reply.status_code, reply.headers.get("Allow")) == (405, "POST")


def test_a_settlement_names_the_records_that_it_refuses_and_agrees_to_the_cent(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility, kas, days = gateway.facility().facturatie, gateway.kas("180"), month_of(gateway)
        dossier, given, message_id = accepted(gateway, days)
        total, second = given.totaal, given.facturen[0].lijnen[1].bedrag
        wrong = {
            "lines without amount": settle(message_id, total, 0, ("1", 2, "300430")),
            "an amount without lines": settle(message_id, total, second),
            "a cent too little": settle(message_id, total, second - 1, ("1", 2, "300430")),
            "a line that is not there": settle(message_id, total, second, ("1", 3, "300430")),
            "an invoice that is not there": settle(message_id, total, second, ("7", 2, "300430")),
            "a line twice": settle(message_id, total, 2 * second, ("1", 2, "300430"), ("1", 2, "300430")),
            "another total": settle(message_id, total + 1, second, ("1", 2, "300430")),
        }
        for what, content in wrong.items():
            with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-004"):
                kas.post(content, what, message_name="VSB-AFREKENING")
        kas.post(settle(message_id, total, second, ("1", 2, "300430")), "GOED", message_name="VSB-AFREKENING")
        told = results(facility, "REF1", 3)[-1]
        registry.check(told)
        assert (label(told), codes(told)) == ("AFREKENING-920900", ["300430"])
        assert told.findtext(f"{{{ANTWOORD}}}Aanvaard") == f"{total - second}"
        with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-003"):
            kas.post(settle(message_id, total, 0), "TWEEDE", message_name="VSB-AFREKENING")
        # The refused day may be invoiced again, the paid one may not.
        vorige = VorigeFactuur(factuurnummer="1", zendingnummer="001", maand=days[0].replace(day=1))
        regels = given.facturen[0].lijnen
        for number, (regel, expected) in enumerate(((regels[0], ["300423"]), (regels[1], [])), 2):
            opnieuw = with_lines(per_day(gateway, "els", dossier, number, days), [regel], type_facturering="1", vorige=vorige)
            facility.post(schrijf_zending(opnieuw), f"WEER{number}")
            assert codes(results(facility, f"WEER{number}", 2)[-1]) == expected
        assert balance(gateway) == total
        reports_agree(gateway, total, second)


def command(gateway: RunningGateway, *arguments: str) -> str:
    """What `vsb-gateway` prints on the gateway's database."""
    line = [sys.executable, "-m", "gateway", *arguments]
    done = subprocess.run(line, env=gateway.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def reports_agree(gateway: RunningGateway, total: int, second: int) -> None:
    """One zending of `total` was settled without `second`, and that was invoiced again."""
    csv_file, parquet_file = gateway.folder / "bedragen.csv", gateway.folder / "weigeringen.parquet"
    command(gateway, "report", "amounts", "--facility", IBW1, "--out", str(csv_file))
    rows_ = list(csv.DictReader(csv_file.read_text(encoding="utf-8").splitlines(), delimiter=";"))
    sums = [sum(int(r[k]) for r in rows_) for k in ("gevraagd", "aanvaard", "geweigerd", "afgerekend", "open")]
    assert sums == [total + second, total, second, total - second, second]
    command(gateway, "report", "refusals", "--out", str(parquet_file))
    refused = parquet.read_table(parquet_file).to_pylist()
    assert [(r["code"], r["door"], r["records"], r["bedrag"]) for r in refused] == [("300430", "zorgkas:180", 1, second)]
    assert "300430" in command(gateway, "report", "refusals", "--zorgkas", "180")
    assert "300430" not in command(gateway, "report", "refusals", "--zorgkas", "280")
    payment = gateway.folder / "betalingen.xml"
    told = command(gateway, "report", "payments", "180", "--iban", "BE15100900111130", "--out", str(payment))
    assert "1 betalingen" in told
    amounts = [e.text for e in etree.parse(payment).iter("{*}InstdAmt")]
    assert amounts == [f"{(total - second) / 100:.2f}"]


def test_a_record_that_was_credited_since_can_not_be_refused_as_well(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility, kas, days = gateway.facility().facturatie, gateway.kas("180"), month_of(gateway)
        dossier, given, message_id = accepted(gateway, days)
        first = given.facturen[0].lijnen[0]
        vorige = VorigeFactuur(factuurnummer="1", zendingnummer="001", maand=days[0].replace(day=1))
        terug = [first._replace(aantal=-1, bedrag=-first.bedrag)]
        credit = with_lines(per_day(gateway, "els", dossier, 2, days), terug, type_facturering="3", vorige=vorige)
        credited = facility.post(schrijf_zending(credit), "REF2")
        assert [label(r) for r in results(facility, "REF2", 2)][-1] == "INHOUD-AANVAARD"
        twice = settle(message_id, given.totaal, first.bedrag, ("1", 1, "300430"))
        with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-004"):
            kas.post(twice, "S1", message_name="VSB-AFREKENING")
        undone = settle(credited.Reference, -first.bedrag, -first.bedrag, ("2", 1, "300430"))
        with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-004"):
            kas.post(undone, "S2", message_name="VSB-AFREKENING")
        kas.post(settle(message_id, given.totaal, 0), "S3", message_name="VSB-AFREKENING")
        kas.post(settle(credited.Reference, -first.bedrag, 0), "S4", message_name="VSB-AFREKENING")
        assert balance(gateway) == given.totaal - first.bedrag
        out = str(gateway.folder / "betalingen.xml")
        told = command(gateway, "report", "payments", "180", "--iban", "BE15100900111130", "--out", out)
        assert "Niet betaald: zending 002" in told


def test_who_sends_flat_gets_flat_returns_beside_the_xml(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility, kas, days = gateway.facility().facturatie, gateway.kas("180"), month_of(gateway)
        dossier = stay(gateway, "els", 20)
        given = per_day(gateway, "els", dossier, 7, days)

        def flat(reference: str, count: int) -> list[tuple[str, bytes]]:
            results(facility, reference, count)
            return [(n, c) for n, c, _ in facility.get() if n.endswith("-PLAT")]

        wrong = with_lines(given, [x._replace(bedrag=1) for x in given.facturen[0].lijnen])
        facility.post(naar_plat(wrong), "PLAT1")
        (first, accepted), (second, refused) = flat("PLAT1", 2)
        assert (first, second) == ("HCPFAC-PLAT", "HCPVWR-PLAT")
        assert (accepted[:6], len(accepted)) == (b"931000", 67 + 160)
        assert (refused[:6], len(refused)) == (b"920099", 67 + 610 + 2 * 800)
        assert refused[67:][140:145] == b"10000"
        assert refused[67:][147:149] == b"02"
        record = refused[67 + 610 :][:800]
        assert record[:350] == naar_plat(wrong)[67 + 160 + 2 * 350 :][:350], "the record as it was sent"
        assert (record[350:353], record[370:377], record[391:393]) == (b"007", b"R301940", b"01")
        assert record[393:].startswith(b"301940 Het bedrag is niet het aantal maal de prijs.")
        tack = facility.post(naar_plat(given), "PLAT2")
        assert [c[:6] for _, c in flat("PLAT2", 2)] == [b"931000", b"920099", b"931000", b"920098"]
        paid, lost = given.facturen[0].lijnen[0].bedrag, given.facturen[0].lijnen[1].bedrag
        kas.post(settle(tack.Reference, given.totaal, lost, ("7", 2, "300430")), "S", message_name="VSB-AFREKENING")
        name, settled = flat("PLAT2", 3)[-1]
        assert (name, settled[:6], len(settled)) == ("HCPAFD-PLAT", b"920900", 67 + 160 + 800 + 2 * 350)
        r91, r92 = settled[-700:-350], settled[-350:]
        assert (r91[:2], r92[:2], r91[32:35]) == (b"91", b"92", b"180")
        for r in (r91, r92):
            assert [int(r[a:b]) for a, b in ((35, 47), (47, 59), (59, 71))] == [given.totaal, paid, lost]
            assert r[151:173].rstrip() == b"PAY-1"
            assert controlegetal(r[:348].decode()) == r[348:].decode()


def take_back(number: str, month: date, riziv: str = IBW1) -> bytes:
    """An Intrekking."""
    return (
        f'<Intrekking xmlns="{FACTUUR}"><Derdebetalende>{riziv}</Derdebetalende><Zendingnummer>{number}</Zendingnummer>'
        f"<Maand>{month:%Y-%m}</Maand><Motivering>Dubbel verstuurd.</Motivering></Intrekking>"
    ).encode()


def test_a_whole_zending_is_taken_back_until_it_is_settled(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        facility, kas, days = gateway.facility().facturatie, gateway.kas("180"), month_of(gateway)
        dossier, given, message_id = accepted(gateway, days)
        wrong = {
            "another month": take_back("001", (days[0].replace(day=1) - timedelta(days=1)).replace(day=1)),
            "a number never used": take_back("009", days[0]),
            "another facility": take_back("001", days[0], "72090202000"),
        }
        for what, content in wrong.items():
            facility.post(content, what)
            (answer,) = results(facility, what, 1)
            assert (label(answer), codes(answer)) == ("DF012-920999", ["VSB-ID-006"]), what
        tried = dry_run(gateway, "facturatie", posted_zending(gateway, take_back("001", days[0]), "TERUG"))
        assert (label(tried), tried.get("Proef"), codes(tried)) == ("INHOUD-INGETROKKEN", "true", [])
        tried = dry_run(gateway, "facturatie", posted_zending(gateway, wrong["a number never used"], "TERUG"))
        assert (label(tried), codes(tried)) == ("DF012-920999", ["VSB-ID-006"])
        assert balance(gateway) == given.totaal
        facility.post(take_back("001", days[0]), "TERUG")
        (answer,) = results(facility, "TERUG", 1)
        registry.check(answer)
        assert label(answer) == "INHOUD-INGETROKKEN"
        told = [etree.fromstring(c) for _, c, _ in kas.get()]
        about = [r for r in told if r.tag == f"{{{ZORGKAS}}}Mededeling"]
        assert [(r.findtext(f"{{{ZORGKAS}}}Soort"), r.findtext(f"{{{ZORGKAS}}}OverBericht")) for r in about] == [
            ("intrekking", message_id)
        ]
        registry.check(about[0])
        assert balance(gateway) == 0
        with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-003"):
            kas.post(settle(message_id, given.totaal, 0), "S1", message_name="VSB-AFREKENING")
        facility.post(take_back("001", days[0]), "NOG EENS")
        assert codes(results(facility, "NOG EENS", 1)[0]) == ["VSB-ID-006"]
        again = per_day(gateway, "els", dossier, 2, days)
        second = facility.post(schrijf_zending(again), "REF2")
        assert [label(r) for r in results(facility, "REF2", 2)][-1] == "INHOUD-AANVAARD"
        kas.post(settle(second.Reference, again.totaal, 0), "S2", message_name="VSB-AFREKENING")
        facility.post(take_back("002", days[0]), "TE LAAT")
        assert codes(results(facility, "TE LAAT", 1)[0]) == ["VSB-ID-006"]
        assert balance(gateway) == again.totaal


def test_after_a_late_change_of_zorgkas_the_old_one_is_credited_and_the_new_one_invoiced(
    start_gateway: Start, tmp_path: Path
) -> None:
    with start_gateway() as gateway:
        facility, days = gateway.facility().facturatie, month_of(gateway)
        _, given, _ = accepted(gateway, days)
        file = tmp_path / "aansluitingen.csv"
        file.write_text(f"insz;zorgkas;type;van;tot\n{PERSONS['els']};280;officieel;2019-01-01;\n", encoding="utf-8")
        command(gateway, "reference", "load", str(file))
        lines, previous = given.facturen[0].lijnen, VorigeFactuur(factuurnummer="1", zendingnummer="001", maand=given.maand)
        back = [x._replace(aantal=-x.aantal, bedrag=-x.bedrag) for x in lines]
        steps = (
            ("002", "280", "3", back, "INHOUD-920099", ["201810"] * len(lines)),
            ("003", "280", "1", lines, "INHOUD-920099", ["300423"] * len(lines)),
            ("004", "180", "3", back, "INHOUD-AANVAARD", []),
            ("005", "180", "1", lines, "INHOUD-920099", ["201810"] * len(lines)),
            ("006", "280", "1", lines, "INHOUD-AANVAARD", []),
        )
        for number, zorgkas, kind, regels, expected, why in steps:
            sent = with_lines(given, regels, type_facturering=kind, vorige=previous)
            sent = replace(sent, zendingnummer=number, zorgkas=zorgkas)
            facility.post(schrijf_zending(sent), f"KAS{number}")
            answer = results(facility, f"KAS{number}", 2)[-1]
            assert (label(answer), codes(answer)) == (expected, why), number
        assert balance(gateway) == given.totaal


def balance(gateway: RunningGateway) -> int:
    """What the facility may keep, by the zendingen; it must be the price of the days that are claimed."""
    engine = make_engine(gateway.environment["VSB_DATABASE_URL"])
    with engine.connect() as conn:
        z = tables.zending.c
        kept = conn.execute(select(func.sum(func.coalesce(z.afgerekend, z.aanvaard)))).scalar_one()
        claimed = conn.execute(select(tables.gefactureerde_dag.c.dag)).scalars().all()
    engine.dispose()
    assert kept == sum(sample_price(IBW1, dag, gateway.today()) for dag in claimed)
    return int(kept)
