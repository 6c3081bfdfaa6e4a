"""A facility sees why a message was refused and tries the better one; a vendor sees no persons; a controller draws and exports."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from conformance.berichten.messages import envelope, head, start
from conformance.walkthrough import sample_signer, zending
from gateway.berichten.factuur import lees_zending
from gateway.berichten.plat_schrijven import naar_plat
from gateway.wire.parser import parse
from tests.e2e.conftest import ConsoleUnderTest, state_purpose
from tests.e2e.werk import Werk, werk_op
from tests.support import IBW1, PERSONS

Visit = Callable[..., Page]
Axe = Callable[[Page], None]


@pytest.fixture(scope="module")
def werk(console: ConsoleUnderTest) -> Werk:
    return werk_op(console.gateway)


def test_a_facility_finds_its_refused_message_what_to_do_and_where(console: ConsoleUnderTest, visit: Visit, axe: Axe) -> None:
    bericht_id = console.message("StartVerblijf lena")
    page = visit("vera", "/eigen?uitkomst=geweigerd")
    axe(page)
    page.locator(f"a[href$='{bericht_id}']").click()
    expect(page.locator(".doen").first).to_contain_text("Wat doen")
    expect(page.locator(".xml li.mis")).to_contain_text("Startdatum")
    axe(page)
    reference = page.locator(".kop code").inner_text()
    page.goto(f"{console.url}/eigen")
    page.keyboard.press("/")
    page.keyboard.type(reference)
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(f"{console.url}/toegang")
    expect(page.get_by_role("heading", name="Erkenningen")).to_be_visible()
    axe(page)


def test_a_clerk_finds_what_was_refused_at_the_door_and_what_to_do(console: ConsoleUnderTest, visit: Visit, axe: Axe) -> None:
    gateway, reference = console.gateway, str(uuid4())
    hoofding = head(IBW1, gateway.now(), bericht_id=reference)
    wrong = start(IBW1, PERSONS["lena"], gateway.today(), hoofding).replace("<Startdatum>", "<Startdatum>x")
    ticket = gateway.post("aanvraag", envelope(wrong, sample_signer("facility-ibw-1"), gateway.now())).headers["X-VSB-Ticket"]
    page = visit("vera", "/eigen")
    tab = page.get_by_role("link", name="Geweigerd aan de deur")
    for _ in range(100):
        # It is written half a second after the answer.
        if tab.locator(".label.let_op").count():
            break
        page.reload()
    expect(tab.locator(".label.let_op")).to_have_text("1")
    axe(page)
    tab.click()
    row = page.locator("tbody tr", has_text=ticket)
    expect(row).to_contain_text(reference)
    expect(row).to_contain_text("Het bericht voldoet niet aan het schema.")
    expect(row.locator(".doen")).to_contain_text("Verbeter de plaatsen hieronder")
    expect(row).to_contain_text("/StartVerblijf/Startdatum")
    axe(page)
    operator = visit("olga", "/berichten")
    operator.get_by_label("Zoeken").fill(ticket)
    operator.keyboard.press("Enter")
    expect(operator.get_by_role("heading", level=1)).to_have_text("Het bericht voldoet niet aan het schema.")
    expect(operator.locator("dl.feiten")).to_contain_text("riziv:72090103")
    axe(operator)
    operator.get_by_role("link", name="riziv:72090103").click()
    expect(operator.locator("tbody tr").first).to_contain_text(reference)
    axe(operator)


def test_a_facility_searches_a_resident_and_its_screens_fit_a_narrow_window(
    console: ConsoleUnderTest, visit: Visit, axe: Axe
) -> None:
    page = visit("vera", "/eigen")
    page.set_viewport_size({"width": 800, "height": 900})
    page.keyboard.press("/")
    page.keyboard.type(PERSONS["lena"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Uw berichten over één persoon")).to_be_visible()
    expect(page.locator("tbody tr")).not_to_have_count(0)
    assert PERSONS["lena"] not in page.url
    axe(page)
    heights = page.locator(".velden .veld label").evaluate_all("all => all.map(e => e.getBoundingClientRect().top)")
    rows = page.locator(".velden .veld").evaluate_all("all => all.map(e => e.getBoundingClientRect().bottom)")
    assert len({round(h, 1) for h in heights}) == len({round(r, 1) for r in rows}), "labels of one row stand at one height"
    for path in (f"/eigen/{console.message('StartVerblijf lena')}", "/toegang", "/eigen"):
        page.goto(f"{console.url}{path}")
        broken = page.locator("code.vast").evaluate_all("all => all.filter(e => e.getClientRects().length > 1).length")
        assert broken == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 800, path


def test_a_facility_tries_a_message_until_the_checks_are_content_and_sends_nothing(
    console: ConsoleUnderTest, visit: Visit, axe: Axe
) -> None:
    gateway = console.gateway
    page = visit("vera", "/proef")
    axe(page)
    page.get_by_role("button", name="Controleren").click()
    expect(page.get_by_role("alert")).to_contain_text("Plak een bericht")
    page.get_by_label("Plak een bericht").fill(start(IBW1, PERSONS["lena"], gateway.today(), head(IBW1, gateway.now())))
    page.get_by_role("button", name="Controleren").click()
    expect(page.locator("#uitslag")).to_contain_text("geweigerd")
    expect(page.locator("#uitslag")).to_contain_text("proef, niets bewaard")
    expect(page.locator(".xml li.mis")).to_contain_text("Startdatum")
    axe(page)
    page.get_by_label("Plak een bericht").fill("<a><b></a>")
    page.get_by_role("button", name="Controleren").click()
    expect(page.locator(".opmerkingen")).to_contain_text("VSB-WIRE-001")
    fresh = start(IBW1, PERSONS["roos"], gateway.today(), head(IBW1, gateway.now()))
    page.get_by_label("Plak een bericht").fill(fresh)
    page.get_by_role("button", name="Controleren").click()
    expect(page.locator("#uitslag")).to_contain_text("aanvaard")
    assert gateway.facility().dossiers(Insz=PERSONS["roos"]) == []


def test_a_flat_file_is_uploaded_and_its_records_are_marked(
    console: ConsoleUnderTest, visit: Visit, axe: Axe, tmp_path: Path
) -> None:
    today = console.gateway.today()
    een = zending(riziv=IBW1, insz=PERSONS["els"], dossier="GEEN", zorgkas="180", number=888, start=today, end=today, today=today)
    bestand = tmp_path / "zending.txt"
    bestand.write_bytes(naar_plat(lees_zending(parse(een))))
    page = visit("vera", "/proef")
    page.get_by_label("Of kies een bestand").set_input_files(bestand)
    page.get_by_role("button", name="Controleren").click()
    expect(page.locator("#uitslag")).to_contain_text("zending geweigerd")
    expect(page.locator(".zone.mis").first).to_be_visible()
    axe(page)
    page.get_by_label("Plak een bericht").fill("<mijn/>")
    page.get_by_label("Of kies een bestand").set_input_files(bestand)
    page.get_by_role("button", name="Controleren").click()
    expect(page.get_by_role("alert")).to_contain_text("kies één van beide")
    expect(page.get_by_label("Plak een bericht")).to_have_value("<mijn/>")


def test_a_vendor_sees_what_its_software_did_and_no_person(console: ConsoleUnderTest, visit: Visit, axe: Axe) -> None:
    bericht_id = console.message("StartVerblijf lena")
    page = visit("lode", "/eigen", purpose=False)
    page.goto(f"{console.url}/eigen/{bericht_id}")
    expect(page.locator(".opmerkingen")).to_contain_text("VSB_STATUS_002")
    text = page.content()
    assert PERSONS["lena"] not in text
    assert "11.04.30-982.26" not in text
    assert "Lenaerts" not in text
    axe(page)
    page.goto(f"{console.url}/proef")
    page.get_by_label("Plak een bericht").fill(
        start(IBW1, PERSONS["lena"], console.gateway.today(), head(IBW1, console.gateway.now()))
    )
    page.get_by_role("button", name="Controleren").click()
    expect(page.locator("#uitslag")).to_contain_text("past op het schema")


def test_another_facility_s_message_is_not_there(console: ConsoleUnderTest, visit: Visit) -> None:
    page = visit("vera")
    # What a zorgkas sent is no facility's either.
    for pad in ("/eigen/01990000-0000-7000-8000-000000000000", "/eigen/..%2f..%2fberaad"):
        answer = page.goto(f"{console.url}{pad}")
        assert answer is not None
        assert answer.status == 404


def test_a_controller_draws_a_sample_draws_it_again_and_takes_the_evidence_along(
    console: ConsoleUnderTest, werk: Werk, visit: Visit, axe: Axe, tmp_path: Path
) -> None:
    vandaag = console.gateway.today().isoformat()
    page = visit("cis", "/steekproeven/nieuw", purpose=False)
    axe(page)
    page.get_by_label("Ontvangen van").fill(vandaag)
    page.get_by_label("Ontvangen tot en met").fill(vandaag)
    page.get_by_label("Aantal").fill("3")
    page.get_by_label("Gevraagd bedrag vanaf").fill("tien")
    page.get_by_label("Zaad").fill("controle-2026")
    page.get_by_label("Doel van de controle").fill("Nazicht van de meldingen van vandaag")
    page.get_by_role("button", name="Trekken").click()
    expect(page.get_by_role("alert")).to_contain_text("Een bedrag in euro")
    expect(page.get_by_label("Zaad")).to_have_value("controle-2026")
    page.get_by_label("Gevraagd bedrag vanaf").fill("")
    page.get_by_role("button", name="Trekken").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    axe(page)
    page.get_by_role("link", name="Opnieuw trekken").click()
    expect(page.get_by_text("precies dezelfde berichten")).to_be_visible()
    met = {"Startdatum": console.gateway.today(), "TypeVerblijf": "regulier"}
    werk.facility.indienen(str(uuid4()), PERSONS["lena"], StartVerblijf=met)
    page.reload()
    expect(page.get_by_text("Opnieuw getrokken")).to_be_visible()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Waarom wilt u persoonsgegevens zien?")).to_be_visible()
    state_purpose(page)
    expect(page.get_by_role("heading", name="Levensloop")).to_be_visible()
    axe(page)
    page.get_by_label("Doel").fill("Nazicht, zaak 12")
    with page.expect_download() as wacht:
        page.get_by_role("button", name="Exporteren als ZIP").click()
    wacht.value.save_as(tmp_path / "zaak.zip")
    with zipfile.ZipFile(tmp_path / "zaak.zip") as archief:
        manifest = json.loads(archief.read("manifest.json"))
        assert {"index.html", "manifest.zegel.xml"} <= set(archief.namelist())
    assert manifest["doel"] == "Nazicht, zaak 12"
    assert manifest["door"] == "account:cis (controleur)"
    page.goto(f"{console.url}/steekproeven")
    expect(page.locator("tbody tr").first).to_contain_text("Nazicht van de meldingen")
    axe(page)


@pytest.mark.parametrize(
    ("wie", "paden"), [("karel", ("/beraad", "/afrekenen")), ("vera", ("/eigen", "/proef")), ("cis", ("/steekproeven/nieuw",))]
)
def test_the_screens_speak_english_and_fit_a_small_window_and_the_dark(
    console: ConsoleUnderTest, visit: Visit, axe: Axe, wie: str, paden: tuple[str, ...]
) -> None:
    page = visit(wie)
    page.goto(f"{console.url}/taal/en")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 640, "height": 800})
    for pad in paden:
        page.goto(f"{console.url}{pad}")
        assert page.locator("html").get_attribute("lang") == "en"
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, pad
    page.goto(f"{console.url}/taal/nl")
