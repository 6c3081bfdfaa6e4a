"""The days of a line, and what holds on each: the quick way against asking day by day."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.central.dagen import MAX_DAGEN, dagen, per_dag
from gateway.central.model import Aansluiting
from tests.central.build import lijn

BEGIN = date(2026, 5, 1)
dag = st.integers(-10, 40).map(lambda n: BEGIN + timedelta(days=n))
periode = st.builds(
    Aansluiting,
    zorgkas=st.sampled_from(["180", "280", "380"]),
    type=st.just("officieel"),
    van=dag,
    tot=st.none() | dag,
)


def test_both_days_are_inside() -> None:
    assert dagen(lijn(BEGIN, BEGIN)) == (BEGIN,)
    assert len(dagen(lijn(BEGIN, date(2026, 5, 31)))) == 31


def test_an_impossible_period_has_no_days() -> None:
    assert dagen(lijn(BEGIN, BEGIN - timedelta(days=1))) == ()
    assert len(dagen(lijn(BEGIN, BEGIN + timedelta(days=MAX_DAGEN - 1)))) == MAX_DAGEN
    assert dagen(lijn(BEGIN, BEGIN + timedelta(days=MAX_DAGEN))) == ()


@given(st.lists(periode, max_size=4), dag, dag)
def test_what_holds_on_each_day_is_the_first_that_covers_it(perioden: list[Aansluiting], van: date, tot: date) -> None:
    one = lijn(van, tot)
    assert per_dag(one, perioden) == [next((p for p in perioden if p.dekt(d)), None) for d in dagen(one)]
