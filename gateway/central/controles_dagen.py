"""The generic checks on claimed days: claimed once, given back once, one day price a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import AANTAL, TEKSTEN, Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.dagen import dagen, dossier_van, is_credit, op_lijn, per_factuur, sleutels
from gateway.central.model import ZendingContext


def _vrijgegeven(zending: Zending) -> set[tuple[str, str, date]]:
    return {s for f in zending.facturen if is_credit(f) for lijn in f.lijnen for s in sleutels(f, lijn)}


def _vragend(zending: Zending, verdacht: Callable[[Factuur], bool]) -> Iterator[tuple[int, Factuur, int, Lijn]]:
    return per_factuur(zending, lambda f: not is_credit(f) and verdacht(f))


@controle("zending")
def al_gefactureerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    bezet = set(context.gefactureerde_dagen) - _vrijgegeven(zending)
    verdacht = zending.dubbel | context.al_gefactureerd
    for f, factuur, n, lijn in _vragend(zending, lambda f: f.insz in verdacht):
        gevraagd = sleutels(factuur, lijn)
        if dubbel := [dag for insz, code, dag in gevraagd if (insz, code, dag) in bezet]:
            gevonden = f"{len(dubbel)} dagen, vanaf {dubbel[0]}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "dagen die nog niet gefactureerd zijn", gevonden)
        bezet.update(gevraagd)


@controle("zending")
def credit_van_gefactureerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    over = set(context.gefactureerde_dagen)
    for f, factuur, n, lijn in per_factuur(zending, is_credit):
        terug = sleutels(factuur, lijn)
        if vreemd := [dag for insz, code, dag in terug if (insz, code, dag) not in over]:
            gevonden = f"{len(vreemd)} andere dagen, vanaf {vreemd[0]}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "dagen die eerder aanvaard en nog niet gecrediteerd zijn", gevonden)
        over.difference_update(terug)


@controle("zending")
def een_code_per_dag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def meer_codes(factuur: Factuur) -> bool:
        return len({lijn.prestatiecode for lijn in factuur.lijnen} - cookbook.aandelen.keys()) > 1

    over = context.gefactureerde_dagen - _vrijgegeven(zending)
    bezet = {(insz, dag): code for insz, code, dag in over if not cookbook.is_aandeel(code)}
    verdacht = zending.dubbel | context.al_gefactureerd
    for f, factuur, n, lijn in _vragend(zending, lambda f: f.insz in verdacht or meer_codes(f)):
        if cookbook.is_aandeel(lijn.prestatiecode):
            continue
        if botsing := [d for d in dagen(lijn) if bezet.get((factuur.insz, d), lijn.prestatiecode) != lijn.prestatiecode]:
            gevonden = f"{len(botsing)} dagen met een andere code, vanaf {botsing[0]}"
            yield op_lijn(f, factuur, n, lijn, "4", "Prestatiecode", "één dagprijs per dag", gevonden)
        for dag in dagen(lijn):
            bezet.setdefault((factuur.insz, dag), lijn.prestatiecode)


@controle("zending", pijlers=TEKSTEN)
def elders_gefactureerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """No day price of these pillars at another facility on the same day; the first and last day of a stay may coincide."""
    pijlers = frozenset(regel.parameters["pijlers"])
    for f, factuur, n, lijn in _vragend(zending, lambda f: f.insz in context.elders):
        verblijf = dossier_van(zending, context, factuur)
        grens = set() if verblijf is None else {verblijf.start, verblijf.einde}
        bezet = {e.dag for e in context.elders[factuur.insz] if e.pijler in pijlers} - grens
        if botsing := [d for d in dagen(lijn) if d in bezet]:
            gevonden = f"{len(botsing)} dagen die elders gefactureerd zijn, vanaf {botsing[0]}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "geen dagprijs elders op dezelfde dag", gevonden)


@controle("zending", aantal=AANTAL, codes=TEKSTEN)
def hoogstens_per_maand(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """So many days of these codes for a person in a calendar month at this facility; the first ones count."""
    aantal, codes = regel.parameters["aantal"], frozenset(regel.parameters["codes"])
    over = context.gefactureerde_dagen - _vrijgegeven(zending)
    tellingen = Counter((insz, dag.year, dag.month) for insz, code, dag in over if code in codes)
    for f, factuur, n, lijn in _vragend(zending, lambda _: True):
        if lijn.prestatiecode not in codes:
            continue
        tellingen.update((factuur.insz, dag.year, dag.month) for dag in dagen(lijn))
        keren = max((tellingen[factuur.insz, dag.year, dag.month] for dag in dagen(lijn)), default=0)
        if keren > aantal:
            yield op_lijn(f, factuur, n, lijn, "22", "Aantal", f"hoogstens {aantal} in een maand", f"{keren}")


@controle("afgeleid")
def credit_geweigerd(
    zending: Zending,
    context: ZendingContext,
    cookbook: Cookbook,
    regel: Regel,
    geweigerd: Callable[[Factuur, Lijn], bool],
) -> Iterator[Bevinding]:
    """Lines that count on days which a refused credit in the same zending did not give back."""
    credits = [(factuur, lijn) for _, factuur, _, lijn in per_factuur(zending, is_credit)]
    teruggegeven = {s for factuur, lijn in credits if not geweigerd(factuur, lijn) for s in sleutels(factuur, lijn)}
    vast = {s for factuur, lijn in credits if geweigerd(factuur, lijn) for s in sleutels(factuur, lijn)}
    vast = (vast & context.gefactureerde_dagen) - teruggegeven
    bezet = {(insz, dag) for insz, _, dag in vast} if any(r.controle == "een_code_per_dag" for r in cookbook.regels) else set()
    raakt = {insz for insz, _, _ in vast}
    for f, factuur, n, lijn in _vragend(zending, lambda f: f.insz in raakt):
        if geweigerd(factuur, lijn):
            continue
        if botsing := [s[2] for s in sleutels(factuur, lijn) if s in vast or (s[0], s[2]) in bezet]:
            gevonden = f"{len(botsing)} dagen waarvan de creditering geweigerd is, vanaf {botsing[0]}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "dagen waarvan de creditering aanvaard is", gevonden)
