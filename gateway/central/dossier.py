"""A dossier from its messages: pure, so that any day's view is made anew from the events, and a correction never loses one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from gateway.berichten.aanvraag import Aanvraag
from gateway.berichten.lezen import datum
from gateway.berichten.soorten import SOORTEN, Werking
from gateway.central.model import Effect, Gebeurtenis, Reden, Status, Verblijf

EENMALIG = "eenmalig"
"""Type of a dossier whose kind of message names none."""
_LANG = ("Motivering", "Overmacht")
"""Texts that stay in the message itself."""

VERVALLEN = Reden(
    code="VSB_BERAAD_001",
    effect=Effect.GEWEIGERD,
    tekst="De zorgkas besliste niet binnen de termijn; het bericht is geweigerd.",
    tekst_en="The zorgkas did not decide within the term; the message is refused.",
    remedie="Dien opnieuw in, of neem contact op met de zorgkas.",
    bron="facts vsb.md 4.0",
)
"""The reason of a message that waited past the term of its pillar."""


def gebeurtenis_van(aanvraag: Aanvraag, message_id: str, uitkomst: str, dag: date) -> Gebeurtenis:
    """The event that a message is in its dossier.

    Args:
        dag: the care date that its decision counted with.
    """
    kennisgeving = aanvraag.kennisgeving
    return Gebeurtenis(
        message_id=message_id,
        soort=aanvraag.soort,
        dag=dag,
        tot=kennisgeving.laatste_dag,
        velden={pad: waarden[0] for pad, waarden in kennisgeving.velden.items() if pad not in _LANG},
        status=uitkomst,
    )


def open_dossier(aanvraag: Aanvraag, dossiernummer: str, eerste: Gebeurtenis) -> Verblijf:
    """The dossier that a first message opens."""
    leeg = Verblijf(
        dossiernummer=dossiernummer,
        pijler=aanvraag.hoofding.pijler,
        voorziening=aanvraag.voorziening,
        insz=aanvraag.insz,
        start=eerste.dag,
        einde=None,
        type_verblijf=EENMALIG,
        status=eerste.status,
    )
    return met(leeg, (eerste,))


def voeg_toe(dossier: Verblijf, gebeurtenis: Gebeurtenis) -> Verblijf:
    """The dossier with one more event; an accepted annulment takes what it names out of count."""
    return met(dossier, (*dossier.gebeurtenissen, gebeurtenis))


def beslis(dossier: Verblijf, message_id: str, status: str) -> Verblijf:
    """The dossier after the decision on an event that was in beraad."""
    return met(dossier, (replace(g, status=status) if g.message_id == message_id else g for g in dossier.gebeurtenissen))


def met(dossier: Verblijf, gebeurtenissen: Iterable[Gebeurtenis]) -> Verblijf:
    """The dossier that these events make, in their order."""
    alle = tuple(gebeurtenissen)
    weg = {g.velden.get("MessageId", "") for g in alle if _van(g) is Werking.ANNULEERT and g.status == Status.AANVAARD}
    alle = tuple(replace(g, status=Status.GEANNULEERD) if g.message_id in weg and g.telt else g for g in alle)
    eerste = alle[0]
    stand = replace(
        dossier,
        gebeurtenissen=alle,
        status=Status.GEANNULEERD if "" in weg else eerste.status,
        start=eerste.dag,
        einde=eerste.tot if eerste.soort == "Overleg" else None,
        akkoord_tot=eerste.tot,
        type_verblijf=eerste.velden.get(SOORTEN[eerste.soort].type or "", EENMALIG),
        categorie=eerste.velden.get("Zorgcategorie/Categorie"),
    )
    for gebeurtenis in alle[1:]:
        # What is still in beraad changes nothing yet; the zorgkas may say no.
        if gebeurtenis.status == Status.AANVAARD:
            stand = _na(stand, gebeurtenis)
    return stand


def _van(gebeurtenis: Gebeurtenis) -> Werking:
    return SOORTEN[gebeurtenis.soort].werking


def _na(stand: Verblijf, gebeurtenis: Gebeurtenis) -> Verblijf:
    velden = gebeurtenis.velden
    match _van(gebeurtenis):
        case Werking.VERLENGT:
            return replace(stand, akkoord_tot=gebeurtenis.tot)
        case Werking.BEEINDIGT:
            return replace(stand, einde=gebeurtenis.dag)
        case Werking.WIJZIGT:
            start, einde = velden.get("Correctie/Startdatum"), velden.get("Correctie/Einddatum")
            return replace(
                stand,
                insz=velden.get("NieuwInsz", stand.insz),
                type_verblijf=velden.get("TypeVerblijf", stand.type_verblijf),
                categorie=velden.get("Zorgcategorie/Categorie", stand.categorie),
                start=stand.start if start is None else datum(start),
                einde=stand.einde if einde is None else datum(einde),
            )
        case _:
            return stand
