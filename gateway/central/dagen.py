"""The lines of a zending and the days they cover."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central.bevinding import Bevinding

ORIGINEEL, CREDITNOTA = "0", "3"
"""TypeFacturering, zone 11 of record 20 (facts vsb.md §5.4)."""

MAX_DAGEN = 366
"""Days that one line may span before it is only called wrong, not expanded."""

Sleutel = tuple[str, str, date]
"""(INSZ, performance code, day): what can be claimed once."""


def dagen(lijn: Lijn) -> list[date]:
    """Every day of a line, first and last included; none when the period is upside down or too long."""
    aantal = (lijn.tot - lijn.van).days + 1
    return [lijn.van + timedelta(days=n) for n in range(aantal)] if 0 < aantal <= MAX_DAGEN else []


def sleutels(factuur: Factuur, lijn: Lijn) -> list[Sleutel]:
    """What a line claims, or gives back when it is a credit."""
    return [(factuur.insz, lijn.prestatiecode, dag) for dag in dagen(lijn)]


def is_credit(factuur: Factuur) -> bool:
    return factuur.type_facturering == CREDITNOTA


def lijnen(zending: Zending) -> Iterator[tuple[int, Factuur, int, Lijn]]:
    """Every line with its invoice, both with their position counted from 1."""
    for f, factuur in enumerate(zending.facturen, 1):
        for n, lijn in enumerate(factuur.lijnen, 1):
            yield f, factuur, n, lijn


def vragende_lijnen(zending: Zending) -> Iterator[tuple[int, Factuur, int, Lijn]]:
    """The lines that ask for money, so not those of a credit note."""
    return ((f, factuur, n, lijn) for f, factuur, n, lijn in lijnen(zending) if not is_credit(factuur))


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
        regel=lijn.regel,
        factuurnummer=factuur.factuurnummer,
        volgnummer=lijn.volgnummer,
        verwacht=verwacht,
        gevonden=gevonden,
    )
