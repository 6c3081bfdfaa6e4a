"""Whether a record of a flat file stands some positions to the right or left of where it should, and from which zone on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.berichten.plat import LENGTE, RECORDS, Vorm, Zone

_VER = 5
"""Positions that a shift is looked for, either way."""
_MINSTENS = 2
"""Zones that only fit when moved: one alone is a wrong zone."""


@dataclass(frozen=True, kw_only=True)
class Verschuiving:
    """Everything from a zone on stands some positions off."""

    zone: Zone
    """The first zone that does not fit where it should."""
    posities: int
    """Above 0: to the right."""

    @property
    def uitleg(self) -> str:
        n = abs(self.posities)
        waar = f"zone {self.zone.nummer} ({self.zone.naam}, positie {self.zone.van}-{self.zone.tot})"
        kant = "rechts" if self.posities > 0 else "links"
        return f"ten laatste vanaf {waar} staat alles {n} positie{'' if n == 1 else 's'} naar {kant}"


def verschuiving(
    soort: str, tekst: str, posities: int | None = None, gemeld: frozenset[int] = frozenset()
) -> Verschuiving | None:
    """How a record is shifted; None when its zones do not say so.

    Args:
        posities: how much its length is off, when that is known.
        gemeld: first positions of zones that are known to be wrong, whatever their form.
    """
    kandidaten = [posities] if posities is not None else [n * teken for n in range(1, _VER + 1) for teken in (1, -1)]
    # The check number at the end stays in place when what is too much fell off there.
    zones = [z for z in RECORDS[soort].values() if z.tot < LENGTE - 3]
    for n in kandidaten:
        mis = next((i for i, z in enumerate(zones) if z.van in gemeld or not _past(z, tekst, 0)), None)
        if mis is None:
            return None
        later = zones[mis:]
        alleen_zo = sum(1 for z in later if z.vorm is not Vorm.N and not _past(z, tekst, 0))
        if alleen_zo >= _MINSTENS and all(_past(z, tekst, n) for z in later):
            return Verschuiving(zone=zones[mis], posities=n)
    return None


def _past(zone: Zone, tekst: str, n: int) -> bool:
    verplaatst = tekst[n:] if n >= 0 else " " * -n + tekst
    try:
        waarde = zone.lees(verplaatst)
    except (ValueError, IndexError):
        return False
    # A text that is moved begins or ends inside its neighbours.
    ruw = verplaatst[zone.van - 1 : zone.tot]
    return zone.vorm is not Vorm.A or not waarde or not ruw.startswith((" ", "00"))


def eerste_scheve(records: Iterable[tuple[int, bytes]], rest: int) -> tuple[int, str, int, str]:
    """Where a file of a wrong length goes wrong.

    Args:
        records: number and octets of the pieces of 350, the last one whole or not.
        rest: positions of the last piece.

    Returns:
        Number and type of the record that is too long or too short, by how many positions, and its text as far as it is known.
    """
    vorige, laatste = b"", 0
    for nummer, stuk in records:
        laatste = nummer
        if nummer > 1 and (n := _scheef(vorige + stuk, nummer)) is not None:
            return nummer - 1, _soort(vorige), n, (vorige + stuk)[: LENGTE + n].decode("latin-1")
        vorige = stuk
    over = rest if rest < LENGTE // 2 else rest - LENGTE
    # The last whole piece is record 90, or what is cut off is.
    return laatste, _soort(vorige), over, vorige.decode("latin-1")


def _scheef(twee: bytes, nummer: int) -> int | None:
    """How far from its place record `nummer` begins in two pieces; None when it is there, or nowhere near."""
    merk = b"%06d" % nummer
    for n in (0, *(k * teken for k in range(1, _VER + 1) for teken in (1, -1))):
        begin = LENGTE + n
        if twee[begin + 2 : begin + 8] == merk and twee[begin : begin + 2].decode("latin-1") in RECORDS:
            return n or None
    return None


def _soort(stuk: bytes) -> str:
    soort = stuk[:2].decode("latin-1")
    return soort if soort in RECORDS else "90"
