"""What is paid once in a dossier, or once in a month: the invoicing rules of the pillars without day prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.berichten.factuur import Lijn
from gateway.central.model import Prijs
from gateway.central.zending import beoordeel_zending
from gateway.cookbook.laden import load_cookbooks
from tests.central.build import INSZ, RIZIV, factuur, lijn, verblijf, zending, zendingcontext

BOEKEN = load_cookbooks(Path(__file__).parents[2] / "cookbooks")
START = date(2026, 5, 10)


def op(code: str, dag: int, volgnummer: int = 1) -> Lijn:
    return lijn(date(2026, 5, dag), date(2026, 5, dag), prestatiecode=code, bedrag=1000, volgnummer=volgnummer)


def fouten(pijler: str, *lijnen: Lijn, bezet: frozenset[tuple[str, str, date]] = frozenset()) -> list[tuple[str, int | None]]:
    """(Code, line) of every error about a dossier of which START is the first and, for a meeting, the only day."""
    prijzen = tuple(
        Prijs(prestatiecode=x.prestatiecode, voorziening=RIZIV, van=date(2026, 1, 1), tot=None, bedrag=1000) for x in lijnen
    )
    dossier = verblijf(pijler=pijler, start=START, einde=START if pijler == "emdofin" else None)
    context = zendingcontext(prijzen=prijzen, verblijven={INSZ: (dossier,)}, gefactureerde_dagen=bezet)
    boek = replace(BOEKEN[pijler], drempel=100.0)
    resultaat = beoordeel_zending(zending(factuur(*lijnen), pijler=pijler, type_factuur="3"), context, boek)
    return sorted((f.code, f.volgnummer) for f in resultaat.fouten)


def test_every_role_of_a_meeting_stands_on_its_day() -> None:
    rollen = ("785011", "785022", "785033", "785044", "785055", "785066")
    assert fouten("emdofin", *(op(code, 10, n) for n, code in enumerate(rollen, 1))) == []


@pytest.mark.parametrize(("pijler", "code"), [("emdofin", "785011"), ("mohm", "786011"), ("mohm", "786044")])
def test_what_is_paid_once_can_not_be_asked_on_another_day(pijler: str, code: str) -> None:
    assert fouten(pijler, op(code, 10)) == []
    assert ("VSB_ZND_004", 2) in fouten(pijler, op(code, 10), op(code, 11, 2))
    assert fouten(pijler, op(code, 10), bezet=frozenset({(INSZ, code, START)})) == [("300423", 1)]


@pytest.mark.parametrize(("code", "regel"), [("786022", "302255"), ("786055", "302256")])
def test_rent_and_upkeep_are_paid_once_in_a_month(code: str, regel: str) -> None:
    assert fouten("mohm", op(code, 12)) == []
    assert fouten("mohm", op(code, 12), op(code, 13, 2)) == [(regel, 2)]
    assert fouten("mohm", op(code, 13), bezet=frozenset({(INSZ, code, date(2026, 5, 11))})) == [(regel, 1)]


def test_a_repair_may_come_twice_in_a_month() -> None:
    assert fouten("mohm", op("786066", 12), op("786066", 13, 2)) == []
