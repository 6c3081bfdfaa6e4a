"""Logging in at an OpenID provider: who may, as what, and what a provider or a stranger may not get away with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import new_context
from tests.e2e.provider import CLIENT, SECRET, Provider, running_provider
from tests.support import RunningGateway, running_gateway

PEOPLE = {
    "olga": {"sub": "1", "name": "Olga Op", "roles": ["vsb-operators"]},
    "karel": {"sub": "2", "name": "Karel Kas", "roles": "zorgkas", "zorgkas": "180"},
    "nobody": {"sub": "3", "name": "No Role", "roles": ["cook"]},
    "loose": {"sub": "4", "name": "No Binding", "roles": ["zorgkas"]},
    "both": {"sub": "5", "name": "Two Roles", "roles": ["vsb-operators", "controleur"]},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider(PEOPLE) as provider:
        yield provider


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    settings = {
        "VSB_CONSOLE": "true",
        "VSB_OIDC_ISSUER": provider.issuer,
        "VSB_OIDC_CLIENT_ID": CLIENT,
        "VSB_OIDC_CLIENT_SECRET": SECRET,
        "VSB_OIDC_ROLE_CLAIM": "roles",
        "VSB_OIDC_ROLES": '{"vsb-operators": "operator", "zorgkas": "zorgkas", "controleur": "controleur"}',
    }
    with running_gateway(tmp_path_factory.mktemp("oidc"), options=("--no-worker",), **settings) as gateway:
        yield gateway


@pytest.fixture
def page(browser: Browser, provider: Provider) -> Iterator[Page]:
    provider.misbehave = ""
    context = new_context(browser)
    yield context.new_page()
    context.close()


def log_in(page: Page, gateway: RunningGateway, who: str, path: str = "/console/hulp") -> None:
    page.goto(f"{gateway.base}{path}")
    page.get_by_role("link", name="Aanmelden met uw organisatie").click()
    page.get_by_role("link", name=who).click()
    page.wait_for_load_state()


def test_a_person_of_the_provider_gets_in_as_what_the_provider_says(gateway: RunningGateway, page: Page) -> None:
    log_in(page, gateway, "olga")
    expect(page).to_have_url(f"{gateway.base}/console/hulp")
    expect(page.get_by_text("Olga Op")).to_be_visible()
    expect(page.get_by_text("overzicht.zien")).to_be_visible()


def test_a_role_is_bound_to_what_the_claim_names(gateway: RunningGateway, page: Page) -> None:
    log_in(page, gateway, "karel")
    expect(page.locator(".wie")).to_contain_text("zorgkas 180")
    assert page.goto(f"{gateway.base}/console/overzicht").status == 403  # type: ignore[union-attr]


def test_who_has_two_roles_chooses_one_and_can_change(gateway: RunningGateway, page: Page) -> None:
    log_in(page, gateway, "both")
    expect(page.get_by_role("heading", name="In welke rol werkt u nu?")).to_be_visible()
    before = {c["name"]: c["value"] for c in page.context.cookies()}
    page.get_by_role("button", name="Wissel").click()
    expect(page.locator(".wie")).to_contain_text("controleur")
    after = {c["name"]: c["value"] for c in page.context.cookies()}
    assert before["vsb-sessie"] != after["vsb-sessie"], "the cookie must change with the role"
    assert page.goto(f"{gateway.base}/console/overzicht").status == 403  # type: ignore[union-attr]


@pytest.mark.parametrize("who", ["nobody", "loose"])
def test_who_has_no_role_or_no_binding_stays_outside(gateway: RunningGateway, page: Page, who: str) -> None:
    log_in(page, gateway, who)
    expect(page.get_by_role("alert")).to_contain_text("niet gelukt")
    assert "vsb-sessie" not in {c["name"] for c in page.context.cookies()}


@pytest.mark.parametrize("lie", ["nonce", "audience", "key", "issuer", "expired"])
def test_a_token_that_is_not_for_this_login_is_not_believed(
    gateway: RunningGateway, provider: Provider, page: Page, lie: str
) -> None:
    provider.misbehave = lie
    log_in(page, gateway, "olga")
    expect(page.get_by_role("alert")).to_contain_text("niet gelukt")
    assert "vsb-sessie" not in {c["name"] for c in page.context.cookies()}


def test_a_login_that_another_browser_began_does_not_end_here(gateway: RunningGateway, page: Page) -> None:
    """Login CSRF: an attacker's half-way login may not become the victim's session."""
    begun = requests.get(f"{gateway.base}/console/aanmelden/oidc", allow_redirects=False, timeout=10)
    back = requests.get(f"{begun.headers['location']}&who=olga", allow_redirects=False, timeout=10).headers["location"]
    page.goto(back)
    expect(page.get_by_role("alert")).to_contain_text("niet in deze browser begonnen")
    assert "vsb-sessie" not in {c["name"] for c in page.context.cookies()}


def test_the_way_back_only_leads_into_the_console(gateway: RunningGateway, page: Page) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/console/../evil", "/console/\\evil"):
        page.context.clear_cookies()
        page.goto(f"{gateway.base}/console/aanmelden?verder={elsewhere}")
        page.get_by_role("link", name="Aanmelden met uw organisatie").click()
        page.get_by_role("link", name="olga").click()
        page.wait_for_load_state()
        assert page.url.startswith(f"{gateway.base}/console/"), page.url
