"""From the rows of a report to the parts of its page: a picture, the figures beside it, the file behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import Row

from gateway.console.grafiek import Balk, Reeks, Spreiding, balken, kolommen, spreidingen
from gateway.console.opmaak import aantal, duur, euro
from gateway.console.talen import Taal
from gateway.console.vraag import Vraag
from gateway.store.rapporten import Doorlooptijd, Rapport, Selectie
from gateway.store.tellingen import volgende

_MAANDEN = {
    Taal.NL: ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
    Taal.EN: ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


@dataclass(frozen=True, kw_only=True)
class Deel:
    """One picture with its figures."""

    titel: str
    uitleg: str
    tekening: Markup
    kop: tuple[str, ...]
    rijen: tuple[tuple[str, ...], ...]
    rapport: str
    """Name of the file behind it."""
    tekstkolommen: int = 1
    """So many columns name the row; the others are figures."""
    korte_namen: bool = False
    """The names of the rows stay on one line."""


@dataclass(frozen=True, kw_only=True)
class Beeld:
    """How the measures of one report are drawn and told."""

    rapport: Rapport
    maat: str
    """By which groups are compared."""
    gestapeld: tuple[str, ...]
    """Stand on each other in a month's column."""
    tabel: tuple[str, ...]
    """Measures beside the picture."""


def per_maand(vraag: Vraag, beeld: Beeld, keuze: Selectie, rijen: Sequence[Row[Any]], titel: str, uitleg: str) -> Deel:
    """A column for each month of the period, also where there is nothing."""
    gevonden = {r.maand: r._asdict() for r in rijen}
    leeg = dict.fromkeys(beeld.rapport.maten, 0)
    maanden = [keuze.van]
    while maanden[-1] < keuze.tot:
        maanden.append(volgende(maanden[-1]))
    cijfers = [gevonden.get(maand, leeg) for maand in maanden]
    geld = beeld.rapport.geld
    namen = {m: vraag.t(naam_van(m)) for m in (*beeld.gestapeld, *beeld.tabel)}
    sommen = ", ".join(f"{namen[m]} {_lang(geld, m)(sum(c[m] for c in cijfers))}" for m in beeld.gestapeld)
    return Deel(
        titel=titel,
        uitleg=uitleg,
        tekening=kolommen(
            "maand",
            titel,
            f"{vraag.t('Samen')}: {sommen}.",
            [f"{_MAANDEN[vraag.taal][m.month - 1]} {m:%y}" for m in maanden],
            [Reeks(naam=namen[m], waarden=tuple(max(0, c[m]) for c in cijfers)) for m in beeld.gestapeld],
            _kort(geld, beeld.maat),
        ),
        kop=(vraag.t("Maand"), *(namen[m] for m in beeld.tabel)),
        rijen=tuple(
            (f"{maand:%m-%Y}", *(_lang(geld, m)(c[m]) for m in beeld.tabel)) for maand, c in zip(maanden, cijfers, strict=True)
        )
        if rijen
        else (),
        rapport=beeld.rapport.naam,
        korte_namen=True,
    )


def per_groep(
    vraag: Vraag,
    beeld: Beeld,
    per: str,
    rijen: Sequence[Row[Any]],
    wie: Mapping[str, str],
    titel: str,
    uitleg: str,
    betekenis: Mapping[str, str] | None = None,
) -> Deel:
    """A bar for each group, the largest first.

    Args:
        wie: names of the groups, where they have one.
        betekenis: a few words about each group, in a column of their own.
    """
    geld = beeld.rapport.geld
    namen = [wie.get(r._mapping[per]) or r._mapping[per] or "–" for r in rijen]
    meest = ""
    if rijen:
        waarde = _lang(geld, beeld.maat)(rijen[0]._mapping[beeld.maat])
        meest = vraag.t("Het meest: {naam}, {waarde}.", naam=namen[0], waarde=waarde)
    woorden = [] if betekenis is None else [betekenis.get(r._mapping[per], "") for r in rijen]
    return Deel(
        titel=titel,
        uitleg=uitleg,
        tekening=balken(
            f"{beeld.rapport.naam}-{per}",
            titel,
            meest,
            [Balk(naam=n, waarde=max(0, r._mapping[beeld.maat])) for n, r in zip(namen, rijen, strict=True)],
            _kort(geld, beeld.maat),
        ),
        kop=(
            vraag.t(naam_van(per)),
            *(() if betekenis is None else (vraag.t("Betekenis"),)),
            *(vraag.t(naam_van(m)) for m in beeld.tabel),
        ),
        rijen=tuple(
            (naam, *(woorden[n : n + 1]), *(_lang(geld, m)(r._mapping[m]) for m in beeld.tabel))
            for n, (naam, r) in enumerate(zip(namen, rijen, strict=True))
        ),
        rapport=beeld.rapport.naam,
        tekstkolommen=1 if betekenis is None else 2,
    )


def per_duur(
    vraag: Vraag, sleutel: str, titel: str, rijen: Sequence[tuple[str, Doorlooptijd]], beloften: Mapping[str, int]
) -> Deel:
    """A line from half to nearly all for each group, and its promise.

    Args:
        beloften: seconds by pillar.
    """
    t = vraag.t
    goed = sum(d.p99 <= beloften.get(d.pijler, 0) for _, d in rijen)
    return Deel(
        titel=titel,
        uitleg=t("Hoogstens zo lang was 50, 90 en 99 % van de berichten onderweg. Tijden zijn in klassen geteld."),
        tekening=spreidingen(
            sleutel,
            titel,
            t("Binnen de belofte bij 99 op 100: {goed} van de {n}.", goed=goed, n=len(rijen)),
            [Spreiding(naam=n, p50=d.p50, p90=d.p90, p99=d.p99, belofte=beloften.get(d.pijler)) for n, d in rijen],
            duur,
            t("belofte"),
        ),
        kop=(t("Groep"), t("Berichten"), "50 %", "90 %", "99 %", t("Belofte"), t("Op tijd")),
        rijen=tuple(
            (
                naam,
                aantal(d.berichten),
                *map(duur, (d.p50, d.p90, d.p99, beloften.get(d.pijler))),
                deel_van(d.op_tijd, d.berichten),
            )
            for naam, d in rijen
        ),
        rapport="turnaround",
        korte_namen=all(len(n) < 20 for n, _ in rijen),
    )


def naam_van(kolom: str) -> str:
    """A column's name for people: in_beraad → In beraad."""
    return _NAMEN.get(kolom) or kolom.replace("_", " ").capitalize()


_NAMEN = {"code": "Reden", "records": "Lijnen"}


def hele_euro(centen: int) -> str:
    """An amount rounded to euros: € 1.235."""
    return euro(round(centen / 100) * 100).removesuffix(",00")


def kort_euro(centen: float) -> str:
    """For an axis: € 1,2 mln, € 12.300, € 45."""
    euros = centen / 100
    return f"€ {euros / 1e6:.1f} mln".replace(".", ",") if euros >= 1e6 else f"€ {aantal(round(euros))}"


def kort_aantal(waarde: float) -> str:
    """For an axis: 1,2 mln, 12.300."""
    return f"{waarde / 1e6:.1f} mln".replace(".", ",") if waarde >= 1e6 else aantal(round(waarde))


def deel_van(stuk: int, geheel: int) -> str:
    """A percentage with one decimal: 99,5 %."""
    return f"{100 * stuk / geheel:.1f} %".replace(".", ",") if geheel else "–"


def _lang(geld: frozenset[str], maat: str) -> Callable[[int], str]:
    # Cents would push the table off the page; they are in the file.
    return hele_euro if maat in geld else aantal


def _kort(geld: frozenset[str], maat: str) -> Callable[[float], str]:
    return kort_euro if maat in geld else kort_aantal
