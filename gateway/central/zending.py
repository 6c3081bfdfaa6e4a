"""Judge a zending in two passes: can it be taken for treatment (DF011 or DF012), then is each record right."""

from __future__ import annotations

from datetime import date

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central import controles_lijn, controles_zending  # noqa: F401
from gateway.central.bevinding import CONTROLES
from gateway.central.controles_lijn import dagen
from gateway.central.cookbook import Cookbook, Familie, Regel
from gateway.central.model import Ernst, Factuurfout, Uitkomst, ZendingContext, Zendingresultaat

AANVAARD, MET_FOUTEN, GEWEIGERD = "INHOUD-AANVAARD", "INHOUD-920098", "INHOUD-920099"


def controleer_zending(zending: Zending, context: ZendingContext, cookbook: Cookbook) -> tuple[Factuurfout, ...]:
    """Technical errors beyond the schema; any of severity B or F means DF012-920999 (facts vsb.md §5.1)."""
    return _draai(cookbook.regels_van(Familie.ZENDING_TECHNISCH), zending, context, cookbook)


def beoordeel_zending(zending: Zending, context: ZendingContext, cookbook: Cookbook) -> Zendingresultaat:
    """Result of the content validation.

    The share is rejected detail records over all detail records; strictly above the cookbook's threshold, or with a
    blocking error, the whole zending is refused (facts vsb.md §5.2, assumption for VSB).
    """
    regels = cookbook.regels_van(Familie.ZENDING_INHOUD)
    fouten = _draai(regels, zending, context, cookbook)
    slechte_facturen = {f.factuurnummer for f in fouten if f.ernst is Ernst.FACTUUR}
    slechte_lijnen = {(f.factuurnummer, f.volgnummer) for f in fouten if f.ernst is Ernst.RECORD}
    lijnen = [(factuur, lijn) for factuur in zending.facturen for lijn in factuur.lijnen]
    goed = [
        (factuur, lijn)
        for factuur, lijn in lijnen
        if factuur.factuurnummer not in slechte_facturen and (factuur.factuurnummer, lijn.volgnummer) not in slechte_lijnen
    ]
    aandeel = 100 * (len(lijnen) - len(goed)) / len(lijnen)
    gevraagd = sum(lijn.bedrag for _, lijn in lijnen)
    blokkerend = any(f.ernst is Ernst.BLOKKEREND for f in fouten)
    label = GEWEIGERD if blokkerend or aandeel > cookbook.drempel else MET_FOUTEN if aandeel else AANVAARD
    if label == GEWEIGERD:
        goed = []
    aanvaard = sum(lijn.bedrag for _, lijn in goed)
    return Zendingresultaat(
        label=label,
        uitkomst=Uitkomst.GEWEIGERD if label == GEWEIGERD else Uitkomst.AANVAARD,
        fouten=fouten,
        gevraagd=gevraagd,
        aanvaard=aanvaard,
        geweigerd=gevraagd - aanvaard,
        foutpercentage=aandeel,
        aanvaarde_dagen=_sleutels([(f, x) for f, x in goed if f.type_facturering != "3"]),
        gecrediteerde_dagen=_sleutels([(f, x) for f, x in goed if f.type_facturering == "3"]),
        gecontroleerd=tuple(r.id for r in regels),
    )


def _sleutels(lijnen: list[tuple[Factuur, Lijn]]) -> tuple[tuple[str, str, date], ...]:
    return tuple((factuur.insz, lijn.prestatiecode, d) for factuur, lijn in lijnen for d in dagen(lijn))


def _draai(regels: tuple[Regel, ...], zending: Zending, context: ZendingContext, cookbook: Cookbook) -> tuple[Factuurfout, ...]:
    return tuple(
        Factuurfout(
            code=regel.id,
            ernst=regel.ernst or Ernst.RECORD,
            tekst=regel.tekst,
            tekst_en=regel.tekst_en,
            record=b.record,
            zone=b.zone,
            factuurnummer=b.factuurnummer,
            volgnummer=b.volgnummer,
            plaats=b.plaats,
            regel=b.regel,
            verwacht=b.verwacht,
            gevonden=b.gevonden,
            remedie=regel.remedie,
        )
        for regel in regels
        for b in CONTROLES["zending", regel.controle](zending, context, cookbook, regel)
    )
