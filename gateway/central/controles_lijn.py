"""The generic checks on the lines (record 30) of a zending: rights, periods, codes, prices.

A credit note is not held against rights: it gives back what was accepted, also when the right turned out to be absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.dagen import dagen, lijnen, op_lijn, vragende_lijnen
from gateway.central.model import Prijs, Verblijf, ZendingContext


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
        if persoon is not None and (ongedekt := [d for d in dagen(lijn) if persoon.aansluiting_op(d) is None]):
            yield op_lijn(
                f,
                factuur,
                n,
                lijn,
                "5",
                "Van",
                "aangesloten op elke dag",
                f"{len(ongedekt)} dagen zonder aansluiting, vanaf {ongedekt[0]}",
            )


@controle("zending")
def juiste_zorgkas(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in lijnen(zending):
        persoon = context.personen.get(factuur.insz)
        kassen = {a.zorgkas for d in dagen(lijn) if persoon is not None and (a := persoon.aansluiting_op(d)) is not None}
        if kassen - {zending.zorgkas}:
            yield op_lijn(
                f,
                factuur,
                n,
                lijn,
                "7",
                "Van",
                f"dagen waarop zorgkas {zending.zorgkas} verzekert",
                f"zorgkas {', '.join(sorted(kassen))}",
            )


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
    wanneer = dagen(lijn)
    prijzen = [_prijs(context.prijzen, lijn.prestatiecode, zending.derdebetalende, d) for d in wanneer]
    if not wanneer or any(p is None for p in prijzen):
        return None
    som = sum(p for p in prijzen if p is not None)
    return -som if lijn.aantal < 0 else som


def _prijs(prijzen: tuple[Prijs, ...], code: str, voorziening: str, dag: date) -> int | None:
    return next((p.bedrag for p in prijzen if p.prestatiecode == code and p.geldt(voorziening, dag)), None)
