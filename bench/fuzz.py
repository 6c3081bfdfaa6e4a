"""`python -m bench.fuzz --seconds N`: random changes of valid input on the parser, the verifiers and the decoders.

A failure is any exception but a Refusal, or a change that is accepted although what is processed is not what was signed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from lxml import etree

from bench import fuzz_mutate
from conformance.berichten.messages import signed_message
from conformance.saml_client import sign_envelope_saml
from conformance.sts.assertion import Statement, certified, write_assertion
from conformance.sts.register import recognised
from conformance.walkthrough import sample_signer
from gateway.paths import data_dir
from gateway.refusal import Refusal
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.revocation import RevocationMode
from gateway.trust.saml import StsTrust
from gateway.trust.signing import sign_blob, sign_envelope
from gateway.trust.wssecurity import Signed, verify
from gateway.trust.xades import verify_blob_signature
from gateway.wire.blob import deflate, inflate, read_blob, write_blob
from gateway.wire.build import b64
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import Envelope, serialise, write_envelope
from gateway.wire.names import WSSE, WSU, q
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

SLOW = 2.0
"""Seconds that no small input may take."""
_CONTENT = b"<a><b>1234567</b></a>"
_XOP = 'multipart/related; type="application/xop+xml"; start="<r>"; boundary=B'

Mutation = Callable[[bytes, Random], bytes]


class Failure(Exception):
    """A change was accepted that says something else than what was signed."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One thing under fuzz."""

    name: str
    seeds: tuple[bytes, ...]
    mutations: tuple[Mutation, ...]
    judge: Callable[[bytes], str]
    """Verdict on one input; raises nothing but a Refusal, or a Failure."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() & 0xFFFFFFFF, help="to see the same run again")
    parser.add_argument("--only", default="", help="only the targets whose name contains this")
    options = parser.parse_args(arguments)
    chosen = [t for t in targets(datetime.now(UTC)) if options.only in t.name]
    print(f"seed {options.seed}, {options.seconds:g} seconds: {', '.join(t.name for t in chosen)}", flush=True)
    return _run(chosen, Random(options.seed), options.seconds)


def _run(chosen: list[Target], random: Random, seconds: float) -> int:
    verdicts: Counter[tuple[str, str]] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        target = random.choice(chosen)
        sample = random.choice(target.mutations)(random.choice(target.seeds), random)
        began = time.monotonic()
        try:
            verdicts[target.name, target.judge(sample)] += 1
        except Refusal as refusal:
            verdicts[target.name, refusal.code.info.code] += 1
        except Exception as error:
            print(f"FAILED {target.name} with {type(error).__name__}: {error}\n{sample!r}")
            return 1
        if time.monotonic() - began > SLOW:
            print(f"FAILED {target.name}: took {time.monotonic() - began:.1f} s\n{sample!r}")
            return 1
    for (name, verdict), count in sorted(verdicts.items(), key=lambda item: (item[0][0], -item[1])):
        print(f"{count:9d}  {name:12} {verdict}")
    total = sum(verdicts.values())
    print(f"fuzz: {total} inputs, {total / seconds:.0f} per second, 0 failures")
    return 0


def targets(now: datetime) -> list[Target]:
    """Everything under fuzz, around messages signed at this moment."""
    certs = data_dir("certs-sample")
    trust = load_trust_store(
        certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl", certs / "crl/root-ca.crl"], RevocationMode.STRICT
    )
    both = (fuzz_mutate.octets, fuzz_mutate.tree)
    signers = [sample_signer(n) for n in ("facility-ibw-1", "facility-ibw-2")]
    message = signed_message("verzekerbaarheid", signers[0], "els", now)
    other = signed_message("aanvraag", signers[1], "bert", now)
    package = b"--B\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n" + message + b"\r\n--B--\r\n"
    saml = _saml_message(now)
    xades = sign_blob(_CONTENT, signers[0], now, canonical=True)
    detail = etree.tostring(write_blob("Detail", _CONTENT, content_type="text/xml", message_name="HCPFAC"))
    ders = tuple(s.der for s in signers)
    return [
        _messages("message", (message, other), both, "text/xml", trust, now),
        _messages("package", (package,), (fuzz_mutate.octets,), _XOP, trust, now),
        _messages("saml", (saml,), both, "text/xml", trust, now),
        Target(name="xades", seeds=(xades,), mutations=both, judge=lambda data: _xades(data, detail, now)),
        Target(name="blob", seeds=(detail,), mutations=(fuzz_mutate.octets,), judge=lambda data: _xades(xades, data, now)),
        Target(name="stream", seeds=(deflate(_CONTENT * 50),), mutations=(fuzz_mutate.octets,), judge=_stream),
        Target(name="certificate", seeds=ders, mutations=(fuzz_mutate.octets,), judge=lambda der: _certificate(der, trust, now)),
        Target(name="parser", seeds=(message, xades, b"", b" " * 60, package), mutations=(fuzz_mutate.octets,), judge=_parser),
    ]


def _messages(
    name: str, seeds: tuple[bytes, ...], mutations: tuple[Mutation, ...], kind: str, trust: TrustStore, now: datetime
) -> Target:
    sts = StsTrust(certificates=(sample_signer("sts").certificate,), accept=trust.accept)

    def proven(raw: bytes) -> tuple[Envelope, Signed]:
        envelope = read_message(raw, kind, Bounds())
        return envelope, verify(envelope, SYNCHRONOUS, now, trust.accept, sts=sts)

    honest = {_meaning(*proven(seed)) for seed in seeds}

    def judge(raw: bytes) -> str:
        if _meaning(*proven(raw)) not in honest:
            raise Failure("accepted, and it does not say what was signed")
        return "accepted, same meaning"

    return Target(name=name, seeds=seeds, mutations=mutations, judge=judge)


def _meaning(envelope: Envelope, signed: Signed) -> tuple[object, ...]:
    """All that later stages take from a message."""
    security = envelope.header_block(WSSE, "Security")
    stamp = None if security is None else security.find(q(WSU, "Timestamp"))
    said = None if signed.assertion is None else (signed.assertion.id, tuple(signed.assertion.certified.items()))
    return (
        exclusive(envelope.body),
        None if stamp is None else exclusive(stamp),
        signed.certificate_der,
        signed.parts,
        signed.created,
        signed.expires,
        said,
    )


def _xades(document: bytes, detail: bytes, now: datetime) -> str:
    blob = read_blob(parse(detail))
    verify_blob_signature(document, blob, sample_signer("facility-ibw-1").certificate, SYNCHRONOUS, now)
    if blob.content.whole() != _CONTENT:
        raise Failure("accepted, and it is not the content that was signed")
    return "accepted, same meaning"


def _stream(packed: bytes) -> str:
    limit = 1_000_000
    if len(inflate(packed, limit)) > limit:
        raise Failure("inflated beyond the limit")
    return "inflated"


def _certificate(der: bytes, trust: TrustStore, now: datetime) -> str:
    """A stranger's certificate in a message that is truly signed around it."""
    signer = sample_signer("facility-ibw-1")
    root = write_envelope(etree.fromstring("<vraag/>"))
    security = sign_envelope(root, signer, now)
    token = security.find(q(WSSE, "BinarySecurityToken"))
    if token is None:
        raise LookupError("the signed message has no token")
    token.text = b64(der)
    verify(read_message(serialise(root), "text/xml", Bounds()), SYNCHRONOUS, now, trust.accept)
    if der not in _known_certificates():
        raise Failure("a changed certificate was believed")
    return "unchanged"


@cache
def _known_certificates() -> frozenset[bytes]:
    return frozenset(sample_signer(n).der for n in ("facility-ibw-1", "facility-ibw-2"))


def _parser(data: bytes) -> str:
    parse(data)
    return "parsed"


def _saml_message(now: datetime) -> bytes:
    holder = sample_signer("facility-ibw-1")
    number = read_identity(holder.certificate).number
    said = Statement(
        holder=holder.certificate,
        not_before=now - timedelta(minutes=5),
        not_on_or_after=now + timedelta(hours=1),
        attributes=certified({recognised("protacc", "nihii11"): f"{number}000", recognised("protacc", "boolean"): "true"}),
    )
    root = write_envelope(etree.fromstring('<vraag xmlns="urn:x"><insz>12071796092</insz></vraag>'))
    sign_envelope_saml(root, holder, write_assertion(said, sample_signer("sts"), now), now)
    return serialise(root)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
