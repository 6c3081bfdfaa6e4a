"""Make the pictures of docs/screens anew: `python -m tests.e2e.screens [name…]`; then look at every one.

A gateway with the sample data gets the walkthrough's messages and the examples of some pillars, one line is stopped and one
delivery fails, so that the screens have something to show.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from sqlalchemy import select, update

from conformance.walkthrough import Walkthrough
from gateway.exchange.toestand import Toestand
from gateway.observe.alarmen import Alarm, Ernst
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS
from gateway.store.tables import alarm, bericht, levering
from tests.cookbooks.test_examples import COOKBOOKS, send_all
from tests.e2e.conftest import ConsoleUnderTest, log_in, new_context
from tests.e2e.support import database
from tests.support import running_gateway, running_receiver

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
SCREENS: dict[str, tuple[str, str, str]] = {
    "aanmelden": ("", "/aanmelden", ""),
    "doel": ("olga", "/doel", ""),
    "overzicht": ("olga", "/overzicht", "whole"),
    "zoeken": ("olga", "/berichten", ""),
    "bericht-geweigerd": ("olga", "/berichten/{refused}", ".xml li.mis"),
    "bericht-zending": ("olga", "/berichten/{zending}", ""),
    "leveringen": ("olga", "/leveringen", ""),
    "lijn-stil": ("olga", "/lijnen/480", ""),
    "bevestigen": ("olga", "/lijnen/280/pauzeer", ""),
    "attesten": ("olga", "/attesten", ""),
    "audit": ("olga", "/audit", ""),
}
"""Name of the picture: who looks, at what, and what of it: what fits a laptop, there where this selector is, or the whole."""


def prepare(console: ConsoleUnderTest, page: Page) -> dict[str, str]:
    """Give the screens something to show; returns what stands in their addresses."""
    for folder in (f for f in COOKBOOKS if f.name in ("emdofin", "erevacfin", "mohm")):
        examples = tomllib.loads((folder / "examples/examples.toml").read_text(encoding="utf-8"))
        list(send_all(console.gateway, folder / "examples", examples))
    page.goto(f"{console.url}/lijnen/480/pauzeer")
    page.get_by_label("Reden").fill("Onderhoud bij de zorgkas tot 14 uur")
    page.get_by_role("button", name="Stilleggen").click()
    wrong = Alarm(soort="mislukt", onderwerp="zorgkas:280", ernst=Ernst.ERNSTIG, toelichting="1 leveringen mislukt")
    with database(console) as conn:
        one = select(levering.c.id).where(levering.c.bestemming == "zorgkas:280").order_by(levering.c.nr.desc()).limit(1)
        conn.execute(update(levering).where(levering.c.id.in_(one)).values(toestand=Toestand.MISLUKT.value))
        values = {n: getattr(wrong, n) for n in ("soort", "onderwerp", "ernst", "toelichting")}
        if not conn.execute(select(alarm.c.id).where(alarm.c.onderwerp == wrong.onderwerp)).first():
            conn.execute(alarm.insert().values(**values, geopend_op=console.gateway.now()))
        refused = select(bericht.c.id).where(bericht.c.stap == "inhoudelijk_geweigerd", bericht.c.pijler == "eibwfin").limit(1)
        return {"refused": str(conn.execute(refused).scalar()), "zending": console.message("Zending 001 (els)")}


def main(names: list[str]) -> None:
    """Take the pictures, or those with these names."""
    settings = {"VSB_CONSOLE": "true", "VSB_CONSOLE_ACCOUNTS": str(SAMPLE_ACCOUNTS), "VSB_CONSOLE_SAMPLE_HINT": "true"}
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        running_receiver(Path(name) / "received") as receiver,
        running_gateway(Path(name) / "gateway", receiver, **settings) as gateway,
        sync_playwright() as playwright,
    ):
        walk = Walkthrough(base=gateway.base, delivered=Path(name) / "received", console=Console(quiet=True), clock=gateway.now)
        walk.run()
        console = ConsoleUnderTest(gateway=gateway, walk=walk)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages: dict[str, Page] = {"": new_context(browser).new_page()}
        pages["olga"] = new_context(browser).new_page()
        log_in(pages["olga"], console.url, "olga")
        pages["olga"].goto(f"{console.url}/doel")
        pages["olga"].get_by_role("button", name="Verder").click()
        told = prepare(console, pages["olga"])
        # The overview is shared for some seconds by who looks at it.
        time.sleep(5)
        for name, (who, path, part) in SCREENS.items():
            if names and name not in names:
                continue
            if who not in pages:
                pages[who] = new_context(browser).new_page()
                log_in(pages[who], console.url, who)
                pages[who].goto(f"{console.url}/doel")
                pages[who].get_by_role("button", name="Verder").click()
            pages[who].goto(console.url + path.format(**told))
            if part not in ("", "whole"):
                pages[who].locator(part).first.evaluate("e => e.scrollIntoView({block: 'center'})")
            pages[who].screenshot(path=FOLDER / f"{name}.png", full_page=part == "whole")
            # Needs Debian's pngquant: a screen has few colours, and a repository keeps every version of a picture.
            subprocess.run(["pngquant", "--force", "--ext", ".png", "--quality", "70-95", FOLDER / f"{name}.png"], check=True)
            print(name, (FOLDER / f"{name}.png").stat().st_size // 1024, "kB")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
