"""A facility's or a vendor's own messages: one with what to do about a refusal, and where one stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from gateway.console.bericht.regels import regels_in_cookbook
from gateway.console.bericht.stuk import stukbeeld
from gateway.console.eigen.zoeken import eigen_van
from gateway.console.rechten import Recht, Rol
from gateway.console.schermen import Menu, Schermen
from gateway.console.stukken import als_bijlage, van_wie
from gateway.console.vraag import Vraag
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kas_beslissen import beslist
from gateway.diensten.toegang import toegang_van
from gateway.store import berichten, zendingen
from gateway.store.eigen import eigen_bericht, geweigerde_lijnen

schermen = Schermen()
_GEWEIGERD = 200


@schermen.get("/eigen/{bericht_id}", Recht.EIGEN_ZIEN)
@van_wie
def een(vraag: Vraag) -> Response:
    # A vendor sees what its software did wrong, and never whom it was about.
    persoon = vraag.persoon.rol is Rol.VOORZIENING
    with vraag.gateway.store.reading() as conn:
        row = eigen_bericht(conn, eigen_van(vraag.persoon), vraag.pad["bericht_id"])
    if row is None:
        raise NietGevonden
    if persoon:
        vraag.inzage(f"bericht:{row.id}", "inhoud")
    with vraag.gateway.store.reading() as conn:
        stuk = stukbeeld(vraag.gateway, conn, row, persoon=persoon)
        zending = zendingen.zending_van(conn, row.id)
        lijnen = [r._asdict() for r in geweigerde_lijnen(conn, row.id, _GEWEIGERD)] if zending is not None else []
        besluit = beslist(conn, row.id) if persoon and row.dienst == "aanvraag" else None
    if not persoon:
        # A zorgkas's own words are about a person.
        lijnen = [{**lijn, "motivering": None} for lijn in lijnen]
    return vraag.toon(
        "eigen/bericht.html",
        stuk=stuk,
        zending=zending,
        lijnen=lijnen,
        meest=_GEWEIGERD,
        besluit=besluit,
        persoon=persoon,
        heeft_antwoord=row.antwoord is not None,
        heeft_cookbook=row.pijler in vraag.gateway.cookbooks,
        regels=regels_in_cookbook(vraag.gateway.cookbooks, row.pijler),
    )


@schermen.get("/eigen/{bericht_id}/octetten", Recht.EIGEN_INHOUD)
@van_wie
def octetten(vraag: Vraag) -> Response:
    """The HTTP body that the facility sent, or that was sent for it, byte for byte."""
    rij = _van_ons(vraag, "octetten")
    with vraag.gateway.store.reading() as conn:
        _, raw = berichten.inhoud(conn, rij.id)
    return als_bijlage(raw, f"{rij.id}.http")


@schermen.get("/eigen/{bericht_id}/antwoord", Recht.EIGEN_INHOUD)
@van_wie
def antwoord(vraag: Vraag) -> Response:
    """The first answer, with the signed receipt (Ontvangstbewijs)."""
    rij = _van_ons(vraag, "antwoord")
    if rij.antwoord is None:
        raise NietGevonden
    return als_bijlage(rij.antwoord, f"{rij.id}-antwoord.xml")


def _van_ons(vraag: Vraag, wat: str) -> Row[Any]:
    """One of one's own messages; that somebody takes a part of it is on record."""
    with vraag.gateway.store.reading() as conn:
        rij = eigen_bericht(conn, eigen_van(vraag.persoon), vraag.pad["bericht_id"])
    if rij is None:
        raise NietGevonden
    vraag.inzage(f"bericht:{rij.id}", wat)
    return rij


@schermen.get("/toegang", Recht.EIGEN_ZIEN, menu=Menu(titel="Attest en toegang", volgorde=30, toets="t"))
def toegang(vraag: Vraag) -> Response:
    persoon = vraag.persoon
    with vraag.gateway.store.reading() as conn:
        stand = toegang_van(conn, persoon.voorzieningen, persoon.attesten, vraag.vandaag)
    return vraag.toon("eigen/toegang.html", stand=stand, vandaag=vraag.vandaag)
