"""The reference receiver: what a zorgkas that is pushed to must do, in one small application.

It verifies who pushes, keeps each delivery on disk before it acknowledges, and keeps a repeated one only once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from lxml.etree import _Element as Element
from starlette.concurrency import run_in_threadpool

from conformance.zorgkas.receipts import DELIVERED
from gateway.berichten.zorgkas import lees_adres
from gateway.clock import Clock, system_clock
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.trust.chain import TrustStore
from gateway.trust.identity import read_identity
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.signing import Signer, sign_envelope
from gateway.trust.wssecurity import verify
from gateway.trust.xades import verify_blob_signature
from gateway.wire.build import moment
from gateway.wire.envelope import read_envelope, serialise, timestamp_security, write_envelope
from gateway.wire.faults import fault
from gateway.wire.generic import read_post, write_post_response
from gateway.wire.http import XML_CONTENT_TYPE, check_content_type, read_body
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds, parse

_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """A zorgkas's receiving side.

    Args:
        folder: kept deliveries: `<zorgkas>/<MessageId>.xml`, written once.
        trust: accepted issuers.
        sender: identity label that may push, for example CBE=0900100117.
    """

    folder: Path
    trust: TrustStore
    sender: str
    signer_of: Callable[[str], Signer | None]
    """Who signs the receipts of a zorgkas; None: nobody, and the gateway must be told to accept that."""
    clock: Clock = system_clock

    def receive(self, code: str, raw: bytes) -> bytes:
        """Verify, keep, acknowledge.

        Raises:
            Refusal: the push is not the gateway's, or not for this zorgkas.
        """
        now = self.clock()
        envelope = read_envelope(raw, Bounds(octets=_LIMIT, markup=5_000_000))
        signed = verify(envelope, SYNCHRONOUS, now, self.trust.accept)
        identity = read_identity(signed.certificate)
        if identity.label != self.sender:
            raise Refusal(Code.CROSSCHECK, place="BinarySecurityToken", expected=self.sender, found=identity.label)
        registry.check(envelope.payload)
        if envelope.payload.tag != q(GENERIC_ASYNC, "post"):
            raise Refusal(Code.UNKNOWN_OPERATION, place="/Envelope/Body", expected="post")
        post = read_post(envelope.payload, max_blob=_LIMIT)
        verify_blob_signature(post.xades, post.blob, signed.certificate, SYNCHRONOUS, now)
        content = post.blob.content.whole()
        message_id, zorgkas = self._address(content)
        if zorgkas != code:
            raise Refusal(Code.UNKNOWN_MESSAGE, place="Zorgkas", expected=code, found=zorgkas)
        self._keep(code, message_id, content)
        response = write_post_response(request=post.blob.content, input_reference=post.input_reference, reference=message_id)
        signer = self.signer_of(code)
        if signer is None:
            return serialise(write_envelope(response, (timestamp_security(moment(now), moment(now)),)))
        return serialise(_signed(write_envelope(response), signer, now))

    def _address(self, content: bytes) -> tuple[str, str]:
        root = parse(content, Bounds(octets=_LIMIT, markup=5_000_000))
        registry.check(root)
        if root.tag not in DELIVERED:
            raise Refusal(Code.SCHEMA, place="/", expected="Levering or Mededeling", found=str(root.tag)[:120])
        return lees_adres(root)

    def _keep(self, code: str, message_id: str, content: bytes) -> None:
        folder = self.folder / code
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{message_id}.xml"
        temporary = folder / f".{message_id}.{uuid4().hex}"
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, target)
        except FileExistsError:
            if target.read_bytes() != content:
                raise Refusal(Code.ID_REUSED, place="MessageId", found=message_id) from None
        finally:
            temporary.unlink()
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _signed(envelope: Element, signer: Signer, now: datetime) -> Element:
    sign_envelope(envelope, signer, now)
    return envelope


def receiver_app(receiver: Receiver) -> FastAPI:
    """The receiver as an ASGI application: POST /zorgkas/<code>."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def work(code: str, raw: bytes) -> Response:
        return Response(receiver.receive(code, raw), media_type=XML_CONTENT_TYPE)

    @app.post("/zorgkas/{code}")
    async def post(code: str, request: Request) -> Response:
        try:
            if not (code.isascii() and code.isdecimal()):
                raise Refusal(Code.UNKNOWN_SERVICE, place=f"/zorgkas/{code[:20]}")
            check_content_type(request.headers.get("content-type"), request.headers.get("content-encoding"))
            raw = await read_body(request.stream(), declared=request.headers.get("content-length"), limit=_LIMIT, timeout=60)
            return await run_in_threadpool(work, code, raw)
        except Refusal as refusal:
            payload = fault(refusal, ticket=uuid4().hex, environment="Development", generic_async=True)
            return Response(serialise(write_envelope(payload)), status_code=refusal.code.info.http, media_type=XML_CONTENT_TYPE)

    return app
