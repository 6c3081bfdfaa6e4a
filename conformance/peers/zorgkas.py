"""A zorgkas's receiver that misbehaves on command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from lxml import etree

from conformance.berichten.forged import flawed
from conformance.peers.control import Asked, Behaviour, Reply, on_the_line
from conformance.walkthrough import sample_signer
from conformance.zorgkas.receiver import Receiver
from gateway.clock import Clock, system_clock
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode
from gateway.trust.signing import Signer, sign_envelope
from gateway.wire.content import Content
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.faults import fault
from gateway.wire.generic import FAILURE, read_post, write_post_response
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds
from gateway.wire.xop import read_message

_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=5_000_000)
CONFIRMED = "the delivery is confirmed"
OPEN = "the delivery stays open and comes again"
REFUSED = "the delivery stops after some times (VSB_DELIVERY_REFUSALS) and a person looks"


@dataclass(frozen=True, kw_only=True)
class Zorgkas:
    """What it makes its replies of."""

    receiver: Receiver
    clock: Clock

    def good(self, asked: Asked, _: str) -> Reply:
        try:
            return _xml(self.receiver.receive(_code(asked), asked.body))
        except Refusal as refusal:
            return self.fault(refusal.code)

    def fault(self, code: Code) -> Reply:
        payload = fault(Refusal(code, place="/"), ticket=uuid4().hex, environment="Development", generic_async=True)
        return _xml(serialise(write_envelope(payload)), code.info.http)

    def receipt(
        self,
        asked: Asked,
        signer: Signer | None = None,
        *,
        over: bytes | None = None,
        shift: timedelta = timedelta(),
        result: str = "",
        padding: int = 0,
    ) -> Reply:
        """A receipt, true but for what the arguments say."""
        post = read_post(read_message(asked.body, "text/xml", _BOUNDS).payload, max_blob=1 << 26)
        content = post.blob.content if over is None else Content.plain(over)
        response = write_post_response(request=content, input_reference=post.input_reference, reference=uuid4().hex)
        if result:
            next(response.iter(q(GENERIC_ASYNC, "return"))).set("ResultMajor", result)
        envelope = write_envelope(response)
        sign_envelope(envelope, signer or sample_signer(f"zorgkas-{_code(asked)}"), self.clock() + shift)
        if padding:
            envelope.insert(1, etree.Comment("x" * padding))
        return _xml(serialise(envelope))

    def unsigned(self, asked: Asked, _: str) -> Reply:
        made = replace(self.receiver, signer_of=lambda _: None)
        return _xml(made.receive(_code(asked), asked.body))

    def changed(self, asked: Asked, _: str) -> Reply:
        reply = self.receipt(asked)
        return replace(
            reply, body=reply.body.replace(b"Reference=", b"Reference =", 1).replace(b'AppliesTo="', b'AppliesTo="x', 1)
        )


def behaviours(folder: Path, clock: Clock = system_clock) -> dict[str, Behaviour]:
    """Name to behaviour.

    Args:
        folder: where what it takes is kept.
    """
    certs = data_dir("certs-sample")
    trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
    sender = read_identity(sample_signer("gateway").certificate).label
    receiver = Receiver(
        folder=folder, trust=trust, sender=sender, signer_of=lambda code: sample_signer(f"zorgkas-{code}"), clock=clock
    )
    kas = Zorgkas(receiver=receiver, clock=clock)

    def open_(what: str, make: Callable[[Asked], Reply], twin: str = "") -> Behaviour:
        return Behaviour(what=what, outcome=OPEN, answer=lambda asked, _: make(asked), twin=twin)

    def shifted(minutes: int) -> Callable[[Asked], Reply]:
        return lambda asked: kas.receipt(asked, shift=timedelta(minutes=minutes))

    def inside(what: str, make: Callable[[Asked], Reply]) -> Behaviour:
        return Behaviour(what=what, outcome=CONFIRMED, answer=lambda asked, _: make(asked))

    def by(flaw: str) -> Callable[[Asked], Reply]:
        return lambda asked: kas.receipt(asked, flawed(sample_signer(f"zorgkas-{_code(asked)}"), flaw))

    return {
        **on_the_line(kas.good, XML_CONTENT_TYPE, CONFIRMED, OPEN),
        "lost": open_(
            "keeps the delivery, and its acknowledgement is lost on the way", lambda a: replace(kas.good(a, ""), cut=True), "good"
        ),
        "fault-server": open_("says that it can not now (faultcode Server)", lambda _: kas.fault(Code.UNAVAILABLE)),
        "fault-client": Behaviour(
            what="says that the message is wrong (faultcode Client)",
            outcome=REFUSED,
            answer=lambda _a, _b: kas.fault(Code.SCHEMA),
        ),
        "failure": Behaviour(
            what="signs a TAck that says failure", outcome=REFUSED, answer=lambda asked, _: kas.receipt(asked, result=FAILURE)
        ),
        "unsigned": open_("does not sign its receipt", lambda a: kas.unsigned(a, "")),
        "wrong-signer": open_(
            "signs with another zorgkas's certificate",
            lambda a: kas.receipt(a, sample_signer("zorgkas-380" if _code(a) != "380" else "zorgkas-280")),
        ),
        "facility-signer": open_(
            "signs with a facility's certificate", lambda a: kas.receipt(a, sample_signer("facility-ibw-1"))
        ),
        "revoked": open_("signs with its own certificate, revoked", by("ingetrokken")),
        "expired": open_("signs with its own certificate, expired", by("verlopen")),
        "stranger": open_("signs with a certificate in its name, of an issuer that nobody trusts", by("vreemd")),
        "wrong-content": open_("acknowledges other content than it was sent", lambda a: kas.receipt(a, over=b"<anders/>")),
        "changed": open_("changes its receipt after signing", lambda a: kas.changed(a, "")),
        "stale": open_("signs with a clock that is an hour behind", shifted(-60), "behind"),
        "behind": inside("signs with a clock that is five minutes behind", shifted(-5)),
        "future": open_("signs with a clock that is an hour ahead", shifted(60), "ahead"),
        "ahead": inside("signs with a clock that is four minutes ahead", shifted(4)),
        "too-large": open_("signs a receipt of two megabytes", lambda a: kas.receipt(a, padding=2 << 20), "large"),
        "large": inside("signs a receipt of 900 kilobytes", lambda a: kas.receipt(a, padding=900_000)),
    }


def _code(asked: Asked) -> str:
    return asked.path.rstrip("/").rpartition("/")[2]


def _xml(body: bytes, status: int = 200) -> Reply:
    return Reply(status=status, body=body, media=XML_CONTENT_TYPE)
