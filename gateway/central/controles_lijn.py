"""The generic checks on the lines (record 30) of a zending: rights, days, codes, prices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.model import Prijs, Verblijf, ZendingContext

MAX_DAGEN = 366
"""Days that one line may span before it is only called wrong, not expanded."""


def dagen(lijn: Lijn) -> list[date]:
    """Every day of a line, first and last included; none when the period is upside down or too long."""
    aantal = (lijn.tot - lijn.van).days + 1
    return [lijn.van + timedelta(days=n) for n in range(aantal)] if 0 < aantal <= MAX_DAGEN else []


def _lijnen(zending: Zending) -> Iterator[tuple[int, Factuur, int, Lijn]]:
    for f, factuur in enumerate(zending.facturen, 1):
        for n, lijn in enumerate(factuur.lijnen, 1):
            yield f, factuur, n, lijn


def _op(
    f: int,
    factuur: Factuur,
    n: int,
    lijn: Lijn,
    zone: str,
    element: str,
    verwacht: str | None = None,
    gevonden: str | None = None,
) -> Bevinding:
    return Bevinding(
        record="30",
        zone=zone,
        plaats=f"/Zending/Factuur[{f}]/Lijn[{n}]/{element}",
        regel=lijn.regel,
        factuurnummer=factuur.factuurnummer,
        volgnummer=lijn.volgnummer,
        verwacht=verwacht,
        gevonden=gevonden,
    )


def _dossier(zending: Zending, context: ZendingContext, factuur: Factuur) -> Verblijf | None:
    gezocht = (factuur.dossiernummer, zending.derdebetalende, zending.pijler)
    return next(
        (v for v in context.verblijven.get(factuur.insz, ()) if (v.dossiernummer, v.voorziening, v.pijler) == gezocht), None
    )


@controle("zending")
def periode_omgekeerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        if lijn.tot < lijn.van:
            yield _op(f, factuur, n, lijn, "6", "Tot", f"{lijn.van} of later", f"{lijn.tot}")


@controle("zending")
def dag_in_toekomst(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        if max(lijn.van, lijn.tot) > context.vandaag:
            yield _op(f, factuur, n, lijn, "6", "Tot", f"{context.vandaag} of vroeger", f"{lijn.tot}")


@controle("zending")
def dag_in_maand(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    einde = (zending.maand + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    for f, factuur, n, lijn in _lijnen(zending):
        if lijn.van < zending.maand or lijn.tot > einde:
            yield _op(f, factuur, n, lijn, "5", "Van", f"{zending.maand} tot {einde}", f"{lijn.van} tot {lijn.tot}")


@controle("zending")
def aantal_past(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        wanneer = (lijn.tot - lijn.van).days + 1
        if lijn.van <= lijn.tot and abs(lijn.aantal) != wanneer:
            yield _op(f, factuur, n, lijn, "22", "Aantal", f"{wanneer}", f"{lijn.aantal}")


@controle("zending")
def verblijf_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        verblijf = _dossier(zending, context, factuur)
        if verblijf is None or verblijf.status != "aanvaard" or lijn.van < verblijf.start:
            stand = "onbekend dossier" if verblijf is None else f"{verblijf.status}, vanaf {verblijf.start}"
            yield _op(f, factuur, n, lijn, "5", "Van", "een aanvaard dossier dat de dag dekt", stand)


@controle("zending")
def na_ontslag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        verblijf = _dossier(zending, context, factuur)
        if verblijf is not None and verblijf.einde is not None and lijn.tot > verblijf.einde:
            yield _op(f, factuur, n, lijn, "6", "Tot", f"{verblijf.einde} of vroeger", f"{lijn.tot}")


@controle("zending")
def na_overlijden(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        persoon = context.personen.get(factuur.insz)
        if persoon is not None and persoon.overlijdensdatum is not None and lijn.tot > persoon.overlijdensdatum:
            yield _op(f, factuur, n, lijn, "6", "Tot", "een dag tot en met het overlijden", f"{lijn.tot}")


@controle("zending")
def verzekerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        persoon = context.personen.get(factuur.insz)
        if persoon is not None and (ongedekt := [d for d in dagen(lijn) if persoon.aansluiting_op(d) is None]):
            yield _op(
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
    for f, factuur, n, lijn in _lijnen(zending):
        persoon = context.personen.get(factuur.insz)
        kassen = {a.zorgkas for d in dagen(lijn) if persoon is not None and (a := persoon.aansluiting_op(d)) is not None}
        if kassen - {zending.zorgkas}:
            yield _op(
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
    for f, factuur, n, lijn in _lijnen(zending):
        if lijn.prestatiecode not in codes:
            yield _op(f, factuur, n, lijn, "4", "Prestatiecode", ", ".join(sorted(codes)), lijn.prestatiecode)


@controle("zending")
def code_op_datum(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    codes = {c.code: c for c in cookbook.prestatiecodes}
    for f, factuur, n, lijn in _lijnen(zending):
        code = codes.get(lijn.prestatiecode)
        if code is not None and not (code.geldt(lijn.van) and code.geldt(lijn.tot)):
            yield _op(f, factuur, n, lijn, "4", "Prestatiecode", "een code die op die dagen geldt", lijn.prestatiecode)


@controle("zending")
def prijs_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    codes = {c.code for c in cookbook.prestatiecodes}
    for f, factuur, n, lijn in _lijnen(zending):
        if lijn.prestatiecode in codes and dagen(lijn) and _bedrag(zending, context, lijn) is None:
            yield _op(
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
    for f, factuur, n, lijn in _lijnen(zending):
        bedrag = _bedrag(zending, context, lijn)
        if bedrag is not None and lijn.bedrag != bedrag:
            yield _op(f, factuur, n, lijn, "19", "Bedrag", f"{bedrag} cent", f"{lijn.bedrag} cent")


def _bedrag(zending: Zending, context: ZendingContext, lijn: Lijn) -> int | None:
    wanneer = dagen(lijn)
    prijzen = [_prijs(context.prijzen, lijn.prestatiecode, zending.derdebetalende, d) for d in wanneer]
    if not wanneer or any(p is None for p in prijzen):
        return None
    som = sum(p for p in prijzen if p is not None)
    return -som if lijn.aantal < 0 else som


def _prijs(prijzen: tuple[Prijs, ...], code: str, voorziening: str, dag: date) -> int | None:
    return next((p.bedrag for p in prijzen if p.prestatiecode == code and p.geldt(voorziening, dag)), None)


@controle("zending")
def al_gefactureerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    credit = {
        (factuur.insz, lijn.prestatiecode, d)
        for _, factuur, _, lijn in _lijnen(zending)
        if factuur.type_facturering == "3"
        for d in dagen(lijn)
    }
    bezet = set(context.gefactureerde_dagen) - credit
    for f, factuur, n, lijn in _lijnen(zending):
        if factuur.type_facturering == "3":
            continue
        sleutels = [(factuur.insz, lijn.prestatiecode, d) for d in dagen(lijn)]
        dubbel = [s for s in sleutels if s in bezet]
        if dubbel:
            yield _op(
                f,
                factuur,
                n,
                lijn,
                "5",
                "Van",
                "dagen die nog niet gefactureerd zijn",
                f"{len(dubbel)} dagen, vanaf {dubbel[0][2]}",
            )
        bezet.update(sleutels)


@controle("zending")
def credit_van_gefactureerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in _lijnen(zending):
        if factuur.type_facturering == "3" and (
            vreemd := [d for d in dagen(lijn) if (factuur.insz, lijn.prestatiecode, d) not in context.gefactureerde_dagen]
        ):
            yield _op(
                f,
                factuur,
                n,
                lijn,
                "5",
                "Van",
                "dagen die eerder aanvaard werden",
                f"{len(vreemd)} andere dagen, vanaf {vreemd[0]}",
            )


@controle("zending")
def een_code_per_dag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    bezet: dict[tuple[str, date], str] = {(i, d): c for i, c, d in context.gefactureerde_dagen}
    for f, factuur, n, lijn in _lijnen(zending):
        if factuur.type_facturering != "0":
            continue
        botsing = [d for d in dagen(lijn) if bezet.get((factuur.insz, d), lijn.prestatiecode) != lijn.prestatiecode]
        if botsing:
            yield _op(
                f, factuur, n, lijn, "4", "Prestatiecode", "één dagprijs per dag", f"{len(botsing)} dagen met een andere code"
            )
        bezet.update({(factuur.insz, d): lijn.prestatiecode for d in dagen(lijn)})
