"""One zending checked once, in a process of its own: prints seconds, the floor's seconds and peak memory as JSON."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from lxml import etree

from gateway.berichten.factuur import FACTUUR_TAG
from gateway.berichten.names import FACTUUR
from gateway.central.zending import beoordeel_zending, controleer_zending
from gateway.cookbook.laden import load_cookbook
from gateway.diensten.zending_context import verzamel
from gateway.diensten.zending_lezen import lees_inhoud
from gateway.paths import data_dir
from gateway.schema import registry
from gateway.store.engine import make_engine
from gateway.wire.blob import unpack
from gateway.wire.content import Content
from gateway.worker import calm_garbage_collector

_TIMES = 2


def _floor(xml: Content) -> float:
    begin = time.perf_counter()
    for _, part in etree.iterparse(BytesIO(xml.whole()), tag=FACTUUR_TAG, schema=registry.compiled(FACTUUR)):
        part.clear()
    return time.perf_counter() - begin


def _check(url: str, path: Path) -> float:
    cookbook = load_cookbook(data_dir("cookbooks") / "eibwfin")
    engine = make_engine(url)
    content = _packed(path)
    begin = time.perf_counter()
    zending = lees_inhoud(content)
    with engine.connect() as conn:
        context = verzamel(conn, zending, cookbook, datetime.now(UTC), zending.derdebetalende)
    fouten = controleer_zending(zending, context, cookbook)
    resultaat = beoordeel_zending(zending, context, cookbook)
    seconds = time.perf_counter() - begin
    if fouten or resultaat.label != "INHOUD-AANVAARD":
        raise RuntimeError(f"{resultaat.label}: {[f.code for f in (*fouten, *resultaat.fouten)][:5]}")
    return seconds


def _packed(path: Path) -> Content:
    # As the worker has it: what was in the blob.
    return unpack(path.with_suffix(f"{path.suffix}.deflate").read_bytes(), 1 << 30)


def _peak() -> float:
    # Not ru_maxrss: that begins with what the process that started this one had.
    line = next(x for x in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(url: str, path: Path, xml: Path) -> None:
    """The best of a few runs; the peak is taken before the floor is measured."""
    registry.preload()
    calm_garbage_collector()
    seconds = min(_check(url, path) for _ in range(_TIMES))
    peak = _peak()
    content = _packed(xml)
    floor = min(_floor(content) for _ in range(_TIMES))
    print(json.dumps({"seconds": seconds, "floor": floor, "peak": peak}))


main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
