"""`python -m bench.fuzz --seconds N`: random mutations of valid messages on parser, verifier, blob and package decoder.

A failure is any exception but a Refusal, or a mutation that is accepted although what it says is not what was signed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from random import Random

from lxml import etree

from conformance.messages import signed_message
from conformance.walkthrough import sample_signer
from gateway.paths import data_dir
from gateway.refusal import Refusal
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.revocation import RevocationMode
from gateway.trust.signing import sign_blob
from gateway.trust.wssecurity import verify
from gateway.trust.xades import verify_blob_signature
from gateway.wire.blob import read_blob, write_blob
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import Envelope
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

_DICTIONARY = (
    b"<", b">", b"/>", b"&", b"&amp;", b"&#0;", b"&#x41;", b'"', b"<!--x-->", b"<![CDATA[x]]>", b"<?x?>", b"<!DOCTYPE x>",
    b"\x00", b"\xff", b'wsu:Id="x"', b'Id="x"', b' xmlns=""', b' xmlns:a="b"', b"#", b"=", b"\r\n", b"--",
    b"<ds:Transform/>", b"A" * 70, b"\xef\xbb\xbf",
)  # fmt: skip


def mutate(data: bytes, random: Random) -> bytes:
    """One to four random changes: bytes flipped, removed, doubled, moved, or words put in."""
    out = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(out) + 1)
        length = random.choice((1, 1, 2, 8, 40, 300))
        match random.randrange(6):
            case 0 if at < len(out):
                out[at] ^= 1 << random.randrange(8)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length]
            case 3:
                piece = out[at : at + length]
                del out[at : at + length]
                to = random.randrange(len(out) + 1)
                out[to:to] = piece
            case _:
                out[at:at] = random.choice(_DICTIONARY)
    return bytes(out)


def try_message(raw: bytes, content_type: str, trust: TrustStore, now: datetime, meaning: bytes) -> str:
    """Verdict on one mutated message; raises AssertionError when it is accepted with another meaning."""
    try:
        envelope: Envelope = read_message(raw, content_type, Bounds())
        verify(envelope, SYNCHRONOUS, now, trust.accept)
    except Refusal as refusal:
        return refusal.code.info.code
    if exclusive(envelope.body) != meaning:
        raise AssertionError("accepted, and it does not say what was signed")
    return "accepted, same meaning"


def try_blob(document: bytes, detail: bytes, now: datetime) -> str:
    """Verdict on a mutated blob with a mutated XAdES."""
    signer = sample_signer("facility-ibw-1")
    try:
        blob = read_blob(parse(detail))
        verify_blob_signature(document, blob, signer.certificate, SYNCHRONOUS, now)
    except Refusal as refusal:
        return refusal.code.info.code
    if blob.content != _CONTENT:
        raise AssertionError("accepted, and it is not the content that was signed")
    return "accepted, same meaning"


_CONTENT = b"<a><b>1234567</b></a>"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() & 0xFFFFFFFF, help="to see the same run again")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    random, now = Random(options.seed), datetime.now(UTC)
    certs = data_dir("certs-sample")
    trust = load_trust_store(
        certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl", certs / "crl/root-ca.crl"], RevocationMode.STRICT
    )
    signer = sample_signer("facility-ibw-1")
    message = signed_message("verzekerbaarheid", signer, "els", now)
    meaning = exclusive(read_message(message, "text/xml", Bounds()).body)
    detail = etree.tostring(write_blob("Detail", _CONTENT, content_type="text/xml", message_name="HCPFAC"))
    xades = sign_blob(_CONTENT, signer, now, canonical=True)
    package = b"--B\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n" + message + b"\r\n--B--\r\n"
    kind = 'multipart/related; type="application/xop+xml"; start="<r>"; boundary=B'
    verdicts: Counter[str] = Counter()
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        pick = random.randrange(3)
        sample = mutate((message, package, xades)[pick], random)
        try:
            if pick == 2:
                verdicts[try_blob(sample, mutate(detail, random) if random.random() < 0.3 else detail, now)] += 1
            else:
                verdicts[try_message(sample, ("text/xml", kind)[pick], trust, now, meaning)] += 1
        except Exception as error:
            print(f"FAILED with {type(error).__name__}: {error}\n{sample!r}")
            return 1
    total = sum(verdicts.values())
    for verdict, count in verdicts.most_common():
        print(f"{count:9d}  {verdict}")
    print(f"fuzz: {total} inputs, {total / options.seconds:.0f} per second, 0 failures")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
