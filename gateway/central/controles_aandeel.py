"""The generic checks on the personal share (persoonlijk aandeel): a record of its own beside the day that it belongs to.

With verhoogde tegemoetkoming nothing is due, so there is no such record (facts vsb.md §4.5, of CAR; assumed for the others).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.dagen import dagen, is_credit, op_lijn
from gateway.central.model import ZendingContext

Sleutel = tuple[str, date]
"""(Code of the day, day): what a record of the day and one of its share have in common."""


def _aandelen(cookbook: Cookbook, factuur: Factuur) -> set[Sleutel]:
    return {(van, d) for x in factuur.lijnen if (van := cookbook.aandelen.get(x.prestatiecode)) for d in dagen(x)}


def _dagrecords(cookbook: Cookbook, factuur: Factuur) -> set[Sleutel]:
    gevraagd = set(cookbook.aandelen.values())
    return {(x.prestatiecode, d) for x in factuur.lijnen if x.prestatiecode in gevraagd for d in dagen(x)}


def _facturen(zending: Zending, cookbook: Cookbook) -> Iterator[tuple[int, Factuur]]:
    """The invoices that ask for money, of a pillar with a personal share."""
    return ((f, x) for f, x in enumerate(zending.facturen, 1) if cookbook.aandelen and not is_credit(x))


def _verhoogd(context: ZendingContext, factuur: Factuur, dag: date) -> bool:
    return any(p.van <= dag and (p.tot is None or dag <= p.tot) for p in context.verhoogd.get(factuur.insz, ()))


def _op(f: int, factuur: Factuur, n: int, verwacht: str, wat: str, dagen_: list[date]) -> Bevinding:
    gevonden = f"{len(dagen_)} dagen {wat}, vanaf {dagen_[0]}"
    return op_lijn(f, factuur, n, factuur.lijnen[n - 1], "4", "Prestatiecode", verwacht, gevonden)


@controle("zending")
def aandeel_ontbreekt(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    gevraagd = set(cookbook.aandelen.values())
    for f, factuur in _facturen(zending, cookbook):
        er = _aandelen(cookbook, factuur)
        for n, lijn in enumerate(factuur.lijnen, 1):
            zonder = [d for d in dagen(lijn) if (lijn.prestatiecode, d) not in er and not _verhoogd(context, factuur, d)]
            if zonder and lijn.prestatiecode in gevraagd:
                codes = " of ".join(c for c, van in cookbook.aandelen.items() if van == lijn.prestatiecode)
                yield _op(f, factuur, n, f"een record {codes} voor elke dag", "zonder", zonder)


@controle("zending")
def aandeel_zonder_dag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur in _facturen(zending, cookbook):
        er = _dagrecords(cookbook, factuur)
        for n, lijn in enumerate(factuur.lijnen, 1):
            van = cookbook.aandelen.get(lijn.prestatiecode)
            if van is not None and (los := [d for d in dagen(lijn) if (van, d) not in er]):
                yield _op(f, factuur, n, f"een record {van} voor elke dag in deze factuur", "zonder", los)


@controle("zending")
def aandeel_volgens_statuut(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur in _facturen(zending, cookbook):
        for n, lijn in enumerate(factuur.lijnen, 1):
            vrij = [d for d in dagen(lijn) if _verhoogd(context, factuur, d)]
            if vrij and cookbook.is_aandeel(lijn.prestatiecode):
                yield _op(f, factuur, n, "geen persoonlijk aandeel bij verhoogde tegemoetkoming", "ermee", vrij)


@controle("afgeleid")
def gekoppeld_geweigerd(
    zending: Zending,
    context: ZendingContext,
    cookbook: Cookbook,
    regel: Regel,
    geweigerd: Callable[[Factuur, Lijn], bool],
) -> Iterator[Bevinding]:
    """A day and its personal share stand or fall together."""
    paren = {frozenset(paar) for paar in cookbook.aandelen.items()}
    for f, factuur in _facturen(zending, cookbook):
        slecht = [x for x in factuur.lijnen if geweigerd(factuur, x)]
        for n, lijn in enumerate(factuur.lijnen if slecht else (), 1):
            if geweigerd(factuur, lijn):
                continue
            eigen = set(dagen(lijn))
            fout = [x for x in slecht if {lijn.prestatiecode, x.prestatiecode} in paren and not eigen.isdisjoint(dagen(x))]
            if fout:
                gevonden = f"lijn {fout[0].volgnummer} ({fout[0].prestatiecode}) is geweigerd"
                yield op_lijn(f, factuur, n, lijn, "4", "Prestatiecode", "een aanvaard gekoppeld record", gevonden)
