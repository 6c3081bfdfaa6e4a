"""A reference file, read once from begin to end: rows with their line numbers, and what is wrong with them.

CSV in UTF-8, fields separated by `;`, first row the names of the columns in any order.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from gateway.reference.controle import toonbaar
from gateway.reference.soorten import SOORTEN, Soort, soort_van_bestandsnaam, soort_van_hoofding

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class Laadfout:
    """One thing wrong with one row."""

    bestand: Path
    regel: int
    """Line in the file, counted from 1; a row over several lines counts as its first."""
    kolom: str | None
    """None when the row as a whole is wrong."""
    gevonden: str
    """What stood there; never a whole INSZ."""
    verwacht: str

    @property
    def tekst(self) -> str:
        kolom = f", kolom {self.kolom}" if self.kolom else ""
        gevonden = f"“{self.gevonden}”" if self.gevonden else "niets"
        return f"{self.bestand}, regel {self.regel}{kolom}: gevonden {gevonden}, verwacht {self.verwacht}"


@dataclass(frozen=True, kw_only=True)
class Rij:
    """One row; with faults, the values are those that could be read."""

    regel: int
    waarden: dict[str, Any]
    fouten: tuple[Laadfout, ...] = ()


class Bron:
    """The lines of a binary file, hashed and counted on the way."""

    def __init__(self, stroom: BinaryIO) -> None:
        self._stroom = stroom
        self._hash = sha256()
        self.gelezen = 0

    @property
    def sha256(self) -> str:
        """Of what was read so far, hex."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[str]:
        for ruw in self._stroom:
            tekst = ruw.removeprefix(_BOM) if self.gelezen == 0 else ruw
            self._hash.update(ruw)
            self.gelezen += len(ruw)
            # Wrong bytes travel on as surrogates, so that only their own row is refused.
            yield tekst.decode("utf-8", "surrogateescape")


def herken(bestand: Path) -> Soort | Laadfout:
    """The kind of a file, by its name, else by its header."""
    soort = soort_van_bestandsnaam(bestand.name)
    if soort is not None:
        return soort
    with bestand.open("rb") as stroom:
        begin = stroom.readline(10_000).removeprefix(_BOM).decode("utf-8", "replace")
    try:
        kolommen = _namen(next(csv.reader([begin], delimiter=";"), []))
    except csv.Error:
        kolommen = []
    return soort_van_hoofding(tuple(kolommen)) or Laadfout(
        bestand=bestand,
        regel=1,
        kolom=None,
        gevonden=toonbaar(begin.strip()),
        verwacht=f"een bestandsnaam die begint met {', '.join(s.naam for s in SOORTEN)}, of de kolommen van een van die soorten",
    )


def lees(bestand: Path, soort: Soort, bron: Bron, vandaag: date) -> Iterator[Rij]:
    """Every row of the file. A fault that makes the rest unreadable ends the reading."""
    lezer = csv.reader(bron, delimiter=";", strict=True)
    kop: list[str] | None = None
    while True:
        regel = lezer.line_num + 1
        try:
            velden = next(lezer)
        except StopIteration:
            if kop is None:
                yield _fout_rij(bestand, 1, "", f"een eerste regel met de kolommen {_kolommen(soort)}")
            return
        except csv.Error as fout:
            yield _fout_rij(bestand, regel, str(fout), "CSV met ; tussen de velden en aanhalingstekens in paren")
            return
        if kop is None:
            kop = _namen(velden)
            if (mis := _kopfout(soort, kop)) is not None:
                yield _fout_rij(bestand, regel, *mis)
                return
        elif len(velden) == len(kop):
            yield _rij(bestand, soort, regel, dict(zip(kop, velden, strict=True)), vandaag)
        elif velden:
            yield _fout_rij(bestand, regel, f"{len(velden)} velden", f"{len(kop)} velden, zoals de eerste regel")


def _rij(bestand: Path, soort: Soort, regel: int, velden: dict[str, str], vandaag: date) -> Rij:
    waarden: dict[str, Any] = {}
    fouten: list[Laadfout] = []

    def mis(kolom: str, gevonden: str, verwacht: str) -> None:
        fouten.append(Laadfout(bestand=bestand, regel=regel, kolom=kolom, gevonden=gevonden, verwacht=verwacht))

    for kolom in soort.kolommen:
        tekst = velden.get(kolom.naam, "").strip()
        try:
            if not tekst and kolom.verplicht:
                raise ValueError("leeg")
            tekst.encode()
            waarden[kolom.naam] = kolom.lees(tekst, vandaag) if tekst else None
        except UnicodeEncodeError:
            getoond = kolom.toon(tekst.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            mis(kolom.naam, getoond, "tekens in UTF-8")
        except ValueError:
            mis(kolom.naam, kolom.toon(tekst), kolom.verwacht)
    if not fouten and (rijfout := _rijfout(bestand, soort, regel, velden, waarden)) is not None:
        fouten.append(rijfout)
    return Rij(regel=regel, waarden=waarden, fouten=tuple(fouten))


def _rijfout(bestand: Path, soort: Soort, regel: int, velden: dict[str, str], waarden: dict[str, Any]) -> Laadfout | None:
    for controle in soort.regels:
        if (mis := controle(waarden)) is not None:
            naam, verwacht = mis
            toon = next(k.toon for k in soort.kolommen if k.naam == naam)
            gevonden = velden.get(naam, "").strip()
            return Laadfout(
                bestand=bestand, regel=regel, kolom=naam, gevonden=toon(gevonden) if gevonden else "", verwacht=verwacht
            )
    return None


def _fout_rij(bestand: Path, regel: int, gevonden: str, verwacht: str) -> Rij:
    fout = Laadfout(bestand=bestand, regel=regel, kolom=None, gevonden=toonbaar(gevonden), verwacht=verwacht)
    return Rij(regel=regel, waarden={}, fouten=(fout,))


def _namen(velden: Sequence[str]) -> list[str]:
    return [veld.strip().lower() for veld in velden]


def _kolommen(soort: Soort) -> str:
    return ";".join(k.naam for k in soort.kolommen)


def _kopfout(soort: Soort, kop: list[str]) -> tuple[str, str] | None:
    """What the first row has, and what it should have."""
    bekend = {k.naam for k in soort.kolommen}
    vreemd = [naam for naam in kop if naam not in bekend]
    dubbel = sorted(naam for naam, keren in Counter(kop).items() if keren > 1)
    ontbreekt = [k.naam for k in soort.kolommen if k.verplicht and k.naam not in kop]
    if not (vreemd or dubbel or ontbreekt):
        return None
    if ontbreekt:
        return (";".join(kop), f"de kolommen {_kolommen(soort)}; {', '.join(ontbreekt)} ontbreekt")
    if dubbel:
        return (", ".join(dubbel) + " meer dan eens", "elke kolom één keer")
    return (", ".join(vreemd), f"alleen de kolommen {_kolommen(soort)}")
