"""Between the gateway and a zorgkas: Levering out, Beslissing and Afrekening in."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.lezen import kind, tekst, tekst_of_none, waar
from gateway.berichten.names import COMMON, ZORGKAS
from gateway.wire.build import b64, sub, sub_als


@dataclass(frozen=True, kw_only=True)
class Levering:
    """An accepted message for its zorgkas: the sender's own bytes and the gateway's signed report."""

    message_id: str
    zorgkas: str
    pijler: str
    soort: str
    """aanvraag or factuur."""
    test: bool
    uitkomst: str
    dossiernummer: str | None
    content_type: str
    origineel: bytes
    sha256: bytes
    validatieverslag: bytes


@dataclass(frozen=True, kw_only=True)
class ZorgkasBeslissing:
    """What a zorgkas decided on a message that was in beraad."""

    message_id: str
    zorgkas: str
    uitkomst: str
    motivering: str


@dataclass(frozen=True, kw_only=True)
class Afrekening:
    """A zorgkas's settlement of a zending, in cents."""

    message_id: str
    zorgkas: str
    gevraagd: int
    aanvaard: int
    geweigerd: int
    betaalreferentie: str
    geweigerde_lijnen: tuple[tuple[str, int, str, str], ...]
    """Invoice number, line number, code, reason."""


def schrijf_levering(levering: Levering) -> bytes:
    """The content of a blob for a zorgkas."""
    element = etree.Element(f"{{{ZORGKAS}}}Levering", nsmap={"z": ZORGKAS, "c": COMMON})
    sub(element, ZORGKAS, "MessageId", levering.message_id)
    sub(element, ZORGKAS, "Zorgkas", levering.zorgkas)
    sub(element, ZORGKAS, "Pijler", levering.pijler)
    sub(element, ZORGKAS, "Soort", levering.soort)
    sub(element, ZORGKAS, "Test", "true" if levering.test else "false")
    sub(element, ZORGKAS, "Uitkomst", levering.uitkomst)
    sub_als(element, ZORGKAS, "Dossiernummer", levering.dossiernummer)
    sub(element, ZORGKAS, "Origineel", b64(levering.origineel), ContentType=levering.content_type, Sha256=b64(levering.sha256))
    sub(element, ZORGKAS, "Validatieverslag", b64(levering.validatieverslag))
    return etree.tostring(element, xml_declaration=True, encoding="utf-8")


def lees_levering(element: Element) -> Levering:
    """Read a schema-valid Levering."""
    origineel = kind(element, ZORGKAS, "Origineel")
    return Levering(
        message_id=tekst(element, ZORGKAS, "MessageId"),
        zorgkas=tekst(element, ZORGKAS, "Zorgkas"),
        pijler=tekst(element, ZORGKAS, "Pijler"),
        soort=tekst(element, ZORGKAS, "Soort"),
        test=waar(tekst(element, ZORGKAS, "Test")),
        uitkomst=tekst(element, ZORGKAS, "Uitkomst"),
        dossiernummer=tekst_of_none(element, ZORGKAS, "Dossiernummer"),
        content_type=origineel.get("ContentType", ""),
        origineel=base64.b64decode(origineel.text or ""),
        sha256=base64.b64decode(origineel.get("Sha256", "")),
        validatieverslag=base64.b64decode(tekst(element, ZORGKAS, "Validatieverslag")),
    )


def lees_adres(element: Element) -> tuple[str, str]:
    """(MessageId, Zorgkas) of any schema-valid document for a zorgkas: a Levering or a Mededeling."""
    return tekst(element, ZORGKAS, "MessageId"), tekst(element, ZORGKAS, "Zorgkas")


def lees_beslissing(element: Element) -> ZorgkasBeslissing:
    """Read a schema-valid Beslissing."""
    return ZorgkasBeslissing(
        message_id=tekst(element, ZORGKAS, "MessageId"),
        zorgkas=tekst(element, ZORGKAS, "Zorgkas"),
        uitkomst=tekst(element, ZORGKAS, "Uitkomst"),
        motivering=tekst(element, ZORGKAS, "Motivering"),
    )


def lees_afrekening(element: Element) -> Afrekening:
    """Read a schema-valid Afrekening."""
    return Afrekening(
        message_id=tekst(element, ZORGKAS, "MessageId"),
        zorgkas=tekst(element, ZORGKAS, "Zorgkas"),
        gevraagd=int(tekst(element, ZORGKAS, "Gevraagd")),
        aanvaard=int(tekst(element, ZORGKAS, "Aanvaard")),
        geweigerd=int(tekst(element, ZORGKAS, "Geweigerd")),
        betaalreferentie=tekst(element, ZORGKAS, "Betaalreferentie"),
        geweigerde_lijnen=tuple(
            (
                tekst(lijn, ZORGKAS, "Factuurnummer"),
                int(tekst(lijn, ZORGKAS, "Volgnummer")),
                tekst(lijn, ZORGKAS, "Code"),
                tekst(lijn, ZORGKAS, "Motivering"),
            )
            for lijn in element.iterchildren(f"{{{ZORGKAS}}}GeweigerdeLijn")
        ),
    )
