"""What a vendor states of a passing run of the conformance suite: Attestatie, sealed by the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.lezen import tekst, tijdstip
from gateway.berichten.names import ATTESTATIE
from gateway.wire.build import moment, sub


@dataclass(frozen=True, kw_only=True)
class Attestatie:
    """To be believed only after its seal and its evidence were verified."""

    leverancier: str
    product: str
    versie: str
    pijler: str
    rol: str
    """Whose software: `afzender`, `server` or `zorgkas`."""
    cookbook: str
    """Version of the pillar's cookbook."""
    suite: str
    plan: str
    """SHA-256 of the plan, hex."""
    sessie: str
    datum: datetime
    verplicht: int
    """Number of must-scenarios, all passed."""
    beoordeeld: int
    """How many of them a person judged otherwise than the suite."""
    bewijs: str
    """SHA-256 of the list of evidence, hex."""


_TEKSTEN = {
    "Leverancier": "leverancier",
    "Product": "product",
    "Versie": "versie",
    "Pijler": "pijler",
    "Rol": "rol",
    "Cookbook": "cookbook",
    "Suite": "suite",
    "Plan": "plan",
    "Sessie": "sessie",
}


def schrijf_attestatie(attestatie: Attestatie) -> Element:
    """An Attestatie, still to be sealed."""
    element = etree.Element(f"{{{ATTESTATIE}}}Attestatie", nsmap={"at": ATTESTATIE})
    for name, field in _TEKSTEN.items():
        sub(element, ATTESTATIE, name, getattr(attestatie, field))
    sub(element, ATTESTATIE, "Datum", moment(attestatie.datum))
    sub(element, ATTESTATIE, "Verplicht", str(attestatie.verplicht))
    sub(element, ATTESTATIE, "Beoordeeld", str(attestatie.beoordeeld))
    sub(element, ATTESTATIE, "Bewijs", attestatie.bewijs)
    return element


def lees_attestatie(element: Element) -> Attestatie:
    """Read a schema-valid Attestatie."""
    return Attestatie(
        **{field: tekst(element, ATTESTATIE, name) for name, field in _TEKSTEN.items()},
        datum=tijdstip(tekst(element, ATTESTATIE, "Datum")),
        verplicht=int(tekst(element, ATTESTATIE, "Verplicht")),
        beoordeeld=int(tekst(element, ATTESTATIE, "Beoordeeld")),
        bewijs=tekst(element, ATTESTATIE, "Bewijs"),
    )
