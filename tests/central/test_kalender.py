"""Terms count Belgian working days."""

from datetime import date

import pytest

from gateway.central.kalender import leeftijd, maanden_na, werkdag_na


@pytest.mark.parametrize(
    ("dag", "aantal", "laatste"),
    [
        (date(2026, 6, 1), 0, date(2026, 6, 1)),
        (date(2026, 6, 1), 5, date(2026, 6, 8)),  # over a weekend
        (date(2026, 5, 22), 1, date(2026, 5, 26)),  # Whit Monday is 25 May
        (date(2026, 12, 24), 2, date(2026, 12, 29)),  # Christmas on a Friday
        (date(2026, 7, 18), 1, date(2026, 7, 20)),  # from a Saturday
    ],
)
def test_a_term_ends_on_a_belgian_working_day(dag: date, aantal: int, laatste: date) -> None:
    assert werkdag_na(dag, aantal) == laatste


@pytest.mark.parametrize(
    ("dag", "maanden", "wordt"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 2, date(2027, 2, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_months_keep_the_day_or_the_last_of_the_month(dag: date, maanden: int, wordt: date) -> None:
    assert maanden_na(dag, maanden) == wordt


def test_an_age_is_reached_on_the_birthday() -> None:
    assert [leeftijd(date(1941, 6, 20), date(2026, 6, d)) for d in (19, 20)] == [84, 85]
