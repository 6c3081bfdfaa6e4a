"""Zendingen of 3,000 to 300,000 lines, checked with their look-ups: time beside a bare streaming schema check, and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from bench.running import members
from bench.table import Row
from conformance.walkthrough import sample_price
from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.berichten.plat_schrijven import naar_plat
from gateway.reference.laden import laad
from gateway.reference.voorbeeld import voorbeeldbestanden
from gateway.store import tables
from gateway.store.engine import make_engine
from gateway.store.migrate import upgrade

RIZIV, CODE, PER_PERSON = "72090103000", "763055", 28
"""Facility, code, and lines of a person: a line for each day of the shortest month."""
LIMIT_MB = 250


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
            files["XML"].write_bytes(schrijf_zending(given))
            files["flat"].write_bytes(naar_plat(given))
            for form, path in files.items():
                found = _measure(url, path, files["XML"])
                per_line = found["seconds"] / size * 1e6
                first.setdefault(form, per_line)
                rows += [
                    Row(name=f"check {size} lines, {form}", value=found["seconds"], unit="s", floor=found["floor"]),
                    Row(name=f"per line of {size}, {form}", value=per_line, unit="µs", floor=first[form]),
                    Row(name=f"peak memory, {size} lines, {form}", value=found["peak"], unit="MB", floor=LIMIT_MB),
                ]
    return rows


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
