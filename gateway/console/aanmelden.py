"""The way in: the few addresses of the console that are open to who is not logged in, and no others."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlencode

import structlog
from sqlalchemy import delete, insert, select
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.console import http, pogingen, sessies, toestellen
from gateway.console.accounts import Account, controleer
from gateway.console.oidc import OidcProbleem, Provider
from gateway.console.opmaak import duur, render, statisch
from gateway.console.poort import GEEN_FORMULIER, SESSIE, fout, storing, taal_van_vraag, weigering
from gateway.console.rechten import Persoon
from gateway.console.sessies import csrf_van, digest, gelijk
from gateway.console.talen import vertaal
from gateway.diensten.kern import Gateway
from gateway.observe.audit_events import Gebeurtenis
from gateway.refusal import Refusal
from gateway.store.audit import noteer
from gateway.store.berichten import GATEWAY
from gateway.store.console_tables import console_aanmelding
from gateway.wire.limits import adres_van

log = structlog.get_logger("console")
_COOKIE = "aanmelden"
_ONDERWEG = timedelta(minutes=15)
"""How long somebody may take at the provider's page."""
TALEN_SECONDEN = 365 * 24 * 3600


class Aanmelden:
    """The login page, logging in by password, the way to the provider and back; the language; the static files."""

    def __init__(self, gateway: Gateway, accounts: Mapping[str, Account], provider: Provider | None) -> None:
        self._gateway, self._accounts, self._provider = gateway, accounts, provider

    def routes(self) -> list[Route]:
        open_ = (
            ("GET", "/aanmelden", self._pagina),
            ("POST", "/aanmelden", self._wachtwoord),
            ("GET", "/aanmelden/oidc", self._naar_provider),
            ("GET", "/aanmelden/terug", self._van_provider),
            ("GET", "/aanmelden/uit", self._uit_bij_provider),
            ("GET", "/taal/{taal}", self._taal),
            ("GET", "/static/{naam}", self._statisch),
        )
        return [Route(pad, self._veilig(handelaar), methods=[methode]) for methode, pad, handelaar in open_]

    def _veilig(self, handelaar: Callable[[Request, FormData], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                velden = FormData()
                self._gateway.address_limit.take(f"console/{adres_van(request)}", self._gateway.clock().timestamp())
                if request.method == "POST":
                    velden = await http.lees_formulier(request, limit=16_384, timeout=self._gateway.settings.body_timeout)
                response = await run_in_threadpool(handelaar, request, velden)
            except http.TeGroot:
                response = fout(request, 413, "Dit is te groot, of kwam te traag binnen. Er is niets gedaan.")
            except http.GeenFormulier:
                response = fout(request, 415, GEEN_FORMULIER)
            except Refusal as refusal:
                response = weigering(request, refusal)
            except Exception as error:
                response = storing(request, error, request.url.path)
            return http.zet_koppen(response, https=self._https(request))

        return endpoint

    def _https(self, request: Request) -> bool:
        return http.veilig(request, self._gateway.settings)

    def _pagina(self, request: Request, _velden: FormData) -> Response:
        return self._formulier(request, verder=http.eigen_pad(request.query_params.get("verder")))

    def _formulier(self, request: Request, *, verder: str, probleem: str = "", status: int = 200) -> Response:
        taal, https = taal_van_vraag(request), self._https(request)
        cookie = request.cookies.get(http.cookienaam(_COOKIE, https=https)) or secrets.token_urlsafe(32)
        page = render(
            "aanmelden.html",
            t=lambda tekst, **w: vertaal(taal, tekst, **w),
            taal=taal,
            verder=verder,
            probleem=probleem,
            verlopen=request.query_params.get("verlopen", ""),
            afgemeld="afgemeld" in request.query_params,
            csrf=csrf_van(cookie),
            wachtwoorden=bool(self._accounts),
            oidc="" if self._provider is None else f"/console/aanmelden/oidc?{urlencode({'verder': verder})}",
            voorbeelden=self._gateway.settings.console_sample_hint,
        )
        response = HTMLResponse(page, status_code=status)
        http.zet_cookie(response, _COOKIE, cookie, https=https, seconden=3600)
        return response

    def _wachtwoord(self, request: Request, velden: FormData) -> Response:
        nu, https = self._gateway.clock(), self._https(request)
        verder = http.eigen_pad(str(velden.get("verder", "")))
        cookie = request.cookies.get(http.cookienaam(_COOKIE, https=https), "")
        eigen = http.van_eigen_pagina(request, self._gateway.settings)
        if not (cookie and eigen and gelijk(str(velden.get("_csrf", "")), csrf_van(cookie))):
            probleem = "De aanmeldpagina was te oud. Probeer het nog eens."
            return self._formulier(request, verder=verder, probleem=probleem, status=403)
        naam, adres = str(velden.get("naam", "")).strip()[:128], adres_van(request)
        kende = toestellen.kent(self._accounts.get(naam), request.cookies.get(http.cookienaam(toestellen.COOKIE, https=https)))
        wie = (("account", naam) if kende is None else ("toestel", f"{naam}/{kende}"), ("adres", adres))
        with self._gateway.store.writing() as conn:
            wachten = pogingen.begin(conn, wie, nu)
        if wachten is not None:
            tekst = vertaal(taal_van_vraag(request), "Te veel mislukte pogingen. Wacht {duur} en probeer dan opnieuw.")
            tekst = tekst.format(duur=duur(wachten.total_seconds() + 1))
            return self._formulier(request, verder=verder, probleem=tekst, status=429)
        account = self._oordeel(naam, str(velden.get("wachtwoord", ""))[:1024], wie)
        if account is None:
            self._meld_mislukt(naam, adres, wie)
            return self._formulier(request, verder=verder, probleem="Naam of wachtwoord is niet juist.", status=401)
        with self._gateway.store.writing() as conn:
            pogingen.gelukt(conn, wie)
        response = self._binnen(request, account.personen, verder)
        if kende is None:
            http.zet_cookie(response, toestellen.COOKIE, toestellen.nieuw(account), https=https, seconden=toestellen.SECONDEN)
        return response

    def _oordeel(self, naam: str, wachtwoord: str, wie: pogingen.Wie) -> Account | None:
        try:
            return controleer(self._accounts, naam, wachtwoord)
        except Refusal:
            with self._gateway.store.writing() as conn:
                pogingen.terug(conn, wie)
            raise

    def _meld_mislukt(self, naam: str, adres: str, wie: pogingen.Wie) -> None:
        nu = self._gateway.clock()
        with self._gateway.store.writing() as conn:
            for soort in pogingen.begint_nu(conn, wie):
                bekend = soort != "adres" and naam in self._accounts
                onderwerp = f"account:{naam}" if bekend else soort
                noteer(
                    conn,
                    Gebeurtenis.AANMELDEN_GEBLOKKEERD,
                    actor=GATEWAY,
                    onderwerp=onderwerp,
                    gegevens={"adres": adres},
                    tijdstip=nu,
                )
        log.info("console_login_failed", address=adres)

    def _binnen(self, request: Request, personen: Sequence[Persoon], verder: str) -> Response:
        """A new session under a new cookie, whatever the browser had before."""
        nu, https = self._gateway.clock(), self._https(request)
        persoon = personen[0]
        with self._gateway.store.writing() as conn:
            cookie = sessies.begin(conn, personen, persoon, nu)
            gegevens = {"rollen": [p.rol.value for p in personen]}
            noteer(conn, Gebeurtenis.AANGEMELD, actor=persoon.actor, onderwerp=persoon.account, gegevens=gegevens, tijdstip=nu)
        if len(personen) > 1:
            verder = f"/console/rol?{urlencode({'verder': verder})}"
        response = RedirectResponse(verder, status_code=303)
        http.zet_cookie(response, SESSIE, cookie, https=https)
        http.wis_cookie(response, _COOKIE, https=https)
        return response

    def _naar_provider(self, request: Request, _velden: FormData) -> Response:
        if self._provider is None:
            return fout(request, 404, "Dit is er niet, of u mag het niet zien.")
        nu, https = self._gateway.clock(), self._https(request)
        try:
            begin = self._provider.begin(self._terug(request), nu)
        except OidcProbleem as problem:
            return self._provider_faalt(request, problem)
        cookie = secrets.token_urlsafe(32)
        with self._gateway.store.writing() as conn:
            conn.execute(delete(console_aanmelding).where(console_aanmelding.c.tot < nu))
            conn.execute(
                insert(console_aanmelding).values(
                    sleutel=digest(begin.state),
                    cookie=digest(cookie),
                    nonce=begin.nonce,
                    verifier=begin.verifier,
                    verder=http.eigen_pad(request.query_params.get("verder")),
                    tot=nu + _ONDERWEG,
                )
            )
        response = RedirectResponse(begin.adres, status_code=303)
        http.zet_cookie(response, _COOKIE, cookie, https=https, seconden=int(_ONDERWEG.total_seconds()))
        return response

    def _van_provider(self, request: Request, _velden: FormData) -> Response:
        if self._provider is None:
            return fout(request, 404, "Dit is er niet, of u mag het niet zien.")
        nu, https, q = self._gateway.clock(), self._https(request), request.query_params
        cookie = request.cookies.get(http.cookienaam(_COOKIE, https=https), "")
        c = console_aanmelding.c
        mijn = (c.sleutel == digest(q.get("state", ""))) & (c.cookie == digest(cookie)) & (c.tot >= nu)
        with self._gateway.store.writing() as conn:
            row = conn.execute(select(console_aanmelding).where(mijn)).first()
            # Used once, whatever comes of it.
            conn.execute(delete(console_aanmelding).where(mijn))
        if row is None:
            probleem = "Deze aanmelding is niet in deze browser begonnen, of duurde te lang. Begin opnieuw."
            return self._formulier(request, verder="/console/", probleem=probleem, status=403)
        try:
            # RFC 9207: an answer that names its issuer must name ours.
            if q.get("iss") not in (None, *_schrijfwijzen(self._gateway.settings.oidc_issuer)):
                raise OidcProbleem("another issuer answered")
            if "code" not in q:
                raise OidcProbleem(f"no code: {q.get('error', '')[:60]}")
            personen = self._provider.rond_af(
                q["code"], redirect_uri=self._terug(request), nonce=row.nonce, verifier=row.verifier, nu=nu
            )
        except OidcProbleem as problem:
            return self._provider_faalt(request, problem, row.verder)
        return self._binnen(request, personen, row.verder)

    def _provider_faalt(self, request: Request, problem: OidcProbleem, verder: str = "/console/") -> Response:
        log.warning("console_oidc_failed", reason=str(problem))
        probleem = "De aanmelding bij de dienst voor toegang is niet gelukt. Het logboek van de gateway zegt waarom."
        return self._formulier(request, verder=verder, probleem=probleem, status=403)

    def _uit_bij_provider(self, request: Request, _velden: FormData) -> Response:
        terug = f"{http.basis_adres(request, self._gateway.settings)}/console/aanmelden"
        adres = None if self._provider is None else self._provider.uitloggen(terug, self._gateway.clock())
        return RedirectResponse(adres or "/console/aanmelden", status_code=303)

    def _terug(self, request: Request) -> str:
        return f"{http.basis_adres(request, self._gateway.settings)}/console/aanmelden/terug"

    def _taal(self, request: Request, _velden: FormData) -> Response:
        response = RedirectResponse(http.eigen_pad(request.query_params.get("verder")), status_code=303)
        if (taal := request.path_params["taal"]) in ("nl", "en"):
            https = self._https(request)
            response.set_cookie("vsb-taal", taal, max_age=TALEN_SECONDEN, path="/", secure=https, httponly=True, samesite="lax")
        return response

    def _statisch(self, request: Request, _velden: FormData) -> Response:
        bestand = statisch().get(request.path_params["naam"])
        if bestand is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable"} if request.query_params.get("v") else {}
        return Response(bestand.inhoud, media_type=bestand.media, headers=headers)


def _schrijfwijzen(issuer: str) -> tuple[str, str]:
    bloot = issuer.rstrip("/")
    return bloot, f"{bloot}/"
