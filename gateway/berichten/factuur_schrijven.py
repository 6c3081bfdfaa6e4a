"""A zending written as the XML of factuur.xsd; gateway.berichten.factuur reads it."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.factuur import Factuur, Lijn, VorigeFactuur, Zending
from gateway.berichten.names import FACTUUR
from gateway.wire.build import sub, sub_als


def schrijf_zending(zending: Zending) -> bytes:
    """The document, UTF-8."""
    element = etree.Element(f"{{{FACTUUR}}}Zending", nsmap={None: FACTUUR})
    for naam, waarde in (
        ("Pijler", zending.pijler),
        ("Zendingnummer", zending.zendingnummer),
        ("Maand", f"{zending.maand:%Y-%m}"),
        ("Opstellingsdatum", zending.opstellingsdatum),
        ("Facturatiedatum", zending.facturatiedatum),
        ("TypeFactuur", zending.type_factuur),
        ("Derdebetalende", zending.derdebetalende),
        ("Kbo", zending.kbo),
        ("Iban", zending.iban),
        ("Bic", zending.bic or None),
        ("Zorgkas", zending.zorgkas),
    ):
        sub_als(element, FACTUUR, naam, waarde)
    for factuur in zending.facturen:
        _factuur(element, factuur)
    sub(element, FACTUUR, "Totaal", f"{zending.totaal}")
    return etree.tostring(element, xml_declaration=True, encoding="utf-8")


def _factuur(ouder: Element, factuur: Factuur) -> None:
    element = sub(ouder, FACTUUR, "Factuur")
    sub(element, FACTUUR, "Factuurnummer", factuur.factuurnummer)
    sub(element, FACTUUR, "TypeFacturering", factuur.type_facturering)
    sub(element, FACTUUR, "Insz", factuur.insz)
    sub(element, FACTUUR, "Dossiernummer", factuur.dossiernummer)
    if factuur.vorige is not None:
        _vorige(element, factuur.vorige)
    for lijn in factuur.lijnen:
        _lijn(element, lijn)
    sub(element, FACTUUR, "Totaal", f"{factuur.totaal}")


def _vorige(ouder: Element, vorige: VorigeFactuur) -> None:
    element = sub(ouder, FACTUUR, "VorigeFactuur")
    sub(element, FACTUUR, "Factuurnummer", vorige.factuurnummer)
    sub(element, FACTUUR, "Zendingnummer", vorige.zendingnummer)
    sub(element, FACTUUR, "Maand", f"{vorige.maand:%Y-%m}")


def _lijn(ouder: Element, lijn: Lijn) -> None:
    element = sub(ouder, FACTUUR, "Lijn")
    for naam, waarde in (
        ("Volgnummer", lijn.volgnummer),
        ("Prestatiecode", lijn.prestatiecode),
        ("BetrekkelijkeVerstrekking", lijn.betrekkelijk),
        ("Van", lijn.van),
        ("Tot", lijn.tot),
        ("Aantal", lijn.aantal),
        ("Bedrag", lijn.bedrag),
        ("PersoonlijkAandeel", lijn.aandeel or None),
    ):
        sub_als(element, FACTUUR, naam, waarde)
