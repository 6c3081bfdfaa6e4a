"""The lines of a zending and the days they cover."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol, TypeVar

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import Bevinding
from gateway.central.model import Verblijf, ZendingContext

ORIGINEEL, CREDITNOTA = "0", "3"
"""TypeFacturering, zone 11 of record 20 (facts vsb.md §5.4)."""

MAX_DAGEN = 366
"""Days that one line may span before it is only called wrong, not expanded."""

Sleutel = tuple[str, str, date]
"""(INSZ, performance code, day): what can be claimed once."""


class Periode(Protocol):
    """Anything that holds from a day to a day, both inside; without an end it still runs."""

    @property
    def van(self) -> date: ...
    @property
    def tot(self) -> date | None: ...


P = TypeVar("P", bound=Periode)


def dagen(lijn: Lijn) -> tuple[date, ...]:
    """Every day of a line, first and last included; none when the period is upside down or too long."""
    return _dagen(lijn.van, lijn.tot)


# The lines of one month share a few periods.
@lru_cache(maxsize=4096)
def _dagen(van: date, tot: date) -> tuple[date, ...]:
    aantal = (tot - van).days + 1
    return tuple(van + timedelta(days=n) for n in range(aantal)) if 0 < aantal <= MAX_DAGEN else ()


def per_dag(lijn: Lijn, perioden: Iterable[P]) -> list[P | None]:
    """The first period that holds on each day of a line, None where none does."""
    raken = [p for p in perioden if p.van <= lijn.tot and (p.tot is None or lijn.van <= p.tot)]
    # Nearly always one period holds all along, and asking day by day is what costs.
    if len(raken) == 1 and raken[0].van <= lijn.van and (raken[0].tot is None or lijn.tot <= raken[0].tot):
        return [raken[0]] * len(dagen(lijn))
    return [next((p for p in raken if p.van <= dag and (p.tot is None or dag <= p.tot)), None) for dag in dagen(lijn)]


def sleutels(factuur: Factuur, lijn: Lijn) -> list[Sleutel]:
    """What a line claims, or gives back when it is a credit."""
    return [(factuur.insz, lijn.prestatiecode, dag) for dag in dagen(lijn)]


def is_credit(factuur: Factuur) -> bool:
    return factuur.type_facturering == CREDITNOTA


def dossier_van(zending: Zending, context: ZendingContext, factuur: Factuur) -> Verblijf | None:
    """The dossier that an invoice names, if it is this person's at this facility and pillar."""
    gezocht = (factuur.dossiernummer, zending.derdebetalende, zending.pijler)
    return next(
        (v for v in context.verblijven.get(factuur.insz, ()) if (v.dossiernummer, v.voorziening, v.pijler) == gezocht), None
    )


def een_aansluiting(context: ZendingContext, factuur: Factuur) -> str | None:
    """The zorgkas of the one affiliation that covers the whole invoice; None when it is not so simple."""
    persoon = context.personen.get(factuur.insz)
    raken = [] if persoon is None else [a for a in persoon.aansluitingen if a.raakt(factuur.van, factuur.tot)]
    if len(raken) != 1 or not (raken[0].dekt(factuur.van) and raken[0].dekt(factuur.tot)):
        return None
    return raken[0].zorgkas


def lijnen(zending: Zending) -> Iterator[tuple[int, Factuur, int, Lijn]]:
    """Every line with its invoice, both with their position counted from 1."""
    for f, factuur in enumerate(zending.facturen, 1):
        for n, lijn in enumerate(factuur.lijnen, 1):
            yield f, factuur, n, lijn


Verschil = tuple[str, str]
"""What was expected of a line, and what it says."""


def per_vorm(zending: Zending, fout: Callable[[Lijn], Verschil | None]) -> Iterator[tuple[int, Factuur, int, Lijn, Verschil]]:
    """The lines that are wrong by what they say themselves; asked once for all lines that say the same."""
    fouten = {vorm: verschil for vorm, lijn in zending.vormen.items() if (verschil := fout(lijn)) is not None}
    if fouten:
        for f, factuur, n, lijn in lijnen(zending):
            if (verschil := fouten.get(lijn.vorm)) is not None:
                yield f, factuur, n, lijn, verschil


def per_factuur(zending: Zending, verdacht: Callable[[Factuur], bool]) -> Iterator[tuple[int, Factuur, int, Lijn]]:
    """The lines of the invoices in which one can be wrong; most invoices are right by their first and last day."""
    for f, factuur in enumerate(zending.facturen, 1):
        if verdacht(factuur):
            for n, lijn in enumerate(factuur.lijnen, 1):
                yield f, factuur, n, lijn


def op_lijn(
    f: int,
    factuur: Factuur,
    n: int,
    lijn: Lijn,
    zone: str,
    element: str,
    verwacht: str | None = None,
    gevonden: str | None = None,
) -> Bevinding:
    """A finding in record 30."""
    return Bevinding(
        record="30",
        zone=zone,
        plaats=f"/Zending/Factuur[{f}]/Lijn[{n}]/{element}",
        regel=factuur.regel_van(element, n),
        factuurnummer=factuur.factuurnummer,
        volgnummer=lijn.volgnummer,
        verwacht=verwacht,
        gevonden=gevonden,
    )
