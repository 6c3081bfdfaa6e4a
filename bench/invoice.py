"""Zendingen of 3,000 to 300,000 lines, checked with their look-ups: time beside a bare streaming schema check, and memory."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import requests
from sqlalchemy import insert

from bench.running import COMMAND, members, messages, running
from bench.table import Row
from conformance.berichten.sample import sample_price
from conformance.client import FacilityClient
from conformance.walkthrough import sample_signer
from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.berichten.plat_schrijven import naar_plat
from gateway.reference.laden import laad
from gateway.reference.voorbeeld import voorbeeldbestanden
from gateway.store import tables
from gateway.store.engine import make_engine
from gateway.store.migrate import upgrade
from gateway.wire.blob import deflate
from gateway.wire.http import XML_CONTENT_TYPE

RIZIV, CODE, PER_PERSON = "72090103000", "763055", 28
"""Facility, code, and lines of a person: a line for each day of the shortest month."""
LIMIT_MB = 250
_FEWEST = 20
_SMALL = 1_600
"""Small messages at hand: a quarter is sent without anything beside it."""


def run(quick: bool = False) -> list[Row]:
    """Seconds, cost per line and peak memory of each size, in both forms."""
    sizes = (3_000, 30_000) if quick else (3_000, 30_000, 300_000)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        persons = _fill(folder, url, sizes[-1] // PER_PERSON + 1)
        first: dict[str, float] = {}
        for size in sizes:
            given = _zending(persons[: size // PER_PERSON + 1], size)
            files = {"XML": folder / f"{size}.xml", "flat": folder / f"{size}.plat"}
            for form, octets in {"XML": schrijf_zending(given), "flat": naar_plat(given)}.items():
                path = files[form]
                path.with_suffix(f"{path.suffix}.deflate").write_bytes(deflate(octets))
            for form, path in files.items():
                found = _measure(url, path, files["XML"])
                per_line = found["seconds"] / size * 1e6
                first.setdefault(form, per_line)
                rows += [
                    Row(name=f"check {size} lines, {form}", value=found["seconds"], unit="s", floor=found["floor"]),
                    Row(name=f"per line of {size}, {form}", value=per_line, unit="µs", floor=first[form]),
                    Row(name=f"peak memory, {size} lines, {form}", value=found["peak"], unit="MB", floor=LIMIT_MB),
                ]
    return [*rows, *_beside(sizes[-1])]


def _beside(size: int) -> list[Row]:
    """How long a small message waits, at the 99th percentile, with a large zending being judged and without."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        persons = _fill(folder, url, size // PER_PERSON + 1 + _SMALL)
        large, small = persons[_SMALL:], persons[:_SMALL]
        sent = iter(messages(small))
        with running(folder, url) as gateway:
            worker = subprocess.Popen([*COMMAND, "worker"], env=gateway.environment)
            try:
                alone = _waits(gateway.port, sent, lambda n: n >= _SMALL // 4)
                reference = _post(gateway.port, schrijf_zending(_zending(large, size)))
                beside = _waits(gateway.port, sent, lambda _: _judged(url, reference))
            finally:
                worker.terminate()
                worker.wait(60)
    if len(beside) < _FEWEST:
        raise RuntimeError(f"only {len(beside)} small messages while the zending was judged")
    return [
        Row(name=f"{what} of a small message beside {size} lines", value=of(beside) * 1e3, unit="ms", floor=of(alone) * 1e3)
        for what, of in (("p99", _p99), ("longest wait", max))
    ]


def _waits(port: int, sent: Iterator[bytes], done: Callable[[int], bool]) -> list[float]:
    waits: list[float] = []
    while not done(len(waits)):
        body = next(sent)
        begin = time.perf_counter()
        reply = requests.post(
            f"http://127.0.0.1:{port}/soap/aanvraag/v1", data=body, headers={"Content-Type": XML_CONTENT_TYPE}, timeout=60
        )
        waits.append(time.perf_counter() - begin)
        reply.raise_for_status()
    return waits


def _post(port: int, content: bytes) -> str:
    facility = FacilityClient(f"http://127.0.0.1:{port}", sample_signer("facility-ibw-1"), RIZIV, pijler="eibwfin")
    return str(facility.facturatie.post(content, "BENCH1").Reference)


def _judged(url: str, reference: str) -> bool:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)) as conn:
        return conn.execute("SELECT uitkomst FROM bericht WHERE id = ?", (reference,)).fetchone()[0] is not None


def _p99(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99)]


def _fill(folder: Path, url: str, count: int) -> list[str]:
    engine = make_engine(url)
    upgrade(engine)
    laad(engine, voorbeeldbestanden(), datetime.now(UTC).date())
    numbers = members(folder, count)
    laad(engine, [folder / "personen.csv", folder / "aansluitingen.csv"], datetime.now(UTC).date())
    message = {
        **dict.fromkeys(("dienst", "afzender", "pijler", "soort", "stap", "sha256", "inhoud_sha256", "identiteit"), "bench"),
        "id": "bench",
        "bedrijfs_id": "bench",
        "test": False,
        "ontvangen_op": datetime.now(UTC),
        "octetten": 0,
        "certificaat_sha256": "bench",
    }
    vast = {"pijler": "eibwfin", "voorziening": RIZIV, "start": date(2024, 1, 1), "type_verblijf": "regulier"}
    dossiers = [{**vast, "dossiernummer": f"B-{i}", "insz": i, "status": "aanvaard", "bericht_id": "bench"} for i in numbers]
    with engine.execution_options(vsb_write=True).begin() as conn:
        conn.execute(insert(tables.bericht).values(**message))
        conn.execute(insert(tables.dossier), dossiers)
    engine.dispose()
    return numbers


def _zending(persons: list[str], size: int) -> Zending:
    today = datetime.now(UTC).date()
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    days = [month + timedelta(days=n) for n in range(PER_PERSON)]
    prices = [sample_price(RIZIV, d, today) for d in days]
    facturen = []
    for n, insz in enumerate(persons):
        regels = [
            Lijn(k + 1, None, CODE, day, day, 1, price)
            for k, (day, price) in enumerate(zip(days, prices, strict=True))
            if n * PER_PERSON + k < size
        ]
        if regels:
            total = sum(x.bedrag for x in regels)
            facturen.append(
                Factuur(
                    factuurnummer=str(n + 1),
                    type_facturering="0",
                    insz=insz,
                    dossiernummer=f"B-{insz}",
                    vorige=None,
                    lijnen=tuple(regels),
                    totaal=total,
                    regel=None,
                )
            )
    return Zending(
        pijler="eibwfin",
        zendingnummer="001",
        maand=month,
        opstellingsdatum=today,
        facturatiedatum=today,
        type_factuur="4",
        derdebetalende=RIZIV,
        kbo="0900177717",
        iban="BE15100900111130",
        zorgkas="180",
        facturen=tuple(facturen),
        totaal=sum(f.totaal for f in facturen),
    )


def _measure(url: str, path: Path, xml: Path) -> dict[str, float]:
    # A process of its own, so that its peak is that of one check.
    command = [sys.executable, "-m", "bench.invoice_once", url, str(path), str(xml)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found
