"""How many messages are where: counted per pillar and last step, each count bounded, and drawn as a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, literal, select, union_all

from gateway.console.vensters import NUL, Telling, begrensd, telling
from gateway.store.berichten import Stap
from gateway.store.tables import bericht

MEEST = 4_000
"""A bucket is counted to here."""

ZORGKAS, ZONDER_PIJLER = "", "-"
"""In place of a pillar: what zorgkassen post, and zendingen of which the pillar is not known, or never will be."""

Standen = Mapping[tuple[str, Stap], Telling]
"""Messages by pillar and last step."""


@dataclass(frozen=True, kw_only=True)
class Halte:
    """A place in the stream that messages come past."""

    naam: str
    voorbij: frozenset[Stap]
    """Last steps of messages that came this far, or further."""
    zijweg: tuple[Stap, ...] = ()
    """Last steps of messages that left the stream here."""
    zoek: str = ""
    """What a search for those that are here now asks."""


_VERDER = frozenset({Stap.BEVESTIGD, Stap.AFGEREKEND, Stap.INGETROKKEN})
_AFGELEVERD = _VERDER | {Stap.AFGELEVERD}
_GEROUTEERD = _AFGELEVERD | {Stap.GEROUTEERD, Stap.AFLEVERING_MISLUKT, Stap.BESLIST}
_AANVAARD = _GEROUTEERD | {Stap.AANVAARD, Stap.IN_BERAAD}
_TECHNISCH = _AANVAARD | {Stap.TECHNISCH_AANVAARD, Stap.INHOUDELIJK_GEWEIGERD}
HALTES: tuple[Halte, ...] = (
    Halte(naam="ontvangen", voorbij=frozenset(Stap), zoek="ontvangen"),
    Halte(naam="technisch", voorbij=_TECHNISCH, zijweg=(Stap.TECHNISCH_GEWEIGERD,), zoek="technisch_aanvaard"),
    Halte(naam="inhoudelijk", voorbij=_AANVAARD, zijweg=(Stap.INHOUDELIJK_GEWEIGERD,), zoek="aanvaard"),
    Halte(naam="gerouteerd", voorbij=_GEROUTEERD, zoek="gerouteerd"),
    Halte(naam="afgeleverd", voorbij=_AFGELEVERD, zijweg=(Stap.AFLEVERING_MISLUKT,), zoek="afgeleverd"),
    Halte(naam="bevestigd", voorbij=_VERDER, zoek="bevestigd"),
)
"""The way of a message (design.md §2), as people follow it."""


def tel_standen(conn: Connection, pijlers: Sequence[str], vanaf: str) -> Standen:
    """Count the messages whose id is at or after `vanaf`, in one statement over one index.

    Args:
        pijlers: the pillars to count; ZORGKAS and ZONDER_PIJLER are two more.
    """
    b = bericht.c
    vragen = [
        select(
            literal(pijler),
            literal(stap.value),
            begrensd(select(b.id).where(van_pijler(pijler), b.stap == stap.value, b.id >= vanaf), MEEST),
        )
        for pijler in pijlers
        for stap in Stap
    ]
    return {(p, Stap(s)): telling(n, MEEST) for p, s, n in conn.execute(union_all(*vragen)) if n}


def van_pijler(pijler: str) -> ColumnElement[bool]:
    """Messages of a pillar, or of what stands in its place."""
    b = bericht.c
    if pijler == ZORGKAS:
        return (b.pijler == "") & (b.dienst == "zorgkas")
    return (b.pijler == "") & (b.dienst != "zorgkas") if pijler == ZONDER_PIJLER else b.pijler == pijler


def som(standen: Standen, stappen: frozenset[Stap], pijler: str | None = None) -> Telling:
    """Messages whose last step is one of these; of one pillar, or of all that send for facilities."""
    mee = (t for (p, s), t in standen.items() if s in stappen and (p == pijler if pijler is not None else p != ZORGKAS))
    return sum(mee, NUL)


@dataclass(frozen=True, kw_only=True)
class Vak:
    """One halt of the drawn stream; lengths are units of the picture."""

    halte: Halte
    voorbij: Telling
    hier: Telling
    """Those whose last step this is, so that are here now."""
    x: int
    y: float
    hoogte: float
    band: str
    """Path of the band from here to the next halt; empty for the last."""
    weg: Telling
    """Those that left here."""
    weg_pad: str
    weg_x: float
    weg_y: float


BREED, HOOG = 1140, 232
_BOVEN, _DIKST, _STAP = 42, 92, 196


def teken(standen: Standen) -> list[Vak]:
    """The stream as shapes: a band as thick as the messages that went on, and side branches for those that left."""
    aantallen = [som(standen, h.voorbij) for h in HALTES]
    meest = max(1, aantallen[0].aantal)
    dik = [_dikte(a.aantal, meest) for a in aantallen]
    vakken = []
    for n, halte in enumerate(HALTES):
        x, weg = 70 + n * _STAP, som(standen, frozenset(halte.zijweg))
        weg_pad, weg_x, weg_y = "", 0.0, 0.0
        if weg.aantal and n:
            weg_pad, weg_x, weg_y = _zijtak(x - _STAP, _BOVEN + dik[n - 1], _dikte(weg.aantal, meest))
        vakken.append(
            Vak(
                halte=halte,
                voorbij=aantallen[n],
                hier=som(standen, frozenset({Stap(halte.zoek)})),
                x=x,
                y=_BOVEN,
                hoogte=dik[n],
                band=f"M{x} {_BOVEN}H{x + _STAP}v{dik[n + 1]:.1f}H{x}Z" if n + 1 < len(HALTES) else "",
                weg=weg,
                weg_pad=weg_pad,
                weg_x=weg_x,
                weg_y=weg_y,
            )
        )
    return vakken


def _dikte(aantal: int, meest: int) -> float:
    return max(2.0, _DIKST * aantal / meest) if aantal else 1.0


def _zijtak(x: int, onder: float, dikte: float) -> tuple[str, float, float]:
    """A branch out of the lowest part of the band behind a halt, that bends down; with the place of its words."""
    boven, links, eind = onder - dikte, x + 74, HOOG - 30
    rechts = links + dikte
    pad = (
        f"M{x} {boven:.1f}H{links}Q{rechts:.1f} {boven:.1f} {rechts:.1f} {onder + 18:.1f}V{eind}"
        f"H{links}V{onder + 18:.1f}Q{links} {onder:.1f} {links - 18} {onder:.1f}H{x}Z"
    )
    return pad, links + dikte / 2, eind
