"""A facility's or a vendor's own messages, searched. What is typed goes by POST: it may be an INSZ, never in an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from gateway.berichten.soorten import SOORTEN
from gateway.central.identificatie import geldig_insz
from gateway.console.inzage import van_persoon
from gateway.console.rechten import Persoon, Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.stukken import adres
from gateway.console.vensters import dag_van, middernacht
from gateway.console.vraag import Vraag
from gateway.diensten.opmerkingen import van_bewaard
from gateway.observe.audit_events import Gebeurtenis
from gateway.reference import lookup
from gateway.store import deur
from gateway.store.eigen import Eigen, Filter, berichten_van, heeft, redenen_van
from gateway.store.identifiers import LAATSTE, eerste_id, moment_van

schermen = Schermen()
UITKOMSTEN = (("", "alle"), ("aanvaard", "aanvaard"), ("geweigerd", "geweigerd"), ("in_beraad", "in beraad"))
_DIENSTEN = (("aanvraag", "elke aanvraag"), ("facturatie", "elke factuur"))
_INSZ = re.compile(r"(?<!\w)\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}(?!\w)")
_NUMMER = re.compile(r"[\d. -]{11,15}")
_PRECIES = ("referentie", "dossiernummer", "voorziening")
_FILTERS = ("pijler", "uitkomst", "soort", "van", "tot")
"""These and _PRECIES may stand in an address; an INSZ never."""
GEEN_INSZ = "Dit zijn 11 cijfers, maar geen INSZ, geen voorziening en geen referentie van u. Kijk de cijfers na."
NIET_VOOR_LEVERANCIERS = "Een leverancier zoekt geen personen: alleen de voorziening ziet over wie een bericht gaat."
NIET_IN_ADRES = "Een INSZ hoort niet in een adres. Zoek de persoon hier; er is niets gezocht."


@dataclass(frozen=True, kw_only=True)
class Getypt:
    """What stands in the form."""

    wat: str = ""
    insz: str | None = None
    """Of the person whose messages are asked."""
    fout: str = ""
    """What is wrong with `wat`, in Dutch."""


def eigen_van(persoon: Persoon) -> Eigen:
    """What is whose: a facility's by its RIZIV numbers, a vendor's by its attests."""
    return Eigen(voorzieningen=persoon.voorzieningen, attesten=persoon.attesten)


@schermen.get("/eigen", Recht.EIGEN_ZIEN, menu=Menu(titel="Mijn berichten", volgorde=10, toets="m"))
def lijst(vraag: Vraag) -> Response:
    velden = {n: w for n in (*_PRECIES, *_FILTERS) if (w := vraag.zoek.get(n, "").strip()[:64])}
    if not vraag.mag(Recht.EIGEN_PERSOON_ZOEKEN):
        velden.pop("dossiernummer", None)
    if any(insz_in(w) for w in velden.values()):
        return _toon(vraag, {}, Getypt(fout=NIET_IN_ADRES), None)
    return _toon(vraag, velden, Getypt(wat=next((velden[n] for n in _PRECIES if n in velden), "")), vraag.zoek.get("voor"))


@schermen.post("/eigen/zoek", Recht.EIGEN_ZIEN)
def zoek(vraag: Vraag) -> Response:
    """Understand what was typed, and go to the list of it."""
    wat, velden = vraag.veld("wat")[:64], _filters(vraag)
    cijfers = re.sub(r"\D", "", wat) if _NUMMER.fullmatch(wat) else ""
    with vraag.gateway.store.reading() as conn:
        if len(cijfers) == 11 and lookup.voorziening(conn, cijfers) is not None:
            return RedirectResponse(adres("/console/eigen", **velden, voorziening=cijfers), status_code=303)
        insz = insz_in(wat)
        bekend = None if insz is not None else _bekend(vraag, conn, wat)
    if insz is not None:
        return _persoon(vraag, insz, velden, None)
    if len(cijfers) == 11 and bekend is None:
        return _toon(vraag, velden, Getypt(wat=wat, fout=GEEN_INSZ), None)
    return RedirectResponse(adres("/console/eigen", **velden, **{bekend or "referentie": wat}), status_code=303)


@schermen.post("/eigen/persoon", Recht.EIGEN_PERSOON_ZOEKEN)
def zoek_persoon(vraag: Vraag) -> Response:
    """A further page of one person's messages."""
    insz = insz_in(vraag.veld("insz"))
    if insz is None:
        return _toon(vraag, {}, Getypt(fout=GEEN_INSZ), None)
    return _persoon(vraag, insz, _filters(vraag), vraag.veld("voor") or None)


def insz_in(tekst: str) -> str | None:
    """The first INSZ in a text, with or without its dots; None: there is none."""
    gevonden = (re.sub(r"\D", "", m[0]) for m in _INSZ.finditer(tekst))
    return next(filter(geldig_insz, gevonden), None)


def _persoon(vraag: Vraag, insz: str, velden: dict[str, str], voor: str | None) -> Response:
    if not vraag.mag(Recht.EIGEN_PERSOON_ZOEKEN):
        return _toon(vraag, velden, Getypt(fout=NIET_VOOR_LEVERANCIERS), None)
    onderwerp = van_persoon(insz, vraag.gateway.settings.pseudonym_key())
    vraag.inzage(onderwerp, "eigen berichten van een persoon", Gebeurtenis.PERSOON_GEZOCHT)
    return _toon(vraag, velden, Getypt(insz=insz), voor)


def _bekend(vraag: Vraag, conn: Connection, wat: str) -> str | None:
    """Which field of one's own messages says this; None: none does."""
    eigen = eigen_van(vraag.persoon)
    if vraag.mag(Recht.EIGEN_PERSOON_ZOEKEN) and heeft(conn, eigen, Filter(dossiernummer=wat)):
        return "dossiernummer"
    return "referentie" if heeft(conn, eigen, Filter(referentie=wat)) else None


def _filters(vraag: Vraag) -> dict[str, str]:
    return {n: w for n in _FILTERS if (w := vraag.veld(n)[:64])}


def keuze_van(velden: Mapping[str, str], insz: str | None = None, voor: str | None = None) -> Filter:
    """Fields of an address or a form as the question that they are; what can not be read asks nothing."""
    soort = velden.get("soort")
    dienst = soort if soort in dict(_DIENSTEN) else None
    van, tot = dag_van(velden.get("van")), dag_van(velden.get("tot"))
    einde = LAATSTE if tot is None else eerste_id(middernacht(tot + timedelta(days=1)))
    return Filter(
        pijler=velden.get("pijler"),
        uitkomst=velden.get("uitkomst") if velden.get("uitkomst") in dict(UITKOMSTEN) else None,
        dienst=dienst,
        soort=soort if dienst is None else None,
        referentie=velden.get("referentie"),
        dossiernummer=velden.get("dossiernummer"),
        insz=insz,
        voorziening=velden.get("voorziening"),
        vanaf="" if van is None else eerste_id(middernacht(van)),
        voor=min(voor or LAATSTE, einde),
    )


def _toon(vraag: Vraag, velden: Mapping[str, str], getypt: Getypt, voor: str | None) -> Response:
    with vraag.gateway.store.reading() as conn:
        gevonden = None if getypt.fout else berichten_van(conn, eigen_van(vraag.persoon), keuze_van(velden, getypt.insz, voor))
        redenen = {} if gevonden is None else redenen_van(conn, [r.id for r in gevonden.rijen])
        aan_de_deur = deur.recent_van_eigen(conn, eigen_van(vraag.persoon), vraag.nu)
    verder = None if gevonden is None else gevonden.volgende
    return vraag.toon(
        "eigen/berichten.html",
        422 if getypt.fout else 200,
        gevonden=gevonden,
        gezocht_tot=gevonden and gevonden.gezocht_tot and moment_van(gevonden.gezocht_tot),
        redenen={nummer: _kort(lijst) for nummer, lijst in redenen.items()},
        getypt=getypt,
        velden=velden,
        personen=vraag.mag(Recht.EIGEN_PERSOON_ZOEKEN),
        pijlers=[("", "alle"), *((p, p) for p in sorted(vraag.gateway.cookbooks))],
        soorten=[("", "alle"), *_DIENSTEN, *((s, s) for s in SOORTEN)],
        uitkomsten=UITKOMSTEN,
        verder=verder,
        aan_de_deur=aan_de_deur,
        meest_aan_de_deur=deur.RECENT_MEEST,
        volgende=None if verder is None or getypt.insz else adres("/console/eigen", **velden, voor=verder),
    )


def _kort(redenen: list[dict[str, object]]) -> list[tuple[str, str, str]]:
    """Code with its text in Dutch and English, each code once, in order."""
    return list({o.code: (o.code, o.tekst, o.tekst_en) for o in reversed(van_bewaard(redenen))}.values())[::-1]
