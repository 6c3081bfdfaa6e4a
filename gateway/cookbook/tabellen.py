"""The tables of a cookbook's prose, made from its cookbook.toml, so that prose and rules can not drift apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.central.cookbook import Codewaarde, Cookbook, Familie
from gateway.cookbook.schemas import Knoop, teken_soorten

BEGIN, EINDE = "<!-- tabellen: vsb-gateway cookbook tables -->", "<!-- einde tabellen -->"
_TYPE = {
    "boolean": "true of false",
    "CodeType": "code uit een lijst hieronder",
    "KorteTekstType": "tekst, 1 tot 128 tekens",
    "TekstType": "tekst, tot 2000 tekens",
}
_ZEGT_NIETS = "A code from a list in the pillar's cookbook"
_BLOK = re.compile(re.escape(BEGIN) + r"\n.*?" + re.escape(EINDE), re.S)


def tabellen(cookbook: Cookbook) -> str:
    """Markdown of the pillar's kinds of message, lists, terms, codes, rules and assumptions."""
    delen = [
        f"Soorten berichten: {', '.join(f'`{s}`' for s in cookbook.soorten)}. Ingangsdatum: {cookbook.ingangsdatum}. "
        f"In het certificaat van de afzender: {', '.join(f'`{k}`' for k in cookbook.kwaliteiten)}.",
        f"Een bericht in beraad wordt na {cookbook.beraad.maanden} maanden vanzelf geweigerd; herinneringen aan de zorgkas "
        f"{', '.join(map(str, cookbook.beraad.herinneringen))} dagen voordien.",
        f"Belofte: een aanvaard bericht is binnen {cookbook.belofte} minuten bij de zorgkas.",
        "**Elementen van elke soort**, zoals het schema ze kent. Een `/` staat voor een kind; *of* staat bij elementen waarvan "
        "er één komt.",
        *(_soort(naam) for naam in cookbook.soorten),
        *(_lijst(naam, codes) for naam, codes in cookbook.lijsten.items()),
    ]
    if cookbook.prestatiecodes:
        codes = [(f"`{c.code}`", c.omschrijving, c.eenheid.value, _dagen(c.van, c.tot)) for c in cookbook.prestatiecodes]
        delen.append("**Prestatiecodes**\n\n" + _tabel(("code", "omschrijving", "eenheid", "geldig"), codes))
    aanvraag = [r for r in cookbook.regels if r.familie is Familie.AANVRAAG]
    delen.append(
        "**Regels op een aanvraag**\n\n"
        + _tabel(
            ("code", "op", "effect", "tekst", "text", "remedie", "bron"),
            [
                (f"`{r.id}`", ", ".join(r.soorten) or "alle", str(r.effect), r.tekst, r.tekst_en, r.remedie, r.bron)
                for r in aanvraag
            ],
        )
    )
    zending = [r for r in cookbook.regels if r.familie is not Familie.AANVRAAG]
    if zending:
        delen.append(
            "**Regels op een zending**\n\n"
            + _tabel(
                ("code", "stap", "ernst", "tekst", "text", "remedie", "bron"),
                [(f"`{r.id}`", r.familie.value, str(r.ernst), r.tekst, r.tekst_en, r.remedie, r.bron) for r in zending],
            )
        )
    delen.append("**Aannames**\n\n" + "\n".join(f"- {a}" for a in cookbook.aannames))
    return "\n\n".join(delen)


def met_tabellen(proza: str, cookbook: Cookbook) -> str:
    """The prose with its block of tables as the cookbook.toml makes it; without a block it is left as it is."""
    return _BLOK.sub(lambda _: f"{BEGIN}\n\n{tabellen(cookbook)}\n\n{EINDE}", proza)


def heeft_blok(proza: str) -> bool:
    """Whether the prose has a place for the tables."""
    return _BLOK.search(proza) is not None


def _soort(naam: str) -> str:
    knoop = teken_soorten()[naam]
    kop = f"`{naam}`" + (f": {knoop.uitleg}" if knoop.uitleg else "")
    return f"{kop}\n\n" + _tabel(("element", "type", "aantal", "uitleg"), _elementen(knoop, ""))


def _elementen(knoop: Knoop, boven: str) -> Iterator[Sequence[str]]:
    """An element a row, those inside it below it."""
    for kind in knoop.kinderen:
        soort = "" if kind.kinderen else _TYPE.get(kind.type, kind.type.removesuffix("Type"))
        aantal = (kind.keer or "1") + (" *of*" if kind.keuze else "")
        uitleg = "" if kind.uitleg.startswith(_ZEGT_NIETS) else kind.uitleg
        yield f"`{boven}{kind.naam}`", soort, aantal, uitleg
        yield from _elementen(kind, f"{boven}{kind.naam}/")


def _lijst(naam: str, codes: Mapping[str, Codewaarde]) -> str:
    rijen = [(f"`{code}`", w.omschrijving, _dagen(w.van, w.tot)) for code, w in codes.items()]
    return f"**{naam}**\n\n" + _tabel(("code", "betekenis", "geldig"), rijen)


def _dagen(van: object, tot: object) -> str:
    if van is None and tot is None:
        return "altijd"
    return " ".join(([f"vanaf {van}"] if van else []) + ([f"tot en met {tot}"] if tot else []))


def _tabel(kop: Sequence[str], rijen: Iterable[Sequence[str]]) -> str:
    regels = [kop, ["---"] * len(kop), *rijen]
    return "\n".join("| " + " | ".join(cel.replace("|", "\\|") for cel in regel) + " |" for regel in regels)
