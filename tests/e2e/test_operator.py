"""The operator's main tasks: see what goes on, find a message, understand what became of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from conformance.client import FacilityClient, Software
from conformance.walkthrough import sample_signer, zending
from gateway.berichten.factuur import lees_zending
from gateway.berichten.plat_schrijven import naar_plat
from gateway.store.audit_tables import audit
from gateway.store.tables import bericht, bericht_inhoud
from gateway.wire.parser import parse
from tests.e2e.conftest import ConsoleUnderTest, state_purpose
from tests.e2e.support import audited, database, wait_for
from tests.support import IBW1, PERSONS

Visit = Callable[..., Page]
Axe = Callable[[Page], None]


def search(page: Page, what: str) -> None:
    page.locator("[data-zoek]").fill(what)
    page.get_by_role("button", name="Zoeken").click()
    page.wait_for_load_state()


def test_the_overview_shows_the_stream_the_lines_and_why_messages_were_refused(visit: Visit, axe: Axe) -> None:
    page = visit("olga", "/overzicht")
    expect(page.locator("svg.stroom")).to_contain_text("bevestigd")
    expect(page.locator("svg.stroom a").filter(has_text="geweigerd")).to_be_visible()
    lines = page.get_by_role("region", name="Lijnen naar de zorgkassen")
    assert [lines.get_by_role("link", name=code, exact=True).count() for code in ("180", "280", "680")] == [1, 1, 1]
    expect(page.get_by_role("region", name="Weigeringen per reden")).to_contain_text("VSB_STATUS_002")
    expect(page.get_by_role("region", name="Wat eerst vervalt")).to_contain_text("intrekkingsgegevens")
    axe(page)


def test_the_overview_says_so_when_nobody_answers_any_more_and_when_somebody_does_again(visit: Visit, axe: Axe) -> None:
    page = visit("olga", "/overzicht")
    lost = page.get_by_role("alert").filter(has_text="Geen verbinding met de gateway sinds")
    expect(lost).to_have_count(0)
    page.route("**/console/overzicht*", lambda route: route.abort())
    expect(lost).to_be_visible(timeout=20_000)
    axe(page)
    page.unroute("**/console/overzicht*")
    expect(lost).to_have_count(0, timeout=20_000)


def test_the_overview_refreshes_itself_until_somebody_stops_it(visit: Visit) -> None:
    page = visit("olga", "/overzicht")
    page.evaluate("htmx.config.defaultSettleDelay = 0")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.headers.get("x-vsb-vernieuwt", "")) if "/overzicht" in r.url else None)
    refresh = "htmx.trigger(document.querySelector('[data-vernieuwt]'), 'every')"
    page.evaluate("htmx.ajax('GET', '/console/overzicht', document.querySelector('[data-vernieuwt]'))")
    expect(page.locator("svg.stroom")).to_have_count(1)
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Weer laten lopen")).to_have_attribute("aria-pressed", "true")
    before = len(asked)
    page.evaluate(refresh)
    page.evaluate("htmx.ajax('GET', '/console/overzicht', {source: document.querySelector('[data-vernieuwt]')})")
    page.wait_for_timeout(300)
    assert len(asked) == before


def test_the_screens_speak_english_to_who_asks(visit: Visit) -> None:
    page = visit("olga", "/overzicht")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="The way of the messages")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("link", name="Nederlands").click()
    expect(page.get_by_role("heading", name="De weg van de berichten")).to_be_visible()


def test_a_message_is_found_by_whatever_one_has_of_it(visit: Visit, console: ConsoleUnderTest, axe: Axe) -> None:
    message_id = console.message("StartVerblijf els")
    with database(console) as conn:
        row = conn.execute(select(bericht).where(bericht.c.id == message_id)).one()
    page = visit("olga", "/berichten")
    axe(page)
    for what in (row.bedrijfs_id, row.sha256, row.inhoud_sha256, row.dossiernummer, row.voorziening, row.afzender):
        page.goto(f"{console.url}/berichten")
        search(page, what)
        assert page.locator(f"tbody a[href$='{message_id}']").count() == 1, what
    search(page, message_id)
    expect(page).to_have_url(f"{console.url}/berichten/{message_id}")


def test_messages_are_narrowed_down_by_step_pillar_zorgkas_and_zending(visit: Visit, console: ConsoleUnderTest) -> None:
    page = visit("olga", "/berichten")
    page.get_by_label("Laatste stap").select_option("geweigerd")
    search(page, "")
    refused = console.message("StartVerblijf lena")
    assert page.locator(f"tbody a[href$='{refused}']").count() == 1
    assert set(page.locator("tbody td:last-child").all_inner_texts()) == {"inhoudelijk geweigerd"}
    page.goto(f"{console.url}/berichten")
    page.get_by_label("Zorgkas").select_option("280")
    page.get_by_label("Pijler").select_option("eibwfin")
    search(page, "")
    assert set(page.locator("tbody td:nth-child(6)").all_inner_texts()) == {"280"}
    page.goto(f"{console.url}/berichten")
    page.get_by_label("Zending", exact=True).fill("002")
    search(page, "")
    assert page.locator("tbody tr").count() == 1


def test_a_person_is_searched_for_a_purpose_and_never_in_an_address_or_a_log(
    visit: Visit, console: ConsoleUnderTest, axe: Axe
) -> None:
    insz, urls = PERSONS["griet"], []
    page = visit("olga", "/berichten", purpose=False)
    page.on("request", lambda request: urls.append(request.url))
    search(page, f"{insz[:2]}.{insz[2:4]}.{insz[4:6]}-{insz[6:9]}.{insz[9:]}")
    expect(page.get_by_role("heading", name="Waarom wilt u persoonsgegevens zien?")).to_be_visible()
    axe(page)
    page.get_by_label("een vraag of klacht behandelen").check()
    page.get_by_label("Verwijzing").fill("TICKET-7")
    page.get_by_role("button", name="Verder").click()
    expect(page.get_by_role("heading", name="Berichten van één persoon")).to_be_visible()
    assert page.locator(f"tbody a[href$='{console.message('StartVerblijf griet')}']").count() == 1
    assert not [url for url in urls if insz in re.sub(r"\D", "", url)]
    found = audited(console, "persoon_gezocht")[-1]
    assert (found["actor"], found["doel"], found["verwijzing"]) == ("account:olga (operator)", "vraag", "TICKET-7")
    assert found["onderwerp"].startswith("persoon:")
    with database(console) as conn:
        assert insz not in "".join(conn.execute(select(audit.c.gegevens + audit.c.onderwerp)).scalars())
    assert insz not in console.gateway.log()


def test_a_refused_message_is_marked_at_the_very_element(visit: Visit, console: ConsoleUnderTest, axe: Axe) -> None:
    page = visit("olga", f"/berichten/{console.message('StartVerblijf lena')}")
    (marked,) = page.locator(".xml li.mis").all()
    assert marked.inner_text().startswith("<Startdatum>")
    expect(marked).to_contain_text("VSB_STATUS_002")
    expect(page.get_by_role("region", name="Beslissing van gateway")).to_contain_text("Laat de persoon aansluiten")
    axe(page)


def test_a_message_tells_its_whole_life_who_signed_it_and_where_it_went(
    visit: Visit, console: ConsoleUnderTest, axe: Axe
) -> None:
    message_id = console.message("Zending 002 (piet)")
    page = visit("olga", f"/berichten/{message_id}")
    life = page.locator("ol.lijn > li")
    steps = [s.inner_text() for s in life.locator("b").all()]
    order = [steps.index(s) for s in ("ontvangen", "technisch aanvaard", "aanvaard", "gerouteerd", "afgeleverd", "bevestigd")]
    assert order == sorted(order)
    signature = page.get_by_role("region", name="Handtekening en certificaat")
    for told in ("ook nu aanvaard", "NIHII-PROT_ACC=72090103", "rsa-sha256", "Timestamp", "RSA 2048"):
        expect(signature).to_contain_text(told)
    expect(page.get_by_role("region", name="Leveringen")).to_contain_text("zorgkas:280")
    expect(page.locator(".xml").first).to_contain_text("<Zendingnummer>002</Zendingnummer>")
    page.get_by_text("Envelop (SOAP-header)").click()
    assert "zorgsoft-demo" not in page.content(), "a password of a package licence is nobody's to see"
    axe(page)


def test_what_is_downloaded_is_what_was_received_byte_for_byte(visit: Visit, console: ConsoleUnderTest) -> None:
    message_id = console.message("StartVerblijf els")
    page = visit("olga", f"/berichten/{message_id}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download bericht").click()
    with database(console) as conn:
        stored = conn.execute(select(bericht_inhoud.c.octetten).where(bericht_inhoud.c.bericht_id == message_id)).scalar_one()
    digest = hashlib.sha256(download.value.path().read_bytes()).digest()
    assert digest == hashlib.sha256(stored).digest()


def test_looking_at_a_message_asks_for_a_purpose_and_is_on_record(visit: Visit, console: ConsoleUnderTest) -> None:
    message_id = console.message("StartVerblijf nele")

    def looks() -> list[dict[str, Any]]:
        return [r for r in audited(console, "inzage") if message_id in r["onderwerp"]]

    before = len(looks())
    page = visit("olga", f"/berichten/{message_id}", purpose=False)
    expect(page.get_by_role("heading", name="Waarom wilt u persoonsgegevens zien?")).to_be_visible()
    assert len(looks()) == before
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    state_purpose(page)
    expect(page).to_have_url(f"{console.url}/berichten/{message_id}")
    (look,) = looks()[before:]
    assert (look["actor"], look["doel"]) == ("account:olga (operator)", "levering")


def test_a_message_with_script_in_its_texts_is_shown_and_not_run(visit: Visit, console: ConsoleUnderTest) -> None:
    evil = "<script>window.hacked=1</script><img src=x onerror=window.hacked=2>"
    package = Software(naam=evil, versie="3.2")
    facility = FacilityClient(
        console.gateway.base, sample_signer("facility-ibw-1"), IBW1, pijler="eibwfin", software=package, clock=console.gateway.now
    )
    start = {"Startdatum": console.gateway.today() - timedelta(days=3), "TypeVerblijf": "regulier"}
    answer = facility.indienen(str(uuid4()), PERSONS["jan"], StartVerblijf=start)
    page = visit("olga", f"/berichten/{answer.MessageId}")
    expect(page.locator(".xml").first).to_contain_text("<script>window.hacked")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script, main img").count() == 0


def test_a_flat_invoice_is_shown_by_zones_with_the_wrong_one_marked(visit: Visit, console: ConsoleUnderTest, axe: Axe) -> None:
    day, today = console.gateway.today() - timedelta(days=1), console.gateway.today()
    make = {"riziv": IBW1, "insz": PERSONS["els"], "dossier": "X-3", "zorgkas": "180", "number": 88, "start": day, "end": day}
    flat = naar_plat(lees_zending(parse(zending(**make, today=today))))  # type: ignore[arg-type]
    message_id = console.gateway.facility().facturatie.post(flat[:-2] + b"00", f"FLAT{uuid4().hex[:9]}").Reference
    page = visit("olga", f"/berichten/{message_id}")
    wait_for(lambda: page.reload() is not None and page.locator(".zone.mis").count() > 0)
    expect(page.locator(".plat")).to_contain_text(PERSONS["els"])
    (row,) = page.locator(".plat tbody tr", has=page.locator(".zone.mis")).all()
    expect(row.get_by_role("rowheader")).to_have_text("90")
    expect(row.locator(".zone.mis")).to_contain_text("909902")
    axe(page)


@pytest.mark.parametrize("address", ["/berichten/not-there", "/berichten/00000000-0000-7000-8000-000000000000", "/lijnen/999"])
def test_what_is_not_there_gets_a_page_that_says_so(visit: Visit, console: ConsoleUnderTest, axe: Axe, address: str) -> None:
    page = visit("olga", "/hulp")
    answer = page.goto(f"{console.url}{address}")
    assert answer is not None
    assert answer.status == 404
    axe(page)


@pytest.mark.parametrize("address", ["/leveringen", "/lijnen/280", "/register", "/audit", "/hulp", "/doel"])
def test_the_other_screens_are_accessible(visit: Visit, axe: Axe, address: str) -> None:
    axe(visit("olga", address))


def test_a_facility_is_found_by_its_number_of_eight_digits(visit: Visit, console: ConsoleUnderTest) -> None:
    page = visit("olga", "/berichten")
    search(page, IBW1[:8])
    assert page.locator(f"tbody a[href$='{console.message('StartVerblijf els')}']").count() == 1
