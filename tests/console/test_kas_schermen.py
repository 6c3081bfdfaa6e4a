"""What the screens of a zorgkas say and keep, asked over HTTP: no word, tick or amount is lost, and no person's number stays."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.berichten.factuur import Zending
from gateway.console import sessies
from gateway.console.rechten import Rol
from gateway.console.sessies import Concept
from gateway.diensten.kas_dossier import DOSSIERNUMMER
from gateway.diensten.zaakdossier import schrijf_zaakdossier
from gateway.reference.tables import aansluiting, persoon, voorziening
from gateway.store import werklijst
from gateway.store.audit_tables import audit
from gateway.store.tables import beraad, bericht, geweigerde_lijn
from tests.api.conftest import Application, application_on
from tests.console.wereld import Wereld, wereld
from tests.e2e.werk import Werk
from tests.server.test_invoicing import month_of
from tests.support import IBW1, PERSONS

REDEN = "De melding kwam te laat door een stroompanne."


@dataclass(kw_only=True)
class Kas:
    """The screens as somebody of a zorgkas asks for them, on the database of a running gateway."""

    application: Application
    world: Wereld
    work: Werk
    """Messages of a new person each."""
    zending: str
    given: Zending

    def ask(self, path: str, data: Any = None, *, who: Rol = Rol.ZORGKAS, english: bool = False) -> Any:
        """GET, or POST when there are fields."""
        headers = {"accept-language": "en"} if english else {}
        purpose = "controle" if who is Rol.CONTROLEUR else "beslissing"
        method = "GET" if data is None else "POST"
        return self.application.as_(who, method, f"/console{path}", purpose=purpose, data=data, headers=headers)

    def audited(self) -> str:
        with self.application.store.reading() as conn:
            return repr(conn.execute(select(audit.c.onderwerp, audit.c.gegevens)).all())


def words(answer: Any) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture(scope="module")
def k(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kas]:
    folder, url = tmp_path_factory.mktemp("kas"), new_database()
    with wereld(folder, url) as world, application_on(url, folder) as application:
        dossier = str(world.meld("els", 20).Dossiernummer)
        zending, given = world.zending("els", dossier, 1, month_of(world.running), "SCHERM1")
        yield Kas(application=application, world=world, work=Werk(world.running), zending=zending, given=given)


def waiting(k: Kas) -> str:
    """MessageId of a message that waits for the zorgkas; a new one when none does."""
    with k.application.store.reading() as conn:
        rows = werklijst.in_beraad(conn, "180", pijler=None, na=None, limit=1)
    return str(rows[0].bericht_id) if rows else k.work.in_beraad()


def lines(k: Kas) -> list[str]:
    return [f"{f.factuurnummer}/{x.volgnummer}" for f in k.given.facturen for x in f.lijnen]


def ticked(answer: Any) -> list[str]:
    return re.findall(r'name="lijn" value="([^"]+)"[^>]*checked', answer.text)


def test_lines_that_are_ticked_and_not_refused_hold_up_the_settlement(k: Kas) -> None:
    here, een = f"/afrekenen/{k.zending}", lines(k)[:1]
    typed = {"code": "300430", "motivering": "Afwezig volgens het register."}
    held = k.ask(f"{here}/verder", {"lijn": een, **typed})
    assert held.status_code == 422
    assert "U vinkte 1 lijn aan zonder ze te weigeren" in words(held)
    assert ticked(held) == een
    assert all(f'value="{w}"' in held.text for w in typed.values()), "code and words stay"
    assert "You ticked 2 lines" in words(k.ask(f"{here}/verder", {"lijn": lines(k)}, english=True))
    assert k.ask(f"{here}/verder", {"code": "300430"}).headers["location"].endswith(f"{here}/bevestigen")
    assert k.ask(f"{here}/verder", {"naar": "1"}).headers["location"].endswith(f"{here}?vanaf=1")


def test_an_act_on_one_line_keeps_what_else_is_ticked(k: Kas) -> None:
    here, (een, twee) = f"/afrekenen/{k.zending}", lines(k)
    typed = {"code": "300430", "motivering": "Afwezig volgens het register."}
    assert k.ask(f"{here}/weigeren", {"lijn": [een], **typed}).status_code == 303
    after = k.ask(f"{here}/terugnemen", {"terug": een, "lijn": [twee], **typed})
    assert (after.status_code, ticked(after)) == (200, [twee])
    assert "te weigeren, lijnen: 0" in words(after)


def test_what_is_too_long_is_refused_with_what_it_is_and_may_be(k: Kas) -> None:
    here = f"/afrekenen/{k.zending}"
    long = k.ask(f"{here}/weigeren", {"lijn": lines(k)[:1], "code": "300430", "motivering": "x" * 2001})
    assert long.status_code == 422
    assert "Schrijf hoogstens 2000 tekens; dit zijn er 2001." in words(long)
    page = k.ask(f"{here}/bevestigen")
    typed = dict(re.findall(r'type="hidden" name="(stand|geweigerd)" value="([^"]*)"', page.text))
    long = k.ask(f"{here}/bevestigen", {**typed, "betaalreferentie": "P" * 23})
    assert long.status_code == 422
    assert "hoogstens 22 tekens; dit zijn er 23" in words(long)
    for pagina in (k.ask(here), page):
        assert re.search(r'name="(betaalreferentie|motivering)"[^>]*maxlength', pagina.text) is None, "nothing is cut silently"
    assert "10 tot 2000 tekens" in words(k.ask(here))


def test_before_settling_one_sees_who_is_refused_what_and_who_is_paid(k: Kas) -> None:
    here = f"/afrekenen/{k.zending}"
    k.ask(f"{here}/weigeren", {"lijn": lines(k)[:1], "code": "300430", "motivering": "Afwezig volgens het register."})
    lijn = k.given.facturen[0].lijnen[0]
    with k.application.store.reading() as conn:
        row = conn.execute(select(voorziening).where(voorziening.c.riziv == IBW1)).one()
    rekening = " ".join(row.iban[n : n + 4] for n in range(0, 16, 4))
    for page in (here, f"{here}/bevestigen"):
        told = words(k.ask(page))
        assert "Els" in told
        assert rekening in told, page
        assert f"{lijn.van:%d-%m-%Y}" in told
        assert lijn.prestatiecode in told
        assert row.naam in told
    k.ask(f"{here}/terugnemen", {"terug": lines(k)[:1]})


def member(k: Kas, bericht_id: str) -> Any:
    with k.application.store.reading() as conn:
        return conn.execute(
            select(persoon).join(bericht, bericht.c.insz == persoon.c.insz).where(bericht.c.id == bericht_id)
        ).one()


def concept(k: Kas, path: str, **velden: str) -> Any:
    """The page after a session that ended when this was sent."""
    typed = Concept(pad=f"/console{path}", velden=tuple(velden.items()))
    with k.application.store.writing() as conn:
        name = sessies.bewaar_concept(conn, k.application.people[Rol.ZORGKAS].account, typed, k.world.running.now())
    return k.ask(f"/verder/{name}")


def test_after_a_session_that_ended_an_act_is_first_shown_again(k: Kas) -> None:
    bericht_id, here = waiting(k), f"/afrekenen/{k.zending}"
    page = concept(k, f"/beraad/{bericht_id}/beslissen", uitkomst="aanvaard", motivering=REDEN)
    assert f'action="/console/beraad/{bericht_id}/nakijken"' in page.text
    assert REDEN in words(page)
    shown = k.ask(f"/beraad/{bericht_id}/nakijken", {"uitkomst": "aanvaard", "motivering": REDEN})
    lid = member(k, bericht_id)
    for word in ("Dit bericht aanvaarden?", f"{lid.voornaam} {lid.naam}", "Beschut Wonen De Brug", REDEN):
        assert word in words(shown)
    page = concept(k, f"{here}/bevestigen", stand="4f53", geweigerd="12", betaalreferentie="PAY-9")
    assert f'action="/console{here}/nakijken"' in page.text
    assert "4f53" not in words(page)
    shown = k.ask(f"{here}/nakijken", {"stand": "4f53", "geweigerd": "12", "betaalreferentie": "PAY-9"})
    assert 'value="PAY-9"' in shown.text
    assert "Iemand wijzigde de te weigeren lijnen" in words(shown)
    een = lines(k)[0]
    page = concept(k, f"{here}/weigeren", vanaf="0", lijn=een, code="300430", motivering=REDEN)
    assert f'action="/console{here}/hernemen"' in page.text
    shown = k.ask(f"{here}/hernemen", {"vanaf": "0", "lijn": een, "code": "300430", "motivering": REDEN})
    assert (shown.status_code, ticked(shown)) == (200, [een])
    assert "te weigeren, lijnen: 0" in words(shown), "nothing is refused yet"


def test_back_from_the_confirm_page_keeps_choice_and_words(k: Kas) -> None:
    bericht_id = waiting(k)
    back = k.ask(f"/beraad/{bericht_id}/terug", {"uitkomst": "geweigerd", "motivering": REDEN})
    assert re.search(r'value="geweigerd" checked', back.text)
    assert f">{REDEN}</textarea>" in back.text
    assert (
        f'formaction="/console/beraad/{bericht_id}/terug"'
        in k.ask(f"/beraad/{bericht_id}/nakijken", {"uitkomst": "geweigerd", "motivering": REDEN}).text
    )


def test_the_last_day_to_decide_is_the_day_before_it_lapses(k: Kas) -> None:
    bericht_id = waiting(k)
    with k.application.store.writing() as conn:
        term = {"vervalt_op": k.world.vandaag + timedelta(days=1)}
        conn.execute(update(beraad).where(beraad.c.bericht_id == bericht_id).values(**term))
    for page in ("/beraad", f"/beraad/{bericht_id}"):
        told = words(k.ask(page))
        assert f"beslis uiterlijk {k.world.vandaag:%d-%m-%Y}" in told
        assert "laatste dag" in told
        assert f"decide by {k.world.vandaag:%d-%m-%Y}" in words(k.ask(page, english=True))
    assert "Wat na zijn laatste dag nog wacht, wordt vanzelf geweigerd." in words(k.ask("/beraad"))
    item = words(k.ask(f"/beraad/{bericht_id}"))
    assert "Daarna wordt het vanzelf geweigerd." in item
    assert "Wat doen" not in item, "that is advice for the facility"


def test_after_a_decision_one_reads_which_and_goes_on_to_the_next_of_the_same_pillar(k: Kas) -> None:
    ids = [k.work.in_beraad() for _ in range(2)]
    for path in ("/beraad?pijler=eibwfin", f"/beraad/{ids[0]}?pijler=eibwfin"):
        assert "pijler=eibwfin" in k.ask(path).text
    done = k.ask(f"/beraad/{ids[0]}/beslissen", {"uitkomst": "geweigerd", "motivering": REDEN, "pijler": "eibwfin"})
    assert done.headers["location"].endswith(f"/beraad?pijler=eibwfin&beslist={ids[0]}")
    told = k.ask(done.headers["location"].removeprefix("/console"))
    (banner,) = re.findall(r'<div class="melding goed" role="status">(.*?)</div>', told.text, re.DOTALL)
    assert "Geweigerd: " in re.sub(r"<[^>]+>", "", banner)
    assert f"/console/beraad/{ids[0]}" in banner
    assert re.search(r'rel="next" href="/console/beraad/[0-9a-f-]{36}\?pijler=eibwfin"', banner)
    leeg = words(k.ask("/beraad?pijler=epvtfin"))
    assert "Niets van epvtfin wacht op een beslissing. In andere pijlers wachten er" in leeg
    decided = k.ask("/beraad/beslist")
    first = decided.text.split("<tbody>")[1].split("</tr>")[0]
    assert ids[0] in first
    assert "karel (zorgkas 180)" in first
    assert "geweigerd" in first


def test_what_was_decided_goes_on_by_key(k: Kas, monkeypatch: pytest.MonkeyPatch) -> None:
    for bericht_id in (k.work.in_beraad(), k.work.in_beraad()):
        k.ask(f"/beraad/{bericht_id}/beslissen", {"uitkomst": "geweigerd", "motivering": REDEN})
    monkeypatch.setattr("gateway.console.zorgkas.beraad.PAGINA", 1)
    seen, path = [], "/beraad/beslist"
    for _ in range(2):
        page = k.ask(path)
        seen += re.findall(r'<td class="vast"><a href="/console/beraad/([0-9a-f-]{36})"', page.text)
        path = html.unescape(re.findall(r'rel="next" href="/console([^"]+)"', page.text)[0])
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 2


def test_an_item_of_a_member_that_left_says_so(k: Kas) -> None:
    bericht_id = waiting(k)
    assert "bij uw zorgkas tot en met" not in words(k.ask(f"/beraad/{bericht_id}"))
    gisteren = k.world.vandaag - timedelta(days=1)
    van_lid = aansluiting.c.insz == member(k, bericht_id).insz
    with k.application.store.writing() as conn:
        was = conn.execute(select(aansluiting.c.tot).where(van_lid)).scalar()
        conn.execute(update(aansluiting).where(van_lid).values(tot=gisteren))
    told = words(k.ask(f"/beraad/{bericht_id}"))
    with k.application.store.writing() as conn:
        conn.execute(update(aansluiting).where(van_lid).values(tot=was))
    assert f"Dit lid was bij uw zorgkas tot en met {gisteren:%d-%m-%Y}. U beslist over dit bericht omdat" in told


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("7805144631", "Typ een INSZ van 11 cijfers"),
        ("780514463140", "Typ een INSZ van 11 cijfers"),
        ("78051446314X", "Typ een INSZ van 11 cijfers"),
        ("Peeters", "Typ een INSZ van 11 cijfers"),
        ("EIBWFIN-78051446314", "Typ een INSZ van 11 cijfers"),
        ("78.05.14-463.15", "geen juist controlegetal"),
    ],
)
def test_what_is_no_dossier_number_is_answered_on_the_form_and_kept_nowhere(k: Kas, typed: str, said: str) -> None:
    before = k.audited()
    answer = k.ask("/dossiers", {"wie": typed})
    assert (answer.status_code, answer.headers.get("location")) == (422, None)
    assert said in words(answer)
    assert k.audited() == before
    assert k.ask(f"/dossiers/{typed}").status_code == 404
    assert typed not in k.audited(), "not of an address that somebody typed either"
    api = k.application.as_(
        Rol.ZORGKAS, "POST", "/api/v1/dossiers", purpose="vraag", json={"dossiernummer": typed}, headers={"x-vsb-doel": "vraag"}
    )
    assert api.status_code == 422


def test_the_api_takes_no_wrong_insz_and_no_day_to_come(k: Kas) -> None:
    before = k.audited()
    later = (k.world.vandaag + timedelta(days=1)).isoformat()
    for body, place in (
        ({"insz": "78051446315"}, "body/insz"),
        ({"insz": PERSONS["els"], "op": later}, "body/op"),
        ({"insz": PERSONS["els"], "op": "2018-12-31"}, "body/op"),
    ):
        answer = k.application.as_(Rol.ZORGKAS, "POST", "/api/v1/dossiers", json=body, headers={"x-vsb-doel": "vraag"})
        assert (answer.status_code, answer.json()["fouten"][0]["plaats"]) == (422, place)
    assert k.audited() == before


def test_a_dossier_as_known_on_a_day_says_what_follows_that_day(k: Kas) -> None:
    nummer = k.given.facturen[0].dossiernummer
    assert DOSSIERNUMMER.fullmatch(nummer)
    now = words(k.ask(f"/dossiers/{nummer}"))
    start = k.world.vandaag - timedelta(days=20)
    assert f"180 {start:%d-%m-%Y} – loopt" in now
    gisteren = k.world.vandaag - timedelta(days=1)
    then = words(k.ask(f"/dossiers/{nummer}?op={gisteren}"))
    assert "aansluitingen, zorgkassen en gefactureerde dagen staan zoals ze nu gekend zijn" in then
    assert f"Op het einde van {gisteren:%d-%m-%Y} was over dit lid nog niets gemeld." in then
    for wrong in ("1800-01-01", "2018-12-31", (k.world.vandaag + timedelta(days=1)).isoformat(), "gisteren"):
        answer = k.ask(f"/dossiers/{nummer}?op={wrong}")
        assert answer.status_code == 422
        assert "Kies een dag vanaf 2019, hoogstens vandaag." in words(answer)


def test_who_decides_by_the_api_reads_first_what_a_person_reads(k: Kas) -> None:
    bericht_id = waiting(k)
    lid = member(k, bericht_id)

    def get(path: str, purpose: str | None = None) -> Any:
        headers = {} if purpose is None else {"x-vsb-doel": purpose}
        return k.application.as_(Rol.ZORGKAS, "GET", f"/api/v1{path}", headers=headers)

    assert get(f"/beraad/{bericht_id}").json()["code"] == "VSB-API-009", "names of persons ask for a purpose"
    item = get(f"/beraad/{bericht_id}", "beslissing").json()
    assert (item["naam"], item["uitkomst"], item["besluit"]) == (f"{lid.voornaam} {lid.naam}", "in_beraad", None)
    assert ("IBW_START_103", "in_beraad") in {(o["code"], o["ernst"]) for o in item["opmerkingen"]}
    assert lid.insz not in repr(item)
    assert f"bericht:{bericht_id}" in k.audited()
    besluit = {"uitkomst": "geweigerd", "motivering": REDEN}
    k.application.as_(Rol.ZORGKAS, "POST", f"/api/v1/beraad/{bericht_id}/beslissing", json=besluit)
    first = get("/beraad/beslist").json()["items"][0]
    assert (first["bericht_id"], first["besluit"]["motivering"]) == (bericht_id, REDEN)
    assert get("/beraad/weg", "beslissing").status_code == 404


@pytest.mark.parametrize(("typed", "wrong"), [("1125.36", True), ("1.12,00", True), ("1.125,36", False), ("1125,3", False)])
def test_a_point_in_an_amount_stands_for_thousands_only(k: Kas, typed: str, wrong: bool) -> None:
    today = k.world.vandaag.isoformat()
    form = {"van": today, "tot": today, "aantal": "5", "doel": "Nazicht van de maand", "minstens": typed}
    answer = k.ask("/steekproeven", form, who=Rol.CONTROLEUR)
    assert answer.status_code == (422 if wrong else 303)
    if wrong:
        assert "een punt voor duizend" in words(answer)
        assert f'value="{typed}"' in answer.text
    else:
        page = k.ask(answer.headers["location"].removeprefix("/console"), who=Rol.CONTROLEUR)
        assert "€ 1.125,3" in words(page)


def test_a_rule_code_that_exists_nowhere_is_refused(k: Kas) -> None:
    today = k.world.vandaag.isoformat()
    form = {"van": today, "tot": today, "aantal": "5", "doel": "Nazicht van de maand", "code": "IBW_START_999"}
    answer = k.ask("/steekproeven", form, who=Rol.CONTROLEUR)
    assert answer.status_code == 422
    assert "Deze code bestaat niet" in words(answer)
    criteria = {"van": today, "tot": today, "code": "IBW_START_999"}
    body = {"criteria": criteria, "aantal": 5, "doel": "Nazicht van de maand"}
    api = k.application.as_(Rol.CONTROLEUR, "POST", "/api/v1/steekproeven", json=body)
    assert (api.status_code, api.json()["fouten"][0]["plaats"]) == (422, "body/code")


def test_a_sample_drawn_again_names_what_came_and_what_fell_out(k: Kas) -> None:
    today = k.world.vandaag.isoformat()
    form = {"van": today, "tot": today, "aantal": "1", "zaad": "een", "doel": "Nazicht van de maand", "dienst": "facturatie"}
    drawn = k.ask("/steekproeven", form, who=Rol.CONTROLEUR).headers["location"].removeprefix("/console")
    page = k.ask(drawn, who=Rol.CONTROLEUR)
    assert "Steekproef van 1 bericht " in words(page)
    assert re.search(r">Zending 001, Beschut Wonen De Brug</a>", page.text)
    with k.application.store.writing() as conn:
        conn.execute(update(bericht).where(bericht.c.id == k.zending).values(dienst="elders"))
    told = words(k.ask(f"{drawn}?opnieuw=1", who=Rol.CONTROLEUR))
    told_en = words(k.ask(f"{drawn}?opnieuw=1", who=Rol.CONTROLEUR, english=True))
    with k.application.store.writing() as conn:
        conn.execute(update(bericht).where(bericht.c.id == k.zending).values(dienst="facturatie"))
    assert "Weg viel 1 bericht: Zending 001, Beschut Wonen De Brug" in told
    assert "1 message fell out:" in told_en


def test_words_member_and_day_of_a_refused_record_stay_after_settling(k: Kas) -> None:
    here, woorden = f"/afrekenen/{k.zending}", "Afwezig volgens het register."
    lijn = k.given.facturen[0].lijnen[1]
    k.ask(f"{here}/weigeren", {"lijn": lines(k)[1:], "code": "300430", "motivering": woorden})
    typed = dict(re.findall(r'type="hidden" name="(stand|geweigerd)" value="([^"]*)"', k.ask(f"{here}/bevestigen").text))
    settled = k.ask(f"{here}/bevestigen", {**typed, "betaalreferentie": "PAY-1"})
    assert settled.headers["location"].endswith(f"/afrekeningen/{k.zending}")
    for page, who in ((f"/afrekeningen/{k.zending}", Rol.ZORGKAS), (f"/zaken/{k.zending}", Rol.CONTROLEUR)):
        told = words(k.ask(page, who=who))
        for word in (woorden, "Els Elsen", f"{lijn.van:%d-%m-%Y}", "karel (zorgkas 180)"):
            assert word in told, (page, word)
    made = io.BytesIO()
    schrijf_zaakdossier(k.world.gateway, made, [k.zending], doel="nazicht", persoon="account:cis (controleur)")
    with zipfile.ZipFile(made) as found:
        index = found.read("index.html").decode()
        acts = json.loads(found.read(f"berichten/{k.zending}/handelingen.json"))
    for word in (woorden, "Els Elsen", "betaalreferentie <code>PAY-1</code>", "€ 46,89"):
        assert word in index, word
    assert [(a["betaalreferentie"], "motivering" in a) for a in acts] == [("PAY-1", False)]


def test_a_settlement_by_message_without_words_shows_what_there_is(k: Kas) -> None:
    with k.application.store.writing() as conn:
        conn.execute(update(geweigerde_lijn).values(motivering=None))
    page = k.ask(f"/afrekeningen/{k.zending}")
    assert page.status_code == 200
    assert "None" not in words(page)
