"""The API as one application below /api/v1: every module's addresses, their description, and problems as RFC 9457 says."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from gateway.api import (
    afrekenen,
    berichten,
    deur,
    eigen,
    invoer,
    leveringen,
    proef,
    rapporten,
    regels,
    register,
    steekproeven,
    zorgkas,
)
from gateway.api.beschrijving import pagina
from gateway.api.ingangen import Ingang, Ingangen
from gateway.api.problemen import Probleem, Probleemdetail, Soort, antwoord, van_fout
from gateway.api.toegang import Toelating
from gateway.console.oidc import Provider
from gateway.console.poort import Poort
from gateway.console.routes import alle_schermen
from gateway.diensten.kern import Gateway
from gateway.refusal import Refusal

log = structlog.get_logger("api")
BASIS = "/api/v1"
MODULES: tuple[Ingangen, ...] = (
    berichten.ingangen,
    leveringen.ingangen,
    # Before the module whose /eigen/{bericht_id} would take /eigen/deur.
    deur.ingangen,
    zorgkas.ingangen,
    afrekenen.ingangen,
    eigen.ingangen,
    proef.ingangen,
    steekproeven.ingangen,
    rapporten.ingangen,
    register.ingangen,
    regels.ingangen,
    invoer.ingangen,
)
"""Every module with addresses; a new one is added here and nowhere else."""
OPEN = ("/", "/openapi.json")
"""What anybody may read: how the API is used."""
_UITLEG = """The same things as the screens, with the same rights.

**Who asks.** An access token of the OpenID provider (`Authorization: Bearer …`, a JWT with audience `VSB_API_AUDIENCE`), or the
session of the screens (its cookie); an act then also needs `X-CSRF-Token`, which `GET /ik` gives as `csrf`. Who has more roles
chooses one with `X-Vsb-Rol`.

**Personal data** are given for a stated purpose: `X-Vsb-Doel` (see `/ik`), and if there is one a reference in `X-Vsb-Verwijzing`.
Each look is in the audit log. A person's number is never in an address.

**Pages** go by key: send `volgende` back as `na`. There are no counts over everything.

**Errors** are `application/problem+json` with a stable `code`. An act that is answered with an error was not done."""


def alle_ingangen() -> tuple[Ingang, ...]:
    """Every address there is, with its right."""
    return tuple(i for module in MODULES for i in module.alle)


def api_app(gateway: Gateway) -> ASGIApp:
    """The application that serves /api/v1; on with the console."""
    app = FastAPI(title="VSB-gateway", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    provider = Provider(gateway.settings) if gateway.settings.oidc_issuer else None
    app.state.toelating = Toelating(gateway, Poort(gateway, alle_schermen()), provider)
    for module in MODULES:
        app.include_router(module.router)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    def beschrijving() -> Response:
        return JSONResponse(app.openapi())

    @app.get("/", include_in_schema=False)
    def uitleg() -> Response:
        return HTMLResponse(pagina(app.openapi()))

    for soort in (Probleem, Refusal, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(soort, _probleem)
    app.state.body_timeout = gateway.settings.body_timeout
    return app


async def _probleem(request: Request, error: Exception) -> Response:
    probleem = van_fout(error)
    if probleem.soort is Soort.INTERN:
        ticket = uuid4().hex
        log.exception("api_error", error=type(error).__name__, ticket=ticket, path=request.url.path, exc_info=error)
        probleem = Probleem(Soort.INTERN, detail=f"ticket {ticket}")
    return antwoord(probleem)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the routes."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=_UITLEG, routes=app.routes)
        onderdelen = schema.setdefault("components", {})
        detail = Probleemdetail.model_json_schema(ref_template="#/components/schemas/{model}")
        onderdelen["schemas"] |= {**detail.pop("$defs", {}), "Probleemdetail": detail}
        onderdelen["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            "sessie": {"type": "apiKey", "in": "cookie", "name": "vsb-sessie"},
        }
        schema["security"] = [{"token": []}, {"sessie": []}]
        schema["servers"] = [{"url": BASIS}]
        for naam in ("HTTPValidationError", "ValidationError"):
            onderdelen["schemas"].pop(naam, None)
        app.openapi_schema = schema
    return app.openapi_schema
