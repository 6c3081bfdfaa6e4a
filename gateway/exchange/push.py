"""Push a delivery to a zorgkas's own GenericAsync endpoint: zeep as client, our own signature and our own judgement of the reply.

zeep is used for what it is good at, the contract; it verifies nothing (facts anchors.md §E.3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
import zeep
from lxml.etree import _Element as Element
from zeep.plugins import Plugin
from zeep.transports import Transport

from gateway.paths import data_dir
from gateway.trust.signing import Signer, sign_blob, sign_envelope
from gateway.wire.blob import deflate
from gateway.wire.generic import SUCCESS, tack_content

TIMEOUT = 30
"""Seconds for one push; shorter than the outbox's lease."""


class PushError(Exception):
    """A push that did not end in the receiver's receipt."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """How the gateway names itself in CommonInput."""

    name: str = "VSB-GATEWAY"
    username: str = "vsb"
    password: str = "vsb"  # noqa: S105


class SigningPlugin(Plugin):
    """Signs what zeep sends: Body, Timestamp and token."""

    def __init__(self, signer: Signer, clock: Callable[[], datetime]) -> None:
        self._signer = signer
        self._clock = clock

    def egress(self, envelope: Element, http_headers: Any, operation: Any, binding_options: Any) -> tuple[Element, Any]:  # noqa: ARG002
        sign_envelope(envelope, self._signer, self._clock())
        return envelope, http_headers


class GenericAsyncPusher:
    """Pushes to any GenericAsync endpoint; made once per process, as the WSDL is read then."""

    def __init__(self, signer: Signer, clock: Callable[[], datetime], cbe: str, package: Package | None = None) -> None:
        self._signer = signer
        self._clock = clock
        self._cbe = cbe
        self._package = package or Package()
        session = requests.Session()
        self._client = zeep.Client(
            str(data_dir("xsd") / "wsdl" / "genericasync.wsdl"),
            transport=Transport(session=session, timeout=TIMEOUT, operation_timeout=TIMEOUT),
            plugins=[SigningPlugin(signer, clock)],
        )

    def push(self, endpoint: str, *, content: bytes, message_name: str, input_reference: str, test: bool) -> str:
        """Post one delivery and return the receipt's reference.

        Raises:
            PushError: no connection, a fault, or a receipt that is not over this content.
        """
        service = self._client.create_service("{urn:be:cin:nip:async:generic}GenericAsyncSOAP", endpoint)
        origin = {
            "Package": {
                "Name": self._package.name,
                "License": {"Username": self._package.username, "Password": self._package.password},
            },
            "Sender": {"Organization": {"Cbe": self._cbe}},
        }
        detail = {
            "_value_1": deflate(content),
            "ContentType": "text/xml",
            "ContentEncoding": "deflate",
            "MessageName": message_name,
            "HashValue": hashlib.sha256(content).digest(),
            "Id": "blob",
            "Reference": input_reference,
        }
        xades = sign_blob(content, self._signer, self._clock(), canonical=True)
        try:
            reply = service.post(
                CommonInput={"Request": {"IsTest": test}, "Origin": origin, "InputReference": input_reference},
                Detail=detail,
                **{"Xades-t": xades},
            )
        except Exception as error:
            # A peer may answer anything at all, and zeep raises as many kinds of error on it.
            raise PushError(_describe(error)) from error
        return self._receipt(reply, content)

    def _receipt(self, reply: Any, content: bytes) -> str:
        value = getattr(reply, "_value_1", None)
        octets = value if isinstance(value, bytes) else base64.b64decode(value or "")
        if getattr(reply, "ResultMajor", None) != SUCCESS:
            raise PushError(f"TAck {getattr(reply, 'ResultMajor', 'absent')}")
        if not hmac.compare_digest(octets, tack_content(SUCCESS, content)):
            raise PushError("the TAck is not over the content that was sent")
        return str(reply.Reference or reply.AppliesTo)


def _describe(error: Exception) -> str:
    # A fault's text may quote the message, so only its code goes into our tables and logs.
    code = getattr(error, "code", None)
    return f"{type(error).__name__}" + (f" {code}" if isinstance(code, str) else "")
