"""Decide on an aanvraag: run every rule of the cookbook, then let the strongest effect decide."""

from __future__ import annotations

from datetime import date

from gateway.berichten.aanvraag import Aanvraag
from gateway.central import controles_cumul, controles_dossier, controles_persoon, controles_veld  # noqa: F401
from gateway.central.bevinding import CONTROLES, Bevinding
from gateway.central.cookbook import Cookbook, Familie, Regel
from gateway.central.geval import Geval
from gateway.central.model import AanvraagContext, Beslissing, Effect, Reden, Uitkomst


def beoordeel_aanvraag(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook) -> Beslissing:
    """The decision, with every rule that ran and every reason that fired.

    A refusal wins over in beraad; a signal changes nothing (facts vsb.md §4.0).
    """
    gevallen = [Geval(aanvraag, context, cookbook, r) for r in cookbook.regels_van(Familie.AANVRAAG, aanvraag.soort)]
    gevraagd = [g for g in gevallen if g.geldt()]
    redenen = tuple(_reden(g.regel, b) for g in gevraagd for b in CONTROLES["aanvraag", g.regel.controle].functie(g))
    effecten = {r.effect for r in redenen}
    uitkomst = Uitkomst.AANVAARD
    if Effect.GEWEIGERD in effecten:
        uitkomst = Uitkomst.GEWEIGERD
    elif Effect.IN_BERAAD in effecten:
        uitkomst = Uitkomst.IN_BERAAD
    return Beslissing(
        uitkomst=uitkomst,
        redenen=redenen,
        referentiedatum=zorgdatum(aanvraag, context),
        gecontroleerd=tuple(g.regel.id for g in gevraagd),
    )


def zorgdatum(aanvraag: Aanvraag, context: AanvraagContext) -> date:
    """The day that decides which zorgkas: the message's own, else its dossier's start, else the day of receipt."""
    dag = aanvraag.kennisgeving.zorgdatum
    if dag is not None:
        return dag
    nummer = aanvraag.kennisgeving.dossiernummer
    return next((v.start for v in context.verblijven if v.dossiernummer == nummer), context.vandaag)


def _reden(regel: Regel, bevinding: Bevinding) -> Reden:
    return Reden(
        code=regel.id,
        effect=regel.effect or Effect.GEWEIGERD,
        tekst=regel.tekst,
        tekst_en=regel.tekst_en,
        plaats=bevinding.plaats,
        regel=bevinding.regel,
        verwacht=bevinding.verwacht,
        gevonden=bevinding.gevonden,
        remedie=regel.remedie,
        bron=regel.bron,
    )
