"""Intrekking: a facility takes an accepted zending back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lxml.etree import _Element as Element

from gateway.berichten.lezen import tekst
from gateway.berichten.names import FACTUUR

INTREKKING = f"{{{FACTUUR}}}Intrekking"


@dataclass(frozen=True, kw_only=True)
class Intrekking:
    """Which zending, and why."""

    derdebetalende: str
    zendingnummer: str
    maand: date
    motivering: str


def lees_intrekking(element: Element) -> Intrekking:
    """Read a schema-valid Intrekking."""
    return Intrekking(
        derdebetalende=tekst(element, FACTUUR, "Derdebetalende"),
        zendingnummer=tekst(element, FACTUUR, "Zendingnummer"),
        maand=date.fromisoformat(f"{tekst(element, FACTUUR, 'Maand')[:7]}-01"),
        motivering=tekst(element, FACTUUR, "Motivering"),
    )
