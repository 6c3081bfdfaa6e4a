"""The gate: from an HTTP request to a Vraag for a screen, or to the reason why not. Every screen lies behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.console import http, sessies
from gateway.console.inzage import MAX_VERWIJZING, DoelNodig, doel_van, doelen
from gateway.console.opmaak import render
from gateway.console.rechten import Recht
from gateway.console.schermen import Scherm
from gateway.console.sessies import Concept, Sessie, Termijn
from gateway.console.talen import Taal, taal_van, vertaal
from gateway.console.vraag import NietGevonden, NietToegestaan, Onverwerkbaar, Vraag
from gateway.diensten.kern import Gateway
from gateway.refusal import Code, Refusal

log = structlog.get_logger("console")
SESSIE = "sessie"
_NIET_TOEGESTAAN = "Uw rol mag dit niet zien of doen."
_VREEMD = "Deze vraag kwam niet van een pagina van de console. Er is niets gedaan."
GEEN_FORMULIER = "Dit is geen formulier dat gelezen kan worden. Er is niets gedaan."
_EIGEN_VELDEN = ("_csrf", "_doel", "_doel_verwijzing")


class Poort:
    """Makes a route of each screen."""

    def __init__(self, gateway: Gateway, schermen: Sequence[Scherm]) -> None:
        self.gateway = gateway
        self.schermen = tuple(schermen)
        self.termijn = Termijn(
            stil=timedelta(minutes=gateway.settings.console_idle_minutes),
            totaal=timedelta(hours=gateway.settings.console_max_hours),
        )
        met_menu = [(f"/console{s.pad}", s.menu, s.recht) for s in self.schermen if s.menu is not None]
        self._menu = sorted(met_menu, key=lambda m: m[1].volgorde)

    def route(self, scherm: Scherm) -> Route:
        async def endpoint(request: Request) -> Response:
            response = await self._antwoord(scherm, request)
            return http.zet_koppen(response, https=http.veilig(request, self.gateway.settings))

        methods = ["GET", "HEAD"] if scherm.methode == "GET" else ["POST"]
        return Route(scherm.pad, endpoint, methods=methods, name=f"{scherm.methode} {scherm.pad}")

    async def _antwoord(self, scherm: Scherm, request: Request) -> Response:
        nu = self.gateway.clock()
        sessie: Sessie | None = None
        try:
            sessie = await run_in_threadpool(self.sessie, request, nu)
            if sessie is None:
                return self._naar_aanmelden(request, scherm)
            velden = FormData()
            if scherm.methode == "POST":
                if (nee := await run_in_threadpool(self._vooraf, scherm, request, sessie, nu)) is not None:
                    return nee
                timeout = self.gateway.settings.body_timeout
                velden = await http.lees_formulier(request, limit=scherm.grootste, timeout=timeout)
            try:
                return await run_in_threadpool(self._behandel, scherm, request, sessie, velden, nu)
            finally:
                await velden.close()
        except http.TeGroot:
            vraag = None if sessie is None or sessie.verlopen else self.vraag(request, sessie, FormData(), nu)
            tekst = "Dit is groter dan {megabyte} MB, of kwam te traag binnen. Er is niets gedaan."
            return await run_in_threadpool(fout, request, 413, tekst, vraag=vraag, megabyte=max(1, scherm.grootste // 1024**2))
        except http.GeenFormulier:
            return fout(request, 415, GEEN_FORMULIER)
        except Refusal as refusal:
            return weigering(request, refusal)
        except Exception as error:
            return storing(request, error, scherm.pad)

    def sessie(self, request: Request, nu: datetime) -> Sessie | None:
        """The session of a request's cookie, perhaps ended; None when it has none that we know."""
        cookie = request.cookies.get(http.cookienaam(SESSIE, https=http.veilig(request, self.gateway.settings)))
        if not cookie or len(cookie) > 100:
            return None
        with self.gateway.store.reading() as conn:
            return sessies.lees(conn, cookie, self.termijn, nu)

    def _vooraf(self, scherm: Scherm, request: Request, sessie: Sessie, nu: datetime) -> Response | None:
        """No, when that is known before the body is read."""
        token = request.headers.get("x-csrf-token")
        if not http.van_eigen_pagina(request, self.gateway.settings) or (token and not sessies.gelijk(token, sessie.csrf)):
            return fout(request, 403, _VREEMD)
        if sessie.verlopen or sessie.persoon.mag(scherm.recht):
            return None
        return self._mag_niet(scherm, request, sessie, nu)

    def _mag_niet(self, scherm: Scherm, request: Request, sessie: Sessie, nu: datetime) -> Response:
        log.info("console_forbidden", actor=sessie.persoon.actor, right=scherm.recht.value, screen=scherm.pad)
        return fout(request, 403, _NIET_TOEGESTAAN, vraag=self.vraag(request, sessie, FormData(), nu))

    def _behandel(self, scherm: Scherm, request: Request, sessie: Sessie, velden: FormData, nu: datetime) -> Response:
        if scherm.methode == "POST" and not self.echt(request, sessie, velden):
            return fout(request, 403, _VREEMD)
        if sessie.verlopen:
            return self._verlopen(scherm, request, sessie, velden, nu)
        if not sessie.persoon.mag(scherm.recht):
            return self._mag_niet(scherm, request, sessie, nu)
        sessie = self._houd_wakker(request, sessie, velden, nu)
        vraag = self.vraag(request, sessie, velden, nu)
        if scherm.methode == "POST":
            # The address may name a message; the screen's own path does not.
            log.info("console_post", actor=sessie.persoon.actor, screen=scherm.pad, right=scherm.recht.value)
        try:
            return scherm.handelaar(vraag)
        except NietGevonden:
            return fout(request, 404, "Dit is er niet, of u mag het niet zien.", vraag=vraag)
        except NietToegestaan:
            return fout(request, 403, _NIET_TOEGESTAAN, vraag=vraag)
        except Onverwerkbaar as problem:
            return fout(request, 422, str(problem), vraag=vraag)
        except DoelNodig:
            return self._vraag_doel(vraag)

    def vraag(self, request: Request, sessie: Sessie, velden: FormData, nu: datetime) -> Vraag:
        menu = tuple((adres, menu) for adres, menu, recht in self._menu if sessie.persoon.mag(recht))
        taal = taal_van_vraag(request)
        return Vraag(gateway=self.gateway, request=request, sessie=sessie, nu=nu, taal=taal, velden=velden, menu=menu)

    def echt(self, request: Request, sessie: Sessie, velden: Mapping[str, object]) -> bool:
        """Whether an unsafe request carries the session's token and comes from a page of ours."""
        token = request.headers.get("x-csrf-token") or velden.get("_csrf") or ""
        return sessies.gelijk(str(token), sessie.csrf) and http.van_eigen_pagina(request, self.gateway.settings)

    def _houd_wakker(self, request: Request, sessie: Sessie, velden: FormData, nu: datetime) -> Sessie:
        # A page that refreshes itself is nobody at the keyboard.
        aanraken = "X-Vsb-Vernieuwt" not in request.headers and sessies.moet_aangeraakt(sessie, nu)
        doel = doel_van(sessie.persoon.rol, str(velden.get("_doel", "")))
        if not aanraken and doel is None:
            return sessie
        cookie = request.cookies[http.cookienaam(SESSIE, https=http.veilig(request, self.gateway.settings))]
        with self.gateway.store.writing() as conn:
            if aanraken:
                sessies.raak_aan(conn, sessie, nu)
            if doel is not None:
                verwijzing = str(velden.get("_doel_verwijzing", "")).strip()[:MAX_VERWIJZING] or None
                sessies.zet_doel(conn, sessie, doel.sleutel, verwijzing)
            return sessies.lees(conn, cookie, self.termijn, nu) or sessie

    def _naar_aanmelden(self, request: Request, scherm: Scherm, *, verlopen: bool = False) -> Response:
        terug = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if scherm.methode == "POST":
            return fout(request, 401, "U bent niet (meer) aangemeld. Er is niets gedaan.", aanmelden=True)
        vragen = {"verder": http.eigen_pad(terug)} | ({"verlopen": "1"} if verlopen else {})
        return ga(request, f"/console/aanmelden?{urlencode(vragen)}")

    def _verlopen(self, scherm: Scherm, request: Request, sessie: Sessie, velden: FormData, nu: datetime) -> Response:
        if scherm.methode == "GET":
            return self._naar_aanmelden(request, scherm, verlopen=True)
        getypt = tuple((n, w) for n, w in velden.multi_items() if n not in _EIGEN_VELDEN and not isinstance(w, UploadFile))
        concept = Concept(pad=request.url.path, velden=getypt)
        with self.gateway.store.writing() as conn:
            naam = sessies.bewaar_concept(conn, sessie.persoon.account, concept, nu)
        if naam is None or any(isinstance(w, UploadFile) for w in velden.values()):
            return fout(request, 401, "Uw sessie was verlopen. Er is niets gedaan.", aanmelden=True)
        return ga(request, f"/console/aanmelden?{urlencode({'verder': f'/console/verder/{naam}', 'verlopen': '2'})}")

    def _vraag_doel(self, vraag: Vraag) -> Response:
        """Ask for the purpose; the form sends what was asked once more, with the purpose in it."""
        opnieuw = vraag.request.method == "POST"
        velden = [(n, w) for n, w in vraag.velden.multi_items() if n not in _EIGEN_VELDEN and not isinstance(w, UploadFile)]
        pad = vraag.request.url.path + (f"?{vraag.request.url.query}" if vraag.request.url.query else "")
        return vraag.toon(
            "doel.html", actie=pad if opnieuw else "/console/doel", terug=pad, velden=velden, doelen=doelen(vraag.persoon.rol)
        )


def taal_van_vraag(request: Request) -> Taal:
    return taal_van(request.cookies.get("vsb-taal"), request.headers.get("accept-language"))


def ga(request: Request, adres: str) -> Response:
    """To another page, also when htmx asked only for a part of this one."""
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": adres})
    return RedirectResponse(adres, status_code=303)


def fout(
    request: Request,
    status: int,
    tekst: str,
    *,
    vraag: Vraag | None = None,
    ticket: str | None = None,
    aanmelden: bool = False,
    **waarden: object,
) -> Response:
    """A page that says what is wrong, and where to go from here.

    Args:
        vraag: of somebody who is logged in, who keeps the menu.
        waarden: what stands in the text.
    """
    taal = taal_van_vraag(request)

    def t(bron: str, **waarden: object) -> str:
        return vertaal(taal, bron, **waarden)

    context = {"status": status, "tekst": t(tekst, **waarden), "ticket": ticket, "aanmelden": aanmelden}
    raam = "alleen.html" if vraag is None or vraag.deel else "basis.html"
    return HTMLResponse(render("fout.html", t=t, taal=taal, Recht=Recht, raam=raam, v=vraag, **context), status_code=status)


def storing(request: Request, error: Exception, waar: str) -> Response:
    """What we did not foresee; the log has it under the ticket that the page shows."""
    ticket = uuid4().hex
    log.exception("console_error", error=type(error).__name__, ticket=ticket, screen=waar, exc_info=error)
    return fout(request, 500, "Er ging iets mis. Er is niets gedaan.", ticket=ticket)


def weigering(request: Request, refusal: Refusal) -> Response:
    """A refusal of the store: it is away, or the bytes are in the archive."""
    first = refusal.findings[0]
    status = 503 if refusal.code is Code.UNAVAILABLE else refusal.code.info.http
    return fout(request, status, f"{first.nl} {first.found or ''}".strip())
