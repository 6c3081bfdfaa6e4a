"""Prometheus metrics that processes count themselves; what stands in the database is in stand.py."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "vsb-metrics-"
_ROOM = 32 * 1024 * 1024
ANSWERED = Counter("vsb_answered", "Requests answered without a fault.", ["dienst"])
REFUSED = Counter("vsb_refused", "Requests answered with a fault.", ["code"])
NOT_KEPT = Counter("vsb_refusals_not_kept", "Refusals of which no record could be written; their answers went out.")
STAGE = Histogram(
    "vsb_stage_seconds",
    "Time of a request in a stage: prove (wire, trust, schema) or decide (rules, store, routing).",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DECIDED = Counter("vsb_decided", "Messages judged, by outcome.", ["pijler", "dienst", "uitkomst", "zorgkas"])
TURNAROUND = Histogram(
    "vsb_turnaround_seconds",
    "From receipt of a message to its zorgkas's receipt; beside vsb_turnaround_promise_seconds.",
    ["pijler", "zorgkas"],
    buckets=(1, 5, 15, 60, 300, 900, 1800, 3600, 4 * 3600, 24 * 3600, 72 * 3600),
)


@contextmanager
def shared_between_processes() -> Iterator[None]:
    """Count together with every process that this one starts from now on, in files that go when it ends."""
    base = _clean_base()
    with TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=base, ignore_cleanup_errors=True) as folder:
        os.environ[_FOLDER] = folder
        # The library looks at the variable when it is imported, which is before any command has begun.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        yield


def _clean_base() -> Path:
    """Where the files go, without those that a killed process left there."""
    # In memory where there is room: a full disk must not stop a counter, and with it a message.
    memory = Path("/dev/shm")  # noqa: S108
    room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    base = memory if room else Path(gettempdir())
    for left in base.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and left.stat().st_uid == os.geteuid():
            shutil.rmtree(left, ignore_errors=True)
    return base


def render(shared: Collector) -> bytes:
    """The figures of all processes of this machine's gateway, and what stands in the database, in the text format."""
    registry = CollectorRegistry()
    registry.register(shared)
    if _FOLDER not in os.environ:
        return generate_latest(REGISTRY) + generate_latest(registry)
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
