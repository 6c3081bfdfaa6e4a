"""The clock, an argument at the edge: nothing below app.py and cli.py reads the time of day by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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


_JUMP = timedelta(minutes=1)
"""A step larger than what a time service corrects while it works; it slews less."""
_BELIEVED = timedelta(minutes=15)


def _since_boot() -> timedelta:
    # Goes on while the machine sleeps, as the time of day does.
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


class ClockGuard:
    """Notices that the time of day jumped under a running process, by a clock that nobody sets.

    After a jump the time is not used for a decision until it went back, or stood for a quarter of an hour: a jump
    may be a mistake, or the end of one.
    """

    def __init__(self, clock: Clock, steady: Callable[[], timedelta] = _since_boot) -> None:
        self._clock, self._steady = clock, steady
        self._lock = threading.Lock()
        self._origin = clock() - steady()
        self._other: datetime | None = None
        self._since = timedelta()

    def jump(self) -> timedelta | None:
        """How far the clock jumped, forward or (negative) back, while that is not yet believed; else None."""
        with self._lock:
            steady = self._steady()
            origin = self._clock() - steady
            if abs(origin - self._origin) <= _JUMP:
                self._origin, self._other = origin, None
                return None
            if self._other is None or abs(origin - self._other) > _JUMP:
                self._other, self._since = origin, steady
            if steady - self._since < _BELIEVED:
                return origin - self._origin
            self._origin, self._other = origin, None
            return None
