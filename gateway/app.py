"""The gateway as an ASGI application: builds the parts once, carries bytes to the services and faults back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from types import ModuleType
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse
from lxml.etree import _Element as Element
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from gateway.clock import shifted_clock, system_clock
from gateway.console.routes import console_router
from gateway.cookbooks import load_cookbooks
from gateway.diensten import aanvraag, facturatie, verzekerbaarheid, zorgkas
from gateway.diensten.kern import Dienst, Gateway, Verzoek, prove
from gateway.observe import logs, metrics
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.settings import Environment, Settings
from gateway.store.certificaten import CertificateFile
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import upgrade
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.keys import load_gateway_signer, read_certificates
from gateway.trust.ocsp import OcspStore
from gateway.trust.saml import StsTrust
from gateway.trust.signing import sign_envelope
from gateway.wire.build import moment
from gateway.wire.envelope import serialise, timestamp_security, write_envelope
from gateway.wire.faults import fault
from gateway.wire.http import XML_CONTENT_TYPE, check_content_type, read_body, soap_action
from gateway.wire.limits import RateLimit
from gateway.wire.wsdl import schema_file, wsdl

log = structlog.get_logger("gateway")
_DIENSTEN: Mapping[str, ModuleType] = {m.DIENST.naam: m for m in (verzekerbaarheid, aanvraag, facturatie, zorgkas)}
_ANSWER_LIFETIME = timedelta(minutes=1)


def make_gateway(settings: Settings) -> Gateway:
    """Build the parts of a gateway; what is wrong with the configuration is an error here, not at the first request."""
    registry.preload()
    engine = make_engine(settings.database_url)
    upgrade(engine)
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
        signer=load_gateway_signer(
            keystore=settings.keystore,
            keystore_password=settings.keystore_password,
            key_pem=settings.key_pem,
            certificate_pem=settings.certificate_pem,
            keystore_base64=settings.keystore_base64,
            production=settings.environment is Environment.PRODUCTION,
        ),
        cookbooks=load_cookbooks(settings.cookbooks),
        address_limit=RateLimit(settings.rate_address, settings.rate_burst, "adres"),
        sender_limit=RateLimit(settings.rate_sender, settings.rate_burst, "afzender"),
        clock=clock,
    )


def _sts(settings: Settings, trust: TrustStore) -> StsTrust | None:
    if settings.sts_certificates is None:
        return None
    certificates = read_certificates(settings.sts_certificates)
    return StsTrust(certificates=certificates, issuer=settings.sts_issuer, accept=trust.accept)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; uvicorn's factory."""
    settings = settings or Settings()
    logs.configure(settings.log_level)
    gateway = make_gateway(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        if gateway.ocsp is not None:
            threading.Thread(target=gateway.ocsp.run, args=(stop,), daemon=True).start()
        yield
        stop.set()
        gateway.store.engine.dispose()

    app = FastAPI(title="VSB gateway", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    slots = asyncio.Semaphore(settings.max_concurrent)
    _add_soap(app, gateway, slots)
    _add_files(app, gateway)
    if settings.console:
        app.include_router(console_router(gateway))
    return app


def _add_soap(app: FastAPI, gateway: Gateway, slots: asyncio.Semaphore) -> None:
    @app.post("/soap/{naam}/v1")
    async def soap(naam: str, request: Request) -> Response:
        return await _answer(gateway, slots, naam, request)

    @app.api_route("/soap/{naam}/v1", methods=["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
    async def other(naam: str) -> Response:
        refusal = Refusal(Code.METHOD, place="HTTP", expected="POST, of GET met ?wsdl")
        response = _fault(gateway, refusal, _DIENSTEN.get(naam), uuid4().hex)
        response.headers["Allow"] = "POST, GET"
        return response

    @app.post("/{path:path}")
    async def unknown(path: str) -> Response:
        return _fault(
            gateway,
            Refusal(Code.UNKNOWN_SERVICE, place=f"/{path[:80]}", expected=", ".join(f"/soap/{n}/v1" for n in _DIENSTEN)),
            None,
            uuid4().hex,
        )


async def _answer(gateway: Gateway, slots: asyncio.Semaphore, naam: str, request: Request) -> Response:
    ticket = uuid4().hex
    module = _DIENSTEN.get(naam)
    structlog.contextvars.bind_contextvars(ticket=ticket, service=naam[:40])
    try:
        if module is None:
            raise Refusal(
                Code.UNKNOWN_SERVICE, place=f"/soap/{naam[:40]}/v1", expected=", ".join(f"/soap/{n}/v1" for n in _DIENSTEN)
            )
        headers = request.headers
        gateway.address_limit.take(request.client.host if request.client else "", gateway.clock().timestamp())
        check_content_type(headers.get("content-type"), headers.get("content-encoding"))
        raw = await read_body(
            request.stream(),
            declared=headers.get("content-length"),
            limit=gateway.settings.max_request,
            timeout=gateway.settings.body_timeout,
        )
        verzoek = Verzoek(
            raw=raw, content_type=headers.get("content-type", ""), soap_action=soap_action(headers.get("soapaction"))
        )
        async with slots:
            return await run_in_threadpool(_process, gateway, module, verzoek)
    except Refusal as refusal:
        return _fault(gateway, refusal, module, ticket)
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:
        # Never a traceback, an empty answer or a dropped connection to a sender: the log has it all, under the ticket.
        log.exception("unexpected", error=type(error).__name__)
        return _fault(gateway, Refusal(Code.INTERNAL, found=ticket), module, ticket)


def _process(gateway: Gateway, module: ModuleType, verzoek: Verzoek) -> Response:
    dienst: Dienst = module.DIENST
    behandel: Callable[..., Element] = module.behandel
    bewezen = prove(gateway, dienst, verzoek)
    try:
        payload = behandel(gateway, bewezen)
    except IntegrityError:
        # Two processes took the same message at once; the second look finds the first one's answer.
        payload = behandel(gateway, bewezen)
    metrics.ANSWERED.labels(dienst.naam).inc()
    log.info("answered", sender=bewezen.identity.label, payload=str(bewezen.payload.tag).rpartition("}")[2])
    return Response(_envelope(gateway, payload), media_type=XML_CONTENT_TYPE)


def _envelope(gateway: Gateway, payload: Element) -> bytes:
    now = gateway.clock()
    if gateway.settings.sign_responses:
        root = write_envelope(payload)
        sign_envelope(root, gateway.signer, now, lifetime=_ANSWER_LIFETIME)
        return serialise(root)
    return serialise(write_envelope(payload, (timestamp_security(moment(now), moment(now + _ANSWER_LIFETIME)),)))


def _fault(gateway: Gateway, refusal: Refusal, module: ModuleType | None, ticket: str) -> Response:
    info = refusal.code.info
    metrics.REFUSED.labels(info.code).inc()
    log.info("refused", code=info.code, soa=info.soa, places=[f.place for f in refusal.findings[:5]])
    payload = fault(
        refusal,
        ticket=ticket,
        environment=gateway.settings.environment.value,
        generic_async=module is not None and module.DIENST.generic_async,
    )
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
    return Response(_envelope(gateway, payload), status_code=info.http, media_type=XML_CONTENT_TYPE, headers=headers)


def _add_files(app: FastAPI, gateway: Gateway) -> None:
    @app.get("/soap/{naam}/v1", response_model=None)
    async def description(naam: str, request: Request) -> Response:
        module = _DIENSTEN.get(naam)
        if module is None:
            return PlainTextResponse("Deze dienst bestaat niet.\n", status_code=404)
        if "wsdl" not in {key.lower() for key in request.query_params}:
            return PlainTextResponse(
                "Dit is een SOAP-dienst: POST een bericht, of vraag ?wsdl.\n", status_code=405, headers={"Allow": "POST, GET"}
            )
        base = gateway.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        return Response(wsdl(module.DIENST.wsdl, f"{base}/soap/{naam}/v1"), media_type=XML_CONTENT_TYPE)

    @app.get("/xsd/{path:path}", response_model=None)
    async def schema(path: str) -> Response:
        found = schema_file(path)
        return (
            PlainTextResponse("Niet gevonden.\n", status_code=404)
            if found is None
            else FileResponse(found, media_type=XML_CONTENT_TYPE)
        )

    @app.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @app.get("/metrics")
    async def prometheus() -> Response:
        return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)
