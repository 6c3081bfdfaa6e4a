"""The console as one application below /console: every module's screens behind the gate, and the few open addresses."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import http, zelf
from gateway.console.aanmelden import Aanmelden
from gateway.console.accounts import laad_accounts
from gateway.console.beheer import invoer, rapporten, regels, register_attest, register_periode
from gateway.console.controle import steekproeven
from gateway.console.eigen import berichten as eigen_berichten
from gateway.console.eigen import deur as eigen_deur
from gateway.console.eigen import proef
from gateway.console.eigen import zoeken as eigen_zoeken
from gateway.console.oidc import Provider
from gateway.console.operator import alarmen, auditlog, bericht, daden, deur, leveringen, overzicht, zoeken
from gateway.console.poort import Poort, fout
from gateway.console.schermen import Scherm, Schermen
from gateway.console.zorgkas import afrekenen, beraad, dossiers
from gateway.diensten.kern import Gateway

MODULES: tuple[Schermen, ...] = (
    zelf.schermen,
    overzicht.schermen,
    zoeken.schermen,
    bericht.schermen,
    deur.schermen,
    leveringen.schermen,
    alarmen.schermen,
    daden.schermen,
    auditlog.schermen,
    beraad.schermen,
    dossiers.schermen,
    afrekenen.schermen,
    eigen_deur.schermen,
    eigen_zoeken.schermen,
    eigen_berichten.schermen,
    proef.schermen,
    steekproeven.schermen,
    rapporten.schermen,
    register_attest.schermen,
    register_periode.schermen,
    regels.schermen,
    invoer.schermen,
)
"""Every module with screens; a new one is added here and nowhere else."""


def alle_schermen() -> tuple[Scherm, ...]:
    """Every screen there is, with its right."""
    return tuple(s for module in MODULES for s in module.alle)


def console_app(gateway: Gateway) -> Starlette:
    """The application that serves /console; on by VSB_CONSOLE."""
    settings = gateway.settings
    accounts = {} if settings.console_accounts is None else laad_accounts(settings.console_accounts)
    provider = Provider(settings) if settings.oidc_issuer else None
    poort = Poort(gateway, alle_schermen())
    routes = [*Aanmelden(gateway, accounts, provider).routes(), *(poort.route(s) for s in poort.schermen)]

    async def niet_gevonden(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        tekst = "Dit adres is er niet." if status == 404 else "Dit adres wordt anders gebruikt."
        return http.zet_koppen(fout(request, status, tekst), https=http.veilig(request, settings))

    return Starlette(routes=routes, exception_handlers={HTTPException: niet_gevonden})
