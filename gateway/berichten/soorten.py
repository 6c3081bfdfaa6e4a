"""The kinds of aanvraag and kennisgeving: what each does to a dossier, and on which day it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Werking(StrEnum):
    """What an accepted message does to the dossier."""

    OPENT = "opent"
    WIJZIGT = "wijzigt"
    """From a day on: a type, a category, a correction."""
    VERLENGT = "verlengt"
    REGISTREERT = "registreert"
    """Something that happened while it ran: an absence, a session, a delivery."""
    BEEINDIGT = "beeindigt"
    ANNULEERT = "annuleert"


@dataclass(frozen=True, kw_only=True)
class Soort:
    """One kind of message, named as its element in aanvraag.xsd."""

    naam: str
    werking: Werking
    dag: str | None
    """Field with the care date, that decides which zorgkas; an annulment counts on the day that its dossier started."""
    tot: str | None = None
    """Field with the last day of what is told."""
    type: str | None = None
    """Field with the dossier's type, of a kind that opens one."""


_ALLE = (
    Soort(naam="StartVerblijf", werking=Werking.OPENT, dag="Startdatum", tot="Einddatum", type="TypeVerblijf"),
    Soort(naam="Wijziging", werking=Werking.WIJZIGT, dag="Vanaf"),
    Soort(naam="Verlenging", werking=Werking.VERLENGT, dag="Vanaf", tot="Tot"),
    Soort(naam="Afwezigheid", werking=Werking.REGISTREERT, dag="Van", tot="Tot"),
    Soort(naam="Aanwezigheid", werking=Werking.REGISTREERT, dag="Van", tot="Tot"),
    Soort(naam="EindeVerblijf", werking=Werking.BEEINDIGT, dag="Einddatum"),
    Soort(naam="Overlijden", werking=Werking.BEEINDIGT, dag="Datum"),
    Soort(naam="Annulering", werking=Werking.ANNULEERT, dag=None),
    Soort(naam="AanvraagHulpmiddel", werking=Werking.OPENT, dag="Aanvraagdatum", type="Productgroep"),
    Soort(naam="Aflevering", werking=Werking.REGISTREERT, dag="Afleverdatum"),
    Soort(naam="Overleg", werking=Werking.OPENT, dag="Datum", tot="Datum"),
    Soort(naam="StartBegeleiding", werking=Werking.OPENT, dag="Startdatum", type="Vorm"),
    Soort(naam="Opvolging", werking=Werking.REGISTREERT, dag="Datum"),
    Soort(naam="StartZorg", werking=Werking.OPENT, dag="Startdatum", type="Zorgvorm"),
    Soort(naam="RegistratiePrestaties", werking=Werking.REGISTREERT, dag="Prestatie/Datum"),
    Soort(naam="Stopzetting", werking=Werking.BEEINDIGT, dag="Einddatum"),
)

SOORTEN: Mapping[str, Soort] = MappingProxyType({s.naam: s for s in _ALLE})
"""Name to kind, in the order of the schema."""
