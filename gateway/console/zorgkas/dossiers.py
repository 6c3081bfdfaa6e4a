"""A member's dossiers across facilities, as they were known on a day; for the zorgkas and, of anyone, for the controller."""

from __future__ import annotations

import re

from starlette.responses import Response

from gateway.console import inzage
from gateway.console.rechten import Recht, Rol
from gateway.console.schermen import Menu, Schermen
from gateway.console.stukken import lees_dag, van_wie
from gateway.console.vraag import Vraag
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kas_dossier import Liddossier, dossiers_van
from gateway.observe.audit_events import Gebeurtenis

schermen = Schermen()
_LEEG = re.compile(r"[\s.-]")


@schermen.get("/dossiers", Recht.DOSSIER_ZIEN, menu=Menu(titel="Dossiers", volgorde=20, toets="d"))
def zoeken(vraag: Vraag) -> Response:
    return vraag.toon("zorgkas/dossier_zoeken.html", fout="", gezocht="")


@schermen.post("/dossiers", Recht.DOSSIER_ZIEN)
def gezocht(vraag: Vraag) -> Response:
    """Find by INSZ or by number; the INSZ is never in an address."""
    invoer = vraag.veld("wie")
    insz = _LEEG.sub("", invoer)
    if not (len(insz) == 11 and insz.isascii() and insz.isdecimal()):
        # A number of a dossier goes to its own page, that answers the same for what is not there and what is another's.
        if re.fullmatch(r"[A-Za-z0-9-]{3,32}", invoer):
            return vraag.naar(f"/console/dossiers/{invoer.upper()}")
        return _opnieuw(vraag, "Typ een INSZ van 11 cijfers of een dossiernummer.")
    onderwerp = inzage.van_persoon(insz, vraag.gateway.settings.pseudonym_key())
    try:
        lid = _lees(vraag, insz=insz)
    except NietGevonden:
        vraag.inzage(onderwerp, "dossiers", Gebeurtenis.PERSOON_GEZOCHT, aantal=0)
        return _opnieuw(vraag, "Geen lid van uw zorgkas met dit INSZ." if vraag.persoon.zorgkas else "Niemand met dit INSZ.")
    vraag.inzage(onderwerp, "dossiers", Gebeurtenis.PERSOON_GEZOCHT, aantal=len(lid.dossiers))
    if lid.dossiers:
        return vraag.naar(f"/console/dossiers/{lid.dossiers[-1].verblijf.dossiernummer}")
    return _toon(vraag, lid, None)


@schermen.get("/dossiers/{nummer}", Recht.DOSSIER_ZIEN)
@van_wie
def een(vraag: Vraag) -> Response:
    nummer = vraag.pad["nummer"]
    lid = _lees(vraag, dossiernummer=nummer)
    vraag.inzage(f"dossier:{nummer}", "dossiers", op=lid.op.isoformat())
    return _toon(vraag, lid, nummer)


def _lees(vraag: Vraag, *, insz: str | None = None, dossiernummer: str | None = None) -> Liddossier:
    zorgkas = vraag.persoon.zorgkas
    if vraag.persoon.rol is not Rol.CONTROLEUR and zorgkas is None:
        raise NietGevonden
    op = min(lees_dag(vraag.zoek.get("op"), vraag.vandaag), vraag.vandaag)
    with vraag.gateway.store.reading() as conn:
        return dossiers_van(conn, insz=insz, dossiernummer=dossiernummer, zorgkas=zorgkas, op=op, vandaag=vraag.vandaag)


def _toon(vraag: Vraag, lid: Liddossier, nummer: str | None) -> Response:
    return vraag.toon("zorgkas/dossier.html", lid=lid, nummer=nummer, stuk_pad=_stuk_pad(vraag))


def _stuk_pad(vraag: Vraag) -> str:
    return "/console/zaken/" if vraag.persoon.rol is Rol.CONTROLEUR else "/console/beraad/"


def _opnieuw(vraag: Vraag, fout: str) -> Response:
    return vraag.toon("zorgkas/dossier_zoeken.html", 422, fout=vraag.t(fout), gezocht="")
