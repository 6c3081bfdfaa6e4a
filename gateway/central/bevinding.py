"""What a check yields, and the registry that cookbooks name checks by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gateway.central.cookbook import Familie


@dataclass(frozen=True, kw_only=True)
class Bevinding:
    """One place where a rule fires."""

    plaats: str | None = None
    regel: int | None = None
    verwacht: str | None = None
    gevonden: str | None = None
    """Kind of value, never a whole INSZ."""
    record: str | None = None
    zone: str | None = None
    factuurnummer: str | None = None
    volgnummer: int | None = None


Functie = TypeVar("Functie", bound=Callable[..., Iterator[Bevinding]])


@dataclass(frozen=True, kw_only=True)
class Vorm:
    """What a parameter of a check must look like; a cookbook that gives something else does not load."""

    omschrijving: str
    past: Callable[[Any], bool]
    verplicht: bool = True


AANTAL = Vorm(omschrijving="a whole number of 0 or more", past=lambda w: type(w) is int and w >= 0)
TEKST = Vorm(omschrijving="a text that is not empty", past=lambda w: isinstance(w, str) and bool(w.strip()))
TEKSTEN = Vorm(
    omschrijving="a list of one or more texts",
    past=lambda w: isinstance(w, list) and bool(w) and all(isinstance(x, str) and x.strip() for x in w),
)


def optioneel(vorm: Vorm) -> Vorm:
    """The same form, of a parameter that a rule may leave out."""
    return replace(vorm, omschrijving=f"{vorm.omschrijving}, or absent", verplicht=False)


@dataclass(frozen=True, kw_only=True)
class Controle:
    """A generic check, as cookbooks may name it."""

    functie: Callable[..., Iterator[Bevinding]]
    parameters: Mapping[str, Vorm]
    """What it takes from its rule."""


CONTROLES: dict[tuple[str, str], Controle] = {}
"""(kind of check, name) to check."""

_SOORT = {
    Familie.AANVRAAG: "aanvraag",
    Familie.ZENDING_TECHNISCH: "zending",
    Familie.ZENDING_INHOUD: "zending",
    Familie.ZENDING_AFGELEID: "afgeleid",
}


def soort_van(familie: Familie) -> str:
    """The kind of check that a family of rules is made of."""
    return _SOORT[familie]


def controle(soort: str, /, **parameters: Vorm) -> Callable[[Functie], Functie]:
    """Register a check under its own name.

    Args:
        soort: `aanvraag`, `zending` or `afgeleid`.
        parameters: what it takes from its rule, by name.
    """

    def register(functie: Functie) -> Functie:
        CONTROLES[soort, functie.__name__] = Controle(functie=functie, parameters=parameters)
        return functie

    return register
