"""Belgian working days and terms. Pure: a day goes in, a day comes out.

A working day is Monday to Friday without the Belgian public holidays (facts vsb.md §9, an assumption).
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import cache

import holidays

_DAG = timedelta(days=1)


@cache
def _feestdagen(jaar: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("BE", years=jaar))


def is_werkdag(dag: date) -> bool:
    return dag.weekday() < calendar.SATURDAY and dag not in _feestdagen(dag.year)


def werkdag_na(dag: date, aantal: int) -> date:
    """The last day of a term of so many working days that begins the day after `dag`; the day itself for 0."""
    while aantal > 0:
        dag += _DAG
        aantal -= is_werkdag(dag)
    return dag


def maanden_na(dag: date, aantal: int) -> date:
    """The same day so many months later (or earlier when negative), or the month's last when it is shorter."""
    jaar, maand = divmod(dag.year * 12 + dag.month - 1 + aantal, 12)
    return date(jaar, maand + 1, min(dag.day, calendar.monthrange(jaar, maand + 1)[1]))


def leeftijd(geboren: date, dag: date) -> int:
    """Whole years."""
    return dag.year - geboren.year - ((dag.month, dag.day) < (geboren.month, geboren.day))
