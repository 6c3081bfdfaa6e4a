"""Who asks: somebody with an access token of the provider, or the session of the screens; in one role, with its rights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from starlette.requests import Request

from gateway.api.problemen import Probleem, Soort
from gateway.clock import BRUSSELS
from gateway.console import inzage
from gateway.console.inzage import MAX_VERWIJZING, DoelNodig
from gateway.console.oidc import OidcProbleem, Provider
from gateway.console.poort import Poort
from gateway.console.rechten import Persoon, Recht
from gateway.console.sessies import Sessie
from gateway.diensten.kern import Gateway
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import Waarde
from gateway.wire.limits import adres_van

VEILIG = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, kw_only=True)
class Toegang:
    """One request of somebody who may make it."""

    gateway: Gateway
    sessie: Sessie
    """Of the screens, or made for this one request with a token."""
    nu: datetime

    @property
    def persoon(self) -> Persoon:
        return self.sessie.persoon

    @property
    def heeft_doel(self) -> bool:
        """Whether a purpose was stated, with the request or in the session."""
        return self.sessie.doel is not None and inzage.doel_van(self.persoon.rol, self.sessie.doel) is not None

    @property
    def vandaag(self) -> date:
        """The Belgian day."""
        return self.nu.astimezone(BRUSSELS).date()

    def inzage(self, onderwerp: str, wat: str, gebeurtenis: Gebeurtenis = Gebeurtenis.INZAGE, **gegevens: Waarde) -> None:
        """Record a look at a person's data; call it before the data is given.

        Raises:
            Probleem: DOEL.
        """
        try:
            with self.gateway.store.writing() as conn:
                inzage.noteer_inzage(conn, self.sessie, onderwerp, wat, gebeurtenis, gegevens, self.nu)
        except DoelNodig:
            doelen = ", ".join(d.sleutel for d in inzage.doelen(self.persoon.rol))
            raise Probleem(Soort.DOEL, detail=f"Verwacht een van: {doelen}.") from None

    def vreemd(self, pad: str) -> Probleem:
        """The answer for what is not there and for what is somebody else's, alike; the question is on record, as of a screen.

        Args:
            pad: what was asked for, below /api/v1.
        """
        with self.gateway.store.writing() as conn:
            inzage.noteer_geweigerd(conn, self.sessie, pad, self.nu)
        return Probleem(Soort.NIET_GEVONDEN)


class Toelating:
    """Decides who may make a request."""

    def __init__(self, gateway: Gateway, poort: Poort, provider: Provider | None) -> None:
        self._gateway, self._poort, self._provider = gateway, poort, provider

    def laat_toe(self, request: Request, recht: Recht) -> Toegang:
        """The one who asks, when that person has the right.

        Raises:
            Probleem: AANMELDEN, HERKOMST or RECHT.
            Refusal: BUSY or UNAVAILABLE.
        """
        nu = self._gateway.clock()
        self._gateway.address_limit.take(adres_van(request), nu.timestamp())
        sessie = self._met_token(request, nu) if "authorization" in request.headers else self._met_sessie(request, nu)
        if not sessie.persoon.mag(recht):
            raise Probleem(Soort.RECHT, detail=f"{recht.value} hoort niet bij de rol {sessie.persoon.rol.value}.")
        return Toegang(gateway=self._gateway, sessie=_met_doel(request, sessie), nu=nu)

    def _met_sessie(self, request: Request, nu: datetime) -> Sessie:
        sessie = self._poort.sessie(request, nu)
        if sessie is None or sessie.verlopen:
            raise Probleem(Soort.AANMELDEN)
        if request.method not in VEILIG and not self._poort.echt(request, sessie, {}):
            raise Probleem(Soort.HERKOMST, detail=_wat_ontbreekt(request))
        return sessie

    def _met_token(self, request: Request, nu: datetime) -> Sessie:
        schema, _, token = request.headers["authorization"].partition(" ")
        if schema.lower() != "bearer" or self._provider is None:
            raise Probleem(Soort.AANMELDEN)
        try:
            personen = self._provider.personen_van_token(token.strip(), nu)
        except OidcProbleem:
            raise Probleem(Soort.AANMELDEN) from None
        gevraagd = request.headers.get("x-vsb-rol")
        persoon = next((p for p in personen if gevraagd in (None, p.rol.value)), None)
        if persoon is None:
            raise Probleem(Soort.RECHT, detail="Het token heeft de gevraagde rol niet.")
        return Sessie(sleutel="", persoon=persoon, personen=personen, csrf="", verlopen=False, begonnen_op=nu, gezien_op=nu)


def _wat_ontbreekt(request: Request) -> str:
    if "x-csrf-token" not in request.headers:
        return "De kop X-CSRF-Token ontbreekt. De waarde voor deze sessie staat als csrf in GET /api/v1/ik."
    return "X-CSRF-Token is niet dat van deze sessie (zie csrf in GET /api/v1/ik), of de vraag komt van een andere site (Origin)."


def _met_doel(request: Request, sessie: Sessie) -> Sessie:
    doel = request.headers.get("x-vsb-doel")
    if doel is None:
        return sessie
    if inzage.doel_van(sessie.persoon.rol, doel) is None:
        doelen = ", ".join(d.sleutel for d in inzage.doelen(sessie.persoon.rol))
        raise Probleem(Soort.DOEL, detail=f"Verwacht een van: {doelen}.")
    verwijzing = request.headers.get("x-vsb-verwijzing", "").strip()[:MAX_VERWIJZING]
    return replace(sessie, doel=doel, doel_verwijzing=verwijzing or None)
