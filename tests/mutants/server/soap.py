"""Faults of who speaks HTTP and SOAP."""

from __future__ import annotations

import os
import re
from typing import Any

from fastapi import Response
from lxml.etree import _Element as Element

from gateway import app, soap
from gateway.diensten import (
    kern,
)
from gateway.wire import envelope as envelop
from tests.mutants.server.ingreep import ingreep, nothing, put


@ingreep
def fault_on_200() -> None:
    def make(respond: Any) -> Any:
        def wrapped(*arguments: Any) -> Response:
            response: Response = respond(*arguments)
            response.status_code = 200
            return response

        return wrapped

    put(soap, "fault_response", make)


@ingreep
def html_fault() -> None:
    page = Response("<!DOCTYPE html><html><h1>500</h1></html>", status_code=500, media_type="text/html")
    put(soap, "fault_response", lambda _: lambda *_: page)


@ingreep
def fault_without_remedy() -> None:
    def make(fault: Any) -> Any:
        def wrapped(*arguments: Any, **rest: Any) -> Element:
            made: Element = fault(*arguments, **rest)
            for told in list(made.iter("{*}Remedie")):
                told.getparent().remove(told)  # type: ignore[union-attr]
            return made

        return wrapped

    put(soap, "fault", make)


@ingreep
def signed_header() -> None:
    os.environ["VSB_SIGN_RESPONSES"] = "true"


@ingreep
def doctype() -> None:
    put(kern, "read_message", lambda read: lambda raw, *rest: read(re.sub(rb"<!DOCTYPE[^>]*>", b"", raw), *rest))


@ingreep
def must_understand() -> None:
    put(envelop, "_check_header", lambda _: nothing)


@ingreep
def any_content_type() -> None:
    put(soap, "check_content_type", lambda _: nothing)


@ingreep
def any_soapaction() -> None:
    put(kern, "_check_action", lambda check: lambda dienst, envelope, _: check(dienst, envelope, ""))


@ingreep
def broken_wsdl() -> None:
    put(app, "wsdl", lambda _: lambda *_: b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>')


@ingreep
def drops_connection() -> None:
    async def call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._rest(scope, receive, send)
            return
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", b"5000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<?xml version='1.0'?><soap:Envelope"})

    put(soap.SoapServices, "__call__", lambda _: call)
