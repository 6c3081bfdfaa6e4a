"""A clock that jumps under a running process: when it is noticed, and when it is believed again. Minutes are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import ClockGuard


class Machine:
    """A clock that somebody sets, and one that nobody can."""

    def __init__(self) -> None:
        self.steady = timedelta()
        self.set = timedelta()
        self.guard = ClockGuard(lambda: datetime(2026, 3, 2, tzinfo=UTC) + self.steady + self.set, lambda: self.steady)

    def pass_(self, **span: float) -> timedelta | None:
        self.steady += timedelta(**span)
        return self.guard.jump()

    def turn(self, **span: float) -> timedelta | None:
        self.set += timedelta(**span)
        return self.guard.jump()


@pytest.mark.parametrize("seconds", [-61, 61])
def test_more_than_a_minute_is_a_jump_and_a_minute_is_not(seconds: int) -> None:
    assert Machine().turn(seconds=seconds) == timedelta(seconds=seconds)
    assert Machine().turn(seconds=seconds - 1 if seconds > 0 else seconds + 1) is None


def test_a_clock_that_goes_back_to_where_it_was_is_believed_at_once() -> None:
    machine = Machine()
    machine.turn(hours=2)
    assert machine.pass_(minutes=1) == timedelta(hours=2)
    assert machine.turn(hours=-2) is None


def test_a_clock_that_keeps_its_new_time_is_believed_after_a_quarter_of_an_hour() -> None:
    machine = Machine()
    machine.turn(hours=-2)
    assert machine.pass_(minutes=14, seconds=59) == timedelta(hours=-2)
    assert machine.pass_(seconds=1) is None
    assert machine.turn(hours=1) == timedelta(hours=1)


def test_each_further_jump_begins_the_quarter_again() -> None:
    machine = Machine()
    machine.turn(hours=1)
    machine.pass_(minutes=14)
    assert machine.turn(hours=1) == timedelta(hours=2)
    assert machine.pass_(minutes=14) == timedelta(hours=2)
    assert machine.pass_(minutes=1) is None


def test_slow_corrections_are_followed() -> None:
    machine = Machine()
    for _ in range(10):
        machine.pass_(hours=1)
        assert machine.turn(seconds=30) is None
