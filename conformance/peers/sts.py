"""A security token service that misbehaves on command, at the addresses of the reference one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from lxml.etree import _Element as Element

from conformance.peers.control import Asked, Behaviour, Reply, on_the_line
from conformance.sts.app import Sts
from conformance.sts.question import Question
from conformance.sts.register import Register, sample_register
from conformance.walkthrough import sample_signer
from gateway.clock import Clock, system_clock
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.trust.chain import load_trust_store
from gateway.trust.revocation import RevocationMode
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.faults import fault
from gateway.wire.http import XML_CONTENT_TYPE

BELIEVED = "a message with its assertion is taken"
NO_ASSERTION = "the sender has no assertion, and asks again later"


@dataclass(frozen=True, kw_only=True)
class _Shifted(Sts):
    """Its assertions are made by a clock that is off; its answers are not."""

    shift: timedelta = timedelta()

    def issue(self, question: Question, now: datetime) -> Element:
        return super().issue(replace(question, until=None), now + self.shift)


def behaviours(clock: Clock = system_clock) -> dict[str, Behaviour]:
    """Name to behaviour."""
    certs = data_dir("certs-sample")
    trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
    register = sample_register()

    def sts(signer: str = "sts", shift: timedelta = timedelta(), known: Register = register) -> Callable[[Asked], Reply]:
        service = _Shifted(signer=sample_signer(signer), trust=trust, register=known, clock=clock, shift=shift)

        def answer(asked: Asked) -> Reply:
            try:
                return _xml(service.answer(asked.path, asked.body))
            except Refusal as refusal:
                return _fault(refusal.code)

        return answer

    def row(what: str, outcome: str, answer: Callable[[Asked], Reply], twin: str = "good") -> Behaviour:
        return Behaviour(what=what, outcome=outcome, answer=lambda asked, _: answer(asked), twin=twin)

    true, refused = sts(), "the message is refused ({})".format
    return {
        **on_the_line(lambda asked, _: true(asked), XML_CONTENT_TYPE, BELIEVED, NO_ASSERTION),
        "wrong-signer": row("signs with a zorgkas's certificate", refused("VSB-TRUST-028 or 029"), sts("zorgkas-180")),
        "altered": row("changes the assertion after signing", refused("VSB-TRUST-029"), lambda asked: _altered(true(asked))),
        "expired": row(
            "gives an assertion that ended an hour ago", refused("VSB-TRUST-030"), sts(shift=timedelta(hours=-25)), "ending"
        ),
        "ending": row("gives an assertion that ends in ten minutes", BELIEVED, sts(shift=timedelta(hours=-23, minutes=-50)), ""),
        "not-yet": row(
            "gives an assertion that begins in two hours", refused("VSB-TRUST-031"), sts(shift=timedelta(hours=2)), "ahead"
        ),
        "ahead": row("makes assertions by a clock that is four minutes ahead", BELIEVED, sts(shift=timedelta(minutes=4)), ""),
        "unrecognised": row("recognises no facility", refused("VSB-TRUST-033"), sts(known=Register(()))),
        "fault": row("answers a SOAP fault", NO_ASSERTION, lambda _: _fault(Code.UNAVAILABLE)),
    }


def _altered(reply: Reply) -> Reply:
    return replace(reply, body=reply.body.replace(b">true<", b">TRUE<", 1))


def _fault(code: Code) -> Reply:
    payload = fault(Refusal(code, place="/"), ticket=uuid4().hex, environment="Development")
    return replace(_xml(serialise(write_envelope(payload))), status=code.info.http)


def _xml(body: bytes) -> Reply:
    return Reply(body=body, media=XML_CONTENT_TYPE)
