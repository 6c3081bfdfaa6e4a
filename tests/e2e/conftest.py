"""A gateway with real messages in it and its console, seen through Debian's Chromium.

- `console`: the running gateway (one for the whole run), after a walkthrough of real messages: `console.lines` says what was sent.
- `visit(account)`: a browser page of somebody who is logged in; accounts are those of gateway/reference/sample/accounts.toml.
- `axe(page)`: fails on a serious or critical finding of axe-core on the page as it stands.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from rich.console import Console

from conformance.walkthrough import Walkthrough
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS
from tests.support import RunningGateway, running_gateway, running_receiver

PASSWORD = "vsb-sample"
_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINDINGS: list[dict[str, Any]] = []
"""Serious and critical findings of axe in this run; tests/e2e/run.py counts them."""


@dataclass(kw_only=True)
class ConsoleUnderTest:
    """A gateway with its console, and what was sent through it."""

    gateway: RunningGateway
    walk: Walkthrough

    @property
    def url(self) -> str:
        return f"{self.gateway.base}/console"

    def message(self, what: str) -> str:
        """MessageId of a line of the walkthrough, for example "StartVerblijf els"."""
        return next(line.message_id for line in self.walk.lines if line.what == what and line.message_id)


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleUnderTest]:
    folder = tmp_path_factory.mktemp("e2e")
    settings = {
        "VSB_CONSOLE": "true",
        "VSB_CONSOLE_ACCOUNTS": str(SAMPLE_ACCOUNTS),
        "VSB_LOG_KEY": "a-key-of-the-tests",
        "VSB_POLL_SECONDS": "0",
    }
    with running_receiver(folder / "received") as receiver, running_gateway(folder / "gateway", receiver, **settings) as gateway:
        walk = Walkthrough(base=gateway.base, delivered=folder / "received", console=Console(quiet=True), clock=gateway.now)
        assert walk.run(), "the messages that the screens show did not arrive"
        yield ConsoleUnderTest(gateway=gateway, walk=walk)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop running in this thread, under which no other one starts: it ends with these tests.
    found = shutil.which("chromium")
    assert found is not None, "Chromium is not installed: make debian-test"
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start as root.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser of a Belgian office, that fails a test when a page breaks its own content security policy."""
    options = {"viewport": {"width": 1366, "height": 820}, "locale": "nl-BE", "timezone_id": "Europe/Brussels", **options}
    context = browser.new_context(**options)
    context.set_default_timeout(15_000)
    return context


@pytest.fixture
def anonymous(browser: Browser) -> Iterator[Page]:
    """A page of somebody who is not logged in."""
    context = new_context(browser)
    yield context.new_page()
    context.close()


def log_in(page: Page, url: str, account: str, password: str = PASSWORD) -> None:
    page.goto(f"{url}/aanmelden")
    page.fill("#naam", account)
    page.fill("#wachtwoord", password)
    page.get_by_role("button", name="Aanmelden").click()
    page.wait_for_load_state()


def state_purpose(page: Page) -> None:
    """Choose the first purpose, on the page that asks for one: none is chosen beforehand."""
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Verder").click()


@pytest.fixture(scope="session")
def _states() -> dict[str, Any]:
    return {}


@pytest.fixture
def visit(browser: Browser, console: ConsoleUnderTest, _states: dict[str, Any]) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody; `purpose=False` leaves the question for the purpose to the test."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def open_page(account: str = "olga", path: str = "/", *, purpose: bool = True) -> Page:
        # A purpose stays with the session, so who is to be asked for one logs in anew.
        if account not in _states or not purpose:
            first = new_context(browser)
            page = first.new_page()
            log_in(page, console.url, account)
            if purpose:
                page.goto(f"{console.url}/doel")
                state_purpose(page)
            state = first.storage_state()
            first.close()
            if purpose:
                _states[account] = state
        context = new_context(browser, storage_state=_states[account] if purpose else state)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if "Content Security Policy" in m.text else None)
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto(f"{console.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == [], "the browser complained"


@pytest.fixture
def axe() -> Callable[[Page], None]:
    def check(page: Page) -> None:
        # evaluate() runs outside the page's content security policy.
        page.evaluate(f"() => {{ {_AXE} }}")
        result = page.evaluate(f"() => axe.run(document, {{runOnly: {json.dumps(_TAGS)}}})")
        serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
        FINDINGS.extend(serious)
        told = [f"{v['id']}: {v['help']} at {[n['target'] for n in v['nodes']][:5]}" for v in serious]
        assert told == [], page.url

    return check
