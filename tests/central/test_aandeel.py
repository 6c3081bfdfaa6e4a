"""The personal share beside its day, and the days that a month may have: the rules that only some pillars have."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.berichten.factuur import Lijn
from gateway.central.cookbook import Cookbook, Familie
from gateway.central.model import Periode, Prijs, ZendingContext
from gateway.central.resultaat import Zendingresultaat
from gateway.central.zending import beoordeel_zending
from gateway.cookbook.laden import load_cookbooks
from tests.central.build import COOKBOOK, INSZ, RIZIV, factuur, lijn, verblijf, zending, zendingcontext
from tests.central.test_zending import VORIGE

REVAC = load_cookbooks(Path(__file__).parents[2] / "cookbooks")["erevacfin"]
RUIM = replace(REVAC, drempel=100.0)
DAG, AANDEEL = "774011", "774025"
EIGEN = frozenset({"300450", "300451", "300425", "300419", "302255"})
"""The rules tested here."""


def dag(eerste: int = 4, laatste: int = 8, volgnummer: int = 1, prijs: int = 5000) -> Lijn:
    aantal = laatste - eerste + 1
    van, tot = date(2026, 5, eerste), date(2026, 5, laatste)
    return lijn(van, tot, prestatiecode=DAG, bedrag=aantal * prijs, volgnummer=volgnummer)


def aandeel(eerste: int = 4, laatste: int = 8, volgnummer: int = 2, cent: int = 220) -> Lijn:
    van, tot = date(2026, 5, eerste), date(2026, 5, laatste)
    return lijn(van, tot, prestatiecode=AANDEEL, bedrag=0, aandeel=(laatste - eerste + 1) * cent, volgnummer=volgnummer)


def omgeving(**anders: object) -> ZendingContext:
    prijzen = tuple(
        Prijs(prestatiecode=code, voorziening=RIZIV, van=date(2026, 1, 1), tot=None, bedrag=cent)
        for code, cent in ((DAG, 5000), (AANDEEL, 220))
    )
    return zendingcontext(prijzen=prijzen, verblijven={INSZ: (verblijf(pijler="erevacfin"),)}, **anders)


def oordeel(*lijnen: Lijn, cookbook: Cookbook = RUIM, **context: object) -> Zendingresultaat:
    gevraagd = zending(factuur(*lijnen), pijler="erevacfin", type_factuur="5")
    return beoordeel_zending(gevraagd, omgeving(**context), cookbook)


def codes(resultaat: Zendingresultaat) -> list[tuple[str, int | None]]:
    return sorted((f.code, f.volgnummer) for f in resultaat.fouten)


VERHOOGD = {INSZ: (Periode(van=date(2026, 5, 4), tot=date(2026, 5, 8)),)}


def test_a_day_with_its_share_is_accepted_and_only_the_day_is_paid() -> None:
    resultaat = oordeel(dag(), aandeel(), cookbook=REVAC)
    assert (codes(resultaat), resultaat.label, resultaat.aanvaard) == ([], "INHOUD-AANVAARD", 25000)


@pytest.mark.parametrize(
    ("lijnen", "context", "verwacht"),
    [
        pytest.param((dag(),), {}, [("300450", 1)], id="no share"),
        pytest.param((dag(), aandeel(4, 7)), {}, [("300419", 2), ("300450", 1)], id="a share for less days"),
        pytest.param((aandeel(),), {}, [("300451", 2)], id="a share without a day"),
        pytest.param((dag(4, 7), aandeel()), {}, [("300419", 1), ("300451", 2)], id="a share for more days"),
        pytest.param((dag(),), {"verhoogd": VERHOOGD}, [], id="no share is due"),
        pytest.param((dag(), aandeel()), {"verhoogd": VERHOOGD}, [("300419", 1), ("300425", 2)], id="a share that is not due"),
        pytest.param((dag(4, 9),), {"verhoogd": VERHOOGD}, [("300450", 1)], id="due on the last day"),
        pytest.param((dag(), aandeel(cent=221)), {}, [("300419", 1), ("302741", 2)], id="a wrong share"),
        pytest.param((dag(), aandeel()._replace(bedrag=1)), {}, [("300419", 1), ("301940", 2)], id="a share that asks money"),
        pytest.param((dag(prijs=1), aandeel()), {}, [("300419", 2), ("301940", 1)], id="a refused day"),
        pytest.param(
            (dag()._replace(aandeel=220), aandeel()), {}, [("300419", 2), ("302741", 1)], id="a share on the day itself"
        ),
    ],
)
def test_the_share_fits_its_day(
    lijnen: tuple[Lijn, ...], context: dict[str, object], verwacht: list[tuple[str, int | None]]
) -> None:
    assert codes(oordeel(*lijnen, **context)) == verwacht


def test_a_day_stands_when_another_day_of_the_invoice_falls() -> None:
    resultaat = oordeel(dag(4, 5), aandeel(4, 5), dag(6, 7, 3, prijs=1), aandeel(6, 7, 4))
    assert codes(resultaat) == [("300419", 4), ("301940", 3)]
    assert [x.volgnummer for _, x in resultaat.aanvaard_per_lijn] == [1, 2]


def test_a_credit_note_gives_day_and_share_back() -> None:
    terug = [x._replace(aantal=-x.aantal, bedrag=-x.bedrag, aandeel=-x.aandeel) for x in (dag(), aandeel())]
    dagen = [date(2026, 5, 4) + timedelta(days=n) for n in range(5)]
    gevraagd = zending(factuur(*terug, type_facturering="3", vorige=VORIGE), pijler="erevacfin", type_factuur="5")
    context = omgeving(gefactureerde_dagen=frozenset((INSZ, code, d) for code in (DAG, AANDEEL) for d in dagen))
    resultaat = beoordeel_zending(gevraagd, context, REVAC)
    assert (codes(resultaat), resultaat.aanvaard) == ([], -25000)


def test_a_month_has_no_more_days_than_it_may() -> None:
    vol, meer = (dag(1, 23), aandeel(1, 23)), (dag(1, 24), aandeel(1, 24))
    assert "302255" not in dict(codes(oordeel(*vol)))
    assert ("302255", 1) in codes(oordeel(*meer))
    eerder = frozenset((INSZ, DAG, date(2026, 5, 24) + timedelta(days=n)) for n in range(2))
    assert ("302255", 1) in codes(oordeel(dag(1, 22), aandeel(1, 22), gefactureerde_dagen=eerder))
    assert codes(oordeel(dag(1, 21), aandeel(1, 21), gefactureerde_dagen=eerder)) == []


def test_every_rule_that_only_some_pillars_have_is_tested_here() -> None:
    inhoud = (Familie.ZENDING_TECHNISCH, Familie.ZENDING_INHOUD, Familie.ZENDING_AFGELEID)
    meer = {r.id for familie in inhoud for r in REVAC.regels_van(familie)} - {r.id for r in COOKBOOK.regels}
    assert meer == EIGEN
