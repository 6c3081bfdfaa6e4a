"""The generic checks on the lines (record 30) of a zending: rights, periods, codes, prices.

A credit note is not held against rights: it gives back what was accepted, also when the right turned out to be absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.dagen import dagen, lijnen, op_lijn, per_dag, vragende_lijnen
from gateway.central.model import Verblijf, ZendingContext

_BETREKKELIJK = "BetrekkelijkeVerstrekking"


def _dossier(zending: Zending, context: ZendingContext, factuur: Factuur) -> Verblijf | None:
    gezocht = (factuur.dossiernummer, zending.derdebetalende, zending.pijler)
    return next(
        (v for v in context.verblijven.get(factuur.insz, ()) if (v.dossiernummer, v.voorziening, v.pijler) == gezocht), None
    )


@controle("zending")
def periode_omgekeerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        if lijn.tot < lijn.van:
            yield op_lijn(f, factuur, n, lijn, "6", "Tot", f"{lijn.van} of later", f"{lijn.tot}")


@controle("zending")
def dag_in_toekomst(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        if max(lijn.van, lijn.tot) > context.vandaag:
            yield op_lijn(f, factuur, n, lijn, "6", "Tot", f"{context.vandaag} of vroeger", f"{lijn.tot}")


@controle("zending")
def dag_in_maand(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    einde = (zending.maand + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    for f, factuur, n, lijn in lijnen(zending):
        if lijn.van < zending.maand or lijn.tot > einde:
            yield op_lijn(f, factuur, n, lijn, "5", "Van", f"{zending.maand} tot {einde}", f"{lijn.van} tot {lijn.tot}")


@controle("zending")
def aantal_past(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        wanneer = (lijn.tot - lijn.van).days + 1
        if lijn.van <= lijn.tot and abs(lijn.aantal) != wanneer:
            yield op_lijn(f, factuur, n, lijn, "22", "Aantal", f"{wanneer}", f"{lijn.aantal}")


@controle("zending")
def verblijf_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        verblijf = _dossier(zending, context, factuur)
        if verblijf is None or verblijf.status != "aanvaard" or lijn.van < verblijf.start:
            stand = "onbekend dossier" if verblijf is None else f"{verblijf.status}, vanaf {verblijf.start}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "een aanvaard dossier dat de dag dekt", stand)


@controle("zending")
def na_ontslag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in vragende_lijnen(zending):
        verblijf = _dossier(zending, context, factuur)
        if verblijf is not None and verblijf.einde is not None and lijn.tot > verblijf.einde:
            yield op_lijn(f, factuur, n, lijn, "6", "Tot", f"{verblijf.einde} of vroeger", f"{lijn.tot}")


@controle("zending")
def na_overlijden(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in vragende_lijnen(zending):
        persoon = context.personen.get(factuur.insz)
        if persoon is not None and persoon.overlijdensdatum is not None and lijn.tot > persoon.overlijdensdatum:
            yield op_lijn(f, factuur, n, lijn, "6", "Tot", "een dag tot en met het overlijden", f"{lijn.tot}")


@controle("zending")
def verzekerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in vragende_lijnen(zending):
        persoon = context.personen.get(factuur.insz)
        dekking = [] if persoon is None else per_dag(lijn, persoon.aansluitingen)
        if None in dekking:
            eerste = dagen(lijn)[dekking.index(None)]
            gevonden = f"{dekking.count(None)} dagen zonder aansluiting, vanaf {eerste}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "aangesloten op elke dag", gevonden)


@controle("zending")
def juiste_zorgkas(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        persoon = context.personen.get(factuur.insz)
        kassen = {a.zorgkas for a in per_dag(lijn, () if persoon is None else persoon.aansluitingen) if a is not None}
        if kassen - {zending.zorgkas}:
            verwacht, gevonden = f"dagen waarop zorgkas {zending.zorgkas} verzekert", f"zorgkas {', '.join(sorted(kassen))}"
            yield op_lijn(f, factuur, n, lijn, "7", "Van", verwacht, gevonden)


@controle("zending")
def code_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    codes = {c.code for c in cookbook.prestatiecodes}
    for f, factuur, n, lijn in lijnen(zending):
        if lijn.prestatiecode not in codes:
            yield op_lijn(f, factuur, n, lijn, "4", "Prestatiecode", ", ".join(sorted(codes)), lijn.prestatiecode)


@controle("zending")
def code_op_datum(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        versies = [c for c in cookbook.prestatiecodes if c.code == lijn.prestatiecode]
        if versies and not all(any(c.geldt(dag) for c in versies) for dag in (lijn.van, lijn.tot)):
            yield op_lijn(f, factuur, n, lijn, "4", "Prestatiecode", "een code die op die dagen geldt", lijn.prestatiecode)


@controle("zending")
def prijs_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    codes = {c.code for c in cookbook.prestatiecodes}
    for f, factuur, n, lijn in lijnen(zending):
        if lijn.prestatiecode in codes and dagen(lijn) and _bedrag(zending, context, lijn) is None:
            yield op_lijn(
                f,
                factuur,
                n,
                lijn,
                "4",
                "Prestatiecode",
                "een code met een prijs voor deze voorziening op die dagen",
                lijn.prestatiecode,
            )


@controle("zending")
def bedrag_juist(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        bedrag = _bedrag(zending, context, lijn)
        if bedrag is not None and lijn.bedrag != bedrag:
            yield op_lijn(f, factuur, n, lijn, "19", "Bedrag", f"{bedrag} cent", f"{lijn.bedrag} cent")


def _bedrag(zending: Zending, context: ZendingContext, lijn: Lijn) -> int | None:
    eigen = (
        p for p in context.prijzen if p.prestatiecode == lijn.prestatiecode and p.voorziening in (None, zending.derdebetalende)
    )
    prijzen = [None if p is None else p.bedrag for p in per_dag(lijn, eigen)]
    if not prijzen or None in prijzen:
        return None
    som = sum(p for p in prijzen if p is not None)
    return -som if lijn.aantal < 0 else som


def _gevraagd(context: ZendingContext, lijn: Lijn) -> list[str]:
    return [b.betrekkelijk for b in context.betrekkingen if b.prestatiecode == lijn.prestatiecode and b.geldt(lijn.van)]


@controle("zending")
def betrekkelijk_aanwezig(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        if lijn.betrekkelijk is None and (gevraagd := _gevraagd(context, lijn)):
            yield op_lijn(f, factuur, n, lijn, "17-18", _BETREKKELIJK, " of ".join(gevraagd), "afwezig")


@controle("zending")
def betrekkelijk_past(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        gevraagd = _gevraagd(context, lijn)
        if lijn.betrekkelijk is not None and gevraagd and lijn.betrekkelijk not in gevraagd:
            yield op_lijn(f, factuur, n, lijn, "17-18", _BETREKKELIJK, " of ".join(gevraagd), lijn.betrekkelijk)


@controle("zending")
def betrekkelijk_nul(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        if lijn.betrekkelijk is not None and not _gevraagd(context, lijn):
            yield op_lijn(f, factuur, n, lijn, "17-18", _BETREKKELIJK, "afwezig", lijn.betrekkelijk)
