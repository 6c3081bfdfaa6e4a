"""Decide on an aanvraag: run every rule of the cookbook, then let the strongest effect decide."""

from __future__ import annotations

from datetime import date

from gateway.berichten.aanvraag import Aanvraag, Annulering, EindeVerblijf, StartVerblijf
from gateway.central import controles_aanvraag  # noqa: F401
from gateway.central.bevinding import CONTROLES
from gateway.central.cookbook import Cookbook, Familie
from gateway.central.model import AanvraagContext, Beslissing, Effect, Reden, Uitkomst


def beoordeel_aanvraag(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook) -> Beslissing:
    """The decision, with every rule that ran and every reason that fired.

    A refusal wins over in beraad; a signal changes nothing (facts vsb.md §4.0).
    """
    regels = cookbook.regels_van(Familie.AANVRAAG, aanvraag.soort)
    redenen = tuple(
        Reden(
            code=regel.id,
            effect=regel.effect or Effect.GEWEIGERD,
            tekst=regel.tekst,
            tekst_en=regel.tekst_en,
            plaats=b.plaats,
            regel=b.regel,
            verwacht=b.verwacht,
            gevonden=b.gevonden,
            remedie=regel.remedie,
            bron=regel.bron,
        )
        for regel in regels
        for b in CONTROLES["aanvraag", regel.controle].functie(aanvraag, context, cookbook, regel)
    )
    effecten = {r.effect for r in redenen}
    uitkomst = Uitkomst.AANVAARD
    if Effect.GEWEIGERD in effecten:
        uitkomst = Uitkomst.GEWEIGERD
    elif Effect.IN_BERAAD in effecten:
        uitkomst = Uitkomst.IN_BERAAD
    return Beslissing(
        uitkomst=uitkomst,
        redenen=redenen,
        referentiedatum=_referentiedatum(aanvraag, context),
        gecontroleerd=tuple(r.id for r in regels),
    )


def _referentiedatum(aanvraag: Aanvraag, context: AanvraagContext) -> date:
    match aanvraag.kennisgeving:
        case StartVerblijf(startdatum=dag) | EindeVerblijf(einddatum=dag):
            return dag
        case Annulering(dossiernummer=nummer):
            return next((v.start for v in context.verblijven if v.dossiernummer == nummer), context.vandaag)
