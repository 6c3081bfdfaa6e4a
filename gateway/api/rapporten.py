"""Reports, within what the role may see: the same sums as the screens and `vsb-gateway report`."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Query

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import Doorlooptijd, Rapport
from gateway.api.problemen import Probleem, Soort
from gateway.console import bladwijzer
from gateway.console.beheer.bereik import BuitenBereik, keuze_van
from gateway.console.bladwijzer import GeenBladwijzer
from gateway.console.rechten import Recht
from gateway.store import rapporten, tellingen
from gateway.store.rapporten import RAPPORTEN, Selectie

ingangen = Ingangen("rapporten")
_PAGINA = 1_000
_Maand = Annotated[str | None, Query(pattern=r"^2[01][0-9]{2}-(0[1-9]|1[0-2])$", description="yyyy-mm")]

Naam = StrEnum("Naam", {n: n for n in RAPPORTEN})  # type: ignore[misc]


class Sleutel(StrEnum):
    """What the rows of a report may be kept apart by."""

    MAAND = "maand"
    PIJLER = "pijler"
    ZORGKAS = "zorgkas"
    VOORZIENING = "voorziening"
    DIENST = "dienst"
    CODE = "code"
    DOOR = "door"
    SECONDEN = "seconden"


def selectie(
    wie: Wie,
    van: _Maand = None,
    tot: _Maand = None,
    pijler: Annotated[str | None, Query(pattern=r"^[a-z0-9]{1,16}$")] = None,
    zorgkas: Annotated[str | None, Query(pattern=r"^[0-9]{3}$")] = None,
    voorziening: Annotated[str | None, Query(pattern=r"^([0-9]{8}|[0-9]{11})$")] = None,
) -> Selectie:
    """The last twelve months when left out; a zorgkas sees its own, a facility its own."""
    gevraagd = {"van": van, "tot": tot, "pijler": pijler, "zorgkas": zorgkas, "voorziening": voorziening}
    try:
        return keuze_van(wie.persoon, {n: w for n, w in gevraagd.items() if w}, wie.gateway.cookbooks, wie.vandaag)
    except BuitenBereik as problem:
        raise Probleem(Soort.VORM, detail=str(problem)) from None


Keuze = Annotated[Selectie, Depends(selectie)]


@ingangen.get("/rapporten/doorlooptijd", Recht.RAPPORTEN_ZIEN, response_model=list[Doorlooptijd])
def doorlooptijd(wie: Wie, keuze: Keuze) -> Any:
    """Percentiles of the seconds from receipt to the zorgkas, by pillar and zorgkas, beside the promise of the cookbook."""
    boeken = wie.gateway.cookbooks
    with wie.gateway.store.reading() as conn:
        gevonden = rapporten.doorlooptijden(conn, keuze)
    return [{**d._asdict(), "belofte": boeken[d.pijler].belofte * 60 if d.pijler in boeken else None} for d in gevonden]


@ingangen.get("/rapporten/{naam}", Recht.RAPPORTEN_ZIEN, response_model=Rapport)
def rapport(
    wie: Wie,
    keuze: Keuze,
    naam: Naam,
    per: Annotated[list[Sleutel] | None, Query(max_length=8, description="Keys to keep apart; all when left out.")] = None,
    na: Annotated[str | None, Query(max_length=400, description="`volgende` of the page before.")] = None,
) -> Any:
    """At most a thousand rows, in the order of their keys."""
    gekozen = RAPPORTEN[naam.value]
    sleutels = [k.value for k in per] if per else list(gekozen.sleutels)
    if len(set(sleutels)) != len(sleutels) or not set(sleutels) <= set(gekozen.sleutels):
        raise Probleem(Soort.VORM, detail=f"per: elk hoogstens een keer, uit {', '.join(gekozen.sleutels)}.")
    soorten = [{"maand": date, "seconden": int}.get(s, str) for s in sleutels]
    try:
        vanaf = None if na is None else bladwijzer.lees(na, soorten)
    except GeenBladwijzer:
        raise Probleem(Soort.VORM, detail="na: dit is geen bladwijzer van dit rapport.") from None
    with wie.gateway.store.reading() as conn:
        rijen = rapporten.lees(conn, gekozen, keuze, sleutels, na=vanaf, hoogstens=_PAGINA + 1)
        bijgewerkt = tellingen.bijgewerkt_op(conn)
    volgende = bladwijzer.maak(rijen[_PAGINA - 1][: len(sleutels)]) if len(rijen) > _PAGINA else None
    return {
        "rapport": gekozen.naam,
        "bijgewerkt_op": bijgewerkt,
        "kolommen": [*sleutels, *gekozen.maten],
        "rijen": [[f"{w:%Y-%m}" if isinstance(w, date) else w for w in r] for r in rijen[:_PAGINA]],
        "volgende": volgende,
    }
