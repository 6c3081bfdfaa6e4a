"""Generic checks of an aanvraag against the person's other dossiers and the facility's places; a cookbook names them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from gateway.central.bevinding import AANTAL, TEKST, TEKSTEN, Bevinding, controle, optioneel
from gateway.central.geval import Geval
from gateway.central.kalender import maanden_na
from gateway.central.model import Verblijf

_DAG = timedelta(days=1)


def _andere(g: Geval) -> Iterator[Verblijf]:
    nummer = g.bericht.dossiernummer
    return (v for v in g.context.verblijven if v.telt and v.dossiernummer != nummer)


@controle("aanvraag")
def dubbel_verblijf(g: Geval) -> Iterator[Bevinding]:
    for ander in _andere(g):
        eigen = ander.voorziening == g.aanvraag.voorziening and ander.pijler == g.aanvraag.hoofding.pijler
        if eigen and ander.overlapt(g.dag, None):
            yield g.op(g.dagveld, "geen lopend verblijf in deze voorziening", f"dossier {ander.dossiernummer}")


@controle("aanvraag", pijlers=TEKSTEN, types=optioneel(TEKSTEN))
def overlappend_verblijf(g: Geval) -> Iterator[Bevinding]:
    """No stay elsewhere from this day on; the day of moving may count at both facilities (facts vsb.md §5.7)."""
    for ander in _andere(g):
        elders = (ander.voorziening, ander.pijler) != (g.aanvraag.voorziening, g.aanvraag.hoofding.pijler)
        if elders and _past(g, ander) and ander.overlapt(g.dag + _DAG, None):
            tot = "lopend" if ander.einde is None else f"tot {ander.einde}"
            yield g.op(g.dagveld, "geen verblijf elders, de verhuisdag niet meegerekend", f"verblijf elders, {tot}")


@controle("aanvraag", pijlers=TEKSTEN, types=optioneel(TEKSTEN))
def cumul(g: Geval) -> Iterator[Bevinding]:
    """No dossier of these pillars covers the care date."""
    for ander in _andere(g):
        if _past(g, ander) and ander.dekt(g.dag):
            yield g.op(g.dagveld, f"geen dossier in {', '.join(g.par('pijlers'))} op die dag", f"een dossier sinds {ander.start}")


def _past(g: Geval, ander: Verblijf) -> bool:
    pijlers, types = g.par("pijlers"), g.par("types")
    return ("*" in pijlers or ander.pijler in pijlers) and (types is None or ander.type_verblijf in types)


def _eigen(g: Geval) -> Iterator[Verblijf]:
    """Earlier dossiers of this pillar, at any facility, of the same type."""
    veld = g.bericht.soort.type
    eigen_type = None if veld is None else g.bericht.waarde(veld)
    for ander in _andere(g):
        if ander.pijler == g.aanvraag.hoofding.pijler and (eigen_type is None or ander.type_verblijf == eigen_type):
            yield ander


@controle("aanvraag", aantal=AANTAL)
def hoogstens_per_jaar(g: Geval) -> Iterator[Bevinding]:
    """At most so many of this type for a person in the calendar year of the care date, at all facilities together."""
    keren = sum(v.start.year == g.dag.year for v in _eigen(g))
    if keren >= g.par("aantal"):
        yield g.op(g.dagveld, f"hoogstens {g.par('aantal')} in {g.dag.year}", f"al {keren}")


@controle("aanvraag", aantal=AANTAL)
def hoogstens_ooit(g: Geval) -> Iterator[Bevinding]:
    keren = sum(1 for _ in _eigen(g))
    if keren >= g.par("aantal"):
        yield g.op(g.dagveld, f"hoogstens {g.par('aantal')} per persoon", f"al {keren}")


@controle("aanvraag", maanden=AANTAL)
def wachttijd(g: Geval) -> Iterator[Bevinding]:
    """So many months lie between two of one type for a person, whichever came first."""
    for ander in _eigen(g):
        eerst, laatst = sorted((ander.start, g.dag))
        if laatst < maanden_na(eerst, g.par("maanden")):
            yield g.op(g.dagveld, f"{maanden_na(eerst, g.par('maanden'))} of later", f"{g.dag}, vorige op {ander.start}")


@controle("aanvraag", veld=TEKST)
def loopt_al_voor(g: Geval) -> Iterator[Bevinding]:
    """No dossier of this type with the same value in this field runs for the person."""
    eigen = g.bericht.waarde(g.par("veld"))
    for ander in _eigen(g):
        waarde = ander.gebeurtenissen[0].velden.get(g.par("veld")) if ander.gebeurtenissen else None
        if ander.overlapt(g.dag, None) and waarde is not None and waarde == eigen:
            yield g.op(g.par("veld"), "één tegelijk", f"een lopend dossier sinds {ander.start}")


@controle("aanvraag")
def capaciteit(g: Geval) -> Iterator[Bevinding]:
    """The facility has a recognised place left in the calendar year (facts vsb.md §4.1)."""
    plaatsen = g.context.capaciteit
    if plaatsen is not None and g.context.bezet >= plaatsen:
        yield g.op(g.dagveld, f"hoogstens {plaatsen} plaatsen in {g.dag.year}", f"{g.context.bezet} bezet")


@controle("aanvraag", lijst=TEKST)
def hernieuwingstermijn(g: Geval) -> Iterator[Bevinding]:
    """The same product group is not asked again within its term, in months, that the list gives as description."""
    groep = g.bericht.waarde(g.bericht.soort.type or "") or ""
    waarde = g.cookbook.lijsten[g.par("lijst")].get(groep)
    if waarde is None or not waarde.omschrijving.isdigit():
        return
    for ander in _eigen(g):
        vroegst: date = maanden_na(ander.start, int(waarde.omschrijving))
        if ander.einde is None and g.dag < vroegst:
            yield g.op(g.dagveld, f"{vroegst} of later", f"{g.dag}, vorige op {ander.start}")
