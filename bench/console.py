"""A million stored messages: how long each main page of the console takes to answer, beside the goal of 200 ms."""

from __future__ import annotations

import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from bench.console_data import fill, insz
from bench.running import running
from bench.table import Row
from gateway.cookbook.laden import load_cookbooks
from gateway.paths import data_dir
from gateway.reference.laden import laad
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS, voorbeeldbestanden
from gateway.store import tellingen
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import upgrade
from tests.databases import private_postgresql

GOAL_MS = 200.0
MESSAGES = 1_000_000
_TIMES = 7
_FACILITY = "72090012000"


def run(quick: bool = False) -> list[Row]:
    """The median of each page on SQLite, and on PostgreSQL when VSB_BENCH_POSTGRESQL is set; VSB_BENCH_MESSAGES says how many."""
    count = 20_000 if quick else int(os.environ.get("VSB_BENCH_MESSAGES", MESSAGES))
    rows = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name:
        rows += _on(f"sqlite:///{name}/console.sqlite", "SQLite", Path(name), count)
    if os.environ.get("VSB_BENCH_POSTGRESQL"):
        with private_postgresql() as postgresql, tempfile.TemporaryDirectory() as name:
            rows += _on(postgresql.new_database(), "PostgreSQL", Path(name), count)
    return rows


def _on(url: str, engine_name: str, folder: Path, count: int) -> list[Row]:
    engine = make_engine(url)
    upgrade(engine)
    laad(engine, voorbeeldbestanden(), datetime.now(UTC).date())
    some = fill(engine, count)
    store = Store(engine)
    begin = time.perf_counter()
    beloften = {n: c.belofte for n, c in load_cookbooks(data_dir("cookbooks")).items()}
    tellingen.tel_alles(store, beloften, datetime.now(UTC))
    counted = time.perf_counter() - begin
    engine.dispose()
    rows = [Row(name=f"count every sum again, {engine_name}", value=counted, unit="s", floor=count / 2_000)]
    for file, header in (("personen.csv", _PERSONS), ("aansluitingen.csv", "insz;zorgkas;type;van;tot")):
        (folder / file).write_text(f"{header}\n", encoding="utf-8")
    environment = {"VSB_CONSOLE": "true", "VSB_CONSOLE_ACCOUNTS": str(_accounts(folder)), "VSB_WORKERS": "1"}
    with _set(environment), running(folder, url) as gateway:
        for what, page in _pages(f"http://127.0.0.1:{gateway.port}", some, many=count > 500_000).items():
            rows.append(Row(name=f"{what}, {engine_name}", value=_median(page) * 1e3, unit="ms", floor=GOAL_MS))
    return rows


_PERSONS = "insz;naam;voornaam;geboortedatum;geslacht;adres;overlijdensdatum;aansluiting_mogelijk"


def _accounts(folder: Path) -> Path:
    """The sample's people, of whom the facility's is one that sent many messages here."""
    accounts = folder / "accounts.toml"
    accounts.write_text(SAMPLE_ACCOUNTS.read_text("utf-8").replace("72090103", _FACILITY[:8]), "utf-8")
    return accounts


@contextmanager
def _set(environment: dict[str, str]) -> Iterator[None]:
    """Settings of the gateway that is started within."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass(frozen=True, kw_only=True)
class Page:
    """Something that people ask for."""

    ask: Callable[[], requests.Response]
    shows: str = ""
    """Must be in the answer: a page that found nothing is fast too."""
    pause: float = 0.0
    """Seconds between two looks; the overview of a moment is shared for four."""


def _median(page: Page) -> float:
    """Seconds; the first time, when the templates are compiled, does not count."""
    times = []
    for n in range(_TIMES + 1):
        time.sleep(page.pause)
        begin = time.perf_counter()
        answer = page.ask()
        if n:
            times.append(time.perf_counter() - begin)
        if answer.status_code != 200 or page.shows not in answer.text:
            raise RuntimeError(f"{answer.url}: {answer.status_code}, without {page.shows!r}\n{answer.text[:500]}")
    return statistics.median(times)


def _pages(base: str, some: list[str], *, many: bool = True) -> dict[str, Page]:
    """Args:
    many: a search for what is not there does not come to the end of all messages.
    """
    further = "Verder zoeken" if many else ""
    olga, karel, cis, bea, vera, lode = (_log_in(base, who) for who in ("olga", "karel", "cis", "bea", "vera", "lode"))
    known = (olga.get(f"{base}/api/v1/berichten/{i}", timeout=60).json() for i in some[len(some) // 2 :])
    one = next(m for m in known if m["dossiernummer"])
    middle = one["id"]
    year = int(one["ontvangen_op"][:4])
    own = lode.get(f"{base}/api/v1/eigen?na={middle}", timeout=60).json()["items"][0]["bedrijfs_id"]
    waits = karel.get(f"{base}/api/v1/beraad", timeout=60).json()["items"][0]["bericht_id"]
    found = f"/console/berichten/{middle}"

    def get(who: requests.Session, address: str, shows: str = "", pause: float = 0.0) -> Page:
        return Page(ask=lambda: who.get(f"{base}{address}", timeout=120), shows=shows, pause=pause)

    def search(what: str, shows: str = found, **fields: str) -> Page:
        data = {
            "_csrf": _token(olga.get(f"{base}/console/berichten", timeout=60).text),
            "wat": what,
            "venster": "alles",
            **fields,
        }
        return Page(ask=lambda: olga.post(f"{base}/console/berichten/zoek", data=data, timeout=120), shows=shows)

    def own_search(what: str) -> Page:
        data = {"_csrf": _token(vera.get(f"{base}/console/eigen", timeout=60).text), "wat": what}
        return Page(ask=lambda: vera.post(f"{base}/console/eigen/zoek", data=data, timeout=120), shows="één persoon")

    return {
        "overview": get(olga, "/console/overzicht", "eibwfin", pause=4.1),
        "overview of a week": get(olga, "/console/overzicht?venster=7d", "eibwfin", pause=4.1),
        "messages, newest": get(olga, "/console/berichten?venster=alles", "/console/berichten/"),
        "search by message id": search(middle, one["sha256"]),
        "search by business id": search(one["bedrijfs_id"]),
        "search by hash": search(one["sha256"]),
        "search by dossier": search(one["dossiernummer"]),
        "search by person": search(insz(17), "/console/berichten/"),
        "search by facility": search(_FACILITY, f"riziv:{_FACILITY[:8]}"),
        "search by organisation": search(_FACILITY[:8], f"riziv:{_FACILITY[:8]}"),
        "search by zending": search("", "/console/berichten/", zending="012/1012"),
        "search by zorgkas": search("", "<td>180</td>", zorgkas="180"),
        "search by pillar": search("", "eibwfin", pijler="eibwfin"),
        "search by refusal": search("", "/console/berichten/", stap="geweigerd"),
        "search by zorgkas, pillar and refusal": search("", "<td>180</td>", zorgkas="180", pijler="eibwfin", stap="geweigerd"),
        "search for what is not there": search("", further, zorgkas="180", pijler="mohm"),
        "search in the middle": get(olga, f"/console/berichten?venster=alles&voor={middle}", "/console/berichten/"),
        "a message": get(olga, f"/console/berichten/{some[-1]}", some[-1]),
        "deliveries": get(olga, "/console/leveringen"),
        "line of a zorgkas": get(olga, "/console/lijnen/180", "/console/berichten/"),
        "worklist of a zorgkas": get(karel, "/console/beraad", "/console/beraad/"),
        "worklist of a pillar": get(karel, "/console/beraad?pijler=eibwfin", "/console/beraad/"),
        "worklist of a pillar without any": get(karel, "/console/beraad?pijler=mohm"),
        "item of the worklist": get(karel, f"/console/beraad/{waits}", waits),
        "settlements to do": get(karel, "/console/afrekenen", "/console/afrekenen/"),
        "settled": get(karel, "/console/afrekeningen", "/console/afrekeningen/"),
        "own messages of a facility": get(vera, "/console/eigen", "/console/eigen/"),
        "own messages of a person": own_search(insz(17)),
        "own messages of a kind, none there": get(vera, "/console/eigen?soort=Aflevering"),
        "own messages of a vendor": get(lode, "/console/eigen", "/console/eigen/"),
        "own messages of a vendor, none in the pillar": get(lode, "/console/eigen?pijler=mohm", further),
        "own messages by reference": get(lode, f"/console/eigen?referentie={own}", own),
        "samples of the controller": get(cis, "/console/steekproeven"),
        "a message of the controller": get(cis, f"/console/zaken/{middle}", middle),
        "report, amounts": get(olga, "/console/rapporten", "eibwfin"),
        "report, amounts of a zorgkas": get(karel, "/console/rapporten", "eibwfin"),
        "report, messages": get(olga, "/console/rapporten/berichten", "eibwfin"),
        "report, messages of five years": get(olga, f"/console/rapporten/berichten?van={year - 3}-01", "eibwfin"),
        "report, refusals": get(olga, "/console/rapporten/weigeringen", "REVAZ_START_103"),
        "report, turnaround": get(olga, "/console/rapporten/doorlooptijd", "eibwfin"),
        "register": get(bea, "/console/register/erkenningen"),
        "rules": get(bea, "/console/regels/ewzcfin"),
        "audit log": get(olga, "/console/audit"),
        "API, search by facility": get(olga, f"/api/v1/berichten?voorziening={_FACILITY}", _FACILITY),
        "API, report by facility": get(olga, "/api/v1/rapporten/messages?per=voorziening&per=maand", "71000003000"),
    }


def _log_in(base: str, who: str) -> requests.Session:
    session = requests.Session()
    page = session.get(f"{base}/console/aanmelden", timeout=60).text
    session.post(
        f"{base}/console/aanmelden", data={"_csrf": _token(page), "naam": who, "wachtwoord": "vsb-sample"}, timeout=60
    ).raise_for_status()
    page = session.get(f"{base}/console/doel", timeout=60).text
    chosen = re.search(r'name="_doel" value="([^"]+)"', page)
    if chosen is None:
        raise RuntimeError(f"{who} is not logged in")
    session.post(f"{base}/console/doel", data={"_csrf": _token(page), "_doel": chosen[1]}, timeout=60).raise_for_status()
    return session


def _token(page: str) -> str:
    found = re.search(r'name="_csrf" value="([^"]+)"', page)
    if found is None:
        raise RuntimeError("a page without a form")
    return found[1]
