"""Credit notes: what they give back, when, and what the same zending may then claim again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gateway.berichten.factuur import Factuur, VorigeFactuur
from gateway.central.model import Aansluiting, Prijs, ZendingContext
from gateway.central.resultaat import Zendingresultaat
from gateway.central.zending import beoordeel_zending
from tests.central.build import COOKBOOK, INSZ, factuur, lijn, persoon, verblijf, zending, zendingcontext

VORIGE = VorigeFactuur(factuurnummer="1", zendingnummer="001", maand=date(2026, 5, 1))
BEZET = frozenset((INSZ, "763055", date(2026, 5, d)) for d in range(1, 11))
TERUG = factuur(lijn(aantal=-10, bedrag=-46890), type_facturering="3", vorige=VORIGE)
TE_WEINIG = factuur(lijn(aantal=-10, bedrag=-1), type_facturering="3", vorige=VORIGE)
OPNIEUW = factuur(factuurnummer="2", type_facturering="1", vorige=VORIGE)
PROEF = factuur(lijn(prestatiecode="763070", bedrag=1000), factuurnummer="2", type_facturering="1", vorige=VORIGE)
PRIJZEN = (
    *zendingcontext().prijzen,
    Prijs(prestatiecode="763070", voorziening=None, van=date(2026, 1, 1), tot=None, bedrag=100),
)
BREED = replace(COOKBOOK, drempel=100.0)
"""No threshold, so that what is accepted beside a refusal shows."""


def gefactureerd(**anders: object) -> ZendingContext:
    return zendingcontext(gefactureerde_dagen=BEZET, prijzen=PRIJZEN, **anders)


def judge(*facturen: Factuur, **context: object) -> Zendingresultaat:
    return beoordeel_zending(zending(*facturen), gefactureerd(**context), BREED)


def codes(result: Zendingresultaat) -> set[str]:
    return {f.code for f in result.fouten}


def test_it_gives_its_days_and_their_amount_back() -> None:
    result = judge(TERUG)
    assert (result.label, result.aanvaard, set(result.gecrediteerde_dagen)) == ("INHOUD-AANVAARD", -46890, set(BEZET))
    assert result.aanvaarde_dagen == ()


@pytest.mark.parametrize("nieuw", [OPNIEUW, PROEF], ids=["same code", "other code"])
def test_the_same_zending_may_claim_its_days_again(nieuw: Factuur) -> None:
    result = judge(TERUG, nieuw)
    assert (result.label, codes(result)) == ("INHOUD-AANVAARD", set())
    assert len(result.gecrediteerde_dagen) == len(result.aanvaarde_dagen) == 10


@pytest.mark.parametrize("nieuw", [OPNIEUW, PROEF], ids=["same code", "other code"])
def test_a_refused_credit_takes_the_claim_that_rests_on_it_along(nieuw: Factuur) -> None:
    result = judge(TE_WEINIG, nieuw)
    assert codes(result) == {"301940", "300119"}
    assert (result.aanvaarde_dagen, result.gecrediteerde_dagen, result.foutpercentage) == ((), (), 100.0)


def test_no_accepted_zending_claims_a_day_that_is_still_invoiced() -> None:
    others = [factuur(lijn(date(2026, 5, d), date(2026, 5, d)), factuurnummer=str(d)) for d in range(11, 32)]
    result = judge(TE_WEINIG, OPNIEUW, *others)
    assert set(result.aanvaarde_dagen).isdisjoint(BEZET - set(result.gecrediteerde_dagen))
    assert result.aanvaard == 21 * 4689


def test_a_day_that_another_line_did_give_back_may_be_claimed() -> None:
    per_dag = [lijn(date(2026, 5, d), date(2026, 5, d), volgnummer=d, aantal=-1, bedrag=-4689) for d in (1, 2)]
    half = factuur(per_dag[0], per_dag[1]._replace(bedrag=-1), type_facturering="3", vorige=VORIGE)
    nieuw = factuur(*(x._replace(aantal=1, bedrag=4689) for x in per_dag), factuurnummer="2", type_facturering="1", vorige=VORIGE)
    result = judge(half, nieuw)
    assert [d.day for _, _, d in result.aanvaarde_dagen] == [1]


def test_a_day_is_given_back_once() -> None:
    twice = judge(TERUG, replace(TERUG, factuurnummer="2"))
    assert [(f.code, f.factuurnummer) for f in twice.fouten] == [("VSB_ZND_002", "2")]
    assert twice.aanvaard == -46890


def test_a_day_of_the_same_zending_can_not_be_given_back() -> None:
    result = beoordeel_zending(zending(factuur(), replace(TERUG, factuurnummer="2")), zendingcontext(), BREED)
    assert "VSB_ZND_002" in codes(result)


@pytest.mark.parametrize(
    "anders",
    [
        {"personen": {INSZ: persoon(overlijdensdatum=date(2026, 5, 4))}},
        {"personen": {INSZ: persoon(aansluitingen=())}},
        {"verblijven": {INSZ: (verblijf(einde=date(2026, 5, 4)),)}},
    ],
    ids=["died", "not affiliated", "stay ended"],
)
def test_what_was_wrongly_accepted_can_be_given_back(anders: dict[str, object]) -> None:
    assert judge(TERUG, **anders).label == "INHOUD-AANVAARD"


@pytest.mark.parametrize(
    ("soort", "aantal", "bedrag", "fout"),
    [
        ("3", -10, -46890, False),
        ("3", 10, -46890, True),
        ("3", -10, 0, True),
        ("0", 10, 46890, False),
        ("0", 10, -46890, True),
        ("1", -10, 46890, True),
    ],
)
def test_a_credit_note_is_all_negative_and_nothing_else_is(soort: str, aantal: int, bedrag: int, fout: bool) -> None:
    one = factuur(lijn(aantal=aantal, bedrag=bedrag), type_facturering=soort, vorige=VORIGE)
    assert ("201140" in codes(judge(one))) is fout


@pytest.mark.parametrize("leeg", ["factuurnummer", "zendingnummer"])
def test_the_previous_invoice_is_named_in_full(leeg: str) -> None:
    leeg_gelaten: dict[str, Any] = {leeg: " "}
    assert "202910" in codes(judge(replace(TERUG, vorige=replace(VORIGE, **leeg_gelaten))))


@pytest.mark.parametrize("soort", ["0", "1"])
def test_two_codes_on_a_day_are_refused_on_an_original_and_on_a_correction(soort: str) -> None:
    twee = factuur(lijn(), lijn(volgnummer=2, prestatiecode="763070", bedrag=1000), type_facturering=soort, vorige=VORIGE)
    result = beoordeel_zending(zending(twee), zendingcontext(prijzen=PRIJZEN), BREED)
    assert [(f.code, f.volgnummer) for f in result.fouten] == [("300444", 2)]


def moved(context: ZendingContext) -> ZendingContext:
    """The person's zorgkas turns out to be another one, since before the invoiced days."""
    return replace(
        context,
        personen={INSZ: persoon(aansluitingen=(Aansluiting(zorgkas="280", type="officieel", van=date(2026, 1, 1), tot=None),))},
    )


def test_after_a_change_of_zorgkas_the_one_that_was_asked_gives_back_and_the_new_one_is_asked() -> None:
    there = beoordeel_zending(zending(TERUG), moved(gefactureerd()), BREED)
    assert (there.label, there.aanvaard) == ("INHOUD-AANVAARD", -46890)
    again = replace(OPNIEUW, factuurnummer="1")
    here = beoordeel_zending(zending(again, zorgkas="280"), moved(zendingcontext(prijzen=PRIJZEN)), BREED)
    assert (here.label, here.aanvaard) == ("INHOUD-AANVAARD", 46890)
    assert codes(beoordeel_zending(zending(again), moved(zendingcontext(prijzen=PRIJZEN)), BREED)) == {"201810"}


def test_the_new_zorgkas_does_not_give_back_what_the_old_one_was_asked() -> None:
    context = moved(gefactureerd(bij_andere_zorgkas=dict.fromkeys(BEZET, "180")))
    result = beoordeel_zending(zending(TERUG, zorgkas="280"), context, BREED)
    assert (codes(result), result.aanvaard, result.gecrediteerde_dagen) == ({"201810"}, 0, ())
