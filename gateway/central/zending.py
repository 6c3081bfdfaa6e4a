"""Judge a zending in two passes: can it be taken for treatment (DF011 or DF012), then is each record right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.central import controles_aandeel, controles_dagen, controles_lijn, controles_zending  # noqa: F401
from gateway.central.bevinding import CONTROLES, Bevinding, soort_van
from gateway.central.cookbook import Cookbook, Familie, Regel
from gateway.central.model import Ernst, Factuurfout, Uitkomst, ZendingContext
from gateway.central.resultaat import Zendingresultaat

AANVAARD, MET_FOUTEN, GEWEIGERD = "INHOUD-AANVAARD", "INHOUD-920098", "INHOUD-920099"


def controleer_zending(zending: Zending, context: ZendingContext, cookbook: Cookbook) -> tuple[Factuurfout, ...]:
    """Technical errors beyond the schema; any of severity B or F means DF012-920999 (facts vsb.md §5.1)."""
    return _fouten(cookbook.regels_van(Familie.ZENDING_TECHNISCH), zending, context, cookbook)


def beoordeel_zending(zending: Zending, context: ZendingContext, cookbook: Cookbook) -> Zendingresultaat:
    """Result of the content validation.

    The share is rejected detail records over all detail records; strictly above the cookbook's threshold, or with a
    blocking error, the whole zending is refused (facts vsb.md §5.2, assumption for VSB).
    """
    regels = cookbook.regels_van(Familie.ZENDING_INHOUD)
    afgeleid = cookbook.regels_van(Familie.ZENDING_AFGELEID)
    fouten = _fouten(regels, zending, context, cookbook)
    fouten += _fouten(afgeleid, zending, context, cookbook, _geweigerd(fouten))
    geweigerd = _geweigerd(fouten)
    alle = [(factuur, lijn) for factuur in zending.facturen for lijn in factuur.lijnen]
    slecht = [x for x in alle if geweigerd(*x)] if fouten else []
    aandeel = 100 * len(slecht) / len(alle)
    gevraagd = sum(lijn.bedrag for _, lijn in alle)
    blokkerend = any(f.ernst is Ernst.BLOKKEREND for f in fouten)
    label = GEWEIGERD if blokkerend or aandeel > cookbook.drempel else MET_FOUTEN if aandeel else AANVAARD
    goed: list[tuple[Factuur, Lijn]] = []
    if label != GEWEIGERD:
        goed = [x for x in alle if not geweigerd(*x)] if slecht else alle
    aanvaard = sum(lijn.bedrag for _, lijn in goed)
    return Zendingresultaat(
        label=label,
        uitkomst=Uitkomst.GEWEIGERD if label == GEWEIGERD else Uitkomst.AANVAARD,
        fouten=fouten,
        gevraagd=gevraagd,
        aanvaard=aanvaard,
        geweigerd=gevraagd - aanvaard,
        foutpercentage=aandeel,
        aanvaard_per_lijn=goed,
        geweigerd_per_lijn=slecht if goed else (),
        gecontroleerd=tuple(r.id for r in (*regels, *afgeleid)),
    )


def _geweigerd(fouten: tuple[Factuurfout, ...]) -> Callable[[Factuur, Lijn], bool]:
    facturen = {f.factuurnummer for f in fouten if f.ernst is Ernst.FACTUUR}
    records = {(f.factuurnummer, f.volgnummer) for f in fouten if f.ernst is Ernst.RECORD}
    return lambda factuur, lijn: factuur.factuurnummer in facturen or (factuur.factuurnummer, lijn.volgnummer) in records


def _fouten(
    regels: tuple[Regel, ...], zending: Zending, context: ZendingContext, cookbook: Cookbook, *rest: object
) -> tuple[Factuurfout, ...]:
    def bevindingen(regel: Regel) -> Iterator[Bevinding]:
        return CONTROLES[soort_van(regel.familie), regel.controle].functie(zending, context, cookbook, regel, *rest)

    return tuple(_fout(regel, b) for regel in regels for b in bevindingen(regel))


def _fout(regel: Regel, b: Bevinding) -> Factuurfout:
    return Factuurfout(
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
