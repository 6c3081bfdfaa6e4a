"""/soap/verzekerbaarheid/v1: which zorgkas insures this person on which days, without payment commitment."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from lxml import etree
from lxml.etree import _Element as Element
from sqlalchemy import Connection, insert, select

from gateway.berichten.aanvraag import lees_hoofding
from gateway.berichten.lezen import datum, kind, tekst, tekst_of_none
from gateway.berichten.names import COMMON, VERZEKERBAARHEID
from gateway.central.identificatie import geldig_insz
from gateway.central.model import Persoon
from gateway.diensten.kern import Bewezen, Dienst, Gateway, check_afzender
from gateway.observe import logs
from gateway.reference import lookup
from gateway.refusal import Code, Refusal
from gateway.routing.route import Deelperiode, Mutatie, deelperioden, mutaties
from gateway.store.slot import slot
from gateway.store.tables import raadpleging
from gateway.trust.admission import Claim, check_facility, check_software
from gateway.wire.build import moment, sub, sub_als
from gateway.wire.c14n import exclusive
from gateway.wire.names import q

DIENST = Dienst(
    naam="verzekerbaarheid",
    wsdl="verzekerbaarheid.wsdl",
    generic_async=False,
    voor_voorzieningen=True,
    operaties={q(VERZEKERBAARHEID, "RaadplegenRequest"): f"{VERZEKERBAARHEID}:Raadplegen"},
)
MAX_PERIODE = timedelta(days=5 * 366)
"""Longest period of one question (assumption)."""

_DETAILS = {
    "10": ("INPUT_ERROR", "ontbreekt", "missing"),
    "11": ("INPUT_ERROR", "heeft niet de vorm van 11 cijfers", "wrong format"),
    "12": ("INPUT_ERROR", "heeft een fout controlegetal", "wrong check digit"),
    "23": ("NO_IO_ERROR", "is niet gekend", "number not found"),
    "31": ("INPUT_ERROR", "ligt voor het begin", "end before start"),
    "32": ("INPUT_ERROR", "maakt de periode langer dan toegelaten", "period not allowed"),
}
"""GenIns detail codes (facts ehealth.md §3.11)."""


def behandel(gateway: Gateway, bewezen: Bewezen) -> Element:
    """Answer one question.

    Raises:
        Refusal: the sender may not ask.
    """
    hoofding = lees_hoofding(kind(bewezen.payload, VERZEKERBAARHEID, "Hoofding"))
    gateway.cookbook(hoofding.pijler, "/RaadplegenRequest/Hoofding/Pijler")
    gateway.check_environment(hoofding.test, "/RaadplegenRequest/Hoofding/Test")
    afzender = hoofding.afzender
    place = "/RaadplegenRequest/Hoofding/Afzender"
    check_afzender(bewezen, afzender.riziv, f"{place}/RizivNummer")
    claim = Claim(
        afzender=afzender.riziv,
        voorziening=afzender.riziv,
        pijler=hoofding.pijler,
        zorgdatum=bewezen.vandaag,
        vandaag=bewezen.vandaag,
        place=f"{place}/RizivNummer",
    )
    insz = tekst(bewezen.payload, VERZEKERBAARHEID, "Insz")
    logs.bind_person(insz)
    periode = kind(bewezen.payload, VERZEKERBAARHEID, "Periode")
    van = datum(tekst(periode, COMMON, "Van"))
    einde = tekst_of_none(periode, COMMON, "Tot")
    tot = van if einde is None else datum(einde)
    vraag_sha256 = hashlib.sha256(exclusive(bewezen.payload)).hexdigest()
    with gateway.store.writing() as conn:
        _check_id(conn, f"riziv:{bewezen.identity.number}", hoofding.bericht_id, vraag_sha256)
        check_facility(conn, claim)
        check_software(
            lookup.attest(conn, afzender.software.attest),
            claim=claim,
            versie=afzender.software.versie,
            place=f"{place}/Software/Attest",
            genoemd=afzender.software.attest,
        )
        fout = _invoerfout(insz, van, tot)
        persoon = lookup.persoon(conn, insz) if fout is None else None
        if fout is None:
            conn.execute(
                insert(raadpleging).values(
                    tijdstip=bewezen.now,
                    afzender=f"riziv:{bewezen.identity.number}",
                    bericht_id=hoofding.bericht_id,
                    insz=insz,
                    van=van,
                    tot=tot,
                    inhoud_sha256=vraag_sha256,
                )
            )
            if persoon is None:
                fout = ("23", "/RaadplegenRequest/Insz", "INSZ")
    response = etree.Element(q(VERZEKERBAARHEID, "RaadplegenResponse"), nsmap={"v": VERZEKERBAARHEID, "c": COMMON})
    sub(response, VERZEKERBAARHEID, "BerichtId", hoofding.bericht_id)
    sub(response, VERZEKERBAARHEID, "Tijdstip", moment(bewezen.now))
    if fout is not None:
        _schrijf_fout(response, *fout)
    else:
        _schrijf_perioden(response, persoon, deelperioden(persoon, van, tot), mutaties(persoon, van, tot) if persoon else ())
    return response


def _check_id(conn: Connection, afzender: str, bericht_id: str, sha256: str) -> None:
    """The same question may be asked again, under its own id only; the answer is of that moment.

    Raises:
        Refusal: ID_REUSED for another question under an id that was used.
    """
    slot(conn, f"{afzender}/vraag/{bericht_id}")
    used = conn.execute(
        select(raadpleging.c.inhoud_sha256, raadpleging.c.tijdstip)
        .where(raadpleging.c.afzender == afzender, raadpleging.c.bericht_id == bericht_id)
        .limit(1)
    ).first()
    if used is not None and used.inhoud_sha256 not in (None, sha256):
        raise Refusal(
            Code.ID_REUSED,
            place="/RaadplegenRequest/Hoofding/BerichtId",
            found=f"eerste ontvangst {used.tijdstip:%Y-%m-%dT%H:%M:%SZ}",
        )


def _invoerfout(insz: str, van: date, tot: date) -> tuple[str, str, str] | None:
    plaats = "/RaadplegenRequest/Insz"
    if not insz:
        return "10", plaats, "INSZ"
    if len(insz) != 11 or not (insz.isascii() and insz.isdecimal()):
        return "11", plaats, "INSZ"
    if not geldig_insz(insz):
        return "12", plaats, "INSZ"
    if tot < van:
        return "31", "/RaadplegenRequest/Periode/Tot", "Einddatum"
    if tot - van > MAX_PERIODE:
        return "32", "/RaadplegenRequest/Periode/Tot", "Einddatum"
    return None


def _schrijf_fout(response: Element, code: str, plaats: str, wat: str) -> None:
    familie, nl, en = _DETAILS[code]
    fout = sub(response, VERZEKERBAARHEID, "Fout")
    sub(fout, VERZEKERBAARHEID, "FaultCode", familie)
    sub(fout, VERZEKERBAARHEID, "FaultSource", "VSB")
    sub(fout, VERZEKERBAARHEID, "Tekst", f"{wat} {nl}.")
    sub(fout, VERZEKERBAARHEID, "TekstEn", f"{wat}: {en}.")
    detail = sub(fout, VERZEKERBAARHEID, "Detail")
    sub(detail, VERZEKERBAARHEID, "DetailCode", code)
    sub(detail, VERZEKERBAARHEID, "Plaats", plaats)
    sub(detail, VERZEKERBAARHEID, "Tekst", f"{wat} {nl}.")


def _schrijf_perioden(
    response: Element, persoon: Persoon | None, perioden: tuple[Deelperiode, ...], overgangen: tuple[Mutatie, ...]
) -> None:
    if persoon is not None:
        element = sub(response, VERZEKERBAARHEID, "Persoon")
        for naam, waarde in (
            ("Insz", persoon.insz),
            ("Naam", persoon.naam),
            ("Voornaam", persoon.voornaam),
            ("Geboortedatum", persoon.geboortedatum),
            ("Geslacht", persoon.geslacht),
            ("Adres", persoon.adres),
            ("Overlijdensdatum", persoon.overlijdensdatum),
        ):
            sub_als(element, VERZEKERBAARHEID, naam, waarde)
    for periode in perioden:
        element = sub(response, VERZEKERBAARHEID, "Deelperiode")
        sub(element, VERZEKERBAARHEID, "Van", periode.van.isoformat())
        sub(element, VERZEKERBAARHEID, "Tot", periode.tot.isoformat())
        sub(element, VERZEKERBAARHEID, "Status", periode.status)
        sub_als(element, VERZEKERBAARHEID, "Zorgkas", periode.zorgkas)
        sub_als(element, VERZEKERBAARHEID, "Aansluitingstype", periode.type)
    for overgang in overgangen:
        element = sub(response, VERZEKERBAARHEID, "Mutatie")
        sub(element, VERZEKERBAARHEID, "Datum", overgang.datum.isoformat())
        sub(element, VERZEKERBAARHEID, "Soort", overgang.soort)
        sub_als(element, VERZEKERBAARHEID, "VanZorgkas", overgang.van_zorgkas)
        sub_als(element, VERZEKERBAARHEID, "NaarZorgkas", overgang.naar_zorgkas)
