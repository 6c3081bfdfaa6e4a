"""Aanvraag and kennisgeving: the notifications about a person's stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from lxml.etree import _Element as Element

from gateway.berichten.lezen import datum, kind, tekst, tekst_of_none, tijdstip, uur, waar
from gateway.berichten.names import AANVRAAG, COMMON


@dataclass(frozen=True, kw_only=True)
class Software:
    """The package that made the message, as it names itself."""

    naam: str
    versie: str
    attest: str


@dataclass(frozen=True, kw_only=True)
class Afzender:
    """The sender as the message names it; trust compares it with the certificate."""

    riziv: str
    software: Software


@dataclass(frozen=True, kw_only=True)
class Hoofding:
    """Common head of the VSB messages."""

    bericht_id: str
    pijler: str
    test: bool
    aanmaaktijdstip: datetime
    afzender: Afzender


@dataclass(frozen=True, kw_only=True)
class StartVerblijf:
    """Kennisgeving: a stay starts."""

    startdatum: date
    startuur: time | None
    type_verblijf: str
    dossierreferentie: str | None


@dataclass(frozen=True, kw_only=True)
class EindeVerblijf:
    """Kennisgeving: a stay ends, the last day inside it."""

    dossiernummer: str
    einddatum: date
    einduur: time | None
    reden: str


@dataclass(frozen=True, kw_only=True)
class Annulering:
    """A notification taken back."""

    dossiernummer: str
    motivering: str


Kennisgeving = StartVerblijf | EindeVerblijf | Annulering

SOORTEN: dict[type[Kennisgeving], str] = {
    StartVerblijf: "StartVerblijf",
    EindeVerblijf: "EindeVerblijf",
    Annulering: "Annulering",
}


@dataclass(frozen=True, kw_only=True)
class Aanvraag:
    """One notification for one person at one facility."""

    hoofding: Hoofding
    voorziening: str
    insz: str
    kennisgeving: Kennisgeving
    regels: dict[str, int]
    """Element name to its line in the message, for findings."""

    @property
    def soort(self) -> str:
        return SOORTEN[type(self.kennisgeving)]


def lees_afzender(element: Element) -> Afzender:
    """Read a schema-valid Afzender element."""
    software = kind(element, COMMON, "Software")
    return Afzender(
        riziv=tekst(element, COMMON, "RizivNummer"),
        software=Software(
            naam=tekst(software, COMMON, "Naam"),
            versie=tekst(software, COMMON, "Versie"),
            attest=tekst(software, COMMON, "Attest"),
        ),
    )


def lees_hoofding(element: Element) -> Hoofding:
    """Read a schema-valid Hoofding element."""
    return Hoofding(
        bericht_id=tekst(element, COMMON, "BerichtId"),
        pijler=tekst(element, COMMON, "Pijler"),
        test=waar(tekst(element, COMMON, "Test")),
        aanmaaktijdstip=tijdstip(tekst(element, COMMON, "Aanmaaktijdstip")),
        afzender=lees_afzender(kind(element, COMMON, "Afzender")),
    )


def lees_aanvraag(request: Element) -> Aanvraag:
    """Read a schema-valid IndienenRequest.

    Raises:
        LookupError: the element was not checked against aanvraag.xsd.
    """
    element = kind(request, AANVRAAG, "Aanvraag")
    soorten = ("StartVerblijf", "EindeVerblijf", "Annulering")
    inhoud = next(k for s in soorten if (k := element.find(f"{{{AANVRAAG}}}{s}")) is not None)
    return Aanvraag(
        hoofding=lees_hoofding(kind(element, AANVRAAG, "Hoofding")),
        voorziening=tekst(element, AANVRAAG, "Voorziening"),
        insz=tekst(kind(element, AANVRAAG, "Gebruiker"), AANVRAAG, "Insz"),
        kennisgeving=_lees_kennisgeving(inhoud),
        regels={_lokaal(e): e.sourceline for e in element.iter("*") if e.sourceline is not None},
    )


def _lokaal(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _lees_kennisgeving(element: Element) -> Kennisgeving:
    match _lokaal(element):
        case "StartVerblijf":
            startuur = tekst_of_none(element, AANVRAAG, "Startuur")
            return StartVerblijf(
                startdatum=datum(tekst(element, AANVRAAG, "Startdatum")),
                startuur=None if startuur is None else uur(startuur),
                type_verblijf=tekst(element, AANVRAAG, "TypeVerblijf"),
                dossierreferentie=tekst_of_none(element, AANVRAAG, "Dossierreferentie"),
            )
        case "EindeVerblijf":
            einduur = tekst_of_none(element, AANVRAAG, "Einduur")
            return EindeVerblijf(
                dossiernummer=tekst(element, AANVRAAG, "Dossiernummer"),
                einddatum=datum(tekst(element, AANVRAAG, "Einddatum")),
                einduur=None if einduur is None else uur(einduur),
                reden=tekst(element, AANVRAAG, "Reden"),
            )
        case _:
            return Annulering(
                dossiernummer=tekst(element, AANVRAAG, "Dossiernummer"),
                motivering=tekst(element, AANVRAAG, "Motivering"),
            )
