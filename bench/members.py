"""A members file of a million: how long it takes to load, and whether finding a person stays as quick as among a thousand."""

from __future__ import annotations

import os
import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from bench.running import members
from bench.table import Row
from gateway.reference.laden import laad
from gateway.reference.lookup import persoon
from gateway.reference.voorbeeld import voorbeeldbestanden
from gateway.store.engine import make_engine
from gateway.store.migrate import upgrade
from tests.databases import private_postgresql

_ASKED = 3_000


def run(quick: bool = False) -> list[Row]:
    """Loading rate per engine beside the rate of a thousand, and a look-up among all beside one among a thousand."""
    few, many = 1_000, 20_000 if quick else 1_000_000
    rows = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("VSB_BENCH_DIR")) as name, private_postgresql() as server:
        for engine, url in (("SQLite", "sqlite:///{}/{}.sqlite"), ("PostgreSQL", "")):
            urls = [url.format(name, n) if url else server.new_database() for n in (few, many)]
            (_, near), (seconds, far) = (_load(Path(name), u, n) for u, n in zip(urls, (few, many), strict=True))
            rows += [
                Row(
                    name=f"members per second, {many}, {engine}",
                    value=many / seconds,
                    unit="per s",
                    floor=many / 600,
                    higher_is_better=True,
                ),
                Row(name=f"find one of {many} persons, {engine}", value=far * 1e6, unit="µs", floor=near * 1e6),
            ]
    return rows


def _load(folder: Path, url: str, count: int) -> tuple[float, float]:
    """Seconds to load so many persons with their zorgkas, and seconds to find one."""
    engine, today = make_engine(url), datetime.now(UTC).date()
    upgrade(engine)
    laad(engine, voorbeeldbestanden(), today)
    numbers = members(folder, count, ("180", "280", "380", "480", "580", "680"))
    begin = time.perf_counter()
    report = laad(engine, [folder / "personen.csv", folder / "aansluitingen.csv"], today)
    seconds = time.perf_counter() - begin
    if not report.geschreven:
        raise RuntimeError(f"not loaded: {report.fouten[0].tekst}")
    found = _find(engine, random.Random(7).choices(numbers, k=_ASKED))
    engine.dispose()
    return seconds, found


def _find(engine: Engine, asked: list[str]) -> float:
    with engine.connect() as conn:
        for insz in asked[:100]:
            persoon(conn, insz)
        begin = time.perf_counter()
        for insz in asked:
            if persoon(conn, insz) is None:
                raise RuntimeError("a loaded person was not found")
        return (time.perf_counter() - begin) / len(asked)
