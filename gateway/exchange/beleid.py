"""How often, how fast and how long a delivery is tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random


@dataclass(frozen=True, kw_only=True)
class Beleid:
    """The policy of deliveries; one for all zorgkassen."""

    lease: timedelta = timedelta(minutes=3)
    """Longer than any push may take; a worker that died loses its claim after this."""
    unreachable_cap: timedelta = timedelta(seconds=15)
    """Longest pause after a failure that says nothing about the message: the line's breaker already spares the receiver."""
    refused_cap: timedelta = timedelta(hours=1)
    max_refusals: int = 8
    """Attempts that the receiver answered with a no, before a person must look."""
    max_age: timedelta = timedelta(days=5)
    """How long an unreachable receiver is tried (facts anchors.md §A.6: five days at the Italian hub)."""
    receipt_patience: timedelta = timedelta(hours=24)
    """How long a receipt may stay away before what lies at the receiver is put there again."""
    breaker_after: int = 5
    """Failures in a row that open a line."""
    breaker_first: timedelta = timedelta(seconds=5)
    breaker_cap: timedelta = timedelta(minutes=2)
    """Longest time between two probes of an open line."""


def back_off(count: int, cap: timedelta, random: Random) -> timedelta:
    """Exponential from one second to a cap, with jitter of a fifth so that many do not return at once.

    Args:
        count: failures so far, from 1.
    """
    base = min(cap.total_seconds(), 2.0 ** min(count - 1, 30))
    return timedelta(seconds=base * random.uniform(0.8, 1.2))
