"""A member's dossiers across facilities, as they were known on a day; for the zorgkas and, of anyone, for the controller."""

from __future__ import annotations

import re
from datetime import date

from starlette.responses import Response

from gateway.central.identificatie import geldig_insz
from gateway.console import inzage
from gateway.console.rechten import Recht, Rol
from gateway.console.schermen import Menu, Schermen
from gateway.console.stukken import lees_dag, van_wie
from gateway.console.vraag import NietGevonden as Onbekend
from gateway.console.vraag import Vraag
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kas_dossier import DOSSIERNUMMER, EERSTE, Liddossier, dossiers_van
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
    if DOSSIERNUMMER.fullmatch(invoer.upper()):
        # A number of a dossier goes to its own page, that answers the same for what is not there and what is another's.
        return vraag.naar(f"/console/dossiers/{invoer.upper()}")
    # Anything else may be a name or a person's number mistyped: it is answered here, and kept nowhere.
    if not (len(insz) == 11 and insz.isascii() and insz.isdecimal()):
        return _opnieuw(vraag, "Typ een INSZ van 11 cijfers of een heel dossiernummer.")
    if not geldig_insz(insz):
        return _opnieuw(vraag, "Dit INSZ heeft geen juist controlegetal. Kijk de cijfers na.")
    onderwerp = inzage.van_persoon(insz, vraag.gateway.settings.pseudonym_key())
    try:
        lid = _lees(vraag, vraag.vandaag, insz=insz)
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
    if not DOSSIERNUMMER.fullmatch(nummer):
        with vraag.gateway.store.writing() as conn:
            inzage.noteer_geweigerd(conn, vraag.sessie, "/dossiers", vraag.nu)
        raise Onbekend
    gevraagd, fout = vraag.zoek.get("op"), None
    op = lees_dag(gevraagd, date.min) if gevraagd else vraag.vandaag
    try:
        lid = _lees(vraag, op, dossiernummer=nummer)
    except Ongeldig as verkeerd:
        fout, lid = verkeerd, _lees(vraag, vraag.vandaag, dossiernummer=nummer)
    vraag.inzage(f"dossier:{nummer}", "dossiers", op=lid.op.isoformat())
    return _toon(vraag, lid, nummer, fout)


def _lees(vraag: Vraag, op: date, *, insz: str | None = None, dossiernummer: str | None = None) -> Liddossier:
    zorgkas = vraag.persoon.zorgkas
    if vraag.persoon.rol is not Rol.CONTROLEUR and zorgkas is None:
        raise NietGevonden
    with vraag.gateway.store.reading() as conn:
        return dossiers_van(conn, insz=insz, dossiernummer=dossiernummer, zorgkas=zorgkas, op=op, vandaag=vraag.vandaag)


def _toon(vraag: Vraag, lid: Liddossier, nummer: str | None, fout: Ongeldig | None = None) -> Response:
    status = 422 if fout else 200
    return vraag.toon("zorgkas/dossier.html", status, lid=lid, nummer=nummer, stuk_pad=_stuk_pad(vraag), fout=fout, eerste=EERSTE)


def _stuk_pad(vraag: Vraag) -> str:
    return "/console/zaken/" if vraag.persoon.rol is Rol.CONTROLEUR else "/console/beraad/"


def _opnieuw(vraag: Vraag, fout: str) -> Response:
    return vraag.toon("zorgkas/dossier_zoeken.html", 422, fout=vraag.t(fout), gezocht="")
