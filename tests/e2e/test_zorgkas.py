"""A person of a zorgkas decides, refuses records and settles; sees its own members only; and loses nothing on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from gateway.store.console_tables import console_sessie
from tests.e2e.conftest import ConsoleUnderTest, log_in, state_purpose
from tests.e2e.support import audited, database, session_key
from tests.e2e.werk import HOSTILE, Werk, werk_op

Visit = Callable[..., Page]
Axe = Callable[[Page], None]
WOORDEN = "Overmacht aanvaard: de voorziening was twee dagen zonder stroom."


@pytest.fixture(scope="module")
def werk(console: ConsoleUnderTest) -> Werk:
    return werk_op(console.gateway)


def vul_in(page: Page, keuze: str = "Aanvaarden", woorden: str = WOORDEN) -> None:
    page.get_by_label(keuze).check()
    page.get_by_label("Motivering").fill(woorden)
    page.get_by_role("button", name="Nakijken").click()


def test_a_person_takes_what_is_due_from_the_list_and_decides(
    console: ConsoleUnderTest, werk: Werk, visit: Visit, axe: Axe
) -> None:
    bericht_id = werk.in_beraad(Overmacht="Twee dagen zonder stroom.")
    page = visit("karel", "/beraad")
    axe(page)
    page.keyboard.press("j")
    expect(page.locator("tbody a").first).to_be_focused()
    page.locator(f"a[href$='{bericht_id}']").click()
    expect(page.get_by_text("Twee dagen zonder stroom.").first).to_be_visible()
    expect(page.locator(".xml li.mis")).to_contain_text("Startdatum")
    axe(page)
    vul_in(page)
    expect(page.get_by_text(WOORDEN)).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Aanvaarden").click()
    expect(page.get_by_role("status")).to_contain_text("Aanvaard: StartVerblijf")
    expect(page.locator(f"tbody a[href$='{bericht_id}']")).to_have_count(0)
    axe(page)
    assert werk.facility.raadplegen(MessageId=bericht_id).Uitkomst == "aanvaard"


def test_of_two_browsers_the_second_hears_who_decided_what_and_keeps_its_words(werk: Werk, visit: Visit, axe: Axe) -> None:
    bericht_id = werk.in_beraad()
    first, second = visit("karel", f"/beraad/{bericht_id}"), visit("karel", f"/beraad/{bericht_id}")
    for page, keuze in ((first, "Weigeren"), (second, "Aanvaarden")):
        vul_in(page, keuze, f"{WOORDEN} {keuze}")
    first.get_by_role("button", name="Terug").click()
    expect(first.get_by_label("Weigeren")).to_be_checked()
    expect(first.get_by_label("Motivering")).to_have_value(f"{WOORDEN} Weigeren")
    first.get_by_role("button", name="Nakijken").click()
    first.get_by_role("button", name="Weigeren").click()
    expect(first.get_by_role("status")).to_contain_text("Geweigerd: StartVerblijf")
    second.get_by_role("button", name="Aanvaarden").click()
    expect(second.get_by_role("heading", name="Hierover is al beslist")).to_be_visible()
    expect(second.locator(".kaart").first).to_contain_text("karel (zorgkas 180)")
    expect(second.locator(".kaart").first).to_contain_text("geweigerd")
    expect(second.get_by_text(f"{WOORDEN} Aanvaarden")).to_be_visible()
    axe(second)


def test_a_session_that_ends_in_the_middle_of_a_decision_decides_nothing_and_loses_no_word(
    console: ConsoleUnderTest, werk: Werk, anonymous: Page, axe: Axe
) -> None:
    bericht_id = werk.in_beraad()
    log_in(anonymous, console.url, "karel")
    anonymous.goto(f"{console.url}/beraad/{bericht_id}")
    state_purpose(anonymous)
    vul_in(anonymous)
    with database(console) as conn:
        long_ago = console.gateway.now() - timedelta(hours=2)
        mine = update(console_sessie).where(console_sessie.c.sleutel == session_key(anonymous))
        assert conn.execute(mine.values(gezien_op=long_ago)).rowcount == 1
    anonymous.get_by_role("button", name="Aanvaarden").click()
    expect(anonymous.get_by_role("heading", name="Aanmelden")).to_be_visible()
    assert werk.facility.raadplegen(MessageId=bericht_id).Uitkomst == "in_beraad"
    anonymous.fill("#naam", "karel")
    anonymous.fill("#wachtwoord", "vsb-sample")
    anonymous.get_by_role("button", name="Aanmelden").click()
    expect(anonymous.get_by_text(WOORDEN)).to_be_visible()
    axe(anonymous)
    anonymous.get_by_role("button", name="Eerst nakijken").click()
    state_purpose(anonymous)
    expect(anonymous.get_by_role("heading", name="Dit bericht aanvaarden?")).to_be_visible()
    assert werk.facility.raadplegen(MessageId=bericht_id).Uitkomst == "in_beraad"
    anonymous.get_by_role("button", name="Aanvaarden").click()
    expect(anonymous.get_by_role("status")).to_contain_text("Aanvaard: StartVerblijf")
    assert werk.facility.raadplegen(MessageId=bericht_id).Uitkomst == "aanvaard"


def test_another_zorgkas_s_piece_is_not_there_and_the_question_is_on_record(
    console: ConsoleUnderTest, werk: Werk, visit: Visit
) -> None:
    vreemd = werk.in_beraad("280")
    zending, dossier = werk.zending(), werk.facility.raadplegen(MessageId=vreemd).Dossiernummer
    bestaat_niet = "01990000-0000-7000-8000-000000000000"
    karel, kaat = visit("karel"), visit("kaat")
    teksten = set()
    adressen = [f"/beraad/{vreemd}", f"/beraad/{bestaat_niet}", f"/dossiers/{dossier}", "/dossiers/EIBWFIN-00000000000000"]
    for pad in adressen:
        answer = karel.goto(f"{console.url}{pad}")
        assert answer is not None
        assert answer.status == 404, pad
        teksten.add(karel.locator("main .kaart").inner_text())
    for pad in (f"/afrekenen/{zending}", f"/afrekenen/{zending}/bevestigen", f"/afrekeningen/{zending}"):
        answer = kaat.goto(f"{console.url}{pad}")
        assert answer is not None
        assert answer.status == 404, pad
        teksten.add(kaat.locator("main .kaart").inner_text())
    assert len(teksten) == 1, "nobody can tell what is there from what is not"
    asked = {(r["actor"], r["onderwerp"]) for r in audited(console, "inzage_geweigerd")}
    assert asked >= {("account:karel (zorgkas)", pad) for pad in adressen}


def test_records_are_ticked_taken_back_and_settled_to_the_cent(
    console: ConsoleUnderTest, werk: Werk, visit: Visit, axe: Axe
) -> None:
    zending = werk.zending()
    page = visit("karel", "/afrekenen")
    axe(page)
    page.locator(f"a[href$='{zending}']").click()
    bedragen = page.locator(".cijfers b")
    alles = bedragen.nth(0).inner_text()
    axe(page)
    page.get_by_label("Code").fill("geen code")
    page.get_by_label("Motivering voor de voorziening").fill("Afwezig volgens het register.")
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label("Motivering voor de voorziening").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Een code bestaat uit hoofdletters")
    expect(page.get_by_role("checkbox").nth(1)).to_be_checked()
    page.get_by_role("button", name="Afrekenen…").click()
    expect(page.get_by_role("alert")).to_contain_text("U vinkte 1 lijn aan zonder ze te weigeren")
    page.get_by_label("Code").fill("300430")
    page.get_by_label("Code").press("Enter")
    expect(page.locator("tr.getikt")).to_have_count(1)
    page.get_by_role("button", name="toch betalen").click()
    expect(page.locator("tr.getikt")).to_have_count(0)
    page.get_by_label("Code").fill("300430")
    page.get_by_label("Motivering voor de voorziening").fill("Afwezig volgens het register.")
    page.get_by_role("button", name="Alle lijnen weigeren").click()
    expect(bedragen.nth(2)).to_have_text("€ 0,00")
    page.get_by_role("button", name="toch betalen").first.click()
    expect(page.locator("tr.getikt")).to_have_count(1)
    axe(page)
    page.set_viewport_size({"width": 683, "height": 800})
    tabel = page.locator(".rol:has(table.lijnen)").first
    assert tabel.evaluate("e => e.scrollWidth <= e.clientWidth"), "the state of a record is read without scrolling"
    assert page.get_by_role("button", name="toch betalen").first.bounding_box()["height"] >= 24  # type: ignore[index]
    page.set_viewport_size({"width": 1366, "height": 820})
    other = visit("karel", f"/afrekenen/{zending}/bevestigen")
    page.get_by_role("button", name="Afrekenen…").click()
    axe(page)
    betaald = page.locator("dd.totaal").inner_text()
    assert betaald not in (alles, "€ 0,00")
    page.get_by_label("Betaalreferentie").fill("PAY-E2E-1")
    page.get_by_role("button", name="Afrekenen").click()
    expect(page.get_by_role("status")).to_contain_text("Afgerekend.")
    expect(page.locator("dd.totaal")).to_have_text(betaald)
    expect(page.get_by_text("karel (zorgkas 180)").first).to_be_visible()
    axe(page)
    other.get_by_label("Betaalreferentie").fill("PAY-E2E-2")
    other.get_by_role("button", name="Afrekenen").click()
    expect(other.get_by_role("heading", name="Deze zending is al afgerekend")).to_be_visible()
    expect(other.get_by_text("PAY-E2E-1")).to_be_visible()
    page.goto(f"{console.url}/afrekeningen")
    expect(page.get_by_role("row").filter(has_text="PAY-E2E-1")).to_contain_text(betaald)
    axe(page)


def test_a_member_is_found_by_insz_which_stays_out_of_the_address(console: ConsoleUnderTest, visit: Visit, axe: Axe) -> None:
    page = visit("karel", "/dossiers")
    axe(page)
    page.get_by_label("INSZ of dossiernummer").fill("06.10.08-977.46")
    page.get_by_role("button", name="Zoeken").click()
    expect(page.get_by_role("alert")).to_contain_text("Geen lid van uw zorgkas")
    page.get_by_label("INSZ of dossiernummer").fill("12.07.17-960.92")
    page.get_by_role("button", name="Zoeken").click()
    expect(page.get_by_role("heading", name="Els")).to_be_visible()
    assert "12071796092" not in page.url
    axe(page)
    page.get_by_label("Zoals gekend op").fill((console.gateway.today() - timedelta(days=1)).isoformat())
    page.get_by_role("button", name="Tonen").click()
    expect(page.get_by_text("nog niets gemeld").or_(page.get_by_text("staan zoals ze nu gekend zijn")).first).to_be_visible()


def test_what_a_message_says_stays_text_for_everyone_who_reads_it(console: ConsoleUnderTest, werk: Werk, visit: Visit) -> None:
    bericht_id = werk.in_beraad(Overmacht=HOSTILE, Dossierreferentie=HOSTILE)
    alle = werk.start(
        1,
        Overmacht=HOSTILE,
        Dossierreferentie=HOSTILE,
        TypeVerblijf=HOSTILE,
        Zorgcategorie={"Categorie": HOSTILE, "Schaal": HOSTILE, "Indicatiedatum": console.gateway.today(), "Score": HOSTILE},
    )
    paden = [
        ("karel", f"/beraad/{bericht_id}"),
        ("vera", f"/eigen/{bericht_id}"),
        ("vera", f"/eigen/{alle.MessageId}"),
        ("lode", f"/eigen/{alle.MessageId}"),
        ("cis", f"/zaken/{bericht_id}"),
        ("cis", f"/zaken/{alle.MessageId}"),
    ]
    for wie, pad in paden:
        page = visit(wie, pad)
        assert page.evaluate("window.pwned") is None, pad
        assert page.locator("main script, main img").count() == 0, pad
    page = visit("karel", f"/beraad/{bericht_id}")
    expect(page.get_by_text("window.pwned=1").first).to_be_visible()
    vul_in(page, "Weigeren", HOSTILE)
    expect(page.locator(".brief")).to_have_text(HOSTILE)
    page.get_by_role("button", name="Weigeren").click()
    page.goto(f"{console.url}/beraad/{bericht_id}")
    expect(page.locator(".brief").first).to_contain_text("window.pwned=1")
    assert page.evaluate("window.pwned") is None
