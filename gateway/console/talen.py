"""The console's two languages: Dutch is written in the screens, English stands beside it in talen/*.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

_MAP = Path(__file__).parent / "talen"


_EEN: Mapping[str, str] = MappingProxyType(
    {
        "{n} berichten": "{n} bericht",
        "{n} fouten": "{n} fout",
        "{n} pogingen": "{n} poging",
        "{n} regels nagekeken": "{n} regel nagekeken",
        "En nog {n} opmerkingen.": "En nog {n} opmerking.",
        "nog {n} dagen": "nog {n} dag",
        "Steekproef van {n} berichten": "Steekproef van {n} bericht",
    }
)
"""A text about n things, of one."""


class Taal(StrEnum):
    """Languages of the screens."""

    NL = "nl"
    EN = "en"


@cache
def engels() -> Mapping[str, str]:
    """English by Dutch, of every file in talen/."""
    return {nl: en for bestand in sorted(_MAP.glob("*.toml")) for nl, en in tomllib.loads(bestand.read_text("utf-8")).items()}


def vertaal(taal: Taal, tekst: str, **waarden: object) -> str:
    """A Dutch text in a language; {names} in it are filled in afterwards; n = 1 is one thing. Untranslated it stays Dutch."""
    if str(waarden.get("n")) == "1":
        tekst = _EEN.get(tekst, tekst)
    vertaald = engels().get(tekst, tekst) if taal is Taal.EN else tekst
    return vertaald.format(**waarden) if waarden else vertaald


def taal_van(cookie: str | None, accept: str | None) -> Taal:
    """What the person chose, or what the browser asks for first; Dutch otherwise."""
    if cookie in (Taal.NL.value, Taal.EN.value):
        return Taal(cookie)
    eerste = (accept or "").split(",")[0].strip().lower()
    return Taal.EN if eerste.startswith("en") and cookie is None and _engels_gevraagd(accept or "") else Taal.NL


def _engels_gevraagd(accept: str) -> bool:
    # A browser of a Belgian office is often in English with Dutch behind it: then Dutch, the language of the house.
    return "nl" not in accept.lower()
