"""The examples of a pillar as its page shows them: title, request, and the answer that a test proves it gets."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Getoond:
    """One example."""

    naam: str
    titel: str
    dienst: str
    certificaat: str
    verwacht: str
    """Outcome, label or status."""
    codes: tuple[str, ...]
    """Reasons or errors; of a question the zorgkassen, or what is wrong with it."""
    bestand: str
    """Path of the request in the site."""
    verzoek: str


_UITLEG = {
    "aanvraag": "in de SOAP-body, naar /soap/aanvraag/v1",
    "verzekerbaarheid": "in de SOAP-body, naar /soap/verzekerbaarheid/v1",
    "facturatie": "de inhoud van de blob van een post, naar /soap/facturatie/v1",
    "zorgkas": "de inhoud van de blob van een post van de zorgkas, naar /soap/zorgkas/v1",
}


def hoe(dienst: str) -> str:
    """Where a request goes, in Dutch."""
    return _UITLEG.get(dienst, dienst)


def toon_voorbeelden(map_: Path, toml: str, plaats: str) -> list[Getoond]:
    """The examples that a TOML file states, each with its request; none when there is no such file.

    Args:
        map_: folder of the file and the requests.
        plaats: path of that folder in the site.
    """
    pad = map_ / toml
    if not pad.is_file():
        return []
    gelezen = tomllib.loads(pad.read_text(encoding="utf-8"))
    return [
        Getoond(
            naam=v["naam"],
            titel=v.get("titel", v["naam"]),
            dienst=v["dienst"],
            certificaat=v.get("certificaat", gelezen.get("certificaat", "")),
            verwacht=v["verwacht"],
            codes=tuple(v["codes"]),
            bestand=f"{plaats}/{v['naam']}.xml",
            verzoek=(map_ / f"{v['naam']}.xml").read_text(encoding="utf-8"),
        )
        for v in gelezen.get("voorbeeld", [])
        if (map_ / f"{v['naam']}.xml").is_file()
    ]


def bestanden(map_: Path, plaats: str) -> Mapping[str, str]:
    """Every file of an examples folder, by its path in the site."""
    gevonden = [p for p in sorted(map_.rglob("*")) if p.suffix in (".xml", ".toml", ".txt") and p.is_file()]
    return {f"{plaats}/{p.relative_to(map_).as_posix()}": p.read_text(encoding="utf-8") for p in gevonden}
