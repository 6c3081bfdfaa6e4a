"""What zorgkas, facility and controller do over the API is what they do on their screens, with the same checks and records."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from gateway.api import afrekenen
from gateway.berichten.factuur import Zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.berichten.plat_schrijven import naar_plat
from gateway.console.rechten import Persoon, Rol
from gateway.store.audit_tables import audit
from tests.api.conftest import Application, application_on
from tests.console.test_proef_en_controle import aanvraag
from tests.console.wereld import Wereld, results, wereld
from tests.server.test_invoicing import codes, month_of, per_day, rows, with_lines
from tests.support import IBW1, IBW2, PERSONS, posted_zending

pytestmark = pytest.mark.both_engines
API = "/api/v1"
REASON = {"code": "300430", "motivering": "Niet aanwezig volgens het register."}
WHY = {"doel": "Nazicht van de maand"}
ELSEWHERE = Persoon(account="account:kim", naam="Kim", rol=Rol.ZORGKAS, zorgkas="280")


@dataclass(kw_only=True)
class Work:
    """The application, and a running gateway on the same database that facilities send to."""

    application: Application
    world: Wereld
    dossier: str
    zending: str
    """MessageId of one of two records that waits for its settlement."""
    given: Zending

    def ask(self, who: Rol | Persoon, method: str, path: str, purpose: str | None = None, **options: Any) -> Any:
        headers = {} if purpose is None else {"x-vsb-doel": purpose}
        return self.application.as_(who, method, f"{API}{path}", headers=headers, **options)

    def records(self, subject: str) -> list[tuple[str, str]]:
        with self.application.store.reading() as conn:
            found = conn.execute(select(audit).where(audit.c.onderwerp == subject).order_by(audit.c.volgnr))
            return [(r.gebeurtenis, r.actor) for r in found]


@pytest.fixture(scope="module")
def w(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    folder, url = tmp_path_factory.mktemp("werk"), new_database()
    with wereld(folder, url) as world, application_on(url, folder) as application:
        dossier = str(world.meld("els", 20).Dossiernummer)
        world.meld("lena")
        zending, given = world.zending("els", dossier, 1, month_of(world.running), "API1")
        yield Work(application=application, world=world, dossier=dossier, zending=zending, given=given)


def test_a_zorgkas_refuses_a_record_and_settles_what_it_saw(w: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    here, number = f"/afrekenen/{w.zending}", w.given.facturen[0].factuurnummer
    listed = w.ask(Rol.ZORGKAS, "GET", "/afrekenen").json()
    assert [(z["bericht_id"], z["aanvaard"]) for z in listed["items"]] == [(w.zending, w.given.totaal)]
    assert w.ask(Rol.ZORGKAS, "GET", here).json()["code"] == "VSB-API-009", "names of persons ask for a purpose"

    def look() -> Any:
        return w.ask(Rol.ZORGKAS, "GET", here, "afrekening").json()

    first = look()
    assert [(r["volgnummer"], r["toestand"], r["voorstel"]) for r in first["items"]] == [(1, "telt", None), (2, "telt", None)]
    assert (first["te_betalen"], first["items"][0]["dossiernummer"]) == (w.given.totaal, w.dossier)
    assert w.records(f"bericht:{w.zending}") == [("inzage", "account:karel (zorgkas)")]
    assert PERSONS["els"] not in json.dumps(first)
    with monkeypatch.context() as small:
        small.setattr(afrekenen, "_RECORDS", 1)
        pages = [look()]
        pages.append(w.ask(Rol.ZORGKAS, "GET", f"{here}?na={pages[0]['volgende']}", "afrekening").json())
    assert [(len(p["items"]), p["items"][0]["volgnummer"], bool(p["volgende"])) for p in pages] == [(1, 1, True), (1, 2, False)]
    assert w.ask(Rol.ZORGKAS, "GET", f"{here}?na=x", "afrekening").status_code == 422

    line = {"factuurnummer": number, "volgnummer": 2}
    strange = w.ask(Rol.ZORGKAS, "PUT", f"{here}/voorstel", json={**REASON, "lijnen": [line, {**line, "volgnummer": 9}]})
    assert (strange.status_code, strange.json()["fouten"][0]["plaats"]) == (422, "body/lijnen")
    for _ in range(2):
        ticked = w.ask(Rol.ZORGKAS, "PUT", f"{here}/voorstel", json={**REASON, "lijnen": [line]})
        assert (ticked.status_code, ticked.json()["lijnen"]) == (200, 1)
    seen = look()
    assert seen["items"][1]["voorstel"]["persoon"] == "account:karel (zorgkas)"
    assert seen["te_weigeren"] == seen["items"][1]["bedrag"]

    agreed = {"betaalreferentie": "PAY-API-1", "stand": seen["stand"], "te_weigeren": seen["te_weigeren"]}
    for change in (
        ("PUT", f"{here}/voorstel", {**REASON, "code": "300431", "lijnen": [line]}),
        ("DELETE", f"{here}/voorstel?lijn={number}/2", None),
    ):
        assert w.ask(Rol.ZORGKAS, *change[:2], json=change[2]).json()["lijnen"] == 1
        changed = w.ask(Rol.ZORGKAS, "POST", f"{here}/afrekening", json=agreed)
        assert (changed.status_code, changed.json()["code"]) == (409, "VSB-API-016"), "another reason, or none"
    assert w.ask(Rol.ZORGKAS, "GET", "/afrekenen").json()["items"], "nothing was settled"
    w.ask(Rol.ZORGKAS, "PUT", f"{here}/voorstel", json={**REASON, "lijnen": [{**line, "volgnummer": n} for n in (1, 2)]})
    assert w.ask(Rol.ZORGKAS, "DELETE", f"{here}/voorstel").json()["lijnen"] == 2, "without a record all of them"
    w.ask(Rol.ZORGKAS, "PUT", f"{here}/voorstel", json={**REASON, "lijnen": [line]})
    wrong = w.ask(Rol.ZORGKAS, "POST", f"{here}/afrekening", json={**agreed, "betaalreferentie": "€"})
    assert wrong.json()["fouten"][0]["plaats"] == "body/betaalreferentie"
    assert w.ask(Rol.ZORGKAS, "POST", f"{here}/afrekening", json=agreed).status_code == 200
    assert codes(results(w.world.running.facility().facturatie, "API1", 3)[-1]) == ["300430"]
    assert w.records(w.zending)[-1] == ("zorgkas_rekende_af", "account:karel (zorgkas)")

    for method, path, body in (("POST", f"{here}/afrekening", agreed), ("DELETE", f"{here}/voorstel", None), ("GET", here, None)):
        again = w.ask(Rol.ZORGKAS, method, path, "afrekening", json=body)
        assert (again.status_code, again.json()["code"]) == (409, "VSB-API-006")
        assert again.json()["detail"].startswith("Al afgerekend op ")
    (settled,) = w.ask(Rol.ZORGKAS, "GET", "/afrekeningen").json()["items"]
    assert (settled["afgerekend"], settled["betaalreferentie"]) == (w.given.totaal - seen["te_weigeren"], "PAY-API-1")
    settled_at = f"/afrekeningen/{w.zending}"
    assert w.ask(Rol.ZORGKAS, "GET", settled_at).json()["code"] == "VSB-API-009", "names of persons ask for a purpose"
    one = w.ask(Rol.ZORGKAS, "GET", settled_at, "afrekening").json()
    (line_,) = one["items"]
    tweede = w.given.facturen[0].lijnen[1]
    assert (line_["motivering"], line_["van"], line_["dossiernummer"]) == (
        REASON["motivering"],
        tweede.van.isoformat(),
        w.dossier,
    )
    assert line_["naam"] == seen["items"][1]["naam"] is not None
    case = w.ask(Rol.CONTROLEUR, "GET", f"/zaken/{w.zending}", "controle").json()
    assert case["bedragen"]["lijnen"] == one["items"]
    assert (one["door"], [(x["volgnummer"], x["code"]) for x in one["items"]]) == ("account:karel (zorgkas)", [(2, "300430")])


def test_lists_of_a_zorgkas_go_on_by_key(w: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    dossier = str(w.world.meld("sofie", 20).Dossiernummer)
    days = month_of(w.world.running)
    made = [w.world.zending("sofie", dossier, n, [day], f"API{n}")[0] for n, day in enumerate(days[:2], 11)]
    monkeypatch.setattr(afrekenen, "_PAGINA", 1)

    def walk(path: str) -> list[str]:
        found, page = [], w.ask(Rol.ZORGKAS, "GET", path).json()
        found += [x["bericht_id"] for x in page["items"]]
        while page["volgende"] is not None:
            page = w.ask(Rol.ZORGKAS, "GET", f"{path}?na={page['volgende']}").json()
            assert len(page["items"]) == 1
            found += [x["bericht_id"] for x in page["items"]]
        return found

    assert [i for i in walk("/afrekenen") if i in made] == made
    for bericht_id in made:
        stand = w.ask(Rol.ZORGKAS, "GET", f"/afrekenen/{bericht_id}", "afrekening").json()["stand"]
        agreed = {"betaalreferentie": "P", "stand": stand, "te_weigeren": 0}
        assert w.ask(Rol.ZORGKAS, "POST", f"/afrekenen/{bericht_id}/afrekening", json=agreed).status_code == 200
    assert [i for i in walk("/afrekeningen") if i in made] == made[::-1]


def test_another_zorgkas_finds_nothing_changes_nothing_and_stands_in_the_chain(w: Work) -> None:
    here = f"/afrekenen/{w.zending}"
    line = {"factuurnummer": w.given.facturen[0].factuurnummer, "volgnummer": 1}
    settle = {"betaalreferentie": "P", "stand": "0" * 64, "te_weigeren": 0}
    ways: list[tuple[str, str, Any]] = [
        ("GET", here, None),
        ("PUT", f"{here}/voorstel", {**REASON, "lijnen": [line]}),
        ("DELETE", f"{here}/voorstel", None),
        ("POST", f"{here}/afrekening", settle),
        ("GET", f"/afrekeningen/{w.zending}", None),
    ]
    for method, path, body in ways:
        answer = w.ask(ELSEWHERE, method, path, "afrekening", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "VSB-API-004"), (method, path)
        missing = w.ask(ELSEWHERE, method, path.replace(w.zending, "0" * 36), "afrekening", json=body)
        assert missing.json() == answer.json(), "nobody is told which of both"
    assert w.records(here) == [("inzage_geweigerd", "account:kim (zorgkas)")] * 4
    assert [w.ask(ELSEWHERE, "GET", p).json()["items"] for p in ("/afrekenen", "/afrekeningen")] == [[], []]


def test_a_controller_draws_a_sample_and_draws_it_again(w: Work) -> None:
    today = w.world.vandaag.isoformat()
    criteria = {"van": today, "tot": today, "voorziening": IBW1, "uitkomst": "geweigerd"}
    drawn = w.ask(Rol.CONTROLEUR, "POST", "/steekproeven", json={**WHY, "criteria": criteria, "aantal": 5, "zaad": "k4"})
    assert drawn.status_code == 201, drawn.text
    sample = drawn.json()
    assert (sample["zaad"], sample["populatie"], sample["criteria"]["uitkomst"]) == ("k4", 1, "geweigerd")
    assert [x["id"] for x in sample["items"]] == sample["berichten"]
    assert w.records(f"steekproef:{sample['id']}") == [("steekproef_getrokken", "account:cis (controleur)")]
    assert w.ask(Rol.CONTROLEUR, "GET", f"/steekproeven/{sample['id']}").json() == sample
    again = w.ask(Rol.CONTROLEUR, "POST", f"/steekproeven/{sample['id']}/herhaling").json()
    assert (again["gelijk"], again["populatie_sha256"]) == (True, sample["populatie_sha256"])
    other = w.ask(Rol.CONTROLEUR, "POST", "/steekproeven", json={**WHY, "criteria": criteria, "aantal": 5}).json()
    assert len(other["zaad"]) == 16, "a seed of chance is told"
    listed = [x["id"] for x in w.ask(Rol.CONTROLEUR, "GET", "/steekproeven").json()["items"]]
    assert listed[:2] == [other["id"], sample["id"]]
    for wrong, place in (
        ({"van": "2018-12-31"}, "body/van"),
        ({"van": "2999-01-01"}, "body/van"),
        ({"tot": "2019-01-01"}, "body/tot"),
    ):
        body = {**WHY, "criteria": {**criteria, **wrong}, "aantal": 5}
        answer = w.ask(Rol.CONTROLEUR, "POST", "/steekproeven", json=body)
        assert (answer.status_code, answer.json()["fouten"][0]["plaats"]) == (422, place)


def test_a_case_file_leaves_with_its_purpose_on_record(w: Work) -> None:
    today = w.world.vandaag.isoformat()
    body = {**WHY, "criteria": {"van": today, "tot": today, "dienst": "facturatie"}, "aantal": 5}
    sample = w.ask(Rol.CONTROLEUR, "POST", "/steekproeven", json=body).json()
    for path, subject, ids in (
        (f"/zaken/{w.zending}/zaakdossier", w.zending, [w.zending]),
        (f"/steekproeven/{sample['id']}/zaakdossier", f"steekproef:{sample['id']}", sample["berichten"]),
    ):
        assert w.ask(Rol.CONTROLEUR, "POST", path, json=WHY).json()["code"] == "VSB-API-009"
        assert w.ask(Rol.CONTROLEUR, "POST", path, "controle", json={"doel": "kort"}).status_code == 422
        before = w.records(subject)
        answer = w.ask(Rol.CONTROLEUR, "POST", path, "controle", json=WHY)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
            manifest = found.read("manifest.json")
            assert json.loads(manifest)["berichten"] == ids
            assert json.loads(manifest)["doel"] == WHY["doel"]
        new = [event for event, _ in w.records(subject)[len(before) :]]
        assert new[-1] == "zaakdossier_uitgevoerd"
        with w.application.store.reading() as conn:
            row = conn.execute(select(audit).where(audit.c.onderwerp == subject).order_by(audit.c.volgnr.desc())).first()
        assert row is not None
        assert json.loads(row.gegevens)["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()
    assert ("inzage", "account:cis (controleur)") in w.records(f"bericht:{w.zending}")
    assert w.ask(Rol.CONTROLEUR, "POST", "/zaken/weg/zaakdossier", "controle", json=WHY).status_code == 404
    assert w.records("/zaken/weg") == [("inzage_geweigerd", "account:cis (controleur)")]


def test_a_controller_sees_all_that_is_known_of_one_message(w: Work) -> None:
    path, subject = f"/zaken/{w.zending}", f"bericht:{w.zending}"
    assert w.ask(Rol.CONTROLEUR, "GET", path).json()["code"] == "VSB-API-009"
    before = w.records(subject)
    case = w.ask(Rol.CONTROLEUR, "GET", path, "controle").json()
    assert w.records(subject)[len(before) :] == [("inzage", "account:cis (controleur)")]
    assert [s["stap"] for s in case["levensloop"]][:2] == ["ontvangen", "technisch_aanvaard"]
    assert case["beslissingen"][0]["door"] == "gateway"
    assert case["bedragen"]["gevraagd"] >= case["bedragen"]["aanvaard"] > 0
    settled = [h for h in case["handelingen"] if h["soort"] == "afrekening"]
    assert (case["bedragen"]["afgerekend"] is not None) is bool(settled)
    assert w.ask(Rol.CONTROLEUR, "GET", "/zaken/weg", "controle").status_code == 404


def test_a_facility_tries_a_message_and_nothing_is_kept(w: Work) -> None:
    def kept() -> dict[str, int]:
        return {t: n for t, n in rows(w.world.running).items() if t not in ("console_sessie", "audit")}

    before = kept()

    def attempt(given: str | bytes, who: Rol = Rol.VOORZIENING) -> Any:
        purpose = "eigen_bericht" if who is Rol.VOORZIENING else None
        return w.ask(who, "POST", "/proef", purpose, content=given).json()

    assert w.ask(Rol.VOORZIENING, "POST", "/proef", content=b"<x/>").json()["code"] == "VSB-API-009"
    assert attempt(b" \n")["code"] == "VSB-API-008"
    refused = attempt(aanvraag(w.world, "lena"))
    assert (refused["soort"], refused["uitkomst"], refused["ondertekend"]) == ("aanvraag", "geweigerd", False)
    (remark,) = refused["opmerkingen"]
    assert remark["code"] == "VSB_STATUS_002"
    assert remark["plaats"]
    assert remark["remedie"]
    broken = attempt(aanvraag(w.world, "lena").replace("<Startdatum>", "<Startdatum>x"))
    assert {(o["code"], bool(o["regel"])) for o in broken["opmerkingen"]} == {("VSB-SCHEMA-001", True)}
    assert attempt(posted_zending(w.world.running, b"920000", "PROEF"))["ondertekend"]
    given = per_day(w.world.running, "els", w.dossier, 9, month_of(w.world.running)[:1])
    flat = attempt(naar_plat(with_lines(given, [x._replace(bedrag=1) for x in given.facturen[0].lijnen])))
    assert (flat["soort"], flat["opmerkingen"][0]["regel"]) == ("zending", 3)
    foreign = attempt(schrijf_zending(replace(given, derdebetalende=IBW2)))
    assert foreign["uitkomst"] == "geweigerd", "only one's own messages are judged"
    vendor = attempt(aanvraag(w.world, "lena"), Rol.LEVERANCIER)
    assert (vendor["uitkomst"], vendor["opmerkingen"], vendor["niet_gedaan"]) == ("schema", [], ["inhoud"])
    large = w.ask(Rol.VOORZIENING, "POST", "/proef", "eigen_bericht", content=b"<" * (8 * 1024 * 1024 + 2048))
    assert (large.status_code, large.json()["code"]) == (413, "VSB-API-007")
    assert kept() == before


def test_what_the_checks_found_is_told_for_a_purpose(w: Work) -> None:
    (refused,) = w.ask(Rol.VOORZIENING, "GET", "/eigen?uitkomst=geweigerd").json()["items"]
    assert [r["gevonden"] for r in refused["redenen"]] == [None]
    for who, purpose, path, of in (
        (Rol.VOORZIENING, "eigen_bericht", f"/eigen/{refused['id']}", lambda x: x["redenen"]),
        (Rol.OPERATOR, "incident", f"/berichten/{refused['id']}", lambda x: x["beslissingen"][0]["redenen"]),
    ):
        before = w.records(f"bericht:{refused['id']}")
        (without,) = of(w.ask(who, "GET", path).json())
        assert (without["code"], without["gevonden"]) == ("VSB_STATUS_002", None)
        assert w.records(f"bericht:{refused['id']}") == before
        (found,) = of(w.ask(who, "GET", path, purpose).json())
        assert found["gevonden"]
        assert [e for e, _ in w.records(f"bericht:{refused['id']}")[len(before) :]] == ["inzage"]


def test_who_comes_second_reads_what_was_decided_for_a_purpose_and_a_vendor_never_does(w: Work) -> None:
    waiting, words = w.world.in_beraad("griet"), "Overmacht aangetoond door de familie."
    zorgkas = w.ask(Rol.OPERATOR, "GET", f"/berichten/{waiting}").json()["zorgkas"]
    kas = replace(ELSEWHERE, zorgkas=zorgkas)
    decision = {"uitkomst": "aanvaard", "motivering": words}
    assert w.ask(kas, "POST", f"/beraad/{waiting}/beslissing", json=decision).status_code == 200
    as_ = w.application.as_
    for path in (f"/console/beraad/{waiting}/nakijken", f"/console/beraad/{waiting}/beslissen"):
        typed = {"uitkomst": "geweigerd", "motivering": "Te laat gemeld, zonder reden."}
        without = as_(kas, "POST", path, data=typed)
        assert "_doel" in without.text
        assert words not in without.text
        assert typed["motivering"] in without.text, "what was typed goes along"
        told = as_(kas, "POST", path, purpose="beslissing", data=typed)
        assert (told.status_code, words in told.text) == (409, True)
        assert w.records(f"bericht:{waiting}")[-1] == ("inzage", "account:kim (zorgkas)")

    of_facility = {x["id"]: x for x in w.ask(Rol.VOORZIENING, "GET", "/eigen").json()["items"]}
    seen = w.ask(Rol.LEVERANCIER, "GET", "/eigen").json()["items"]
    assert waiting in {x["id"] for x in seen}
    for item in (*seen, w.ask(Rol.LEVERANCIER, "GET", f"/eigen/{waiting}", "incident").json()):
        assert item["dossiernummer"] is None
        assert item["redenen"] or item["id"] != waiting
        assert [(r["verwacht"], r["gevonden"]) for r in item["redenen"]] == [(None, None)] * len(item["redenen"])
    assert words in as_(Rol.VOORZIENING, "GET", f"/console/eigen/{waiting}", purpose="eigen_bericht").text
    page = as_(Rol.LEVERANCIER, "GET", f"/console/eigen/{waiting}")
    assert page.status_code == 200
    assert words not in page.text
    assert "40 dagen later" not in page.text
    assert of_facility[waiting]["dossiernummer"] not in page.text
