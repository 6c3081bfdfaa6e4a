"""What a pillar's cookbook says since when, and what changed in it between two days; the prices are reference data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from gateway.central.cookbook import Cookbook, Regel
from gateway.cookbook.redenen import Redencode


class Regelversie(NamedTuple):
    """A rule as it runs, with the days that the registry of reasons keeps of its code."""

    regel: Regel
    sinds: date | None
    """None: not in the registry."""
    gewijzigd: date | None


class Wijziging(NamedTuple):
    """One thing that a cookbook says otherwise since a day."""

    dag: date
    soort: str
    """regel, prestatiecode or lijst."""
    wat: str
    """nieuw, gewijzigd or vervallen."""
    code: str
    tekst: str


def regelversies(cookbook: Cookbook, redenen: Mapping[str, Redencode]) -> list[Regelversie]:
    """Every rule in the order of its code."""
    return [
        Regelversie(regel, *((_dag(r.sinds), _dag(r.gewijzigd)) if (r := redenen.get(regel.id)) else (None, None)))
        for regel in sorted(cookbook.regels, key=lambda regel: regel.id)
    ]


def wijzigingen(cookbook: Cookbook, redenen: Mapping[str, Redencode], na: date, tot: date) -> list[Wijziging]:
    """What began, changed or ended after one day and up to another, in order of days.

    A code that a pillar no longer has is in the registry under no pillar, so it is told for each pillar whose prefix it has.
    """
    alle = (*_regels(cookbook, redenen.values()), *_codes(cookbook), *_lijsten(cookbook))
    return sorted(w for w in alle if na < w.dag <= tot)


def _regels(cookbook: Cookbook, redenen: Iterable[Redencode]) -> Iterator[Wijziging]:
    voorvoegsels = {regel.id.split("_")[0] + "_" for regel in cookbook.regels if "_" in regel.id}
    for reden in redenen:
        van_ons = cookbook.pijler in reden.pijlers.split() or (reden.ingetrokken and reden.code.startswith(tuple(voorvoegsels)))
        for tekst, wat in ((reden.sinds, "nieuw"), (reden.gewijzigd, "gewijzigd"), (reden.ingetrokken, "vervallen")):
            dag = _dag(tekst)
            if van_ons and dag is not None:
                yield Wijziging(dag, "regel", wat, reden.code, reden.tekst)


def _codes(cookbook: Cookbook) -> Iterator[Wijziging]:
    for code in cookbook.prestatiecodes:
        yield from _van_tot("prestatiecode", code.code, code.omschrijving, code.van, code.tot)


def _lijsten(cookbook: Cookbook) -> Iterator[Wijziging]:
    for lijst, codes in cookbook.lijsten.items():
        for code, waarde in codes.items():
            yield from _van_tot("lijst", f"{lijst}: {code}", waarde.omschrijving, waarde.van, waarde.tot)


def _van_tot(soort: str, code: str, tekst: str, van: date | None, tot: date | None) -> Iterator[Wijziging]:
    if van is not None:
        yield Wijziging(van, soort, "nieuw", code, tekst)
    if tot is not None:
        # Its last day: from the next one on it no longer counts.
        yield Wijziging(date.fromordinal(tot.toordinal() + 1), soort, "vervallen", code, tekst)


def _dag(tekst: str) -> date | None:
    return date.fromisoformat(tekst) if tekst else None
