"""The XSDs as trees: each element with its type, how often it stands, and what its annotation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import xmlschema
from xmlschema.validators import XsdElement

from gateway.paths import data_dir

_DIEP = 12
"""Steps down at most; a schema that refers to itself ends there."""


@dataclass(frozen=True, kw_only=True)
class Knoop:
    """One element or attribute in a tree."""

    naam: str
    type: str
    keer: str
    """0..1, 1..n, and so on; empty for exactly once."""
    uitleg: str
    keuze: bool
    """One of several that stand in each other's place."""
    waarden: tuple[str, ...]
    kinderen: tuple[Knoop, ...]


@dataclass(frozen=True, kw_only=True)
class Bestand:
    """One schema file with the trees of its global elements."""

    naam: str
    uitleg: str
    wortels: tuple[Knoop, ...]


def teken_schemas() -> list[Bestand]:
    """Every VSB schema that has global elements, in the order of their names."""
    found = []
    for path in sorted((data_dir("xsd") / "vsb" / "v1").glob("*.xsd")):
        if (bestand := _bestand(path)).wortels:
            found.append(bestand)
    return found


@cache
def teken_soorten() -> Mapping[str, Knoop]:
    """Each kind of aanvraag or kennisgeving with its elements, by its name."""
    schema = xmlschema.XMLSchema(str(data_dir("xsd") / "vsb" / "v1" / "aanvraag.xsd"))
    aanvraag: Any = schema.types["AanvraagType"]
    keuzes = (_element(k, 0, False) for k in aanvraag.content.iter_elements() if isinstance(k, XsdElement))
    return MappingProxyType({k.naam: k for k in keuzes})


def _bestand(path: Path) -> Bestand:
    schema = xmlschema.XMLSchema(str(path))
    uitleg = next((_tekst(a) for a in schema.annotations), "")
    wortels = tuple(_element(e, 0, False) for e in schema.elements.values())
    return Bestand(naam=path.stem, uitleg=uitleg, wortels=wortels)


def _element(element: XsdElement, diep: int, keuze: bool) -> Knoop:
    soort: Any = element.type
    kinderen: list[Knoop] = []
    if diep < _DIEP and soort.is_complex():
        kinderen += [
            Knoop(
                naam=f"@{naam}",
                type=_naam(attribuut.type),
                keer="" if attribuut.use == "required" else "0..1",
                uitleg=_uitleg(attribuut),
                keuze=False,
                waarden=(),
                kinderen=(),
            )
            for naam, attribuut in soort.attributes.items()
            if naam is not None and hasattr(attribuut, "use")
        ]
        kinderen += [
            _element(kind, diep + 1, getattr(kind.parent, "model", "") == "choice")
            for kind in (soort.content.iter_elements() if soort.has_complex_content() else ())
            if isinstance(kind, XsdElement)
        ]
    return Knoop(
        naam=str(element.local_name),
        type=_naam(soort),
        keer=_keer(element),
        uitleg=_uitleg(element) or _uitleg(soort),
        keuze=keuze,
        waarden=tuple(str(w) for w in (getattr(soort, "enumeration", None) or ())),
        kinderen=tuple(kinderen),
    )


def _naam(soort: object) -> str:
    naam = getattr(soort, "local_name", None)
    if naam is None and getattr(soort, "base_type", None) is not None:
        return _naam(soort.base_type)  # type: ignore[attr-defined]
    return "" if naam in (None, "anyType") else str(naam)


def _keer(element: XsdElement) -> str:
    laagst, hoogst = element.min_occurs, element.max_occurs
    if (laagst, hoogst) == (1, 1):
        return ""
    return f"{laagst}..{'n' if hoogst is None else hoogst}"


def _uitleg(component: object) -> str:
    annotation = getattr(component, "annotation", None)
    return "" if annotation is None else _tekst(annotation)


def _tekst(annotation: object) -> str:
    parts = [(d.text or "").strip() for d in getattr(annotation, "documentation", ())]
    return " ".join(p for p in parts if p)
