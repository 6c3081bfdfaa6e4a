"""The gateway as an ASGI application: builds the parts once, carries bytes to the services and faults back."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from functools import cache

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Mount
from starlette.types import ASGIApp

from gateway.api.app import BASIS, api_app
from gateway.clock import ClockGuard, shifted_clock, system_clock
from gateway.console.http import Koppen
from gateway.console.routes import console_app
from gateway.cookbook.laden import load_cookbooks
from gateway.cookbook.site import site
from gateway.diensten.kern import Gateway
from gateway.diensten.proef import PROEVEN
from gateway.observe import logs, traces
from gateway.observe.routes import observe_router
from gateway.reference.geheugen import Registergeheugen
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.settings import Settings
from gateway.sleutel import signer_of
from gateway.soap import DIENSTEN, SoapServices, fault_response
from gateway.store.certificaten import CertificateFile
from gateway.store.deurboek import Deurboek
from gateway.store.engine import Store, make_engine
from gateway.store.identifiers import message_id
from gateway.store.migrate import upgrade
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.keys import read_certificates
from gateway.trust.ocsp import OcspStore
from gateway.trust.saml import StsTrust
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.limits import RateLimit, adres_van
from gateway.wire.wsdl import schema_file, wsdl

log = structlog.get_logger("gateway")

_MEDIA = {
    "css": "text/css",
    "csv": "text/csv",
    "xml": "text/plain",
    "toml": "text/plain",
    "txt": "text/plain",
    "py": "text/plain",
    "java": "text/plain",
}
"""Files of the cookbooks; what a browser would draw as something else is shown as it is written."""
_PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'self'", "X-Content-Type-Options": "nosniff"}


def make_gateway(settings: Settings) -> Gateway:
    """Build the parts of a gateway; what is wrong with the configuration is an error here, not at the first request."""
    registry.preload()
    engine = make_engine(settings.database_url)
    if (found := upgrade(engine)).newer:
        log.warning("schema_is_newer", revision=found.revision)
    clock = system_clock if settings.clock is None else shifted_clock(settings.clock.astimezone(UTC))
    ocsp = OcspStore(settings.ocsp_responders, clock) if settings.ocsp_responders else None
    trust = load_trust_store(
        settings.ca_bundle,
        [*settings.crls, *settings.crl_urls.values()],
        settings.revocation,
        ocsp=ocsp,
        grace=timedelta(hours=settings.revocation_grace_hours),
    )
    store = Store(engine)
    return Gateway(
        settings=settings,
        store=store,
        trust=trust,
        ocsp=ocsp,
        certificates=CertificateFile(store),
        sts=_sts(settings, trust),
        signer=signer_of(settings),
        cookbooks=load_cookbooks(settings.cookbooks),
        register=Registergeheugen(),
        deur=Deurboek(store),
        address_limit=RateLimit(settings.rate_address, settings.rate_burst, "adres"),
        sender_limit=RateLimit(settings.rate_sender, settings.rate_burst, "afzender"),
        status_limit=RateLimit(settings.rate_status, settings.rate_burst, "statusvragen"),
        clock=clock,
        clock_guard=ClockGuard(clock),
    )


def _sts(settings: Settings, trust: TrustStore) -> StsTrust | None:
    if settings.sts_certificates is None:
        return None
    certificates = read_certificates(settings.sts_certificates)
    return StsTrust(certificates=certificates, issuer=settings.sts_issuer, accept=trust.accept)


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The ASGI application; uvicorn's factory."""
    settings = settings or Settings()
    logs.configure(settings.log_level, settings.pseudonym_key())
    traces.configure()
    gateway = make_gateway(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        if gateway.ocsp is not None:
            threading.Thread(target=gateway.ocsp.run, args=(stop,), daemon=True).start()
        yield
        stop.set()
        gateway.deur.sluit()
        gateway.store.engine.dispose()

    app = FastAPI(title="VSB gateway", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    _add_files(app, gateway)
    app.include_router(observe_router(gateway))
    if settings.console:
        app.router.routes += [_alles_onder("/console", console_app(gateway)), _alles_onder(BASIS, api_app(gateway))]
        app.add_middleware(Koppen, settings=settings, onder=("/console", "/api"))
    return SoapServices(gateway, app)


def _alles_onder(pad: str, app: ASGIApp) -> Mount:
    mount = Mount(pad, app=app)
    # A line end in an address is hostile, and still gets the answer of what it asks: by itself `.` stops at one.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def _add_files(app: FastAPI, gateway: Gateway) -> None:
    @app.api_route("/soap/{naam}/v1", methods=["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
    async def other(naam: str, request: Request) -> Response:
        refusal = Refusal(Code.METHOD, place="HTTP", expected="POST, of GET met ?wsdl")
        response = fault_response(gateway, refusal, DIENSTEN.get(naam), message_id(gateway.clock()), adres_van(request))
        response.headers["Allow"] = "POST, GET"
        return response

    @app.get("/soap/{naam}/v1", response_model=None)
    async def description(naam: str, request: Request) -> Response:
        module = DIENSTEN.get(naam)
        if module is None:
            return PlainTextResponse("Deze dienst bestaat niet.\n", status_code=404)
        if "wsdl" not in {key.lower() for key in request.query_params}:
            return PlainTextResponse(
                "Dit is een SOAP-dienst: POST een bericht, of vraag ?wsdl.\n", status_code=405, headers={"Allow": "POST, GET"}
            )
        base = gateway.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        return Response(wsdl(module.DIENST.wsdl, f"{base}/soap/{naam}/v1"), media_type=XML_CONTENT_TYPE)

    @app.get("/soap/{naam}/v1/proef", response_model=None)
    async def dry_run(naam: str) -> Response:
        if naam not in PROEVEN:
            return PlainTextResponse("Deze proef bestaat niet.\n", status_code=404)
        told = f"POST hier wat je naar /soap/{naam}/v1 zou sturen: dezelfde controles; alleen over wie het ging wordt bewaard.\n"
        return PlainTextResponse(told, status_code=405, headers={"Allow": "POST"})

    # Half a second to render, so the first reader of a process waits and not its start.
    pages = cache(lambda: site(gateway.settings.cookbooks, gateway.cookbooks, gateway=True, console=gateway.settings.console))

    @app.get("/", response_model=None)
    async def begin() -> Response:
        return RedirectResponse("/cookbooks/", status_code=307)

    @app.get("/cookbooks/{path:path}", response_model=None)
    def cookbook(path: str) -> Response:
        page = pages().get(path or "index.html")
        if page is None:
            return PlainTextResponse("Niet gevonden.\n", status_code=404)
        return Response(page, media_type=_MEDIA.get(path.rpartition(".")[2], "text/html"), headers=_PAGE_HEADERS)

    @app.get("/xsd/{path:path}", response_model=None)
    async def schema(path: str) -> Response:
        if not path:
            return RedirectResponse("/cookbooks/#schemas", status_code=307)
        found = schema_file(path)
        return (
            PlainTextResponse("Niet gevonden.\n", status_code=404)
            if found is None
            else FileResponse(found, media_type=XML_CONTENT_TYPE)
        )
