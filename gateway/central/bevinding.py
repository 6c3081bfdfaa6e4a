"""What a check yields, and the registry that cookbooks name checks by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

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


Controle = TypeVar("Controle", bound=Callable[..., Iterator[Bevinding]])
CONTROLES: dict[tuple[str, str], Callable[..., Iterator[Bevinding]]] = {}
"""(kind of message, name) to check."""
PARAMETERS: dict[tuple[str, str], frozenset[str]] = {}
"""Parameters that a check demands of its rule."""


def soort_van(familie: Familie) -> str:
    return "aanvraag" if familie is Familie.AANVRAAG else "zending"


def controle(soort: str, *parameters: str) -> Callable[[Controle], Controle]:
    """Register a check under its own name for `aanvraag` or `zending`, with the parameters it needs."""

    def register(function: Controle) -> Controle:
        CONTROLES[soort, function.__name__] = function
        PARAMETERS[soort, function.__name__] = frozenset(parameters)
        return function

    return register
