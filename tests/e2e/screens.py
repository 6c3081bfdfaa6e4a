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
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from sqlalchemy import select, update

from bench.console_data import fill
from conformance.berichten.messages import head, start
from conformance.walkthrough import Walkthrough
from gateway.exchange.toestand import Toestand
from gateway.observe.alarmen import Alarm, Ernst
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS
from gateway.store.engine import make_engine
from gateway.store.tables import alarm, bericht, levering
from tests.cookbooks.test_examples import send_all
from tests.e2e.conftest import ConsoleUnderTest, log_in, new_context, state_purpose
from tests.e2e.support import database
from tests.e2e.werk import voor_de_platen
from tests.support import IBW1, PERSONS, RunningGateway, running_gateway, running_receiver

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
    "audit": ("olga", "/audit", ""),
    "zorgkas-beraad": ("karel", "/beraad", ""),
    "zorgkas-beslissen": ("karel", "/beraad/{beraad}", "whole"),
    "zorgkas-dossier": ("karel", "/dossiers/{els}", ""),
    "zorgkas-dossier-na-mutatie": ("kaat", "/dossiers/{bert}", ""),
    "zorgkas-weigeren": ("karel", "/afrekenen/{open}", ""),
    "zorgkas-afrekenen": ("karel", "/afrekenen/{open}/bevestigen", ""),
    "voorziening-berichten": ("vera", "/eigen", ""),
    "voorziening-geweigerd": ("vera", "/eigen/{lena}", "whole"),
    "voorziening-proef": ("vera", "/proef", "whole"),
    "voorziening-toegang": ("vera", "/toegang", ""),
    "leverancier-geweigerd": ("lode", "/eigen/{lena}", ""),
    "controle-nieuw": ("cis", "/steekproeven/nieuw", ""),
    "controle-steekproef": ("cis", "/steekproeven/{steekproef}?opnieuw=1", ""),
    "controle-zaak": ("cis", "/zaken/{lena}", "whole"),
}
"""Name of the picture: who looks, at what, and what of it: what fits a laptop, there where this selector is, or the whole."""
AFTER_MANY: dict[str, tuple[str, str, str]] = {
    "rapport-bedragen": ("olga", "/rapporten", "whole"),
    "rapport-berichten": ("karel", "/rapporten/berichten", ""),
    "rapport-weigeringen": ("cis", "/rapporten/weigeringen", "whole"),
    "rapport-doorlooptijd": ("olga", "/rapporten/doorlooptijd", "whole"),
    "register": ("bea", "/register/erkenningen", ""),
    "register-schorsen": ("bea", "/register/attest/schorsen?nummer=VSB-2024-0001", ""),
    "regels": ("lode", "/regels/ewzcfin", ""),
    "prijzen-wijzigingen": ("vera", "/regels/eibwfin/wijzigingen?van=2025-06-01", ""),
    "invoer-vooruitblik": ("bea", "/invoer", "whole"),
    "invoer-fouten": ("bea", "/invoer", ""),
    "api": ("", "/../api/v1/", ""),
}
"""Those that show two years of messages, which would drown the others: taken last."""
SENT = {
    "invoer-vooruitblik": ("prijzen-2027.csv", "prestatiecode;riziv;van;tot;bedrag;bron", ["763055;72090103000;2023-01-01;2025-12-31;4512;demo",
        "763055;72090103000;2026-01-01;2026-12-31;4650;demo", "763055;72090103000;2027-01-01;;4795;index 2027"]),
    "invoer-fouten": ("personen-2027.csv", "insz;naam;voornaam;geboortedatum;geslacht;adres;overlijdensdatum;aansluiting_mogelijk",
        [f"{n:011d};Meting;Persoon;;;;;misschien" for n in range(12_000)]),
}  # fmt: skip
"""What is sent before the picture of an import is taken: file, columns, rows."""


def prepare(console: ConsoleUnderTest, page: Page) -> dict[str, str]:
    """Give the screens something to show; returns what stands in their addresses."""
    for pijler in ("emdofin", "erevacfin", "mohm"):
        send_all(console.gateway, f"{pijler}/voorbeelden", console.gateway.folder / "run")
    page.goto(f"{console.url}/lijnen/480/pauzeer")
    page.get_by_label("Reden").fill("Onderhoud bij de zorgkas tot 14 uur")
    page.get_by_role("button", name="Stilleggen").click()
    wrong = Alarm(soort="mislukt", onderwerp="zorgkas:280", ernst=Ernst.ERNSTIG, toelichting="1 levering mislukt")
    with database(console) as conn:
        one = select(levering.c.id).where(levering.c.bestemming == "zorgkas:280").order_by(levering.c.nr.desc()).limit(1)
        conn.execute(update(levering).where(levering.c.id.in_(one)).values(toestand=Toestand.MISLUKT.value))
        values = {n: getattr(wrong, n) for n in ("soort", "onderwerp", "ernst", "toelichting")}
        if not conn.execute(select(alarm.c.id).where(alarm.c.onderwerp == wrong.onderwerp)).first():
            conn.execute(alarm.insert().values(**values, geopend_op=console.gateway.now()))
        refused = select(bericht.c.id).where(bericht.c.stap == "inhoudelijk_geweigerd", bericht.c.pijler == "eibwfin").limit(1)
        return {"refused": str(conn.execute(refused).scalar()), "zending": console.message("Zending 001 (els)")}


def store_many(gateway: RunningGateway) -> bool:
    """Two years of messages, and their sums."""
    fill(make_engine(gateway.environment["VSB_DATABASE_URL"]), 30_000)
    command = [sys.executable, "-m", "gateway", "report", "recount"]
    subprocess.run(command, env=gateway.environment, check=True, stdout=subprocess.DEVNULL)
    return True


def send(page: Page, name: str, columns: str, rows: list[str]) -> None:
    """Send a reference file and wait until it was checked."""
    content = "\n".join([columns, *rows]).encode()
    page.get_by_label("Bestanden", exact=True).set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Nakijken").click()
    page.locator("h2", has_text="Wat er zou veranderen").or_(page.locator("h2", has_text="fouten")).wait_for(timeout=60_000)


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
        state_purpose(pages["olga"])
        many = False
        told = prepare(console, pages["olga"]) | voor_de_platen(console)
        # The overview is shared for some seconds by who looks at it.
        time.sleep(5)
        for name, (who, path, part) in (SCREENS | AFTER_MANY).items():
            if names and name not in names:
                continue
            if name in AFTER_MANY and not many:
                many = store_many(gateway)
            if who not in pages:
                pages[who] = new_context(browser).new_page()
                log_in(pages[who], console.url, who)
                pages[who].goto(f"{console.url}/doel")
                state_purpose(pages[who])
            pages[who].goto(console.url + path.format(**told))
            if path == "/proef":
                tried = start(IBW1, PERSONS["lena"], gateway.today(), head(IBW1, gateway.now()))
                pages[who].get_by_label("Plak een bericht").fill(tried)
                pages[who].get_by_role("button", name="Controleren").click()
            if name in SENT:
                send(pages[who], *SENT[name])
            if part not in ("", "whole"):
                pages[who].locator(part).first.evaluate("e => e.scrollIntoView({block: 'center'})")
            pages[who].screenshot(path=FOLDER / f"{name}.png", full_page=part == "whole")
            # Needs Debian's pngquant: a screen has few colours, and a repository keeps every version of a picture.
            subprocess.run(["pngquant", "--force", "--ext", ".png", "--quality", "70-95", FOLDER / f"{name}.png"], check=True)
            print(name, (FOLDER / f"{name}.png").stat().st_size // 1024, "kB")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
