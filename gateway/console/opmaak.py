"""From values to what people read: the templates, and how times, amounts and numbers are shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.clock import BRUSSELS

_HIER = Path(__file__).parent
_MEDIA = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, kw_only=True)
class Bestand:
    """A file of static/, with the digest that its address carries."""

    inhoud: bytes
    media: str
    versie: str


@cache
def statisch() -> Mapping[str, Bestand]:
    """Every file that browsers may fetch, by name."""
    gevonden = {}
    for pad in sorted((_HIER / "static").iterdir()):
        if (media := _MEDIA.get(pad.suffix.lstrip("."))) is not None:
            inhoud = pad.read_bytes()
            gevonden[pad.name] = Bestand(inhoud=inhoud, media=media, versie=hashlib.sha256(inhoud).hexdigest()[:12])
    return MappingProxyType(gevonden)


def statisch_adres(naam: str) -> str:
    return f"/console/static/{naam}?v={statisch()[naam].versie}"


def brussel(moment: datetime) -> datetime:
    return moment.astimezone(BRUSSELS)


def tijd(moment: datetime | None, soort: str = "seconde") -> str:
    """A moment in Brussels time.

    Args:
        soort: seconde, minuut, kort (no year), uur (no day), uur_milli, zone (with CET or CEST) or milli.
    """
    if moment is None:
        return "–"
    hier = brussel(moment)
    match soort:
        case "minuut":
            return f"{hier:%d-%m-%Y %H:%M}"
        case "kort":
            return f"{hier:%d-%m %H:%M}"
        case "uur":
            return f"{hier:%H:%M:%S}"
        case "zone":
            return f"{hier:%d-%m-%Y %H:%M:%S %Z}"
        case "uur_milli":
            return f"{hier:%H:%M:%S}.{hier.microsecond // 1000:03d}"
        case "milli":
            return f"{hier:%d-%m-%Y %H:%M:%S}.{hier.microsecond // 1000:03d}"
        case _:
            return f"{hier:%d-%m-%Y %H:%M:%S}"


def dag(waarde: date | None) -> str:
    return "–" if waarde is None else f"{waarde:%d-%m-%Y}"


def euro(centen: int | None) -> str:
    """An amount in cents as people in Belgium write it: € 1.234,56."""
    if centen is None:
        return "–"
    heel, rest = divmod(abs(centen), 100)
    return f"{'−' if centen < 0 else ''}€ {aantal(heel)},{rest:02d}"


def aantal(waarde: int | None) -> str:
    """1.234.567"""
    return "–" if waarde is None else f"{waarde:,}".replace(",", ".")


def insz(waarde: str | None) -> str:
    """85.07.30-033.28"""
    if waarde is None or len(waarde) != 11:
        return waarde or "–"
    return f"{waarde[:2]}.{waarde[2:4]}.{waarde[4:6]}-{waarde[6:9]}.{waarde[9:]}"


def iban(waarde: str) -> str:
    """BE68 5390 0754 7034"""
    return " ".join(waarde[n : n + 4] for n in range(0, len(waarde), 4))


def duur(seconden: float | None) -> str:
    """A length of time in its one or two largest units: 2 d 4 u, 3 min, 12 s."""
    if seconden is None:
        return "–"
    rest = int(seconden)
    delen = []
    for eenheid, naam in ((86400, "d"), (3600, "u"), (60, "min")):
        getal, rest = divmod(rest, eenheid)
        if getal:
            delen.append(f"{getal} {naam}")
    return " ".join(delen[:2]) or f"{rest} s"


def octetten(waarde: int | None) -> str:
    if waarde is None:
        return "–"
    if waarde < 1024:
        return f"{waarde} B"
    return f"{waarde / 1024:.1f} kB".replace(".", ",") if waarde < 1024**2 else f"{waarde / 1024**2:.1f} MB".replace(".", ",")


def woorden(naam: str | None) -> str:
    """technisch_aanvaard → technisch aanvaard"""
    return (naam or "–").replace("_", " ")


@cache
def sjablonen() -> Environment:
    """The templates; whatever comes from a message is escaped, and a name that is missing is an error."""
    env = Environment(
        loader=FileSystemLoader(_HIER / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    env.filters |= {
        "tijd": tijd,
        "dag": dag,
        "euro": euro,
        "aantal": aantal,
        "insz": insz,
        "iban": iban,
        "duur": duur,
        "octetten": octetten,
        "woorden": woorden,
    }
    env.globals |= {"statisch": statisch_adres, "brussel": brussel}
    return env


def render(sjabloon: str, **context: Any) -> str:
    return sjablonen().get_template(sjabloon).render(**context)
