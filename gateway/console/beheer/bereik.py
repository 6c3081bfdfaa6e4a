"""Which sums a person may see: a zorgkas its own, a facility its own, whoever watches the whole all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from gateway.console.rechten import Persoon, Rol
from gateway.store.rapporten import Selectie

MAANDEN = 60
"""Longest period of one report."""


class BuitenBereik(Exception):
    """Not a selection: says why, in Dutch. What is somebody else's is told as what does not exist."""


def keuze_van(persoon: Persoon, gevraagd: Mapping[str, str], pijlers: Collection[str], vandaag: date) -> Selectie:
    """What was asked for, within what this person may see.

    Args:
        gevraagd: van and tot as yyyy-mm (the last twelve months when left out), pijler, zorgkas, voorziening.

    Raises:
        BuitenBereik: a value that can not be, or that is another's.
    """
    deze = vandaag.replace(day=1)
    tot = _maand(gevraagd.get("tot"), deze)
    van = _maand(gevraagd.get("van"), _terug(tot, 11))
    if not van <= tot or (tot.year - van.year) * 12 + tot.month - van.month >= MAANDEN:
        raise BuitenBereik(f"Kies een periode van een tot {MAANDEN} maanden, de eerste maand niet na de laatste.")
    pijler = gevraagd.get("pijler") or None
    if pijler is not None and pijler not in pijlers:
        raise BuitenBereik("Deze pijler is er niet.")
    zorgkas = gevraagd.get("zorgkas") or None
    if zorgkas is not None and not (len(zorgkas) == 3 and zorgkas.isascii() and zorgkas.isdecimal()):
        raise BuitenBereik("Een zorgkas heeft een code van drie cijfers.")
    voorziening = gevraagd.get("voorziening") or None
    if voorziening is not None and not (len(voorziening) in (8, 11) and voorziening.isascii() and voorziening.isdecimal()):
        raise BuitenBereik("Een voorziening heeft een RIZIV-nummer van 8 of 11 cijfers.")
    voorzieningen: tuple[str, ...] | None = None if voorziening is None else (voorziening,)
    if persoon.rol is Rol.ZORGKAS:
        if zorgkas not in (None, persoon.zorgkas):
            raise BuitenBereik("Deze zorgkas is er niet.")
        zorgkas = persoon.zorgkas
    elif persoon.rol is Rol.VOORZIENING:
        if voorziening is not None and not any(voorziening.startswith(v) for v in persoon.voorzieningen):
            raise BuitenBereik("Deze voorziening is er niet.")
        voorzieningen = voorzieningen or persoon.voorzieningen
    return Selectie(van=van, tot=tot, voorzieningen=voorzieningen, zorgkas=zorgkas, pijler=pijler)


def _maand(tekst: str | None, anders: date) -> date:
    if not tekst:
        return anders
    try:
        dag = date.fromisoformat(f"{tekst}-01")
    except ValueError:
        raise BuitenBereik("Een maand schrijft u als jjjj-mm.") from None
    if not 2000 <= dag.year <= 2199:
        raise BuitenBereik("Een maand schrijft u als jjjj-mm.")
    return dag


def _terug(maand: date, maanden: int) -> date:
    nummer = maand.year * 12 + maand.month - 1 - maanden
    return date(nummer // 12, nummer % 12 + 1, 1)
