"""Aanvraag and kennisgeving: what a facility asks or tells about one person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from lxml.etree import _Element as Element

from gateway.berichten.lezen import datum, kind, tekst, tijdstip, waar
from gateway.berichten.names import AANVRAAG, COMMON
from gateway.berichten.soorten import SOORTEN, Soort


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
class Kennisgeving:
    """What is asked or told: one kind of message, its fields by their path below its element.

    The fields are text that fits aanvraag.xsd; a rule names the field it looks at, so that a cookbook can choose both.
    """

    soort: Soort
    velden: Mapping[str, tuple[str, ...]]
    """Path, such as `Zorgcategorie/Schaal`, to its values in the order of the message."""

    def waarden(self, pad: str) -> tuple[str, ...]:
        return self.velden.get(pad, ())

    def waarde(self, pad: str) -> str | None:
        """The first value of a field, or None when the message has none."""
        return next(iter(self.waarden(pad)), None)

    def dag(self, pad: str) -> date | None:
        """The first value of a date field."""
        gevonden = self.waarde(pad)
        return None if gevonden is None else datum(gevonden)

    @property
    def dossiernummer(self) -> str | None:
        """None of a kind that opens a dossier."""
        return self.waarde("Dossiernummer")

    @property
    def zorgdatum(self) -> date | None:
        """The care date; None of an annulment."""
        return None if self.soort.dag is None else self.dag(self.soort.dag)

    @property
    def laatste_dag(self) -> date | None:
        return None if self.soort.tot is None else self.dag(self.soort.tot)


@dataclass(frozen=True, kw_only=True)
class Aanvraag:
    """One message for one person at one facility."""

    hoofding: Hoofding
    voorziening: str
    insz: str
    kennisgeving: Kennisgeving
    regels: Mapping[str, int]
    """Path below the Aanvraag to its first line in the message, for findings."""

    @property
    def soort(self) -> str:
        return self.kennisgeving.soort.naam


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
    inhoud = next((k for k in element.iterchildren("*") if _lokaal(k) in SOORTEN), None)
    if inhoud is None:
        raise LookupError("no kind of message that the schema knows")
    regels: dict[str, int] = {}
    for pad, blad in _paden(element, ""):
        if blad.sourceline is not None:
            regels.setdefault(pad, blad.sourceline)
    velden: dict[str, tuple[str, ...]] = {}
    for pad, blad in _paden(inhoud, ""):
        if not len(blad):
            velden[pad] = (*velden.get(pad, ()), (blad.text or "").strip())
    return Aanvraag(
        hoofding=lees_hoofding(kind(element, AANVRAAG, "Hoofding")),
        voorziening=tekst(element, AANVRAAG, "Voorziening"),
        insz=tekst(kind(element, AANVRAAG, "Gebruiker"), AANVRAAG, "Insz"),
        kennisgeving=Kennisgeving(soort=SOORTEN[_lokaal(inhoud)], velden=velden),
        regels=regels,
    )


def _lokaal(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _paden(element: Element, boven: str) -> Iterator[tuple[str, Element]]:
    for onder in element.iterchildren("*"):
        pad = f"{boven}{_lokaal(onder)}"
        yield pad, onder
        yield from _paden(onder, f"{pad}/")
