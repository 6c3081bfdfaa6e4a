"""Pictures of figures as SVG: data in, a drawing out, the same for the same data.

Every drawing has a title and a description that a screen reader tells; the page puts the figures in a table beside it. Series
differ in lightness and in pattern, not only in colour (palette of Okabe and Ito), so they hold on paper and for the colour-blind.
Looks that a style sheet may change are attributes, which any style sheet overrides; there is no style and no script inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

Tekst = Callable[[float], str]
"""A figure as people read it."""

_BREED, _LINKS, _BOVEN, _ONDER = 560, 84, 16, 34
_NAAMBREEDTE = 46
_KLEUREN = ("#0072b2", "#d55e00", "#767676", "#009e73")
_INKT, _LIJN, _PAPIER = "#1f2933", "#c9d1d9", "#ffffff"


@dataclass(frozen=True, kw_only=True)
class Reeks:
    """One series: a value for each category, none negative."""

    naam: str
    waarden: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Balk:
    """One bar that lies."""

    naam: str
    waarde: float


@dataclass(frozen=True, kw_only=True)
class Spreiding:
    """Percentiles of one group, in seconds, and what was promised."""

    naam: str
    p50: float
    p90: float
    p99: float
    belofte: float | None


def kolommen(
    sleutel: str, titel: str, beschrijving: str, categorieen: Sequence[str], reeksen: Sequence[Reeks], tekst: Tekst
) -> Markup:
    """Columns that stand on each other, one for each category.

    Args:
        sleutel: unique in the page; letters and digits.
        tekst: writes a value at the axis and in a column's tooltip.
    """
    hoog, legende = 220, 26
    top = max((sum(r.waarden[n] for r in reeksen) for n in range(len(categorieen))), default=0)
    streepjes = _streepjes(top)
    schaal = hoog / streepjes[-1]
    bodem = legende + _BOVEN + hoog
    delen = [_legende(sleutel, [r.naam for r in reeksen])]
    for streep in streepjes:
        y = bodem - streep * schaal
        delen.append(_lijn(_LINKS, y, _BREED, y, _INKT if streep == 0 else _LIJN))
        delen.append(_tekst(_LINKS - 8, y + 4, tekst(streep), "end"))
    vak = (_BREED - _LINKS) / max(len(categorieen), 1)
    breed = min(vak * 0.68, 64)
    elke = ceil(_NAAMBREEDTE / vak)
    for n, categorie in enumerate(categorieen):
        x, y = _LINKS + n * vak + (vak - breed) / 2, float(bodem)
        for k, reeks in enumerate(reeksen):
            if reeks.waarden[n] <= 0:
                continue
            stuk = reeks.waarden[n] * schaal
            y -= stuk
            delen.append(_vlak(sleutel, k, x, y, breed, stuk, f"{categorie}, {reeks.naam}: {tekst(reeks.waarden[n])}"))
        if n % elke == 0:
            delen.append(_tekst(x + breed / 2, bodem + 18, categorie, "middle"))
    return _svg(sleutel, titel, beschrijving, bodem + _ONDER, delen, len(reeksen))


def balken(sleutel: str, titel: str, beschrijving: str, rijen: Sequence[Balk], tekst: Tekst) -> Markup:
    """Bars that lie under each other, each with its name before it and its value behind it."""
    rij, links, rechts = 30, 190, 90
    top = max((b.waarde for b in rijen), default=0) or 1
    delen = []
    for n, balk in enumerate(rijen):
        y = 8 + n * rij
        breed = max(balk.waarde / top * (_BREED - links - rechts), 1 if balk.waarde > 0 else 0)
        delen.append(_tekst(links - 10, y + 15, _kort(balk.naam, 24), "end"))
        delen.append(_vlak(sleutel, 0, links, y, breed, rij - 9, f"{balk.naam}: {tekst(balk.waarde)}"))
        delen.append(_tekst(links + breed + 8, y + 15, tekst(balk.waarde)))
    return _svg(sleutel, titel, beschrijving, 16 + rij * len(rijen), delen, 1)


def spreidingen(sleutel: str, titel: str, beschrijving: str, rijen: Sequence[Spreiding], tekst: Tekst, belofte: str) -> Markup:
    """Half, nine of ten and 99 of 100 as a line from left to right for each group, on a scale of powers of ten.

    Args:
        belofte: the word for the promise, a bar across the line.
    """
    rij, links, rechts, kop = 34, 214, 24, 44
    laag, hoog = 1.0, max((max(s.p99, s.belofte or 1) for s in rijen), default=1.0)
    machten = next((m for m in _MACHTEN if m >= hoog), _MACHTEN[-1])

    def plaats(seconden: float) -> float:
        deel = log10(max(seconden, laag)) / log10(max(machten, 10.0))
        return links + min(deel, 1.0) * (_BREED - links - rechts)

    onder = kop + rij * len(rijen)
    delen = [
        _stip(links, 12, 5, _KLEUREN[0]),
        _tekst(links + 10, 16, "50 %"),
        _stip(links + 70, 12, 5, _KLEUREN[1]),
        _tekst(links + 80, 16, "90 %"),
        _ruit(links + 140, 12, _INKT),
        _tekst(links + 150, 16, "99 %"),
        _staaf(links + 214, 12, 7),
        _tekst(links + 224, 16, belofte),
    ]
    for streep in (s for s in _MACHTEN if s <= machten):
        x = plaats(streep)
        delen += [_lijn(x, kop - 4, x, onder, _LIJN), _tekst(x, onder + 16, tekst(streep), "middle")]
    for n, groep in enumerate(rijen):
        y = kop + n * rij + rij / 2
        zin = f"{groep.naam}: 50 % {tekst(groep.p50)}, 90 % {tekst(groep.p90)}, 99 % {tekst(groep.p99)}"
        stukken = [
            _lijn(plaats(groep.p50), y, plaats(groep.p99), y, _INKT, 2),
            _ruit(plaats(groep.p99), y, _INKT),
            _stip(plaats(groep.p90), y, 5.5, _KLEUREN[1]),
            _stip(plaats(groep.p50), y, 5.5, _KLEUREN[0]),
        ]
        if groep.belofte is not None:
            stukken.append(_staaf(plaats(groep.belofte), y, 11))
        delen.append(_tekst(links - 12, y + 4, _kort(groep.naam, 28), "end"))
        delen.append(Markup("<g><title>{}</title>{}</g>").format(zin, Markup("").join(stukken)))
    return _svg(sleutel, titel, beschrijving, onder + 26, delen, 0)


_MACHTEN = (1, 10, 60, 600, 3_600, 21_600, 86_400, 864_000, 31_536_000)


def _streepjes(top: float) -> list[float]:
    """Round values from nothing to just above the top, at most six."""
    if top <= 0:
        return [0, 1]
    ruw = top / 4
    macht = 10 ** floor(log10(ruw))
    stap = next(m * macht for m in (1, 2, 2.5, 5, 10) if m * macht >= ruw)
    stap = max(stap, 1)
    return [n * stap for n in range(ceil(top / stap) + 1)]


def _svg(sleutel: str, titel: str, beschrijving: str, hoog: float, delen: Sequence[Markup], reeksen: int) -> Markup:
    patronen = Markup("").join(_patroon(sleutel, k) for k in range(1, reeksen))
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="grafiek" viewBox="0 0 {} {:.0f}" role="img" '
        'aria-labelledby="{}-titel {}-uitleg" font-family="system-ui, sans-serif" font-size="13">'
        '<title id="{}-titel">{}</title><desc id="{}-uitleg">{}</desc><defs>{}</defs>{}</svg>'
    ).format(_BREED, hoog, sleutel, sleutel, sleutel, titel, sleutel, beschrijving, patronen, Markup("\n").join(delen))


def _patroon(sleutel: str, reeks: int) -> Markup:
    """Stripes for the second series, dots for the third; the first is plain."""
    kleur = _KLEUREN[reeks]
    merk = (
        Markup('<path d="M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4" stroke="{}" stroke-width="2.2"/>')
        if reeks == 1
        else Markup('<circle cx="4" cy="4" r="1.7" fill="{}"/>')
    ).format(_PAPIER)
    return Markup(
        '<pattern id="{}-p{}" width="8" height="8" patternUnits="userSpaceOnUse">'
        '<rect width="8" height="8" fill="{}"/>{}</pattern>'
    ).format(sleutel, reeks, kleur, merk)


def _legende(sleutel: str, namen: Sequence[str]) -> Markup:
    delen, x = [], float(_LINKS)
    for k, naam in enumerate(namen):
        delen += [_vlak(sleutel, k, x, 6, 14, 14, naam), _tekst(x + 20, 18, naam)]
        x += 44 + 7.2 * len(naam)
    return Markup("").join(delen)


def _vlak(sleutel: str, reeks: int, x: float, y: float, breed: float, hoog: float, zin: str) -> Markup:
    vulling = _KLEUREN[0] if reeks == 0 else f"url(#{sleutel}-p{reeks})"
    return Markup(
        '<rect class="reeks{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" stroke="{}" stroke-width="1">'
        "<title>{}</title></rect>"
    ).format(reeks, x, y, breed, hoog, vulling, _PAPIER if reeks == 0 else _KLEUREN[reeks], zin)


def _tekst(x: float, y: float, tekst: str, anker: str = "start") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}">{}</text>').format(x, y, anker, _INKT, tekst)


def _lijn(x1: float, y1: float, x2: float, y2: float, kleur: str, dik: float = 1) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{}"/>').format(
        x1, y1, x2, y2, kleur, dik
    )


def _stip(x: float, y: float, straal: float, kleur: str) -> Markup:
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}" fill="{}" stroke="{}"/>').format(x, y, straal, kleur, _PAPIER)


def _ruit(x: float, y: float, kleur: str) -> Markup:
    return Markup('<path d="M{:.1f},{:.1f} l6,6 l-6,6 l-6,-6 z" fill="{}" stroke="{}"/>').format(x, y - 6, kleur, _PAPIER)


def _staaf(x: float, y: float, half: float) -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="4" height="{}" fill="{}"/>').format(x - 2, y - half, 2 * half, _KLEUREN[3])


def _kort(naam: str, tekens: int) -> str:
    return naam if len(naam) <= tekens else naam[: tekens - 1] + "…"
