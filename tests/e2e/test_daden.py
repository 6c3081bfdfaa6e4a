"""Acts: confirmed on a page that says what happens, with a reason, on record under the person's name, undone where possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select, update
from zeep.exceptions import Fault

from gateway.exchange.toestand import Toestand
from gateway.store.console_tables import console_poging, console_sessie
from gateway.store.tables import bericht, levering
from tests.e2e.conftest import ConsoleUnderTest, log_in
from tests.e2e.support import audited, database, session_key, wait_for
from tests.support import PERSONS

Visit = Callable[..., Page]
Axe = Callable[[Page], None]


@contextmanager
def dead_letter(console: ConsoleUnderTest, what: str) -> Iterator[str]:
    """A delivery to a zorgkas that went wrong: its message's id, which is the delivery's too."""
    message_id = console.message(what)
    with database(console) as conn:
        conn.execute(update(levering).where(levering.c.id == message_id).values(toestand=Toestand.MISLUKT.value))
    yield message_id
    with database(console) as conn:
        conn.execute(update(levering).where(levering.c.id == message_id).values(toestand=Toestand.BEVESTIGD.value))


def state(console: ConsoleUnderTest, delivery: str) -> str:
    with database(console) as conn:
        return str(conn.execute(select(levering.c.toestand).where(levering.c.id == delivery)).scalar())


def confirm(page: Page, button: str, reason: str) -> None:
    page.get_by_label("Reden").fill(reason)
    page.get_by_role("button", name=button).click()
    page.wait_for_load_state()


def test_a_dead_letter_is_sent_again_and_arrives(visit: Visit, console: ConsoleUnderTest, axe: Axe) -> None:
    with dead_letter(console, "StartVerblijf piet") as message_id:
        page = visit("olga", "/leveringen?toestand=mislukt")
        page.get_by_role("link", name="Opnieuw").click()
        expect(page.get_by_text("Een ontvanger die ze al heeft, houdt ze één keer.")).to_be_visible()
        axe(page)
        confirm(page, "Opnieuw aanbieden", "De zorgkas was onderbroken <b>1</b>")
        expect(page.get_by_role("status")).to_have_text("De levering gaat opnieuw.")
        wait_for(lambda: state(console, message_id) == "bevestigd")
    act = audited(console, "levering_opnieuw")[-1]
    assert (act["actor"], act["onderwerp"]) == ("account:olga (operator)", message_id)
    assert act["reden"] == "De zorgkas was onderbroken <b>1</b>"


def test_what_a_colleague_did_first_is_told_and_not_done_twice(visit: Visit, console: ConsoleUnderTest) -> None:
    with dead_letter(console, "StartVerblijf wout") as message_id:
        mine, theirs = (visit("olga", f"/leveringen/{message_id}/opgeven") for _ in range(2))
        confirm(theirs, "Voorgoed opgeven", "Bestaat niet meer")
        assert state(console, message_id) == "opgegeven"
        confirm(mine, "Voorgoed opgeven", "Ik ook")
        expect(mine.get_by_role("alert")).to_contain_text("al afgesloten")
    assert len([a for a in audited(console, "levering_opgegeven") if a["onderwerp"] == message_id]) == 1


def test_a_zorgkas_is_paused_and_the_pause_is_undone(visit: Visit, console: ConsoleUnderTest, axe: Axe) -> None:
    page = visit("olga", "/lijnen/480")
    page.get_by_role("link", name="Stilleggen").click()
    axe(page)
    confirm(page, "Stilleggen", "Onderhoud <script>window.hacked=1</script>")
    expect(page.get_by_role("heading", level=1)).to_contain_text("gepauzeerd")
    expect(page.get_by_text("Onderhoud <script>window.hacked=1</script>")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    axe(page)
    page.get_by_role("link", name="Ongedaan maken").click()
    confirm(page, "Hervatten", "Onderhoud voorbij")
    expect(page.get_by_role("heading", level=1)).to_contain_text("loopt")
    assert audited(console, "lijn_gepauzeerd")[-1]["actor"] == "account:olga (operator)"
    assert audited(console, "lijn_hervat")[-1]["reden"] == "Onderhoud voorbij"


def test_a_suspended_attest_admits_nothing_until_it_is_resumed(visit: Visit, console: ConsoleUnderTest) -> None:
    def send() -> str:
        start = {"Startdatum": console.gateway.today() - timedelta(days=3), "TypeVerblijf": "regulier"}
        return str(console.gateway.facility().indienen(str(uuid4()), PERSONS["tom"], StartVerblijf=start).Uitkomst)

    page = visit("olga", "/register/attest?nummer=VSB-2024-0001")
    page.get_by_role("link", name="Schorsen").click()
    confirm(page, "Attest schorsen", "Fout in versie 3.2")
    expect(page.get_by_role("heading", level=1)).to_contain_text("geschorst")
    with pytest.raises(Fault):
        send()
    page.get_by_role("link", name="Ongedaan maken").click()
    confirm(page, "Attest hervatten", "Hersteld")
    expect(page.get_by_role("heading", level=1)).to_contain_text("geldt")
    assert send() in ("aanvaard", "geweigerd")
    assert audited(console, "attest_geschorst")[-1]["reden"] == "Fout in versie 3.2"


def test_a_mandate_gets_a_last_day(visit: Visit, console: ConsoleUnderTest, axe: Axe) -> None:
    page = visit("olga", "/register/mandaten")
    # The sample's, whatever other tests made.
    page.get_by_role("row").filter(has_text="72090202000").get_by_role("link", name="Beëindigen").click()
    axe(page)
    page.get_by_label("Laatste dag").fill((console.gateway.today() + timedelta(days=30)).isoformat())
    confirm(page, "Mandaat beëindigen", "Samenwerking stopt")
    expect(page.get_by_role("status")).to_contain_text("Gedaan")
    assert audited(console, "mandaat_beeindigd")[-1]["actor"] == "account:olga (operator)"


def cookies(page: Page) -> dict[str, str]:
    return {c["name"]: c["value"] for c in page.context.cookies()}


def token(page: Page) -> str:
    return page.locator("form[action='/console/afmelden'] input[name=_csrf]").input_value()


def test_an_act_without_a_reason_does_nothing(visit: Visit, console: ConsoleUnderTest) -> None:
    page = visit("olga", "/lijnen/680/pauzeer")
    answer = requests.post(page.url, data={"_csrf": token(page), "reden": " "}, cookies=cookies(page), timeout=10)
    assert answer.status_code == 422
    assert page.goto(f"{console.url}/lijnen/680") is not None
    expect(page.get_by_role("heading", level=1)).to_contain_text("loopt")


@pytest.mark.parametrize(
    "forged",
    [
        {"data": {}},
        {"data": {"_csrf": "0" * 64}},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"site": "cross-site"},
        {"site": "same-site"},
    ],
    ids=["no token", "wrong token", "other origin", "no origin", "cross-site", "same-site"],
)
def test_an_act_that_another_site_sends_is_refused(visit: Visit, console: ConsoleUnderTest, forged: dict[str, Any]) -> None:
    page = visit("olga", "/lijnen/680/pauzeer")
    good = {"_csrf": token(page)}
    headers = {
        "Origin": str(forged.get("origin", console.gateway.base)),
        "Sec-Fetch-Site": str(forged.get("site", "same-origin")),
    }
    data = {"reden": "x", **forged.get("data", good)}
    answer = requests.post(page.url, data=data, cookies=cookies(page), headers=headers, timeout=10)
    assert answer.status_code == 403
    page.goto(f"{console.url}/lijnen/680")
    expect(page.get_by_role("heading", level=1)).to_contain_text("loopt")


def end_session(console: ConsoleUnderTest, page: Page) -> None:
    """As if the person went for lunch."""
    earlier = console.gateway.now() - timedelta(hours=2)
    with database(console) as conn:
        conn.execute(
            update(console_sessie)
            .where(console_sessie.c.sleutel == session_key(page))
            .values(gezien_op=earlier, begonnen_op=earlier)
        )


def own_page(visit: Visit, console: ConsoleUnderTest, address: str) -> Page:
    """A page in a session that no other test shares."""
    page = visit("olga", "/hulp", purpose=False)
    page.goto(f"{console.url}{address}")
    return page


def test_a_session_that_ends_in_the_middle_of_an_act_loses_nothing(visit: Visit, console: ConsoleUnderTest, axe: Axe) -> None:
    page = own_page(visit, console, "/lijnen/580/pauzeer")
    end_session(console, page)
    confirm(page, "Stilleggen", "Lange uitleg die niemand twee keer typt")
    expect(page.get_by_role("status")).to_contain_text("Er is niets gedaan")
    axe(page)
    page.fill("#naam", "olga")
    page.fill("#wachtwoord", "vsb-sample")
    page.get_by_role("button", name="Aanmelden").click()
    expect(page.get_by_text("Lange uitleg die niemand twee keer typt")).to_be_visible()
    axe(page)
    assert not [a for a in audited(console, "lijn_gepauzeerd") if a["onderwerp"] == "zorgkas:580"]
    page.get_by_role("button", name="Alsnog versturen").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("gepauzeerd")
    (act,) = [a for a in audited(console, "lijn_gepauzeerd") if a["onderwerp"] == "zorgkas:580"]
    assert act["reden"] == "Lange uitleg die niemand twee keer typt"
    page.get_by_role("link", name="Hervatten").click()
    confirm(page, "Hervatten", "Klaar")


def test_what_was_typed_is_given_back_to_nobody_else(visit: Visit, console: ConsoleUnderTest) -> None:
    page = own_page(visit, console, "/lijnen/580/pauzeer")
    end_session(console, page)
    confirm(page, "Stilleggen", "Alleen voor olga")
    log_in_here = page.url
    page.goto(log_in_here)
    page.fill("#naam", "bea")
    page.fill("#wachtwoord", "vsb-sample")
    page.get_by_role("button", name="Aanmelden").click()
    page.wait_for_load_state()
    expect(page.get_by_role("alert")).to_be_visible()
    assert "Alleen voor olga" not in page.content()


def test_an_ended_session_that_looks_is_asked_to_log_in_and_comes_back(visit: Visit, console: ConsoleUnderTest) -> None:
    page = own_page(visit, console, "/leveringen")
    end_session(console, page)
    page.goto(f"{console.url}/register")
    expect(page.get_by_role("status")).to_contain_text("u komt terug waar u was")
    page.fill("#naam", "olga")
    page.fill("#wachtwoord", "vsb-sample")
    page.get_by_role("button", name="Aanmelden").click()
    expect(page).to_have_url(f"{console.url}/register")


def test_the_refreshing_overview_does_not_keep_a_session_alive(visit: Visit, console: ConsoleUnderTest) -> None:
    page = own_page(visit, console, "/overzicht")
    past = console.gateway.now() - timedelta(minutes=10)
    mine = console_sessie.c.sleutel == session_key(page)
    with database(console) as conn:
        conn.execute(update(console_sessie).where(mine).values(gezien_op=past))
    headers = {"HX-Request": "true", "X-Vsb-Vernieuwt": "1"}
    assert requests.get(f"{console.url}/overzicht", headers=headers, cookies=cookies(page), timeout=10).status_code == 200
    with database(console) as conn:
        assert conn.execute(select(console_sessie.c.gezien_op).where(mine)).scalar() == past
    page.reload()
    with database(console) as conn:
        assert conn.execute(select(console_sessie.c.gezien_op).where(mine)).scalar() > past


def test_a_message_on_its_page_offers_what_can_be_done_with_it(visit: Visit, console: ConsoleUnderTest) -> None:
    with dead_letter(console, "StartVerblijf omar") as message_id:
        page = visit("olga", f"/berichten/{message_id}")
        assert (
            page.get_by_role("link", name="Opnieuw aanbieden").get_attribute("href")
            == f"/console/leveringen/{message_id}/opnieuw"
        )
        with database(console) as conn:
            assert conn.execute(select(bericht.c.id).where(bericht.c.id == message_id)).scalar() == message_id


@pytest.fixture
def forgotten(console: ConsoleUnderTest) -> Iterator[None]:
    """Failed logins are forgotten after the test, or the tests that follow would have to wait."""
    yield
    with database(console) as conn:
        conn.execute(delete(console_poging))


@pytest.mark.usefixtures("forgotten")
def test_guessing_is_slowed_down_for_a_name_that_exists_and_one_that_does_not(console: ConsoleUnderTest, anonymous: Page) -> None:
    for name in ("kaat", "geen-mens"):
        for _ in range(5):
            log_in(anonymous, console.url, name, "wrong")
        log_in(anonymous, console.url, name)
        expect(anonymous.get_by_role("alert")).to_contain_text("Te veel mislukte pogingen")
    blocked = audited(console, "aanmelden_geblokkeerd")
    assert "account:kaat" in {b["onderwerp"] for b in blocked}
    assert "geen-mens" not in str(blocked), "somebody may have typed a password for a name"
