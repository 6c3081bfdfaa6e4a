"""Reference files: send, see what would change, agree; the same imports as the screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import File, Query, UploadFile
from sqlalchemy import Connection, Row

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import Akkoord, Bladzijde, Invoer, Invoerverslag
from gateway.api.problemen import Probleem, Soort
from gateway.api.toegang import Toegang
from gateway.console.beheer.invoer import over_personen
from gateway.console.rechten import Recht
from gateway.console.stap import start_stap
from gateway.reference import invoer
from gateway.reference.invoer import GROOTSTE, NietNu, Ongeldig
from gateway.store.identifiers import message_id

ingangen = Ingangen("referentiegegevens")
_PAGINA = 50
_SAMEN = (Soort.NIET_GEVONDEN, Soort.NU_NIET)


@ingangen.get("/invoer", Recht.REFERENTIE_LADEN, response_model=Bladzijde[Invoer])
def lijst(wie: Wie, na: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$")] = None) -> Any:
    """Imports, the newest first."""
    with wie.gateway.store.reading() as conn:
        rijen = invoer.lijst(conn, na, _PAGINA + 1)
    return {"items": rijen[:_PAGINA], "volgende": rijen[_PAGINA - 1].id if len(rijen) > _PAGINA else None}


@ingangen.post("/invoer", Recht.REFERENTIE_LADEN, grootste=GROOTSTE + 1024 * 1024, response_model=Invoer, status_code=202)
def stuur(wie: Wie, bestanden: Annotated[list[UploadFile], File(description="CSV; the name begins with its kind.")]) -> Any:
    """Send files of one import. They are checked in the background: ask `/invoer/{nummer}` how it goes. Nothing is loaded yet."""
    map_, nummer = wie.gateway.settings.imports, message_id(wie.nu)
    try:
        stukken = invoer.ontvang(map_, nummer, [(b.filename or "", b.file) for b in bestanden])
    except Ongeldig as problem:
        raise Probleem(Soort.VORM, detail=str(problem)) from None
    with wie.gateway.store.writing() as conn:
        invoer.begin(conn, map_, nummer, stukken, wie.persoon.actor, wie.nu)
    start_stap(wie.gateway, nummer, wie.persoon.actor)
    return _zoek(wie, nummer)


@ingangen.get("/invoer/{nummer}", Recht.REFERENTIE_LADEN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Invoerverslag)
def een(wie: Wie, nummer: str) -> Any:
    """How an import stands, with what would change or what is wrong. Files about persons ask for a purpose."""
    rij = _zoek(wie, nummer)
    if over_personen(rij.verslag):
        wie.inzage(f"invoer:{rij.id}", "vooruitblik")
    return rij


@ingangen.post("/invoer/{nummer}/laden", Recht.REFERENTIE_LADEN, *_SAMEN, response_model=Invoer, status_code=202)
def laden(wie: Wie, nummer: str, akkoord: Akkoord) -> Any:
    """Load exactly the files that were shown, all or nothing."""
    return _verder(wie, nummer, lambda conn: invoer.bevestig(conn, nummer, akkoord.sha256, wie.nu), stap=True)


@ingangen.post("/invoer/{nummer}/opnieuw", Recht.REFERENTIE_LADEN, *_SAMEN, response_model=Invoer, status_code=202)
def opnieuw(wie: Wie, nummer: str) -> Any:
    """Check it again."""
    return _verder(wie, nummer, lambda conn: invoer.opnieuw(conn, nummer, wie.nu), stap=True)


@ingangen.post("/invoer/{nummer}/verwerping", Recht.REFERENTIE_LADEN, *_SAMEN, response_model=Invoer)
def verwerp(wie: Wie, nummer: str) -> Any:
    """Throw it away."""
    return _verder(wie, nummer, lambda conn: invoer.verwerp(conn, wie.gateway.settings.imports, nummer, wie.nu), stap=False)


def _verder(wie: Toegang, nummer: str, daad: Callable[[Connection], None], *, stap: bool) -> Row[Any]:
    rij = _zoek(wie, nummer)
    try:
        with wie.gateway.store.writing() as conn:
            daad(conn)
    except NietNu:
        raise Probleem(Soort.NU_NIET, detail=f"De invoer is {rij.toestand}.") from None
    if stap:
        start_stap(wie.gateway, nummer, wie.persoon.actor)
    return _zoek(wie, nummer)


def _zoek(wie: Toegang, nummer: str) -> Row[Any]:
    with wie.gateway.store.reading() as conn:
        rij = None if "\x00" in nummer else invoer.zoek(conn, nummer)
    if rij is None:
        raise Probleem(Soort.NIET_GEVONDEN)
    return rij
