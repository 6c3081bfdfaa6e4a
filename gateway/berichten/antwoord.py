"""What the central application answers: decisions, results of a zending, proof of receipt, validation reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.names import AANVRAAG, ANTWOORD, COMMON
from gateway.central.model import Factuurfout, Reden
from gateway.wire.build import b64, moment, sub, sub_als, veilig

MAX_FOUTEN = 1_000
"""Errors that one answer names; the rest is counted."""


@dataclass(frozen=True, kw_only=True)
class Bewijs:
    """What was received, from whom, when; the content of a receipt and the head of a validation report."""

    message_id: str
    dienst: str
    afzender: str
    certificaat_sha256: bytes
    bedrijfsreferentie: str
    ontvangen_op: datetime
    octetten: int
    sha256: bytes


@dataclass(frozen=True, kw_only=True)
class Antwoord:
    """Answer to an aanvraag, before its receipt is added."""

    message_id: str
    bericht_id: str
    ontvangen_op: datetime
    uitkomst: str
    zorgkas: str | None
    dossiernummer: str | None
    aflevering: str | None
    """Of an accepted one: onderweg, or uitgesteld when the zorgkas can not be reached for now."""
    redenen: Sequence[Reden]
    ontvangstbewijs: bytes | None
    """None in the answer to a dry run, which proves nothing."""
    proef: bool = False


@dataclass(frozen=True, kw_only=True)
class FacturatieAntwoord:
    """Result of a zending in the facility's mailbox."""

    label: str
    message_id: str
    input_reference: str
    tijdstip: datetime
    zendingnummer: str | None = None
    maand: date | None = None
    zorgkas: str | None = None
    gevraagd: int | None = None
    aanvaard: int | None = None
    geweigerd: int | None = None
    foutpercentage: float | None = None
    betaalreferentie: str | None = None
    fouten: Sequence[Factuurfout] = ()
    ontvangstbewijs: bytes | None = None
    proef: bool = False


def _wortel(ns: str, naam: str) -> Element:
    return etree.Element(f"{{{ns}}}{naam}", nsmap={"an": ANTWOORD, "c": COMMON, **({"a": AANVRAAG} if ns == AANVRAAG else {})})


def schrijf_reden(ouder: Element, reden: Reden) -> None:
    element = sub(ouder, ANTWOORD, "Reden")
    for naam, waarde in (
        ("Code", reden.code),
        ("Effect", reden.effect.value),
        ("Tekst", reden.tekst),
        ("TekstEn", reden.tekst_en),
        ("Plaats", reden.plaats),
        ("Regel", reden.regel),
        ("Verwacht", reden.verwacht),
        ("Gevonden", reden.gevonden),
        ("Remedie", reden.remedie),
        ("Bron", reden.bron),
    ):
        sub_als(element, COMMON, naam, waarde)


def schrijf_antwoord(antwoord: Antwoord) -> Element:
    """An IndienenResponse."""
    response = _wortel(AANVRAAG, "IndienenResponse")
    element = sub(response, AANVRAAG, "Antwoord")
    sub(element, ANTWOORD, "MessageId", antwoord.message_id)
    sub(element, ANTWOORD, "BerichtId", antwoord.bericht_id)
    sub(element, ANTWOORD, "OntvangenOp", moment(antwoord.ontvangen_op))
    sub(element, ANTWOORD, "Uitkomst", antwoord.uitkomst)
    sub_als(element, ANTWOORD, "Zorgkas", antwoord.zorgkas)
    sub_als(element, ANTWOORD, "Dossiernummer", antwoord.dossiernummer)
    sub_als(element, ANTWOORD, "Aflevering", antwoord.aflevering)
    for reden in antwoord.redenen:
        schrijf_reden(element, reden)
    if antwoord.ontvangstbewijs is not None:
        sub(element, ANTWOORD, "Ontvangstbewijs", b64(antwoord.ontvangstbewijs))
    if antwoord.proef:
        element.set("Proef", "true")
    return response


def merk_duplicaat(response: Element) -> Element:
    """Mark a first answer that is given again."""
    response[0].set("Duplicaat", "true")
    return response


def _schrijf_bewijs(ouder: Element, bewijs: Bewijs) -> None:
    element = sub(ouder, ANTWOORD, "Bewijs")
    sub(element, ANTWOORD, "MessageId", bewijs.message_id)
    sub(element, ANTWOORD, "Dienst", bewijs.dienst)
    sub(element, ANTWOORD, "Afzender", bewijs.afzender)
    sub(element, ANTWOORD, "CertificaatSha256", b64(bewijs.certificaat_sha256))
    sub(element, ANTWOORD, "Bedrijfsreferentie", veilig(bewijs.bedrijfsreferentie))
    sub(element, ANTWOORD, "OntvangenOp", moment(bewijs.ontvangen_op))
    sub(element, ANTWOORD, "Octetten", str(bewijs.octetten))
    sub(element, ANTWOORD, "Sha256", b64(bewijs.sha256))


def schrijf_ontvangstbewijs(bewijs: Bewijs) -> Element:
    """An Ontvangstbewijs, still to be sealed."""
    element = _wortel(ANTWOORD, "Ontvangstbewijs")
    _schrijf_bewijs(element, bewijs)
    return element


def schrijf_validatieverslag(
    bewijs: Bewijs,
    *,
    pijler: str,
    cookbook: str,
    controles: Sequence[tuple[str, str]],
    uitkomst: str,
    zorgkas: str,
    referentiedatum: date,
    redenen: Sequence[Reden] = (),
    fouten: Sequence[Factuurfout] = (),
) -> Element:
    """A Validatieverslag, still to be sealed."""
    element = _wortel(ANTWOORD, "Validatieverslag")
    _schrijf_bewijs(element, bewijs)
    sub(element, ANTWOORD, "Pijler", pijler)
    sub(element, ANTWOORD, "Cookbook", cookbook)
    for naam, resultaat in controles:
        controle = sub(element, ANTWOORD, "Controle")
        sub(controle, ANTWOORD, "Naam", naam)
        sub(controle, ANTWOORD, "Resultaat", resultaat)
    sub(element, ANTWOORD, "Uitkomst", uitkomst)
    sub(element, ANTWOORD, "Zorgkas", zorgkas)
    sub(element, ANTWOORD, "Referentiedatum", referentiedatum.isoformat())
    for reden in redenen:
        schrijf_reden(element, reden)
    for fout in fouten[:MAX_FOUTEN]:
        _schrijf_fout(element, fout)
    return element


def _schrijf_fout(ouder: Element, fout: Factuurfout) -> None:
    element = sub(ouder, ANTWOORD, "Fout")
    for naam, waarde in (
        ("Code", fout.code),
        ("Ernst", fout.ernst.value),
        ("Record", fout.record),
        ("Zone", fout.zone),
        ("Factuurnummer", fout.factuurnummer),
        ("Volgnummer", fout.volgnummer),
        ("Tekst", fout.tekst),
        ("TekstEn", fout.tekst_en),
        ("Plaats", fout.plaats),
        ("Regel", fout.regel),
        ("Verwacht", fout.verwacht),
        ("Gevonden", fout.gevonden),
        ("Remedie", fout.remedie),
    ):
        sub_als(element, ANTWOORD, naam, waarde)


def schrijf_facturatie_antwoord(antwoord: FacturatieAntwoord) -> bytes:
    """The content of a blob for the facility's mailbox."""
    return etree.tostring(facturatie_antwoord(antwoord), xml_declaration=True, encoding="utf-8")


def facturatie_antwoord(antwoord: FacturatieAntwoord) -> Element:
    """A FacturatieAntwoord, at most MAX_FOUTEN errors and how many it leaves out."""
    element = _wortel(ANTWOORD, "FacturatieAntwoord")
    if antwoord.proef:
        element.set("Proef", "true")
    sub(element, ANTWOORD, "Label", antwoord.label)
    sub(element, ANTWOORD, "MessageId", antwoord.message_id)
    sub(element, ANTWOORD, "InputReference", antwoord.input_reference)
    sub(element, ANTWOORD, "Tijdstip", moment(antwoord.tijdstip))
    percentage = antwoord.foutpercentage
    for naam, waarde in (
        ("Zendingnummer", antwoord.zendingnummer),
        ("Maand", None if antwoord.maand is None else f"{antwoord.maand:%Y-%m}"),
        ("Zorgkas", antwoord.zorgkas),
        ("Gevraagd", antwoord.gevraagd),
        ("Aanvaard", antwoord.aanvaard),
        ("Geweigerd", antwoord.geweigerd),
        ("Foutpercentage", None if percentage is None else f"{percentage:.2f}"),
        ("Betaalreferentie", antwoord.betaalreferentie),
    ):
        sub_als(element, ANTWOORD, naam, waarde)
    for fout in antwoord.fouten[:MAX_FOUTEN]:
        _schrijf_fout(element, fout)
    if len(antwoord.fouten) > MAX_FOUTEN:
        sub(element, ANTWOORD, "WeggelatenFouten", str(len(antwoord.fouten) - MAX_FOUTEN))
    if antwoord.ontvangstbewijs is not None:
        sub(element, ANTWOORD, "Ontvangstbewijs", b64(antwoord.ontvangstbewijs))
    return element


def schrijf_beslissingbericht(
    *,
    message_id: str,
    bericht_id: str,
    zorgkas: str,
    tijdstip: datetime,
    uitkomst: str,
    dossiernummer: str | None,
    motivering: str,
) -> bytes:
    """The content of a blob that tells the facility what the zorgkas decided."""
    element = _wortel(ANTWOORD, "BeslissingBericht")
    sub(element, ANTWOORD, "MessageId", message_id)
    sub(element, ANTWOORD, "BerichtId", bericht_id)
    sub(element, ANTWOORD, "Zorgkas", zorgkas)
    sub(element, ANTWOORD, "Tijdstip", moment(tijdstip))
    sub(element, ANTWOORD, "Uitkomst", uitkomst)
    sub_als(element, ANTWOORD, "Dossiernummer", dossiernummer)
    sub(element, ANTWOORD, "Motivering", veilig(motivering))
    return etree.tostring(element, xml_declaration=True, encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Levensloop:
    """What became of a message, for its sender."""

    message_id: str
    bericht_id: str
    uitkomst: str | None
    zorgkas: str | None
    dossiernummer: str | None
    aflevering: str | None
    redenen: Sequence[Reden]
    stappen: Sequence[tuple[str, datetime, str, str | None]]
    """Step, moment, actor, remark."""


def schrijf_levensloop(levensloop: Levensloop | None) -> Element:
    """A RaadplegenResponse of the aanvraag service; empty when the sender has no such message."""
    response = _wortel(AANVRAAG, "RaadplegenResponse")
    if levensloop is None:
        return response
    element = sub(response, AANVRAAG, "Levensloop")
    sub(element, ANTWOORD, "MessageId", levensloop.message_id)
    sub(element, ANTWOORD, "BerichtId", levensloop.bericht_id)
    sub_als(element, ANTWOORD, "Uitkomst", levensloop.uitkomst)
    sub_als(element, ANTWOORD, "Zorgkas", levensloop.zorgkas)
    sub_als(element, ANTWOORD, "Dossiernummer", levensloop.dossiernummer)
    sub_als(element, ANTWOORD, "Aflevering", levensloop.aflevering)
    for reden in levensloop.redenen:
        schrijf_reden(element, reden)
    for naam, tijdstip, actor, toelichting in levensloop.stappen:
        stap = sub(element, ANTWOORD, "Stap")
        sub(stap, ANTWOORD, "Naam", naam)
        sub(stap, ANTWOORD, "Tijdstip", moment(tijdstip))
        sub(stap, ANTWOORD, "Actor", actor)
        sub_als(stap, ANTWOORD, "Toelichting", toelichting)
    return response
