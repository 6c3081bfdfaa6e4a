"""Prometheus metrics of one process; what all share is in stand.py."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST
ANSWERED = Counter("vsb_answered", "Requests answered without a fault.", ["dienst"])
REFUSED = Counter("vsb_refused", "Requests answered with a fault.", ["code"])
STAGE = Histogram(
    "vsb_stage_seconds",
    "Time of a request in a stage: prove (wire, trust, schema) or decide (rules, store, routing).",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def render(shared: Collector) -> bytes:
    """This process's own figures and the shared ones, in the text format."""
    registry = CollectorRegistry()
    registry.register(shared)
    return generate_latest(REGISTRY) + generate_latest(registry)
