"""A million stored messages: how long each main page of the console takes to answer, beside the goal of 200 ms."""

from __future__ import annotations

import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from bench.console_data import fill
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
_FACILITY, _ORGANISATION = "72090012000", "72090012"


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
    environment = {"VSB_CONSOLE": "true", "VSB_CONSOLE_ACCOUNTS": str(SAMPLE_ACCOUNTS), "VSB_WORKERS": "1"}
    with _set(environment), running(folder, url) as gateway:
        base = f"http://127.0.0.1:{gateway.port}"
        for what, ask in _pages(base, some).items():
            rows.append(Row(name=f"{what}, {engine_name}", value=_median(ask) * 1e3, unit="ms", floor=GOAL_MS))
    return rows


_PERSONS = "insz;naam;voornaam;geboortedatum;geslacht;adres;overlijdensdatum;aansluiting_mogelijk"


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


def _median(ask: Callable[[], requests.Response]) -> float:
    """Seconds; the first time, when the templates are compiled, does not count."""
    times = []
    for n in range(_TIMES + 1):
        begin = time.perf_counter()
        answer = ask()
        if n:
            times.append(time.perf_counter() - begin)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.url}: {answer.status_code}\n{answer.text[:500]}")
    return statistics.median(times)


def _pages(base: str, some: list[str]) -> dict[str, Callable[[], requests.Response]]:
    olga, karel, cis, bea = (_log_in(base, who) for who in ("olga", "karel", "cis", "bea"))
    middle = some[len(some) // 2]
    one = olga.get(f"{base}/api/v1/berichten/{middle}", timeout=60).json()
    day = f"{datetime.fromisoformat(one['ontvangen_op']):%Y-%m-%d}"
    search = f"{base}/console/berichten?venster=alles"

    def get(who: requests.Session, address: str) -> Callable[[], requests.Response]:
        return lambda: who.get(address, timeout=120)

    return {
        "overview": get(olga, f"{base}/console/overzicht"),
        "messages, newest": get(olga, f"{base}/console/berichten"),
        "search by message id": get(olga, f"{search}&q={middle}"),
        "search by business id": get(olga, f"{search}&q={one['bedrijfs_id']}"),
        "search by hash": get(olga, f"{search}&q={one['sha256']}"),
        "search by dossier": get(olga, f"{search}&q={one['dossiernummer'] or 'D-00000001'}"),
        "search by facility": get(olga, f"{search}&q={_FACILITY}"),
        "search by organisation": get(olga, f"{search}&q={_ORGANISATION}"),
        "search by zorgkas": get(olga, f"{search}&zorgkas=180"),
        "search by pillar": get(olga, f"{search}&pijler=eibwfin"),
        "search by refusal": get(olga, f"{search}&stap=geweigerd"),
        "search by zorgkas, pillar and refusal": get(olga, f"{search}&zorgkas=180&pijler=eibwfin&stap=geweigerd"),
        "search in the middle": get(olga, f"{search}&voor={middle}"),
        "a message": get(olga, f"{base}/console/berichten/{some[-1]}"),
        "deliveries": get(olga, f"{base}/console/leveringen"),
        "worklist of a zorgkas": get(karel, f"{base}/console/beraad"),
        "settlements to do": get(karel, f"{base}/console/afrekenen"),
        "settled": get(karel, f"{base}/console/afrekeningen"),
        "samples of the controller": get(cis, f"{base}/console/steekproeven"),
        "report, amounts": get(olga, f"{base}/console/rapporten"),
        "report, amounts of a zorgkas": get(karel, f"{base}/console/rapporten"),
        "report, messages": get(olga, f"{base}/console/rapporten/berichten"),
        "report, messages of five years": get(olga, f"{base}/console/rapporten/berichten?van={int(day[:4]) - 3}-01"),
        "report, refusals": get(olga, f"{base}/console/rapporten/weigeringen"),
        "report, turnaround": get(olga, f"{base}/console/rapporten/doorlooptijd"),
        "register": get(bea, f"{base}/console/register/erkenningen"),
        "rules": get(bea, f"{base}/console/regels/ewzcfin"),
        "audit log": get(olga, f"{base}/console/audit"),
        "API, search by facility": get(olga, f"{base}/api/v1/berichten?voorziening={_FACILITY}"),
        "API, report by facility": get(olga, f"{base}/api/v1/rapporten/messages?per=voorziening&per=maand"),
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
