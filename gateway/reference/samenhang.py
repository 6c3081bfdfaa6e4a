"""What rows must be to each other, over all files of a load and the database: one key once, known references, no overlap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from gateway.reference.lezen import Laadfout, Rij
from gateway.reference.schrijven import Sleutel
from gateway.reference.soorten import SOORTEN, Soort

_BATCH = 500
_SOORT = {s.naam: s for s in SOORTEN}

Plaats = tuple[Path, int]
"""File and line."""


@dataclass(frozen=True, kw_only=True)
class _Gezien:
    """What a load has met so far of one kind. Values of refused rows count too: what refers to them is not a second fault."""

    sleutels: dict[Sleutel, Plaats] = field(default_factory=dict)
    uniek: dict[tuple[str, Any], Plaats] = field(default_factory=dict)
    perioden: dict[Sleutel, list[tuple[date, date, Plaats]]] = field(default_factory=dict)


class Samenhang:
    """Looks at the rows of one load, batch after batch, in the order of SOORTEN."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._gezien: dict[str, _Gezien] = defaultdict(_Gezien)

    def bekijk(self, soort: Soort, bestand: Path, groep: Sequence[Rij]) -> tuple[list[dict[str, Any]], list[Laadfout]]:
        """Rows without a fault, and the faults."""
        fouten: list[Laadfout] = []
        goed: list[dict[str, Any]] = []
        kandidaten = [rij for rij in groep if not rij.fouten]
        onbekend = {naam: self._onbekende(doel, naam, kandidaten) for naam, doel in soort.verwijst.items()}
        bezet = {naam: self._bezet(soort, naam, kandidaten) for naam in soort.uniek}
        gezien = self._gezien[soort.naam]
        for rij in groep:
            plaats = (bestand, rij.regel)
            van_rij = rij.fouten or (
                _verwijzingsfout(soort, plaats, rij, onbekend)
                or _uniekfout(soort, plaats, rij, gezien, bezet)
                or (None if soort.perioden else _sleutelfout(soort, plaats, rij, gezien)),
            )
            sleutel = _sleutel(soort, rij)
            if sleutel is not None and not soort.perioden:
                gezien.sleutels.setdefault(sleutel, plaats)
            if mis := [fout for fout in van_rij if fout is not None]:
                fouten.extend(mis)
                continue
            assert sleutel is not None  # every column of a row without a fault was read
            goed.append(rij.waarden)
            if soort.perioden:
                periode = (rij.waarden["van"], rij.waarden["tot"] or date.max, plaats)
                gezien.perioden.setdefault(sleutel, []).append(periode)
        return goed, fouten

    def overlappingen(self, soort: Soort) -> Iterator[Laadfout]:
        """Every period that begins before an earlier one of the same key has ended."""
        for perioden in self._gezien[soort.naam].perioden.values():
            if len(perioden) == 1:
                continue
            perioden.sort()
            vorige = perioden[0]
            for periode in perioden[1:]:
                van, tot, (bestand, regel) = periode
                if van <= vorige[1]:
                    yield Laadfout(
                        bestand=bestand,
                        regel=regel,
                        kolom="van",
                        gevonden=_periode(van, tot),
                        verwacht=f"geen dag samen met {_bij(bestand, vorige[2])} ({_periode(vorige[0], vorige[1])})",
                    )
                if tot > vorige[1]:
                    vorige = periode

    def _onbekende(self, doel: str, kolom: str, rijen: Iterable[Rij]) -> set[Any]:
        gezien = self._gezien[doel].sleutels
        gezocht = {w for r in rijen if (w := r.waarden[kolom]) is not None and (w,) not in gezien}
        soort = _SOORT[doel]
        sleutel = soort.tabel.c[soort.sleutel[0]]
        for deel in _delen(gezocht):
            gezocht.difference_update(self._conn.execute(select(sleutel).where(sleutel.in_(deel))).scalars())
        return gezocht

    def _bezet(self, soort: Soort, kolom: str, rijen: Iterable[Rij]) -> dict[Any, Any]:
        """Value to the key of the row in the database that has it."""
        gezocht = {w for r in rijen if (w := r.waarden[kolom]) is not None}
        veld, sleutel = soort.tabel.c[kolom], soort.tabel.c[soort.sleutel[0]]
        bezet: dict[Any, Any] = {}
        for deel in _delen(gezocht):
            bezet.update((r[0], r[1]) for r in self._conn.execute(select(veld, sleutel).where(veld.in_(deel))))
        return bezet


def _verwijzingsfout(soort: Soort, plaats: Plaats, rij: Rij, onbekend: dict[str, set[Any]]) -> Laadfout | None:
    for naam, vreemd in onbekend.items():
        if rij.waarden[naam] in vreemd:
            return _fout(soort, plaats, rij, naam, f"bekend in {soort.verwijst[naam]}, in dit laden of al in de databank")
    return None


def _uniekfout(soort: Soort, plaats: Plaats, rij: Rij, gezien: _Gezien, bezet: dict[str, dict[Any, Any]]) -> Laadfout | None:
    for naam in soort.uniek:
        waarde = rij.waarden[naam]
        if waarde is None:
            continue
        eerder = gezien.uniek.setdefault((naam, waarde), plaats)
        eigenaar = bezet[naam].get(waarde)
        if eerder != plaats:
            return _fout(soort, plaats, rij, naam, f"een andere waarde dan op {_bij(plaats[0], eerder)}")
        if eigenaar is not None and eigenaar != rij.waarden[soort.sleutel[0]]:
            return _fout(soort, plaats, rij, naam, f"een andere waarde dan bij {soort.sleutel[0]} {eigenaar} in de databank")
    return None


def _sleutelfout(soort: Soort, plaats: Plaats, rij: Rij, gezien: _Gezien) -> Laadfout | None:
    eerder = gezien.sleutels.get(_sleutel(soort, rij) or ())
    if eerder is None:
        return None
    return _fout(
        soort, plaats, rij, soort.sleutel[0], f"één rij per {soort.sleutel[0]}; deze staat al op {_bij(plaats[0], eerder)}"
    )


def _fout(soort: Soort, plaats: Plaats, rij: Rij, kolom: str, verwacht: str) -> Laadfout:
    toon = next(k.toon for k in soort.kolommen if k.naam == kolom)
    return Laadfout(bestand=plaats[0], regel=plaats[1], kolom=kolom, gevonden=toon(str(rij.waarden[kolom])), verwacht=verwacht)


def _sleutel(soort: Soort, rij: Rij) -> Sleutel | None:
    if any(naam not in rij.waarden for naam in soort.sleutel):
        return None
    return tuple(rij.waarden[naam] for naam in soort.sleutel)


def _delen(waarden: set[Any]) -> Iterator[list[Any]]:
    alle = sorted(waarden)
    return (alle[begin : begin + _BATCH] for begin in range(0, len(alle), _BATCH))


def _periode(van: date, tot: date) -> str:
    return f"{van} tot {'…' if tot == date.max else tot}"


def _bij(bestand: Path, plaats: Plaats) -> str:
    return f"regel {plaats[1]}" if plaats[0] == bestand else f"regel {plaats[1]} van {plaats[0].name}"
