"""Holes in a cookbook: what it says exists and no example shows, what its prose leaves out, examples that lie around unstated."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.central.cookbook import Cookbook, Familie
from gateway.cookbook.tabellen import heeft_blok, met_tabellen

MINSTENS = 12
"""Examples that a pillar has at least."""
_SOORT = re.compile(r"<Gebruiker>.*?</Gebruiker>\s*<(\w+)[\s>]", re.S)


@dataclass(frozen=True, kw_only=True)
class Gat:
    """One hole; `ernstig` ones fail the check."""

    wat: str
    ernstig: bool = True


@dataclass(frozen=True, kw_only=True)
class Voorbeeld:
    """An example as examples.toml states it."""

    naam: str
    dienst: str
    verwacht: str
    codes: tuple[str, ...]
    soort: str | None
    """Kind of aanvraag."""


def lees_voorbeelden(map_: Path) -> tuple[list[Voorbeeld], set[str]]:
    """The stated examples of a pillar's folder, and the names of the files beside them.

    Raises:
        OSError: there is no examples.toml.
        tomllib.TOMLDecodeError: it can not be read.
    """
    data: dict[str, Any] = tomllib.loads((map_ / "examples/examples.toml").read_text(encoding="utf-8"))
    bestanden = {p.stem: p for p in (map_ / "examples").glob("*.xml")}
    gelezen = []
    for v in data.get("voorbeeld", []):
        tekst = bestanden[v["naam"]].read_text(encoding="utf-8") if v["naam"] in bestanden else ""
        soort = _SOORT.search(tekst) if v["dienst"] == "aanvraag" else None
        gelezen.append(
            Voorbeeld(
                naam=v["naam"],
                dienst=v["dienst"],
                verwacht=v["verwacht"],
                codes=tuple(v["codes"]),
                soort=None if soort is None else soort[1],
            )
        )
    return gelezen, set(bestanden)


def dekking(voorbeelden: list[Voorbeeld]) -> Counter[tuple[str, str]]:
    """(kind of message, outcome) to the number of examples."""
    return Counter((v.soort or v.dienst, v.verwacht) for v in voorbeelden)


def gaten(cookbook: Cookbook, map_: Path) -> list[Gat]:
    """What is missing or does not fit in a pillar's folder."""
    try:
        voorbeelden, bestanden = lees_voorbeelden(map_)
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        return [Gat(wat=f"examples/examples.toml can not be read: {error}")]
    return [*_voorbeelden(cookbook, voorbeelden, bestanden), *_codes(cookbook, voorbeelden), *_proza(cookbook, map_)]


def _voorbeelden(cookbook: Cookbook, voorbeelden: list[Voorbeeld], bestanden: set[str]) -> list[Gat]:
    namen = [v.naam for v in voorbeelden]
    found = [Gat(wat=f"example {n} is stated twice") for n, keren in Counter(namen).items() if keren > 1]
    found += [Gat(wat=f"example {n} is stated and has no file") for n in sorted(set(namen) - bestanden)]
    found += [Gat(wat=f"examples/{n}.xml is not stated in examples.toml") for n in sorted(bestanden - set(namen))]
    if len(voorbeelden) < MINSTENS:
        found.append(Gat(wat=f"{len(voorbeelden)} examples; expected {MINSTENS} or more"))
    geteld = dekking(voorbeelden)
    found += [Gat(wat=f"no accepted example of {s}") for s in cookbook.soorten if not geteld[s, "aanvaard"]]
    found += [
        Gat(wat=f"no example is {uitkomst}")
        for uitkomst in ("aanvaard", "geweigerd", "in_beraad")
        if not any(u == uitkomst for _, u in geteld)
    ]
    return found


def _codes(cookbook: Cookbook, voorbeelden: list[Voorbeeld]) -> list[Gat]:
    getoond = {c for v in voorbeelden for c in v.codes}
    regels = {r.id for r in cookbook.regels}
    eigen = {r.id for r in cookbook.regels if r.familie is Familie.AANVRAAG and not r.id.startswith("VSB_")}
    found = [Gat(wat=f"an example expects {c}, which is no rule") for c in sorted(getoond - regels) if "_" in c]
    found += [Gat(wat=f"no example fires {c}", ernstig=False) for c in sorted(eigen - getoond)]
    genoemd = {str(r.parameters["lijst"]) for r in cookbook.regels if "lijst" in r.parameters}
    found += [Gat(wat=f"list {n} is used by no rule") for n in cookbook.lijsten if n not in genoemd]
    return found


def _proza(cookbook: Cookbook, map_: Path) -> list[Gat]:
    path = map_ / "cookbook.md"
    if not path.is_file():
        return [Gat(wat="there is no cookbook.md")]
    proza = path.read_text(encoding="utf-8")
    if heeft_blok(proza):
        return (
            [] if met_tabellen(proza, cookbook) == proza else [Gat(wat="cookbook.md: its tables are not those of cookbook.toml")]
        )
    return [Gat(wat=f"cookbook.md does not name {r.id}") for r in cookbook.regels if r.id not in proza]
