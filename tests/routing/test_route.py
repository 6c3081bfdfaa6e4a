"""Which zorgkas insures whom on which day."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.central.model import Aansluiting, Persoon
from gateway.routing.route import (
    Deelperiode,
    Mutatie,
    MutatieSoort,
    Status,
    deelperioden,
    mutaties,
    zorgkas_van_dienst,
)

NIEUWJAAR = date(2026, 1, 1)
OUDJAAR = date(2025, 12, 31)


def aansluiting(zorgkas: str, van: date, tot: date | None = None, type_: str = "officieel") -> Aansluiting:
    return Aansluiting(zorgkas=zorgkas, type=type_, van=van, tot=tot)


def persoon(*aansluitingen: Aansluiting, overleden: date | None = None, mogelijk: bool = True) -> Persoon:
    return Persoon(
        insz="06062999747",
        naam="Bertels",
        voornaam="Bert",
        geboortedatum=None,
        geslacht=None,
        adres=None,
        overlijdensdatum=overleden,
        aansluiting_mogelijk=mogelijk,
        aansluitingen=aansluitingen,
    )


BERT = persoon(aansluiting("280", date(2019, 1, 1), OUDJAAR), aansluiting("580", NIEUWJAAR))
DECEMBER, FEBRUARI = date(2025, 12, 1), date(2026, 2, 28)


def test_a_person_who_changes_on_1_january_is_routed_by_the_care_date() -> None:
    assert zorgkas_van_dienst(BERT, OUDJAAR) == "280"
    assert zorgkas_van_dienst(BERT, NIEUWJAAR) == "580"


def test_a_period_over_1_january_is_cut_there_and_the_change_is_told() -> None:
    assert deelperioden(BERT, DECEMBER, FEBRUARI) == (
        Deelperiode(van=DECEMBER, tot=OUDJAAR, status=Status.AANGESLOTEN, zorgkas="280", type="officieel"),
        Deelperiode(van=NIEUWJAAR, tot=FEBRUARI, status=Status.AANGESLOTEN, zorgkas="580", type="officieel"),
    )
    assert mutaties(BERT, DECEMBER, FEBRUARI) == (
        Mutatie(soort=MutatieSoort.CHANGE_DURING, datum=NIEUWJAAR, van_zorgkas="280", naar_zorgkas="580"),
    )


def test_a_change_on_the_first_day_asked_or_after_the_last_is_not_inside_the_period() -> None:
    assert mutaties(BERT, NIEUWJAAR, FEBRUARI) == ()
    assert mutaties(BERT, DECEMBER, OUDJAAR) == ()


def test_a_gap_between_two_zorgkassen_is_a_part_of_its_own_and_the_change_is_dated_after_it() -> None:
    wie = persoon(aansluiting("180", date(2020, 1, 1), date(2025, 3, 31)), aansluiting("380", date(2025, 6, 1)))
    delen = deelperioden(wie, date(2025, 1, 1), OUDJAAR)
    assert [(d.van, d.tot, d.status, d.zorgkas) for d in delen] == [
        (date(2025, 1, 1), date(2025, 3, 31), Status.AANGESLOTEN, "180"),
        (date(2025, 4, 1), date(2025, 5, 31), Status.NIET_AANGESLOTEN, None),
        (date(2025, 6, 1), OUDJAAR, Status.AANGESLOTEN, "380"),
    ]
    assert [(m.soort, m.datum) for m in mutaties(wie, date(2025, 1, 1), OUDJAAR)] == [
        (MutatieSoort.CHANGE_DURING, date(2025, 6, 1))
    ]


def test_a_gap_at_the_same_zorgkas_is_no_change_of_zorgkas() -> None:
    wie = persoon(aansluiting("180", date(2020, 1, 1), date(2025, 3, 31)), aansluiting("180", date(2025, 6, 1)))
    assert len(deelperioden(wie, date(2025, 1, 1), OUDJAAR)) == 3
    assert mutaties(wie, date(2025, 1, 1), OUDJAAR) == ()


def test_two_periods_in_a_row_at_one_zorgkas_are_one_part_and_another_type_is_another() -> None:
    wie = persoon(
        aansluiting("680", date(2024, 1, 1), date(2024, 6, 30), "administratief"),
        aansluiting("680", date(2024, 7, 1), date(2024, 12, 31), "administratief"),
        aansluiting("680", date(2025, 1, 1)),
    )
    delen = deelperioden(wie, date(2024, 1, 1), OUDJAAR)
    assert [(d.tot, d.type) for d in delen] == [(date(2024, 12, 31), "administratief"), (OUDJAAR, "officieel")]


def test_the_day_of_death_is_still_insured_and_the_day_after_is_not() -> None:
    dood = date(2025, 6, 30)
    mia = persoon(aansluiting("480", date(2019, 1, 1)), overleden=dood)
    assert zorgkas_van_dienst(mia, dood) == "480"
    assert zorgkas_van_dienst(mia, dood + timedelta(days=1)) is None
    assert [(d.tot, d.status) for d in deelperioden(mia, date(2025, 6, 1), date(2025, 7, 31))] == [
        (dood, Status.AANGESLOTEN),
        (date(2025, 7, 31), Status.OVERLEDEN),
    ]
    assert mutaties(mia, date(2025, 8, 1), date(2025, 8, 31)) == (
        Mutatie(soort=MutatieSoort.CLOSED_BEFORE, datum=dood, van_zorgkas="480"),
    )


def test_a_person_nobody_knows_is_unknown_on_every_day() -> None:
    assert deelperioden(None, DECEMBER, FEBRUARI) == (Deelperiode(van=DECEMBER, tot=FEBRUARI, status=Status.ONBEKEND_INSZ),)


def test_a_known_person_without_zorgkas_is_not_affiliated_or_cannot_be() -> None:
    assert [d.status for d in deelperioden(persoon(), DECEMBER, FEBRUARI)] == [Status.NIET_AANGESLOTEN]
    assert [d.status for d in deelperioden(persoon(mogelijk=False), DECEMBER, FEBRUARI)] == [Status.GEEN_AANSLUITING_MOGELIJK]
    assert zorgkas_van_dienst(persoon(), DECEMBER) is None
    assert mutaties(persoon(), DECEMBER, FEBRUARI) == ()


def test_who_cannot_be_affiliated_any_more_keeps_the_days_on_which_he_was() -> None:
    geschrapt = persoon(aansluiting("180", date(2020, 1, 1), OUDJAAR), mogelijk=False)
    assert [d.status for d in deelperioden(geschrapt, DECEMBER, FEBRUARI)] == [
        Status.AANGESLOTEN,
        Status.GEEN_AANSLUITING_MOGELIJK,
    ]


def test_without_any_affiliation_in_the_period_the_nearest_ones_are_told() -> None:
    wie = persoon(
        aansluiting("180", date(2019, 1, 1), date(2019, 12, 31)),
        aansluiting("280", date(2020, 1, 1), date(2020, 12, 31)),
        aansluiting("380", date(2026, 1, 1), date(2026, 12, 31)),
        aansluiting("480", date(2027, 1, 1)),
    )
    assert mutaties(wie, date(2023, 1, 1), date(2023, 12, 31)) == (
        Mutatie(soort=MutatieSoort.CLOSED_BEFORE, datum=date(2020, 12, 31), van_zorgkas="280"),
        Mutatie(soort=MutatieSoort.START_LATER, datum=date(2026, 1, 1), naar_zorgkas="380"),
    )


def test_a_period_of_one_day_and_one_to_the_end_of_time_are_fine() -> None:
    assert [d.zorgkas for d in deelperioden(BERT, NIEUWJAAR, NIEUWJAAR)] == ["580"]
    assert deelperioden(BERT, date.min, date.max)[-1].tot == date.max


def test_a_period_that_ends_before_it_starts_is_an_error() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        deelperioden(BERT, NIEUWJAAR, OUDJAAR)


dagen = st.dates(date(2024, 1, 1), date(2024, 12, 31))
statussen = st.builds(
    lambda kas, van, duur, soort: aansluiting(kas, van, None if duur is None else van + timedelta(days=duur), soort),
    st.sampled_from(["180", "280", "380"]),
    dagen,
    st.none() | st.integers(0, 60),
    st.sampled_from(["officieel", "administratief"]),
)
personen = st.none() | st.builds(
    lambda lijst, overleden, mogelijk: persoon(*lijst, overleden=overleden, mogelijk=mogelijk),
    st.lists(statussen, max_size=6),
    st.none() | dagen,
    st.booleans(),
)


@given(personen, dagen, st.integers(0, 400))
def test_the_parts_cover_the_period_day_for_day_and_each_day_has_its_own_zorgkas(
    wie: Persoon | None, van: date, duur: int
) -> None:
    tot = van + timedelta(days=duur)
    delen = deelperioden(wie, van, tot)
    gedekt = [d.van + timedelta(days=n) for d in delen for n in range((d.tot - d.van).days + 1)]
    assert gedekt == [van + timedelta(days=n) for n in range(duur + 1)]
    for deel, volgend in pairwise(delen):
        assert (deel.status, deel.zorgkas, deel.type) != (volgend.status, volgend.zorgkas, volgend.type)
    if wie is not None:
        for deel in delen:
            for dag in (deel.van, deel.tot, deel.van + (deel.tot - deel.van) // 2):
                assert zorgkas_van_dienst(wie, dag) == deel.zorgkas
        assert all((d.zorgkas is not None) == (d.status is Status.AANGESLOTEN) for d in delen)


@given(personen.filter(bool), dagen, st.integers(0, 400))
def test_a_change_always_names_the_zorgkas_of_its_day(wie: Persoon, van: date, duur: int) -> None:
    tot = van + timedelta(days=duur)
    for mutatie in mutaties(wie, van, tot):
        match mutatie.soort:
            case MutatieSoort.CHANGE_DURING:
                assert van < mutatie.datum <= tot
                assert zorgkas_van_dienst(wie, mutatie.datum) == mutatie.naar_zorgkas != mutatie.van_zorgkas
            case MutatieSoort.CLOSED_BEFORE:
                assert mutatie.datum < van
                assert mutatie.naar_zorgkas is None
            case MutatieSoort.START_LATER:
                assert mutatie.datum > tot
                assert mutatie.van_zorgkas is None
