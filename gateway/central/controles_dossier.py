"""Generic checks of an aanvraag on its dossier: known, running, in the order of a track; a cookbook chooses them by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from gateway.berichten.lezen import datum
from gateway.central.bevinding import AANTAL, TEKST, TEKSTEN, Bevinding, controle
from gateway.central.geval import Geval
from gateway.central.kalender import maanden_na
from gateway.central.model import Status

_DAG = timedelta(days=1)
_NUMMER = "Dossiernummer"


@controle("aanvraag")
def dossier_gekend(g: Geval) -> Iterator[Bevinding]:
    if g.bericht.dossiernummer is not None and g.dossier is None:
        yield g.op(_NUMMER, "een dossier van deze persoon in deze voorziening", "onbekend")


@controle("aanvraag")
def dossier_telt(g: Geval) -> Iterator[Bevinding]:
    """The dossier was not refused or annulled."""
    if g.dossier is not None and not g.dossier.telt:
        yield g.op(_NUMMER, "een dossier dat aanvaard of in beraad is", g.dossier.status)


@controle("aanvraag")
def dossier_loopt(g: Geval) -> Iterator[Bevinding]:
    """No end of the dossier was told yet; one in the future counts too."""
    if g.dossier is not None and g.dossier.telt and g.dossier.einde is not None:
        yield g.op(_NUMMER, "een lopend dossier", f"beëindigd op {g.dossier.einde}")


@controle("aanvraag", veld=TEKST)
def na_start(g: Geval) -> Iterator[Bevinding]:
    for dag in _dagen(g):
        if g.dossier is not None and dag < g.dossier.start:
            yield g.op(g.par("veld"), f"{g.dossier.start} of later", f"{dag}")


@controle("aanvraag", veld=TEKST)
def voor_einde(g: Geval) -> Iterator[Bevinding]:
    for dag in _dagen(g):
        if g.dossier is not None and g.dossier.einde is not None and dag > g.dossier.einde:
            yield g.op(g.par("veld"), f"{g.dossier.einde} of vroeger", f"{dag}")


@controle("aanvraag", veld=TEKST)
def binnen_akkoord(g: Geval) -> Iterator[Bevinding]:
    """The day lies inside the agreement, of a dossier that has one with a term."""
    for dag in _dagen(g):
        if g.dossier is not None and g.dossier.akkoord_tot is not None and dag > g.dossier.akkoord_tot:
            yield g.op(g.par("veld"), f"{g.dossier.akkoord_tot} of vroeger", f"{dag}")


def _dagen(g: Geval) -> Iterator[date]:
    return (datum(waarde) for waarde in dict.fromkeys(g.bericht.waarden(g.par("veld"))))


@controle("aanvraag", veld=TEKST)
def sluit_aan(g: Geval) -> Iterator[Bevinding]:
    """An extension begins the day after the agreement that it extends."""
    dag = g.bericht.dag(g.par("veld"))
    if dag is None or g.dossier is None or g.dossier.akkoord_tot is None:
        return
    if dag != g.dossier.akkoord_tot + _DAG:
        yield g.op(g.par("veld"), f"{g.dossier.akkoord_tot + _DAG}", f"{dag}")


@controle("aanvraag", aantal=AANTAL)
def hoogstens_verlengd(g: Geval) -> Iterator[Bevinding]:
    if g.dossier is not None and len(g.dossier.van_soort("Verlenging")) >= g.par("aantal"):
        yield g.op(_NUMMER, f"hoogstens {g.par('aantal')} verlengingen", "die zijn er al")


@controle("aanvraag", van=TEKST, tot=TEKST, maanden=AANTAL)
def akkoord_te_lang(g: Geval) -> Iterator[Bevinding]:
    """The agreement asked for lasts at most so many months, both days inside."""
    van, tot = g.bericht.dag(g.par("van")), g.bericht.dag(g.par("tot"))
    if van is not None and tot is not None and tot >= maanden_na(van, g.par("maanden")):
        yield g.op(g.par("tot"), f"voor {maanden_na(van, g.par('maanden'))}", f"{tot}")


@controle("aanvraag")
def afwezigheid_overlapt(g: Geval) -> Iterator[Bevinding]:
    """No two absences share a day, save one that says when an earlier one, told without end, ended."""
    if g.dossier is None:
        return
    van, tot = g.dag, g.bericht.laatste_dag
    for ander in g.dossier.van_soort("Afwezigheid"):
        sluit = ander.tot is None and ander.dag == van and tot is not None
        if not sluit and (tot is None or ander.dag <= tot) and (ander.tot is None or van <= ander.tot):
            yield g.op("Van", "geen andere afwezigheid op die dagen", f"afwezig vanaf {ander.dag}")


@controle("aanvraag", soorten=TEKSTEN)
def al_gemeld(g: Geval) -> Iterator[Bevinding]:
    """One message of these kinds a dossier."""
    if g.dossier is not None and g.dossier.van_soort(*g.par("soorten")):
        yield g.op(_NUMMER, "nog niet gemeld", f"gemeld op {g.dossier.van_soort(*g.par('soorten'))[0].dag}")


@controle("aanvraag", veld=TEKST)
def al_gemeld_voor(g: Geval) -> Iterator[Bevinding]:
    """One message of this kind a dossier for each value of the field, for example a month."""
    waarde = g.bericht.waarde(g.par("veld"))
    eerder = () if g.dossier is None else g.dossier.van_soort(g.aanvraag.soort)
    if waarde is not None and any(b.velden.get(g.par("veld")) == waarde for b in eerder):
        yield g.op(g.par("veld"), "nog niet gemeld", "al gemeld")


@controle("aanvraag", soort=TEKST)
def eerst_gemeld(g: Geval) -> Iterator[Bevinding]:
    """Another message must have come first: a delivery before the rent stops."""
    if g.dossier is not None and not g.dossier.van_soort(g.par("soort")):
        yield g.op(_NUMMER, f"na {g.par('soort')}", f"geen {g.par('soort')} in dit dossier")


@controle("aanvraag")
def aanvaard_door_zorgkas(g: Geval) -> Iterator[Bevinding]:
    """What may only follow a decision waits while the dossier is in beraad."""
    if g.dossier is not None and g.dossier.status == Status.IN_BERAAD:
        yield g.op(_NUMMER, "een aanvaard dossier", "nog in beraad")


@controle("aanvraag")
def bericht_gekend(g: Geval) -> Iterator[Bevinding]:
    """An annulment of one message names one of its dossier that counts; an annulment itself stays."""
    nummer = g.bericht.waarde("MessageId")
    if nummer is None or g.dossier is None:
        return
    bericht = next((b for b in g.dossier.gebeurtenissen if b.message_id == nummer), None)
    if bericht is None or not bericht.telt or bericht.soort == "Annulering":
        wat = "onbekend" if bericht is None else f"{bericht.soort}, {bericht.status}"
        yield g.op("MessageId", "een bericht van dit dossier dat telt", wat)


@controle("aanvraag", veld=TEKST)
def gefactureerd_na(g: Geval) -> Iterator[Bevinding]:
    """No day after this one has been invoiced."""
    dag = g.bericht.dag(g.par("veld"))
    laatste = g.context.laatst_gefactureerd.get(g.bericht.dossiernummer or "")
    if dag is not None and laatste is not None and laatste > dag:
        yield g.op(g.par("veld"), f"{laatste} of later, of eerst een creditnota", f"{dag}")


@controle("aanvraag")
def gefactureerd_bij_annulering(g: Geval) -> Iterator[Bevinding]:
    laatste = None if g.dossier is None else g.context.laatst_gefactureerd.get(g.dossier.dossiernummer)
    # A day before the start was invoiced on an earlier stay at this facility.
    if g.dossier is not None and laatste is not None and laatste >= g.dossier.start:
        yield g.op(_NUMMER, "een dossier zonder gefactureerde dagen", f"gefactureerd tot {laatste}")
