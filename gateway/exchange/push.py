"""Push a delivery to a zorgkas's own GenericAsync endpoint: zeep as client, our own signature and our own judgement of the reply.

zeep is used for what it is good at, the contract; it verifies nothing (facts anchors.md §E.3): the receipt is read again from the
reply's bytes, by the same verifier that reads what senders send.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
import zeep
from lxml.etree import _Element as Element
from zeep.plugins import Plugin
from zeep.transports import Transport as ZeepTransport

from gateway.exchange.foutwoorden import faulttekst, oorzaak
from gateway.exchange.transport import Delivery, HandedOver, Refused, Unreachable
from gateway.paths import data_dir
from gateway.refusal import Refusal
from gateway.schema import registry
from gateway.trust.chain import TrustStore
from gateway.trust.identity import read_identity
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.signing import Signer, sign_blob, sign_envelope
from gateway.trust.wssecurity import verify
from gateway.wire.blob import deflate
from gateway.wire.content import Content
from gateway.wire.generic import SUCCESS, tack_content
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds
from gateway.wire.xop import read_message

TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and between two reads."""
DEADLINE = 90.0
"""Seconds for one whole reply; with the time-outs above shorter than the outbox's lease."""
MAX_REPLY = 1024 * 1024
"""Bytes of a reply; a TAck is a few hundred."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """How the gateway names itself in CommonInput."""

    name: str = "VSB-GATEWAY"
    username: str = "vsb"
    password: str = "vsb"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Mutual TLS towards receivers; without a certificate only the receiver shows its own."""

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    """PEM file of the issuers of receivers' TLS certificates; none: the system's."""


class _SigningPlugin(Plugin):
    """Signs what zeep sends: Body, Timestamp and token."""

    def __init__(self, signer: Signer, clock: Callable[[], datetime]) -> None:
        self._signer = signer
        self._clock = clock

    def egress(self, envelope: Element, http_headers: Any, operation: Any, binding_options: Any) -> tuple[Element, Any]:  # noqa: ARG002
        sign_envelope(envelope, self._signer, self._clock())
        return envelope, http_headers


class _Bounded(ZeepTransport):
    """Reads a bounded reply within a bounded time, and keeps its bytes for the verifier."""

    def __init__(self, session: requests.Session) -> None:
        super().__init__(session=session, timeout=TIMEOUT[1], operation_timeout=TIMEOUT[1])
        self.last = threading.local()

    def post(self, address: str, message: bytes, headers: Any) -> requests.Response:
        self.last.content = b""
        end = time.monotonic() + DEADLINE
        with self.session.post(
            address, data=message, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
        ) as reply:
            octets = b""
            for chunk in reply.iter_content(65536):
                octets += chunk
                if len(octets) > MAX_REPLY or time.monotonic() > end:
                    raise Unreachable("the reply is too long" if len(octets) > MAX_REPLY else "the reply takes too long")
            reply._content = octets
        self.last.content = octets
        return reply


class SoapPush:
    """The transport `soap`; made once per process, as the WSDL is read then.

    Args:
        kbo_of: enterprise number of who must have signed a receipt, by destination.
        signed_receipts: demand that the zorgkas signs its receipt; if not, mutual TLS alone proves it.
    """

    def __init__(
        self,
        signer: Signer,
        clock: Callable[[], datetime],
        trust: TrustStore,
        kbo_of: Callable[[str], str | None],
        *,
        signed_receipts: bool = True,
        tls: Tls | None = None,
        package: Package | None = None,
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._trust = trust
        self._kbo_of = kbo_of
        self._signed_receipts = signed_receipts
        self._cbe = read_identity(signer.certificate).number
        self._package = package or Package()
        session = requests.Session()
        if tls is not None and tls.certificate is not None:
            session.cert = (str(tls.certificate), str(tls.key or tls.certificate))
        if tls is not None and tls.ca is not None:
            session.verify = str(tls.ca)
        self._transport = _Bounded(session)
        self._client = zeep.Client(
            str(data_dir("xsd") / "wsdl" / "genericasync.wsdl"),
            transport=self._transport,
            plugins=[_SigningPlugin(signer, clock)],
        )

    def deliver(self, delivery: Delivery) -> HandedOver:
        """Post one delivery and believe the receipt only when the zorgkas signed it over this very content.

        Raises:
            Unreachable: no connection, a server's fault, or a receipt that is not to be believed.
            Refused: the receiver's fault says that the message is not right.
        """
        service = self._client.create_service("{urn:be:cin:nip:async:generic}GenericAsyncSOAP", delivery.endpoint)
        xades = sign_blob(delivery.content, self._signer, self._clock(), canonical=True)
        try:
            service.post(CommonInput=self._common(delivery), Detail=_detail(delivery), **{"Xades-t": xades})
        except zeep.exceptions.Fault as error:
            raise _of_fault(error) from None
        except Unreachable:
            raise
        except Exception as error:
            # A peer may answer anything at all, and zeep raises as many kinds of error on it.
            raise Unreachable(_describe(error)) from None
        return self._receipt(delivery, self._transport.last.content)

    def _common(self, delivery: Delivery) -> dict[str, Any]:
        licence = {"Username": self._package.username, "Password": self._package.password}
        return {
            "Request": {"IsTest": delivery.test},
            "Origin": {
                "Package": {"Name": self._package.name, "License": licence},
                "Sender": {"Organization": {"Cbe": self._cbe}},
            },
            "InputReference": delivery.input_reference,
        }

    def _receipt(self, delivery: Delivery, raw: bytes) -> HandedOver:
        try:
            envelope = read_message(raw, "text/xml", Bounds(octets=MAX_REPLY))
            if self._signed_receipts:
                self._check_signer(envelope, delivery.bestemming)
            registry.check(envelope.payload, place="/Envelope/Body")
        except Refusal as refusal:
            first = refusal.findings[0]
            raise Unreachable(f"receipt not believed: {refusal.code.info.code} {first.place or ''}".strip()) from None
        tack = envelope.payload.find(q(GENERIC_ASYNC, "return"))
        if tack is None or tack.get("ResultMajor") != SUCCESS:
            raise Refused(f"TAck {'absent' if tack is None else tack.get('ResultMinor') or tack.get('ResultMajor')}"[:200])
        try:
            value = base64.b64decode("".join((tack.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            value = b""
        if not hmac.compare_digest(value, tack_content(SUCCESS, Content.plain(delivery.content))):
            raise Unreachable("the TAck is not over the content that was sent")
        return HandedOver(reference=str(tack.get("Reference") or tack.get("AppliesTo"))[:180], confirmed=True)

    def _check_signer(self, envelope: Any, bestemming: str) -> None:
        signed = verify(envelope, SYNCHRONOUS, self._clock(), self._trust.accept)
        expected = self._kbo_of(bestemming)
        label = read_identity(signed.certificate)
        if expected is None or not hmac.compare_digest(label.number.encode(), expected.encode()):
            raise Unreachable(f"the receipt is signed by {label.label}")


def _detail(delivery: Delivery) -> dict[str, Any]:
    return {
        "_value_1": deflate(delivery.content),
        "ContentType": "text/xml",
        "ContentEncoding": "deflate",
        "MessageName": delivery.message_name,
        "HashValue": delivery.sha256,
        "Id": "blob",
        "Reference": delivery.input_reference,
    }


def _of_fault(error: zeep.exceptions.Fault) -> Exception:
    code = str(error.code or "")
    tekst = faulttekst(code, str(error.message or ""))
    return Refused(tekst) if code.rpartition(":")[2].startswith("Client") else Unreachable(tekst)


def _describe(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    kind = type(error).__name__ + (f" HTTP {status}" if isinstance(status, int) and status else "")
    why = oorzaak(error) if isinstance(error, OSError) else ""
    return f"{kind}: {why}" if why else kind
