"""The generic checks on the lines (record 30) of a zending: rights, periods, codes, prices.

A credit note is not held against rights: it gives back what was accepted, also when the right turned out to be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import AANTAL, TEKSTEN, Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.dagen import (
    Verschil,
    dagen,
    dossier_van,
    een_aansluiting,
    is_credit,
    op_lijn,
    per_dag,
    per_factuur,
    per_vorm,
    sleutels,
)
from gateway.central.kalender import maanden_na
from gateway.central.model import Status, Verblijf, ZendingContext

_BETREKKELIJK = "BetrekkelijkeVerstrekking"


@controle("zending")
def periode_omgekeerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def fout(lijn: Lijn) -> Verschil | None:
        return (f"{lijn.van} of later", f"{lijn.tot}") if lijn.tot < lijn.van else None

    yield from _op(zending, fout, "6", "Tot")


@controle("zending")
def dag_in_toekomst(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def fout(lijn: Lijn) -> Verschil | None:
        laatst = max(lijn.van, lijn.tot)
        return (f"{context.vandaag} of vroeger", f"{lijn.tot}") if laatst > context.vandaag else None

    yield from _op(zending, fout, "6", "Tot")


@controle("zending")
def dag_in_maand(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    einde = maanden_na(zending.maand, 1) - timedelta(days=1)

    def fout(lijn: Lijn) -> Verschil | None:
        buiten = lijn.van < zending.maand or lijn.tot > einde
        return (f"{zending.maand} tot {einde}", f"{lijn.van} tot {lijn.tot}") if buiten else None

    yield from _op(zending, fout, "5", "Van")


@controle("zending")
def aantal_past(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def fout(lijn: Lijn) -> Verschil | None:
        wanneer = (lijn.tot - lijn.van).days + 1
        return (f"{wanneer}", f"{lijn.aantal}") if lijn.van <= lijn.tot and abs(lijn.aantal) != wanneer else None

    yield from _op(zending, fout, "22", "Aantal")


@controle("zending")
def verblijf_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def verdacht(factuur: Factuur) -> bool:
        verblijf = dossier_van(zending, context, factuur)
        return verblijf is None or verblijf.status != Status.AANVAARD or factuur.van < verblijf.start

    for f, factuur, n, lijn in per_factuur(zending, verdacht):
        verblijf = dossier_van(zending, context, factuur)
        if verblijf is None or verblijf.status != Status.AANVAARD or lijn.van < verblijf.start:
            stand = "onbekend dossier" if verblijf is None else f"{verblijf.status}, vanaf {verblijf.start}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "een aanvaard dossier dat de dag dekt", stand)


@controle("zending", codes=TEKSTEN)
def op_startdag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """What is paid once in a dossier is invoiced on its first day, so that it can not be claimed on another."""
    codes = frozenset(regel.parameters["codes"])
    for f, factuur, n, lijn in per_factuur(zending, lambda f: not is_credit(f)):
        verblijf = dossier_van(zending, context, factuur)
        if verblijf is not None and lijn.prestatiecode in codes and (lijn.van, lijn.tot) != (verblijf.start, verblijf.start):
            yield op_lijn(f, factuur, n, lijn, "5", "Van", f"{verblijf.start}", f"{lijn.van} tot {lijn.tot}")


@controle("zending")
def na_ontslag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    yield from _na(zending, lambda f: _einde(dossier_van(zending, context, f)), "{} of vroeger")


@controle("zending")
def na_akkoord(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """No day after the last one that the agreement covers, where the pillar works with terms."""

    def tot(factuur: Factuur) -> date | None:
        verblijf = dossier_van(zending, context, factuur)
        return None if verblijf is None else verblijf.akkoord_tot

    yield from _na(zending, tot, "{} of vroeger, het akkoord loopt niet verder")


@controle("zending")
def na_overlijden(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def tot(factuur: Factuur) -> date | None:
        persoon = context.personen.get(factuur.insz)
        return None if persoon is None else persoon.overlijdensdatum

    yield from _na(zending, tot, "een dag tot en met het overlijden")


def _einde(verblijf: Verblijf | None) -> date | None:
    return None if verblijf is None else verblijf.einde


def _na(zending: Zending, laatste: Callable[[Factuur], date | None], verwacht: str) -> Iterator[Bevinding]:
    """Lines that ask for money for a day after the last one that is possible for the invoice."""

    def verdacht(factuur: Factuur) -> bool:
        tot = laatste(factuur)
        return tot is not None and factuur.tot > tot and not is_credit(factuur)

    for f, factuur, n, lijn in per_factuur(zending, verdacht):
        tot = laatste(factuur)
        if tot is not None and lijn.tot > tot:
            yield op_lijn(f, factuur, n, lijn, "6", "Tot", verwacht.format(tot), f"{lijn.tot}")


@controle("zending")
def verzekerd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for f, factuur, n, lijn in per_factuur(zending, lambda f: not is_credit(f) and not een_aansluiting(context, f)):
        persoon = context.personen.get(factuur.insz)
        dekking = [] if persoon is None else per_dag(lijn, persoon.aansluitingen)
        if None in dekking:
            eerste = dagen(lijn)[dekking.index(None)]
            gevonden = f"{dekking.count(None)} dagen zonder aansluiting, vanaf {eerste}"
            yield op_lijn(f, factuur, n, lijn, "5", "Van", "aangesloten op elke dag", gevonden)


@controle("zending")
def juiste_zorgkas(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """The zorgkas that insures asks; the one that was asked gives back, whoever insures the person since (facts vsb.md §3.4)."""
    for f, factuur, n, lijn in per_factuur(
        zending, lambda f: not is_credit(f) and een_aansluiting(context, f) != zending.zorgkas
    ):
        persoon = context.personen.get(factuur.insz)
        kassen = {a.zorgkas for a in per_dag(lijn, () if persoon is None else persoon.aansluitingen) if a is not None}
        if kassen - {zending.zorgkas}:
            verwacht, gevonden = f"dagen waarop zorgkas {zending.zorgkas} verzekert", f"zorgkas {', '.join(sorted(kassen))}"
            yield op_lijn(f, factuur, n, lijn, "7", "Van", verwacht, gevonden)
    for f, factuur, n, lijn in per_factuur(zending, lambda f: is_credit(f) and bool(context.bij_andere_zorgkas)):
        kassen = {context.bij_andere_zorgkas[s] for s in sleutels(factuur, lijn) if s in context.bij_andere_zorgkas}
        if kassen:
            verwacht = f"dagen die aan zorgkas {zending.zorgkas} gefactureerd zijn"
            yield op_lijn(f, factuur, n, lijn, "7", "Van", verwacht, f"gefactureerd aan zorgkas {', '.join(sorted(kassen))}")


@controle("zending")
def code_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    codes = {c.code for c in cookbook.prestatiecodes}

    def fout(lijn: Lijn) -> Verschil | None:
        return None if lijn.prestatiecode in codes else (", ".join(sorted(codes)), lijn.prestatiecode)

    yield from _op(zending, fout, "4", "Prestatiecode")


@controle("zending")
def code_op_datum(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def fout(lijn: Lijn) -> Verschil | None:
        versies = [c for c in cookbook.prestatiecodes if c.code == lijn.prestatiecode]
        past = not versies or all(any(c.geldt(dag) for c in versies) for dag in (lijn.van, lijn.tot))
        return None if past else ("een code die op die dagen geldt", lijn.prestatiecode)

    yield from _op(zending, fout, "4", "Prestatiecode")


@controle("zending")
def erkend_op_dag(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """The facility is recognised for the pillar on each day, not only on the first of the month."""

    def fout(lijn: Lijn) -> Verschil | None:
        if None not in (dekking := per_dag(lijn, context.erkenningen)):
            return None
        return "dagen waarop de voorziening erkend is", f"niet erkend op {dagen(lijn)[dekking.index(None)]}"

    yield from _op(zending, fout, "5", "Van")


@controle("zending", jaren=AANTAL)
def verjaard(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """So many years after the end of the month of care nothing is owed any more (facts vsb.md §5.4)."""
    jaren = regel.parameters["jaren"]

    def fout(lijn: Lijn) -> Verschil | None:
        laatst = maanden_na(lijn.tot.replace(day=1), 1 + 12 * jaren) - timedelta(days=1)
        return (f"ingediend op {laatst} of vroeger", f"{context.vandaag}") if context.vandaag > laatst else None

    yield from _op(zending, fout, "5", "Van", credit=False)


@controle("zending")
def prijs_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    codes = {c.code for c in cookbook.prestatiecodes}

    def fout(lijn: Lijn) -> Verschil | None:
        if lijn.prestatiecode not in codes or not dagen(lijn) or _prijs(zending, context, lijn) is not None:
            return None
        return "een code met een prijs voor deze voorziening op die dagen", lijn.prestatiecode

    yield from _op(zending, fout, "4", "Prestatiecode")


@controle("zending")
def bedrag_juist(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """The price of each day together; nothing on a record for the personal share."""

    def fout(lijn: Lijn) -> Verschil | None:
        bedrag = 0 if cookbook.is_aandeel(lijn.prestatiecode) else _prijs(zending, context, lijn)
        return None if bedrag in (None, lijn.bedrag) else (f"{bedrag} cent", f"{lijn.bedrag} cent")

    yield from _op(zending, fout, "19", "Bedrag")


@controle("zending")
def aandeel_juist(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """The personal share of each day together on its own record, nothing on any other."""

    def fout(lijn: Lijn) -> Verschil | None:
        aandeel = _prijs(zending, context, lijn) if cookbook.is_aandeel(lijn.prestatiecode) else 0
        return None if aandeel in (None, lijn.aandeel) else (f"{aandeel} cent", f"{lijn.aandeel} cent")

    yield from _op(zending, fout, "27", "PersoonlijkAandeel")


def _op(
    zending: Zending, fout: Callable[[Lijn], Verschil | None], zone: str, element: str, *, credit: bool = True
) -> Iterator[Bevinding]:
    for f, factuur, n, lijn, (verwacht, gevonden) in per_vorm(zending, fout):
        if credit or not is_credit(factuur):
            yield op_lijn(f, factuur, n, lijn, zone, element, verwacht, gevonden)


def _prijs(zending: Zending, context: ZendingContext, lijn: Lijn) -> int | None:
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
    def fout(lijn: Lijn) -> Verschil | None:
        gevraagd = _gevraagd(context, lijn) if lijn.betrekkelijk is None else []
        return (" of ".join(gevraagd), "afwezig") if gevraagd else None

    yield from _op(zending, fout, "17-18", _BETREKKELIJK)


@controle("zending")
def betrekkelijk_past(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def fout(lijn: Lijn) -> Verschil | None:
        gevraagd = [] if lijn.betrekkelijk is None else _gevraagd(context, lijn)
        return (" of ".join(gevraagd), str(lijn.betrekkelijk)) if gevraagd and lijn.betrekkelijk not in gevraagd else None

    yield from _op(zending, fout, "17-18", _BETREKKELIJK)


@controle("zending")
def betrekkelijk_nul(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    def fout(lijn: Lijn) -> Verschil | None:
        over = lijn.betrekkelijk is not None and not _gevraagd(context, lijn)
        return ("afwezig", str(lijn.betrekkelijk)) if over else None

    yield from _op(zending, fout, "17-18", _BETREKKELIJK)
