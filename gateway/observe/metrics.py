"""Prometheus metrics."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
ANSWERED = Counter("vsb_answered", "Requests answered without a fault.", ["dienst"])
REFUSED = Counter("vsb_refused", "Requests answered with a fault.", ["code"])


def render() -> bytes:
    return generate_latest()
