"""The SOAP services as an ASGI application of their own: bytes to a service, its answer or a fault back.

It stands before FastAPI: what a framework does for every request costs as much as checking a signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from functools import partial

import structlog
from fastapi import Request, Response
from lxml.etree import _Element as Element
from sqlalchemy.exc import IntegrityError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.diensten import aanvraag, deur, facturatie, verzekerbaarheid, zorgkas
from gateway.diensten.kern import Dienst, Gateway, Module, Verzoek, prove
from gateway.diensten.proef import PROEVEN
from gateway.observe import metrics
from gateway.observe.traces import span
from gateway.refusal import Code, Refusal
from gateway.store.identifiers import message_id
from gateway.trust.signing import sign_envelope
from gateway.wire.build import moment
from gateway.wire.envelope import serialise, timestamp_security, write_envelope
from gateway.wire.faults import fault
from gateway.wire.http import XML_CONTENT_TYPE, check_content_type, read_body, soap_action
from gateway.wire.limits import adres_van
from gateway.wire.xop import is_package
from gateway.wire.xop_writer import write_message

log = structlog.get_logger("gateway")
DIENSTEN: Mapping[str, Module] = {m.DIENST.naam: m for m in (verzekerbaarheid, aanvraag, facturatie, zorgkas)}
_ADDRESSES = ", ".join([*(f"/soap/{name}/v1" for name in DIENSTEN), *(f"/soap/{name}/v1/proef" for name in PROEVEN)])
_PEOPLE = ("/console/", "/api/")
_ANSWER_LIFETIME = timedelta(minutes=1)
TICKET = "X-VSB-Ticket"
"""Header of a fault: the id that the helpdesk finds it by."""


class SoapServices:
    """POST /soap/<service>/v1 and its dry run; the rest, and what people post in the console or its API, goes to `rest`."""

    def __init__(self, gateway: Gateway, rest: ASGIApp) -> None:
        self._gateway = gateway
        self._rest = rest
        self._pool = ThreadPoolExecutor(gateway.settings.max_concurrent, thread_name_prefix="soap")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST; never with a traceback, an empty answer or a dropped connection."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].startswith(_PEOPLE):
            await self._rest(scope, receive, send)
            return
        response = await self._answer(str(scope["path"]), Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, path: str, request: Request) -> Response:
        gateway, ticket, address = self._gateway, message_id(self._gateway.clock()), adres_van(request)
        module = _service(path)
        structlog.contextvars.bind_contextvars(ticket=ticket, service=None if module is None else module.DIENST.naam)
        try:
            if module is None:
                raise Refusal(Code.UNKNOWN_SERVICE, place=path[:80], expected=_ADDRESSES)
            gateway.check_clock()
            headers = request.headers
            action = soap_action(headers.get("soapaction"))
            # Only a hint until the message is read; what it says wrongly then counts for the sender.
            limit = gateway.status_limit if action in _status_actions(module.DIENST) else gateway.address_limit
            limit.take(address, gateway.clock().timestamp())
            check_content_type(headers.get("content-type"), headers.get("content-encoding"))
            raw = await read_body(
                request.stream(),
                declared=headers.get("content-length"),
                limit=gateway.settings.max_request,
                timeout=gateway.settings.body_timeout,
            )
            # Made again once all of it is here, so that the ids of messages sort by arrival.
            ticket = message_id(gateway.clock())
            structlog.contextvars.bind_contextvars(ticket=ticket)
            verzoek = Verzoek(raw=raw, content_type=headers.get("content-type", ""), soap_action=action, ticket=ticket)
            loop = asyncio.get_running_loop()
            with span("request", ticket, service=module.DIENST.naam):
                work = partial(_process, gateway, module, verzoek, address)
                return await loop.run_in_executor(self._pool, copy_context().run, work)
        except Refusal as refusal:
            return fault_response(gateway, refusal, module, ticket, address)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            return fault_response(gateway, _unexpected(error, ticket), module, ticket, address)


def _unexpected(error: Exception, ticket: str) -> Refusal:
    # The log has it all, under the ticket that the sender gets.
    log.exception("unexpected", error=type(error).__name__, exc_info=error)
    return Refusal(Code.INTERNAL, found=ticket)


def _status_actions(dienst: Dienst) -> set[str]:
    return {dienst.operaties[tag] for tag in dienst.statusvragen}


def _service(path: str) -> Module | None:
    match path.split("/"):
        case ["", "soap", naam, "v1"]:
            return DIENSTEN.get(naam)
        case ["", "soap", naam, "v1", "proef"]:
            return PROEVEN.get(naam)
        case _:
            return None


def _process(gateway: Gateway, module: Module, verzoek: Verzoek, address: str) -> Response:
    try:
        return _treat(gateway, module, verzoek)
    except Refusal as refusal:
        return fault_response(gateway, refusal, module, verzoek.ticket, address, verzoek)
    except Exception as error:
        return fault_response(gateway, _unexpected(error, verzoek.ticket), module, verzoek.ticket, address, verzoek)


def _treat(gateway: Gateway, module: Module, verzoek: Verzoek) -> Response:
    dienst, behandel = module.DIENST, module.behandel
    with metrics.STAGE.labels("prove").time(), span("prove", verzoek.ticket):
        bewezen = prove(gateway, dienst, verzoek)
    with metrics.STAGE.labels("decide").time(), span("decide", verzoek.ticket):
        try:
            payload = behandel(gateway, bewezen)
        except IntegrityError:
            # Two processes took the same message at once; the second look finds the first one's answer.
            payload = behandel(gateway, bewezen)
    metrics.ANSWERED.labels(f"{dienst.naam}-proef" if dienst.proef else dienst.naam).inc()
    log.info("answered", sender=bewezen.identity.label, payload=str(bewezen.payload.tag).rpartition("}")[2])
    root = _envelope(gateway, payload)
    if dienst.generic_async and is_package(verzoek.content_type):
        body, content_type = write_message(root, gateway.settings.xop_threshold)
        return Response(body, headers={"Content-Type": content_type})
    return Response(serialise(root), media_type=XML_CONTENT_TYPE)


def _envelope(gateway: Gateway, payload: Element) -> Element:
    now = gateway.clock()
    if not gateway.settings.sign_responses:
        return write_envelope(payload, (timestamp_security(moment(now), moment(now + _ANSWER_LIFETIME)),))
    root = write_envelope(payload)
    sign_envelope(root, gateway.signer, now, lifetime=_ANSWER_LIFETIME)
    return root


def fault_response(
    gateway: Gateway, refusal: Refusal, module: Module | None, ticket: str, address: str, verzoek: Verzoek | None = None
) -> Response:
    """A refusal as the fault that the service's clients know; it is put on record.

    Args:
        address: the client's.
        verzoek: None when its body was not read.
    """
    info = refusal.code.info
    metrics.REFUSED.labels(info.code).inc()
    log.info("refused", code=info.code, soa=info.soa, places=[f.place for f in refusal.findings[:5]])
    try:
        deur.noteer(gateway, refusal, module, ticket, address, verzoek)
    except Exception:
        # The sender gets its answer, whatever our own books do.
        log.exception("refusal_not_recorded")
    payload = fault(
        refusal,
        ticket=ticket,
        environment=gateway.settings.environment.value,
        generic_async=module is not None and module.DIENST.generic_async,
    )
    # A fault of the federal contract has no place for it.
    headers = {TICKET: ticket} | ({"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {})
    body = serialise(_envelope(gateway, payload))
    return Response(body, status_code=info.http, media_type=XML_CONTENT_TYPE, headers=headers)
