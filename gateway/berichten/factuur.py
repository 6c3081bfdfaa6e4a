"""Zending: one facility's invoices of one month for one zorgkas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lxml.etree import _Element as Element

from gateway.berichten.lezen import datum, kind, tekst, tekst_of_none
from gateway.berichten.names import FACTUUR


@dataclass(frozen=True, kw_only=True)
class Lijn:
    """Record 30: days or a lump sum."""

    volgnummer: int
    prestatiecode: str
    van: date
    tot: date
    aantal: int
    bedrag: int
    """Cents, negative on a credit note."""
    regel: int | None
    """Line in the blob."""
    betrekkelijk: str | None = None
    """Code of the performance that this one belongs to (betrekkelijke verstrekking)."""


@dataclass(frozen=True, kw_only=True)
class VorigeFactuur:
    """The invoice that a correction or credit note points back to."""

    factuurnummer: str
    zendingnummer: str
    maand: date


@dataclass(frozen=True, kw_only=True)
class Factuur:
    """Records 20 to 80: the invoice of one person."""

    factuurnummer: str
    type_facturering: str
    """0 original, 1 correction, 3 credit note."""
    insz: str
    dossiernummer: str
    vorige: VorigeFactuur | None
    lijnen: tuple[Lijn, ...]
    totaal: int
    regel: int | None


@dataclass(frozen=True, kw_only=True)
class Zending:
    """Records 10 to 90: the whole file."""

    pijler: str
    zendingnummer: str
    maand: date
    """First day of the invoiced month."""
    opstellingsdatum: date
    facturatiedatum: date
    type_factuur: str
    derdebetalende: str
    kbo: str
    iban: str
    zorgkas: str
    facturen: tuple[Factuur, ...]
    totaal: int
    bic: str = ""


def lees_zending(element: Element) -> Zending:
    """Read a schema-valid Zending."""
    return Zending(
        pijler=tekst(element, FACTUUR, "Pijler"),
        zendingnummer=tekst(element, FACTUUR, "Zendingnummer"),
        maand=_maand(tekst(element, FACTUUR, "Maand")),
        opstellingsdatum=datum(tekst(element, FACTUUR, "Opstellingsdatum")),
        facturatiedatum=datum(tekst(element, FACTUUR, "Facturatiedatum")),
        type_factuur=tekst(element, FACTUUR, "TypeFactuur"),
        derdebetalende=tekst(element, FACTUUR, "Derdebetalende"),
        kbo=tekst(element, FACTUUR, "Kbo"),
        iban=tekst(element, FACTUUR, "Iban"),
        zorgkas=tekst(element, FACTUUR, "Zorgkas"),
        facturen=tuple(_lees_factuur(f) for f in element.iterchildren(f"{{{FACTUUR}}}Factuur")),
        totaal=int(tekst(element, FACTUUR, "Totaal")),
        bic=tekst_of_none(element, FACTUUR, "Bic") or "",
    )


def _maand(waarde: str) -> date:
    return date.fromisoformat(f"{waarde[:7]}-01")


def _lees_factuur(element: Element) -> Factuur:
    vorige = element.find(f"{{{FACTUUR}}}VorigeFactuur")
    return Factuur(
        factuurnummer=tekst(element, FACTUUR, "Factuurnummer"),
        type_facturering=tekst(element, FACTUUR, "TypeFacturering"),
        insz=tekst(element, FACTUUR, "Insz"),
        dossiernummer=tekst(element, FACTUUR, "Dossiernummer"),
        vorige=None if vorige is None else _lees_vorige(vorige),
        lijnen=tuple(_lees_lijn(x) for x in element.iterchildren(f"{{{FACTUUR}}}Lijn")),
        totaal=int(tekst(element, FACTUUR, "Totaal")),
        regel=element.sourceline,
    )


def _lees_vorige(element: Element) -> VorigeFactuur:
    return VorigeFactuur(
        factuurnummer=tekst(element, FACTUUR, "Factuurnummer"),
        zendingnummer=tekst_of_none(element, FACTUUR, "Zendingnummer") or "",
        maand=_maand(tekst(element, FACTUUR, "Maand")),
    )


def _lees_lijn(element: Element) -> Lijn:
    return Lijn(
        volgnummer=int(tekst(element, FACTUUR, "Volgnummer")),
        prestatiecode=tekst(element, FACTUUR, "Prestatiecode"),
        van=datum(tekst(element, FACTUUR, "Van")),
        tot=datum(tekst(element, FACTUUR, "Tot")),
        aantal=int(tekst(element, FACTUUR, "Aantal")),
        bedrag=int(tekst(element, FACTUUR, "Bedrag")),
        regel=kind(element, FACTUUR, "Volgnummer").sourceline,
        betrekkelijk=tekst_of_none(element, FACTUUR, "BetrekkelijkeVerstrekking"),
    )
