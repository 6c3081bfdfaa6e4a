"""Who may send an aanvraag, and what is on record to judge it with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from gateway.berichten.aanvraag import Aanvraag
from gateway.berichten.soorten import Werking
from gateway.central.aanvraag import zorgdatum
from gateway.central.cookbook import Cookbook
from gateway.central.model import AanvraagContext
from gateway.clock import BRUSSELS
from gateway.reference import lookup
from gateway.reference.geheugen import Stand
from gateway.store import dossiers, zendingen
from gateway.trust.admission import Claim, check_facility, check_software

_PLAATS = "/IndienenRequest/Aanvraag"


def gegevens(conn: Connection, register: Stand, now: datetime, aanvraag: Aanvraag, cookbook: Cookbook) -> AanvraagContext:
    """All that is on record of the person, the facility and its place, to judge an aanvraag with."""
    verblijven = dossiers.verblijven_van(conn, aanvraag.insz)
    eigen = [v for v in verblijven if v.voorziening == aanvraag.voorziening]
    laatst = {v.dossiernummer: zendingen.laatst_gefactureerd(conn, v.voorziening, v.insz, v.start, v.einde) for v in eigen}
    context = AanvraagContext(
        ontvangen_op=now.astimezone(BRUSSELS),
        persoon=lookup.persoon(conn, aanvraag.insz),
        verblijven=verblijven,
        laatst_gefactureerd={nummer: dag for nummer, dag in laatst.items() if dag is not None},
    )
    opent = aanvraag.kennisgeving.soort.werking is Werking.OPENT
    return _met_plaatsen(conn, register, aanvraag, context) if opent and cookbook.heeft("capaciteit") else context


def _met_plaatsen(conn: Connection, register: Stand, aanvraag: Aanvraag, context: AanvraagContext) -> AanvraagContext:
    riziv, pijler, dag = aanvraag.voorziening, aanvraag.hoofding.pijler, zorgdatum(aanvraag, context)
    plaatsen = register.vraag(("plaatsen", riziv, pijler, dag), partial(lookup.plaatsen, conn, riziv, pijler, dag))
    if plaatsen is None:
        return context
    return replace(context, capaciteit=plaatsen, bezet=dossiers.bezet(conn, riziv, pijler, dag, aanvraag.insz))


def toelaten(conn: Connection, register: Stand, aanvraag: Aanvraag, context: AanvraagContext) -> None:
    """Whether this facility and this software may send this aanvraag.

    Raises:
        Refusal: no recognition, mandate, declaration or attest on the day of care.
    """
    afzender = aanvraag.hoofding.afzender
    claim = Claim(
        afzender=afzender.riziv,
        voorziening=aanvraag.voorziening,
        pijler=aanvraag.hoofding.pijler,
        zorgdatum=zorgdatum(aanvraag, context),
        vandaag=context.vandaag,
        place=f"{_PLAATS}/Voorziening",
    )

    def vraag() -> bool:
        check_facility(conn, claim)
        check_software(
            lookup.attest(conn, afzender.software.attest),
            claim=claim,
            versie=afzender.software.versie,
            place=f"{_PLAATS}/Hoofding/Afzender/Software",
            genoemd=afzender.software.attest,
        )
        return True

    register.vraag(("toelaten", claim, afzender.software), vraag)
