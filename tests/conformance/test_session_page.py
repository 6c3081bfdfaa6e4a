"""The session's page in a real Chromium, with a vendor's software that sends to the same session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import zeep
from playwright.sync_api import Browser, Page, expect, sync_playwright

from conformance.berichten.world import NAMES
from conformance.client import FacilityClient, Software
from conformance.sender.guard import HEADERS, MAX_BODY
from conformance.sender.page import page_app
from conformance.sender.server import listening, on_stage
from conformance.sender.session import Options, new_session
from conformance.sender.stage import Stage
from conformance.server.reference import free_port
from conformance.verdict import Verdict
from conformance.walkthrough import sample_signer
from gateway.wire.server import BoundedProtocol

expect.set_options(timeout=30_000)
TOKEN = "een-lang-geheim"
START = "eibwfin/bericht/start-els"


@dataclass(frozen=True, kw_only=True)
class Live:
    """A session that is served."""

    url: str
    stage: Stage
    vendor: FacilityClient

    def order(self, word: str, token: str = TOKEN, **fields: str) -> requests.Response:
        return requests.post(f"{self.url}/api/orders/{word}", json=fields, headers={"X-VSB-Token": token}, timeout=10)

    def begin(self, scenario: str) -> None:
        """Ask for one scenario, and wait until its first step is under way."""
        assert self.order("start", scenario=scenario).status_code == 200
        changed = self.stage.conductor.tap.changed
        with changed:
            assert changed.wait_for(lambda: self.stage.conductor.tap.watch is not None, 60)

    def end(self) -> None:
        assert self.stage.wait(60)

    def start_els(self, day: date | None = None, soort: str = "regulier", **more: Any) -> Any:
        found = {"Startdatum": day or date.today() - timedelta(days=10), "TypeVerblijf": soort, **more}
        return self.vendor.indienen(str(uuid4()), NAMES["personen"]["els"], StartVerblijf=found)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    options = Options(
        pijler="eibwfin", port=free_port(), page_port=free_port(), product="Zorgpakket <b>Noord</b>", version="4.2", vendor="Noord BV",
        patience=0.5, late=0.3, quiet=0.1, poll_seconds=0.2,
    )  # fmt: skip
    session = new_session(tmp_path_factory.mktemp("sessies"), options)
    with on_stage(session) as conductor, Stage(conductor=conductor, careful=True).open() as stage:
        page = page_app(stage, TOKEN, options.page_port)
        with listening(page, "127.0.0.1", options.page_port, protocol=BoundedProtocol):
            software = options.software
            assert isinstance(software, Software)
            signer = sample_signer("facility-ibw-1")
            vendor = FacilityClient(conductor.base, signer, NAMES["voorzieningen"]["ibw1"], pijler="eibwfin", software=software)
            yield Live(url=f"http://127.0.0.1:{options.page_port}", stage=stage, vendor=vendor)


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "live" in request.fixturenames:
        live: Live = request.getfixturevalue("live")
        live.stage.hold()
        if live.stage.busy:
            live.stage.say("overslaan")
        live.end()
        live.stage.paused = ""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    trouble: list[str] = []
    found.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: trouble.append(str(error)))
    found.on("dialog", lambda dialog: trouble.append(f"dialog {dialog.message}"))
    found.on("request", lambda request: None if request.url.startswith(live.url) else trouble.append(f"elders: {request.url}"))
    yield found
    context.close()
    assert trouble == []


def test_a_person_is_told_what_to_send_sees_what_was_wrong_and_does_it_again(page: Page, live: Live) -> None:
    page.goto(f"{live.url}/?scenario={START}")
    page.get_by_role("button", name="Voer uit").click()
    now = page.locator("#nu")
    expect(now.get_by_role("heading", name="Els begint een verblijf")).to_be_visible()
    day = date.today() - timedelta(days=10)
    expect(now.get_by_role("row", name=f"StartVerblijf › Startdatum {day}")).to_be_visible()
    live.start_els(day - timedelta(days=2), "proef")
    expect(page.get_by_role("heading", name="Dit scenario mislukte. Verbeter uw software en doe het opnieuw.")).to_be_visible()
    detail = page.locator("#detail")
    expect(detail).to_contain_text(f"Zet Startdatum op {day}, niet op {day - timedelta(days=2)}.")
    expect(detail.locator(".diff .weg")).to_have_text([re.compile(f"Startdatum>{day}<"), re.compile("regulier")])
    expect(detail.locator(".diff .extra").last).to_contain_text("proef")
    now.get_by_role("button", name="Opnieuw").click()
    expect(now.get_by_role("heading", name="Els begint een verblijf")).to_be_visible()
    live.start_els(day)
    expect(
        page.locator(f"nav a[href*='{START.replace('/', '%2F')}'], nav a[href*='{START}']").locator(".stip.pass")
    ).to_be_visible()
    live.end()
    page.goto(f"{live.url}/?scenario={START}")
    expect(page.locator("#detail h2 .merk")).to_have_text("geslaagd")


def test_what_arrives_is_seen_without_loading_again(page: Page, live: Live) -> None:
    live.begin("eibwfin/afzender/stilte-na")
    page.goto(live.url)
    expect(page.locator("#nu")).to_contain_text("Nog niets. De suite wacht op uw software")
    with pytest.raises(requests.ConnectionError):
        live.start_els()
    expect(page.locator("#nu .verkeer")).to_contain_text("geen antwoord; het bericht is wel verwerkt")


def test_a_person_may_judge_and_the_report_shows_both(page: Page, live: Live) -> None:
    live.begin(START)
    live.start_els(soort="proef")
    live.end()
    page.goto(f"{live.url}/?scenario={START}")
    page.get_by_text("Zelf beoordelen").click()
    page.get_by_label("Uw naam").fill("Ann Peeters")
    page.get_by_label("Wat u zag").fill("Een proefverblijf was <i>bedoeld</i>.")
    page.get_by_role("button", name="Bewaar").click()
    expect(page.locator("#detail .mens")).to_have_text(
        "Beoordeeld door Ann Peeters: geslaagd, in plaats van mislukt. “Een proefverblijf was <i>bedoeld</i>.”"
    )
    page.goto(f"{live.url}/verslag/verslag.html")
    expect(page.locator("body")).to_contain_text("“Een proefverblijf was <i>bedoeld</i>.”")
    expect(page.locator("body")).to_contain_text(live.stage.session.run.id)


def test_what_the_suite_can_not_see_is_put_to_a_person(page: Page, live: Live) -> None:
    live.begin("eibwfin/afzender/zegel-vals")
    live.start_els(date.today() - timedelta(days=27))
    live.end()
    page.goto(f"{live.url}/?scenario=eibwfin/afzender/zegel-vals")
    expect(page.locator("#detail h2 .merk")).to_have_text("na te kijken")
    expect(page.locator("#detail")).to_contain_text("Kijk in uw software: is dit antwoord geweigerd")


def test_a_step_ends_by_itself_when_nothing_more_may_come(live: Live) -> None:
    live.begin("eibwfin/afzender/fout-blijvend")
    with pytest.raises(zeep.exceptions.Fault):
        live.start_els(date.today() - timedelta(days=27))
    live.end()
    result = live.stage.session.run.results["eibwfin/afzender/fout-blijvend"]
    assert {c.name: c.verdict for c in result.checks} == {
        "start-els: aantal pogingen": Verdict.PASS,
        "start-els: velden": Verdict.PASS,
        "getoond?": Verdict.REVIEW,
    }


def test_choosing_another_scenario_leaves_the_one_that_waits(live: Live) -> None:
    live.begin("eibwfin/bericht/overlijden-nele")
    assert live.order("start", scenario=START).status_code == 200
    changed, conductor = live.stage.conductor.tap.changed, live.stage.conductor
    with changed:
        assert changed.wait_for(lambda: conductor.now.scenario is not None and conductor.now.scenario.id == START, 60)
        assert changed.wait_for(lambda: conductor.tap.watch is not None, 60)
    live.start_els()
    live.end()
    results = live.stage.session.run.results
    assert results[START].verdict is Verdict.PASS
    assert "eibwfin/bericht/overlijden-nele" not in results


def test_an_empty_mailbox_ends_a_step_too(live: Live) -> None:
    live.begin("eibwfin/afzender/getekend-get")
    assert live.vendor.facturatie.get() == []
    live.end()
    assert live.stage.session.run.results["eibwfin/afzender/getekend-get"].verdict is Verdict.PASS


def test_skipping_says_so(page: Page, live: Live) -> None:
    live.begin("eibwfin/bericht/start-wout")
    page.goto(live.url)
    page.get_by_role("button", name="Overslaan").click()
    live.end()
    assert "overgeslagen door u" in str(live.stage.session.run.results["eibwfin/bericht/start-wout"].checks)


def test_a_senders_text_is_text_and_never_markup(page: Page, live: Live) -> None:
    live.begin(START)
    script = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    live.start_els(soort=script[:40])
    body = f"<a><b>{script.replace('<', '&lt;')}</b></a>"
    requests.post(f"{live.stage.conductor.base}/soap/aanvraag/v1", data=body, headers={"Content-Type": "text/xml"}, timeout=10)
    page.goto(f"{live.url}/?scenario={START}")
    page.wait_for_timeout(300)
    expect(page.locator("h1")).to_have_text("Zorgpakket <b>Noord</b> 4.2")
    assert page.locator("#detail img, #nu img, #detail script").count() == 0
    expect(page.locator("#detail")).to_contain_text("<script>alert(1)</script>")


def test_it_reads_on_a_phone_in_the_dark_and_on_paper(browser: Browser, live: Live, tmp_path: Path) -> None:
    with browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(live.url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.emulate_media(media="print")
        expect(page.locator("#kop .knoppen")).to_be_hidden()
        page.pdf(path=tmp_path / "pagina.pdf")
        assert (tmp_path / "pagina.pdf").read_bytes().startswith(b"%PDF")


def test_without_scripts_the_page_still_works(browser: Browser, live: Live) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{live.url}/?scenario={START}")
        page.locator("#detail .knoppen button").click()
        expect(page.locator("#nu")).to_contain_text("stap 1 van 1")


class TestGuard:
    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1:1"])
    def test_another_name_for_this_computer_is_refused(self, live: Live, host: str) -> None:
        for path in ("/", "/api/session", "/verslag/verslag.json"):
            assert requests.get(f"{live.url}{path}", headers={"Host": host}, timeout=10).status_code == 403

    def test_orders_need_the_token(self, live: Live) -> None:
        assert live.order("alles", token="verkeerd").status_code == 403
        form = {"opdracht": "alles", "scenario": "", "token": ""}
        assert requests.post(f"{live.url}/doe", data=form, timeout=10).status_code == 403
        assert not live.stage.busy

    def test_orders_of_another_site_are_refused(self, live: Live) -> None:
        headers = {"Origin": "https://evil.example", "X-VSB-Token": TOKEN}
        assert requests.post(f"{live.url}/api/orders/alles", json={}, headers=headers, timeout=10).status_code == 403

    def test_large_and_odd_orders_are_refused(self, live: Live) -> None:
        headers = {"X-VSB-Token": TOKEN}
        big = requests.post(f"{live.url}/api/orders/alles", data=b"x" * (MAX_BODY + 1), headers=headers, timeout=10)
        assert big.status_code == 403
        assert requests.post(f"{live.url}/api/orders/alles", data=b"[1]", headers=headers, timeout=10).status_code == 400
        assert live.order("ontplof").status_code == 409
        assert live.order("start", scenario="../../etc").status_code == 409
        assert live.order("oordeel", scenario=START, verdict="prachtig", by="x", comment="y").status_code == 409

    @pytest.mark.parametrize(
        "path", ["/bewijs/..%2Fsession.json", "/bewijs/session.json", "/certificaat/gateway.p12", "/static/page.py"]
    )
    def test_only_what_is_meant_is_given(self, live: Live, path: str) -> None:
        assert requests.get(f"{live.url}{path}", timeout=10).status_code == 404

    def test_every_answer_carries_the_headers(self, live: Live) -> None:
        for path in ("/", "/api/session", "/static/sessie.js", "/nergens"):
            found = requests.get(f"{live.url}{path}", timeout=10).headers
            assert {k: found.get(k) for k in HEADERS} == HEADERS

    def test_evidence_is_text_with_persons_masked(self, live: Live) -> None:
        live.begin(START)
        live.start_els()
        live.end()
        name = live.stage.session.run.results[START].traffic[0]
        found = requests.get(f"{live.url}/bewijs/{name}", timeout=10)
        assert found.headers["Content-Type"].startswith("text/plain")
        assert NAMES["personen"]["els"] not in found.text
        assert "<aan:StartVerblijf" in found.text or "StartVerblijf" in found.text


class TestApi:
    def test_it_tells_the_session_the_plan_and_the_results(self, live: Live) -> None:
        live.begin(START)
        session = requests.get(f"{live.url}/api/session", timeout=10).json()
        assert session["session"] == live.stage.session.run.id
        assert session["step"]["scenario"] == START
        assert session["step"]["asked"][0]["operation"] == "Indienen"
        live.start_els()
        live.end()
        plan = requests.get(f"{live.url}/api/scenarios", timeout=10).json()
        assert next(row["verdict"] for row in plan if row["id"] == START) == "pass"
        assert requests.get(f"{live.url}/api/results/{START}", timeout=10).json()["verdict"] == "pass"
        assert requests.get(f"{live.url}/api/results/eibwfin/nergens", timeout=10).status_code == 404
        assert requests.get(f"{live.url}/api/report", timeout=10).json()["id"] == session["session"]
