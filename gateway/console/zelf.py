"""What everyone who is logged in may do: log out, take another role, state a purpose, go on with what was typed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from gateway.console import http, sessies
from gateway.console.inzage import MAX_VERWIJZING, doel_van, doelen
from gateway.console.poort import SESSIE
from gateway.console.rechten import Recht, Rol
from gateway.console.schermen import Schermen
from gateway.console.vraag import NietGevonden, Onverwerkbaar, Vraag
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import noteer

schermen = Schermen()

_HERNEMEN = (
    (re.compile(r"(/console/beraad/[^/]+)/beslissen"), r"\1/nakijken"),
    (re.compile(r"(/console/afrekenen/[^/]+)/bevestigen"), r"\1/nakijken"),
    (re.compile(r"(/console/afrekenen/[^/]+)/weigeren"), r"\1/hernemen"),
)
"""Acts that are not done from what is left of a form: the page on which one sees what will happen comes first."""
_WOORDEN: Mapping[str, str] = {"lijn": "Factuur en lijn"}
"""How a field is called whose own name says nothing."""
_ONZICHTBAAR = frozenset({"stand", "vanaf", "geweigerd", "naar", "pijler"})
"""Fields of the screens' own, that nobody typed."""


@schermen.get("/", Recht.AANGEMELD)
def begin(vraag: Vraag) -> Response:
    """The first page of somebody's menu."""
    eerste = next((adres for adres, _ in vraag.menu), "/console/hulp")
    return RedirectResponse(eerste, status_code=303)


@schermen.get("/hulp", Recht.AANGEMELD)
def hulp(vraag: Vraag) -> Response:
    return vraag.toon("hulp.html")


@schermen.post("/afmelden", Recht.AANGEMELD)
def afmelden(vraag: Vraag) -> Response:
    with vraag.gateway.store.writing() as conn:
        sessies.eindig(conn, vraag.sessie)
        p = vraag.persoon
        noteer(conn, Gebeurtenis.AFGEMELD, actor=p.actor, onderwerp=p.account, gegevens={}, tijdstip=vraag.nu)
    response = RedirectResponse("/console/aanmelden?afgemeld=1", status_code=303)
    http.wis_cookie(response, SESSIE, https=http.veilig(vraag.request, vraag.gateway.settings))
    return response


@schermen.get("/rol", Recht.AANGEMELD)
def rol(vraag: Vraag) -> Response:
    return vraag.toon("rol.html", verder=http.eigen_pad(vraag.zoek.get("verder")))


@schermen.post("/rol", Recht.AANGEMELD)
def wissel_rol(vraag: Vraag) -> Response:
    try:
        gekozen = Rol(vraag.veld("rol"))
    except ValueError:
        raise Onverwerkbaar("Die rol bestaat niet.") from None
    with vraag.gateway.store.writing() as conn:
        cookie = sessies.wissel(conn, vraag.sessie, gekozen, vraag.nu)
    if cookie is None:
        raise NietGevonden
    response = RedirectResponse("/console/", status_code=303)
    http.zet_cookie(response, SESSIE, cookie, https=http.veilig(vraag.request, vraag.gateway.settings))
    return response


@schermen.get("/doel", Recht.AANGEMELD)
def doel(vraag: Vraag) -> Response:
    terug = http.eigen_pad(vraag.zoek.get("verder"))
    return vraag.toon("doel.html", actie="/console/doel", terug=terug, velden=[], doelen=doelen(vraag.persoon.rol))


@schermen.post("/doel", Recht.AANGEMELD)
def zet_doel(vraag: Vraag) -> Response:
    # The gate took the purpose from the form; what is left is the way back.
    if doel_van(vraag.persoon.rol, vraag.veld("_doel")) is None:
        raise Onverwerkbaar("Kies een doel.")
    if len(vraag.veld("_doel_verwijzing")) > MAX_VERWIJZING:
        raise Onverwerkbaar("De verwijzing is te lang.")
    return RedirectResponse(http.eigen_pad(vraag.veld("terug")), status_code=303)


@schermen.get("/verder/{naam}", Recht.AANGEMELD)
def verder(vraag: Vraag) -> Response:
    """What was typed when the session ended: shown, not done.

    One click does it after all, or leads to the page that shows what will happen when it can not be undone.
    """
    with vraag.gateway.store.writing() as conn:
        concept = sessies.neem_concept(conn, vraag.pad["naam"], vraag.persoon.account, vraag.nu)
    if concept is None:
        raise NietGevonden
    pad = next((p.sub(naar, concept.pad) for p, naar in _HERNEMEN if p.fullmatch(concept.pad)), None)
    verborgen = frozenset[str]() if pad is None else _ONZICHTBAAR
    return vraag.toon("verder.html", concept=concept, pad=pad or concept.pad, eerst=pad, verborgen=verborgen, woorden=_WOORDEN)
