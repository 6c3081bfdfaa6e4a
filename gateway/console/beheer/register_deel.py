"""What the screens of the register share: the page before an act, the act with its reason, and how a list turns its pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Row
from starlette.responses import Response

from gateway.console import bladwijzer
from gateway.console.bladwijzer import GeenBladwijzer
from gateway.console.vraag import Onverwerkbaar, Vraag
from gateway.reference.register import Door, Fout, Registerfout, Wijziging

PAGINA = 50
TABS = (
    ("/console/register", "Attesten"),
    ("/console/register/verklaringen", "Verklaringen"),
    ("/console/register/erkenningen", "Erkenningen"),
    ("/console/register/mandaten", "Mandaten"),
)

Daad = Callable[[Connection, Door], Wijziging]


def bevestig(
    vraag: Vraag,
    pad: str,
    titel: str,
    gevolg: str,
    sleutel: Mapping[str, str],
    feiten: Mapping[str, str],
    dag: bool,
    fout: Registerfout | None = None,
) -> Response:
    """The page that says what will happen before it does."""
    terug = "/console" + pad.rsplit("/", 1)[0]
    if "nummer" in sleutel:
        terug = f"{terug}?{urlencode({'nummer': sleutel['nummer']})}"
    return vraag.toon(
        "beheer/daad.html",
        status=422 if fout else 200,
        pad=f"/console{pad}",
        terug=terug,
        titel=titel,
        gevolg=gevolg,
        sleutel=sleutel,
        feiten=feiten,
        dag=dag,
        tot=vraag.veld("tot") or vraag.vandaag.isoformat(),
        gisteren=vraag.vandaag - timedelta(days=1),
        reden=vraag.veld("reden"),
        fout="" if fout is None else fouttekst(vraag, fout),
    )


def doe(vraag: Vraag, daad: Daad) -> Wijziging:
    """Make a change under the person's name, with the reason that was given.

    Raises:
        Onverwerkbaar: there is none.
        Registerfout: the change is not made.
    """
    reden = vraag.veld("reden")
    if not reden:
        raise Onverwerkbaar("Geef een reden.")
    door = Door(actor=vraag.persoon.actor, tijdstip=vraag.nu, reden=reden[:200])
    with vraag.gateway.store.writing() as conn:
        return daad(conn, door)


def laatste_dag(vraag: Vraag) -> date:
    """The last day that was chosen; "at once" is yesterday, since the last day is inside.

    Raises:
        Registerfout: it is no day.
    """
    gekozen = vraag.vandaag - timedelta(days=1) if vraag.veld("meteen") else dag_in(vraag, "tot")
    return gekozen or vraag.vandaag


def tot_wanneer(vraag: Vraag, tot: date) -> str:
    """Until when something holds that got a last day."""
    if tot < vraag.vandaag:
        return vraag.t("Gedaan. Het geldt vanaf nu niet meer: de laatste dag was {dag}.", dag=f"{tot:%d-%m-%Y}")
    morgen = tot + timedelta(days=1)
    tekst = "Gedaan. Het geldt nog tot en met {dag}, middernacht; vanaf {morgen} niet meer."
    return vraag.t(tekst, dag=f"{tot:%d-%m-%Y}", morgen=f"{morgen:%d-%m-%Y}")


def fouttekst(vraag: Vraag, fout: Registerfout) -> str:
    """Why a change is not made: what was found, what was expected."""
    tekst = vraag.t(fout.fout.value).capitalize()
    if fout.verwacht is not None:
        tekst += f": {vraag.t('verwacht')} {fout.verwacht}"
    return f"{tekst} ({vraag.t('gevonden')}: {fout.gevonden or '–'})."


def dag_in(vraag: Vraag, veld: str, *, verplicht: bool = True) -> date | None:
    """The day in a field; a missing one that must be is a mistake in that field."""
    tekst = vraag.veld(veld)
    if not tekst and not verplicht:
        return None
    try:
        dag = date.fromisoformat(tekst)
        if not 1850 <= dag.year <= 2199:
            raise ValueError(tekst)
    except ValueError:
        raise Registerfout(Fout.WAARDE, veld, gevonden=tekst[:20], verwacht="een bestaande dag als jjjj-mm-dd") from None
    return dag


def zoekwoord(vraag: Vraag) -> str | None:
    return vraag.zoek.get("zoek", "").strip()[:64] or None


def na_van(vraag: Vraag, soorten: tuple[type, ...]) -> tuple[Any, ...] | None:
    if not (tekst := vraag.zoek.get("na", "")):
        return None
    try:
        return bladwijzer.lees(tekst, soorten)
    except GeenBladwijzer:
        raise Onverwerkbaar("Deze bladzijde is er niet.") from None


def volgende_van(vraag: Vraag, adres: str, sleutel: list[Any] | None) -> str | None:
    if sleutel is None:
        return None
    vragen = {n: w for n in ("zoek", "nu") if (w := vraag.zoek.get(n, ""))}
    return f"{adres}?{urlencode({**vragen, 'na': bladwijzer.maak(sleutel)})}"


def toestand_van(vraag: Vraag) -> Callable[[Row[Any]], tuple[str, str]]:
    """Word and colour of how a row stands today."""

    def van(rij: Row[Any]) -> tuple[str, str]:
        if rij._mapping.get("geschorst"):
            return ("geschorst", "let_op")
        if vraag.vandaag < rij.van:
            return ("nog niet", "accent")
        return ("verlopen", "") if rij.tot is not None and rij.tot < vraag.vandaag else ("geldt", "goed")

    return van
