"""The generic checks on claimed days: claimed once, given back once, one day price a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.dagen import dagen, is_credit, lijnen, op_lijn, sleutels, vragende_lijnen
from gateway.central.model import ZendingContext


def _vrijgegeven(zending: Zending) -> set[tuple[str, str, date]]:
    return {s for _, factuur, _, lijn in lijnen(zending) if is_credit(factuur) for s in sleutels(factuur, lijn)}


@controle("zending")
def al_gefactureerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    bezet = set(context.gefactureerde_dagen) - _vrijgegeven(zending)
    for f, factuur, n, lijn in vragende_lijnen(zending):
        gevraagd = sleutels(factuur, lijn)
        if dubbel := [dag for insz, code, dag in gevraagd if (insz, code, dag) in bezet]:
            gevonden = f"{len(dubbel)} dagen, vanaf {dubbel[0]}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "dagen die nog niet gefactureerd zijn", gevonden)
        bezet.update(gevraagd)


@controle("zending")
def credit_van_gefactureerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    over = set(context.gefactureerde_dagen)
    for f, factuur, n, lijn in lijnen(zending):
        if not is_credit(factuur):
            continue
        terug = sleutels(factuur, lijn)
        if vreemd := [dag for insz, code, dag in terug if (insz, code, dag) not in over]:
            gevonden = f"{len(vreemd)} andere dagen, vanaf {vreemd[0]}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "dagen die eerder aanvaard en nog niet gecrediteerd zijn", gevonden)
        over.difference_update(terug)


@controle("zending")
def een_code_per_dag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    bezet = {(insz, dag): code for insz, code, dag in context.gefactureerde_dagen - _vrijgegeven(zending)}
    for f, factuur, n, lijn in vragende_lijnen(zending):
        if botsing := [d for d in dagen(lijn) if bezet.get((factuur.insz, d), lijn.prestatiecode) != lijn.prestatiecode]:
            gevonden = f"{len(botsing)} dagen met een andere code, vanaf {botsing[0]}"
            yield op_lijn(f, factuur, n, lijn, "4", "Prestatiecode", "één dagprijs per dag", gevonden)
        for dag in dagen(lijn):
            bezet.setdefault((factuur.insz, dag), lijn.prestatiecode)


@controle("afgeleid")
def credit_geweigerd(
    zending: Zending,
    context: ZendingContext,
    cookbook: Cookbook,
    regel: Regel,
    geweigerd: Callable[[Factuur, Lijn], bool],
) -> Iterator[Bevinding]:
    """Lines that count on days which a refused credit in the same zending did not give back."""
    credits = [(factuur, lijn) for _, factuur, _, lijn in lijnen(zending) if is_credit(factuur)]
    teruggegeven = {s for factuur, lijn in credits if not geweigerd(factuur, lijn) for s in sleutels(factuur, lijn)}
    vast = {s for factuur, lijn in credits if geweigerd(factuur, lijn) for s in sleutels(factuur, lijn)}
    vast = (vast & context.gefactureerde_dagen) - teruggegeven
    bezet = {(insz, dag) for insz, _, dag in vast} if any(r.controle == "een_code_per_dag" for r in cookbook.regels) else set()
    for f, factuur, n, lijn in vragende_lijnen(zending):
        if geweigerd(factuur, lijn):
            continue
        if botsing := [s[2] for s in sleutels(factuur, lijn) if s in vast or (s[0], s[2]) in bezet]:
            gevonden = f"{len(botsing)} dagen waarvan de creditering geweigerd is, vanaf {botsing[0]}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "dagen waarvan de creditering aanvaard is", gevonden)
