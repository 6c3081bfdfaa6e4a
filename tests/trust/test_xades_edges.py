"""XAdES over a blob at its edges: the last moment, an id twice, a digest that names no method."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.signing import sign_blob
from gateway.trust.xades import verify_blob_signature
from gateway.wire.blob import Blob
from gateway.wire.content import Content
from gateway.wire.names import DS, XADES, q
from tests.trust.x509_support import ME, NOW, OTHER

CONTENT = b"<vraag>tien</vraag>"
BLOB = Blob(
    id="blob", content_type="text/xml", encoding="none", message_name="X", content=Content.plain(CONTENT),
    hash=hashlib.sha256(CONTENT).digest(), reference=None,
)  # fmt: skip
OLDEST, SKEW, TICK = SYNCHRONOUS.xades_max_age, SYNCHRONOUS.clock_skew, timedelta(seconds=1)


def judge(document: bytes, now: datetime = NOW) -> Refusal | None:
    try:
        verify_blob_signature(document, BLOB, ME.certificate, SYNCHRONOUS, now)
    except Refusal as refusal:
        return refusal
    return None


def changed(change: Callable[[Element], object]) -> Code | None:
    root = etree.fromstring(sign_blob(CONTENT, ME, NOW))
    change(root)
    found = judge(etree.tostring(root))
    return None if found is None else found.code


@pytest.mark.parametrize(
    ("now", "good"),
    [(NOW + OLDEST, True), (NOW + OLDEST + TICK, False), (NOW - SKEW, True), (NOW - SKEW - TICK, False)],
)
def test_a_blob_may_be_signed_so_long_before_and_so_little_after(now: datetime, good: bool) -> None:
    found = judge(sign_blob(CONTENT, ME, NOW), now)
    assert (found is None) is good
    assert found is None or found.code is Code.XADES


def test_an_id_that_stands_twice_is_refused() -> None:
    def twice(root: Element) -> None:
        properties = next(root.iter(q(XADES, "SignedProperties")))
        etree.SubElement(next(root.iter(q(DS, "Object"))), "x", Id=properties.get("Id", ""))

    assert changed(twice) is Code.DUPLICATE_ID


@pytest.mark.parametrize("name", ["DigestMethod", "DigestValue"])
def test_a_certificate_digest_without_method_or_value_is_refused(name: str) -> None:
    def drop(root: Element) -> None:
        digest = next(root.iter(q(XADES, "CertDigest")))
        digest.remove(digest.find(q(DS, name)))  # type: ignore[arg-type]

    assert changed(drop) is Code.ALGORITHM


def test_what_was_changed_is_said_by_its_place() -> None:
    for content, place in ((b"<vraag>elf</vraag>", "//Detail"), (CONTENT, "//SignedProperties")):
        root = etree.fromstring(sign_blob(content, ME, NOW))
        if content == CONTENT:
            etree.SubElement(next(root.iter(q(XADES, "SignedProperties"))), "x")
        found = judge(etree.tostring(root))
        assert found is not None
        assert (found.code, found.findings[0].place) == (Code.XADES, place)


def test_another_ones_signature_is_not_the_senders() -> None:
    found = judge(sign_blob(CONTENT, OTHER, NOW))
    assert found is not None
    assert found.code is Code.XADES
