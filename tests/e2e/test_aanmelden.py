"""Getting in and staying in: who may, who may not, and what becomes of what was typed when a session ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ConsoleUnderTest, log_in

Visit = Callable[..., Page]


def test_who_is_not_logged_in_sees_the_login_page_and_lands_where_they_wanted(
    console: ConsoleUnderTest, anonymous: Page, axe: Callable[[Page], None]
) -> None:
    anonymous.goto(f"{console.url}/hulp")
    expect(anonymous.get_by_role("heading", name="Aanmelden")).to_be_visible()
    axe(anonymous)
    anonymous.fill("#naam", "olga")
    anonymous.fill("#wachtwoord", "vsb-sample")
    anonymous.get_by_role("button", name="Aanmelden").click()
    expect(anonymous).to_have_url(f"{console.url}/hulp")
    axe(anonymous)


@pytest.mark.parametrize("name", ["olga", "nobody"])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(console: ConsoleUnderTest, anonymous: Page, name: str) -> None:
    log_in(anonymous, console.url, name, "wrong")
    expect(anonymous.get_by_role("alert")).to_have_text("Naam of wachtwoord is niet juist.")


def test_after_logging_out_the_cookie_means_nothing(console: ConsoleUnderTest, anonymous: Page) -> None:
    log_in(anonymous, console.url, "cis")
    cookies = {c["name"]: c["value"] for c in anonymous.context.cookies()}
    anonymous.get_by_role("button", name="Afmelden").click()
    expect(anonymous.get_by_text("U bent afgemeld.")).to_be_visible()
    answer = requests.get(f"{console.url}/hulp", cookies=cookies, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/console/aanmelden")


def test_every_page_forbids_scripts_of_others_frames_and_caching(console: ConsoleUnderTest) -> None:
    answer = requests.get(f"{console.url}/aanmelden", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    (cookie,) = list(answer.cookies)
    assert cookie.has_nonstandard_attr("HttpOnly")
