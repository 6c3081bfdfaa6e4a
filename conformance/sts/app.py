"""A small security token service, for tests, demos and vendors: what an eHealth connector talks to before it talks to us.

It certifies from its own register and signs with a sample key. Three addresses (facts ehealth.md §1.8.1); which operation is
meant is told by the element in the Body, as clients in the field send more than one SOAPAction for the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI, Request, Response
from lxml import etree
from lxml.etree import _Element as Element
from starlette.concurrency import run_in_threadpool

from conformance.sts import samlp, wstrust
from conformance.sts.assertion import BACKDATED, IDENTIFICATION, Statement, certified, write_assertion
from conformance.sts.question import Question
from conformance.sts.register import ORGANISATIONS, Register, holder_numbers
from gateway.clock import Clock, system_clock
from gateway.refusal import Code, Refusal
from gateway.trust.chain import TrustStore
from gateway.trust.identity import Identity, Kind, read_identity
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.signing import Signer
from gateway.trust.wssecurity import Signed, verify
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from gateway.wire.faults import fault
from gateway.wire.http import XML_CONTENT_TYPE, check_content_type, read_body

log = structlog.get_logger("sts")

SAMLP_PATH = "/IAM/Saml11TokenService/v1"
LEGACY_PATH = "/IAM/Saml11TokenService/Legacy/v1"
WSTRUST_PATH = "/IAM/SecurityTokenService/v1"
_PATHS = (SAMLP_PATH, LEGACY_PATH, WSTRUST_PATH)
DEFAULT_VALIDITY = timedelta(hours=24)

_POLICY = replace(SYNCHRONOUS, signatures_in_body=1)
_LIMIT = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Sts:
    """A security token service.

    Args:
        signer: signs the assertions.
        trust: accepted issuers of the clients' certificates.
        register: what it certifies.
    """

    signer: Signer
    trust: TrustStore
    register: Register
    clock: Clock = system_clock
    challenges: wstrust.Challenges = field(default_factory=wstrust.Challenges)

    def answer(self, path: str, raw: bytes) -> bytes:
        """Answer a request envelope.

        Args:
            path: one of the three addresses' paths.

        Raises:
            Refusal: the request is unreadable or not properly signed, or its Body is none that this address knows.
        """
        now = self.clock()
        envelope = read_envelope(raw)
        answers: dict[str, Callable[[Element, Signed, datetime], Element]] = (
            {wstrust.REQUEST: self._challenge, wstrust.CHALLENGE: self._token}
            if path == WSTRUST_PATH
            else {samlp.REQUEST: self._samlp}
        )
        tag = str(envelope.payload.tag)
        if tag not in answers:
            known = ", ".join(etree.QName(t).localname for t in answers)
            raise Refusal(Code.UNKNOWN_OPERATION, place="/Envelope/Body", expected=known, found=tag[:120])
        signed = verify(envelope, _POLICY, now, self.trust.accept)
        return serialise(write_envelope(answers[tag](envelope.payload, signed, now)))

    def issue(self, question: Question, now: datetime) -> Element:
        """The assertion that answers a question whose asker has shown the holder's key.

        Raises:
            Refusal: the holder's certificate is not accepted, CROSSCHECK when a client claims another's number, STALE.
        """
        end = question.until or now + DEFAULT_VALIDITY
        if end <= now:
            raise Refusal(Code.STALE, place="//NotOnOrAfter", expected=f"later dan {now:%Y-%m-%dT%H:%M:%SZ}", found="vroeger")
        identity = read_identity(question.holder)
        _check_claims(question, identity)
        known = self.register.certified(identity)
        wanted = {n: v for n, v in known.items() if not question.designated or n in question.designated}
        asserted = tuple(a for a in question.asserted if a.namespace == IDENTIFICATION)
        statement = Statement(
            holder=question.holder,
            not_before=now - BACKDATED,
            not_on_or_after=end,
            attributes=(*asserted, *certified(wanted)),
            echo=question.echo,
        )
        return write_assertion(statement, self.signer, now)

    def _samlp(self, request: Element, signed: Signed, now: datetime) -> Element:
        try:
            question = samlp.read_request(request)
            samlp.check_holder(request, question, signed, _POLICY)
            self._accept(question, signed, now)
            return samlp.write_response(question, self.issue(question, now), now)
        except Refusal as refusal:
            return samlp.write_denial(request, refusal, now)

    def _challenge(self, request: Element, signed: Signed, now: datetime) -> Element:
        question = wstrust.read_request(request, signed)
        return wstrust.write_challenge(question, self.challenges.make(question, now))

    def _token(self, response: Element, signed: Signed, now: datetime) -> Element:
        question = self.challenges.answer(wstrust.read_challenge(response), signed, now)
        return wstrust.write_token(question, self.issue(question, now))

    def _accept(self, question: Question, signed: Signed, now: datetime) -> None:
        if question.holder != signed.certificate:
            # The WS-Security header may be another's, an eID's for instance; its check says nothing of the holder.
            self.trust.accept(question.holder.public_bytes(Encoding.DER), question.holder, now)


def sts_app(signer: Signer, trust: TrustStore, register: Register, clock: Clock = system_clock) -> FastAPI:
    """The STS as an ASGI application: POST at the three addresses."""
    sts = Sts(signer=signer, trust=trust, register=register, clock=clock)
    app = FastAPI(title="Sample STS", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/{path:path}")
    async def post(path: str, request: Request) -> Response:
        try:
            if f"/{path}" not in _PATHS:
                raise Refusal(Code.UNKNOWN_SERVICE, place=f"/{path[:80]}", expected=", ".join(_PATHS))
            check_content_type(request.headers.get("content-type"))
            raw = await read_body(request.stream(), declared=request.headers.get("content-length"), limit=_LIMIT, timeout=30)
            return Response(await run_in_threadpool(sts.answer, f"/{path}", raw), media_type=XML_CONTENT_TYPE)
        except Refusal as refusal:
            return _fault(refusal)
        except Exception as error:
            log.exception("the STS could not answer", error=type(error).__name__)
            return _fault(Refusal(Code.INTERNAL))

    return app


def _fault(refusal: Refusal) -> Response:
    payload = fault(refusal, ticket=uuid4().hex, environment="Development")
    return Response(serialise(write_envelope(payload)), status_code=refusal.code.info.http, media_type=XML_CONTENT_TYPE)


def _check_claims(question: Question, identity: Identity) -> None:
    word = ORGANISATIONS.get(identity.type, "")
    own = dict.fromkeys(holder_numbers(word), identity.number[:8]) if word else {}
    if identity.kind is Kind.PERSON:
        own |= {"urn:be:fgov:person:ssin": identity.number}
        own |= {"urn:be:fgov:ehealth:1.0:certificateholder:person:ssin": identity.number}
    for attribute in question.asserted:
        if attribute.namespace == IDENTIFICATION and attribute.values != (own.get(attribute.name),):
            raise Refusal(
                Code.CROSSCHECK,
                place=f"//Attribute[@AttributeName='{attribute.name[:100]}']",
                expected=identity.label,
                found="een ander nummer of attribuut",
            )
