"""Verify and validate one message, beside the least that any verifier must do on it (design.md §5)."""

from __future__ import annotations

import base64
import gc
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from bench.messages import signed_message
from bench.table import Row
from gateway.paths import data_dir
from gateway.schema import registry
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.revocation import RevocationMode
from gateway.trust.wssecurity import verify
from gateway.wire.envelope import read_envelope
from gateway.wire.names import DS, SOAP, WSSE, WSU, q

SIZES = {"11 KB": 11_000, "148 KB": 148_000, "2.9 MB": 2_913_000}


def run(quick: bool = False) -> list[Row]:
    """Median milliseconds of verify + validate and of its floor, interleaved."""
    now = datetime.now(UTC)
    certs = data_dir("certs-sample")
    trust = load_trust_store(
        certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl", certs / "crl/root-ca.crl"], RevocationMode.STRICT
    )
    rows = []
    for name, octets in SIZES.items():
        raw = signed_message(octets, now)
        schema = registry.compiled("urn:vsb-gateway:factuur:v1")

        def ours(raw: bytes = raw) -> None:
            envelope = read_envelope(raw)
            verify(envelope, SYNCHRONOUS, now, trust.accept)
            registry.check(envelope.payload)

        def floor(raw: bytes = raw, schema: etree.XMLSchema = schema) -> None:
            _floor(raw, schema)

        times = 3 if quick else max(15, 600_000 // len(raw))
        value, least = _interleaved(ours, floor, times)
        rows.append(Row(name=f"verify+validate {name}", value=value, unit="ms", floor=least))
    return rows


def _floor(raw: bytes, schema: etree.XMLSchema) -> None:
    root = etree.fromstring(raw)
    header, body = root
    security = header.find(q(WSSE, "Security"))
    assert security is not None
    token, stamp, signature = (
        security.find(t) for t in (q(WSSE, "BinarySecurityToken"), q(WSU, "Timestamp"), q(DS, "Signature"))
    )
    assert token is not None
    assert stamp is not None
    assert signature is not None
    for part in (body, stamp, token):
        hashlib.sha256(etree.tostring(part, method="c14n", exclusive=True)).digest()
    key = x509.load_der_x509_certificate(base64.b64decode(token.text or "")).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    info = etree.tostring(signature[0], method="c14n", exclusive=True)
    key.verify(base64.b64decode(signature[1].text or ""), info, padding.PKCS1v15(), hashes.SHA256())
    assert body.tag == q(SOAP, "Body")
    assert schema.validate(body[0])


def _interleaved(first: Callable[[], None], second: Callable[[], None], times: int) -> tuple[float, float]:
    for _ in range(3):
        first()
        second()
    a, b = [], []
    gc.collect()
    for _ in range(times):
        a.append(_timed(first))
        b.append(_timed(second))
    return median(a), median(b)


def _timed(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000
