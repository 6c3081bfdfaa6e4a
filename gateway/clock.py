"""The clock, an argument at the edge: nothing below app.py and cli.py reads the time of day by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

BRUSSELS = ZoneInfo("Europe/Brussels")
"""Care days are Belgian days."""


def system_clock() -> datetime:
    return datetime.now(UTC)


def shifted_clock(start: datetime) -> Clock:
    """A clock that shows `start` now and runs on from there; for tests and conformance only."""
    shift = start - system_clock()
    return lambda: system_clock() + shift
