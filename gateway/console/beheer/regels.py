"""Rules and prices of each pillar as they run, since when, and what changed between two days."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from gateway.central.cookbook import Cookbook
from gateway.console import bladwijzer
from gateway.console.beheer import namen
from gateway.console.bladwijzer import GeenBladwijzer
from gateway.console.rechten import Persoon, Recht, Rol
from gateway.console.schermen import Menu, Schermen
from gateway.console.talen import Taal
from gateway.console.vraag import NietGevonden, Onverwerkbaar, Vraag
from gateway.cookbook.redenen import BESTAND, Redencode, lees_redenen
from gateway.cookbook.versies import regelversies, wijzigingen
from gateway.reference.prijslijst import prijswijzigingen, prijzen

schermen = Schermen()
_PAGINA = 50
_HOOGSTENS = 500


@schermen.get("/regels", Recht.REGELS_ZIEN, menu=Menu(titel="Regels en prijzen", volgorde=75, toets="e"))
def pijlers(vraag: Vraag) -> Response:
    """Every pillar with what it has."""
    return vraag.toon("beheer/pijlers.html", boeken=list(vraag.gateway.cookbooks.values()))


@schermen.get("/regels/{pijler}", Recht.REGELS_ZIEN)
def regels(vraag: Vraag) -> Response:
    """The rules of a pillar, with the days that the registry of reasons keeps of them."""
    boek = _boek(vraag)
    zoek = vraag.zoek.get("zoek", "").strip()[:64].lower()
    alle = regelversies(boek, redenen_van(vraag.gateway.settings.cookbooks))
    engels = vraag.taal is Taal.EN
    gevonden = [v for v in alle if zoek in f"{v.regel.id} {v.regel.tekst} {v.regel.tekst_en} {v.regel.bron}".lower()]
    return vraag.toon("beheer/regels.html", boek=boek, versies=gevonden, alle=len(alle), engels=engels, tab="regels")


@schermen.get("/regels/{pijler}/prijzen", Recht.REGELS_ZIEN)
def prijslijst(vraag: Vraag) -> Response:
    """The performance codes of a pillar and their prices; a facility sees its own and those that hold for all."""
    boek = _boek(vraag)
    na = _na(vraag)
    with vraag.gateway.store.reading() as conn:
        rijen = prijzen(conn, codes_van(boek), eigen_voorziening(vraag.persoon, conn), na=na, hoogstens=_PAGINA + 1)
    volgende = None
    if len(rijen) > _PAGINA:
        laatste = rijen[_PAGINA - 1]
        sleutel = bladwijzer.maak([laatste.prestatiecode, laatste.riziv or "", laatste.van])
        volgende = f"/console/regels/{boek.pijler}/prijzen?{urlencode({'na': sleutel})}"
    return vraag.toon(
        "beheer/prijzen.html", boek=boek, rijen=rijen[:_PAGINA], volgende=volgende, eerste=na is None, tab="prijzen"
    )


@schermen.get("/regels/{pijler}/wijzigingen", Recht.REGELS_ZIEN)
def verschillen(vraag: Vraag) -> Response:
    """What a pillar says otherwise on one day than on another."""
    boek = _boek(vraag)
    van, tot = _dag(vraag, "van", vraag.vandaag - timedelta(days=365)), _dag(vraag, "tot", vraag.vandaag)
    if van > tot:
        raise Onverwerkbaar("De eerste dag ligt na de tweede.")
    redenen = redenen_van(vraag.gateway.settings.cookbooks)
    with vraag.gateway.store.reading() as conn:
        eigen = eigen_voorziening(vraag.persoon, conn)
        bedragen = prijswijzigingen(conn, codes_van(boek), van, tot, eigen, hoogstens=_HOOGSTENS + 1)
        wie = namen.voorzieningen(conn, [b.riziv for b in bedragen if b.riziv])
    gevonden = wijzigingen(boek, redenen, van, tot)
    return vraag.toon(
        "beheer/wijzigingen.html",
        boek=boek,
        van=van,
        tot=tot,
        gevonden=gevonden[:_HOOGSTENS],
        bedragen=bedragen[:_HOOGSTENS],
        wie=wie,
        meer=len(gevonden) > _HOOGSTENS or len(bedragen) > _HOOGSTENS,
        tab="wijzigingen",
    )


def codes_van(boek: Cookbook) -> list[str]:
    """The performance codes that a pillar may invoice."""
    return sorted({c.code for c in boek.prestatiecodes})


def eigen_voorziening(persoon: Persoon, conn: Connection) -> tuple[str, ...] | None:
    """The facilities whose prices somebody may see beside the general ones; None: all.

    Role voorziening sees its own; a vendor only what holds for every facility.
    """
    if persoon.rol is Rol.VOORZIENING:
        return namen.nummers_van(conn, persoon.voorzieningen)
    return () if persoon.rol is Rol.LEVERANCIER else None


@lru_cache(maxsize=4)
def _lees(map_: Path, _gewijzigd: float) -> dict[str, Redencode]:
    return lees_redenen(map_ / BESTAND)


def redenen_van(map_: Path) -> dict[str, Redencode]:
    """The registry of reasons, read again when its file changed."""
    bestand = map_ / BESTAND
    return _lees(map_, bestand.stat().st_mtime if bestand.is_file() else 0.0)


def _boek(vraag: Vraag) -> Cookbook:
    boek = vraag.gateway.cookbooks.get(vraag.pad["pijler"])
    if boek is None:
        raise NietGevonden
    return boek


def _na(vraag: Vraag) -> tuple[Any, ...] | None:
    if not (tekst := vraag.zoek.get("na", "")):
        return None
    try:
        return bladwijzer.lees(tekst, (str, str, date))
    except GeenBladwijzer:
        raise Onverwerkbaar("Deze bladzijde is er niet.") from None


def _dag(vraag: Vraag, naam: str, anders: date) -> date:
    if not (tekst := vraag.zoek.get(naam, "")):
        return anders
    try:
        return date.fromisoformat(tekst)
    except ValueError:
        raise Onverwerkbaar("Een dag schrijft u als jjjj-mm-dd.") from None
