"""InclusiveNamespaces: a prefix list of exclusive C14N is honoured wherever one may stand, as connectors based on WSS4J write it.

A namespace that only a prefix list makes visible is declared on the envelope; each twin signs the same octets without the list.
"""

from __future__ import annotations

import hashlib
from copy import deepcopy

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.xmldsig import certificate_info
from gateway.refusal import Code, Refusal
from gateway.trust.algorithms import method_for, sign_value
from gateway.trust.enveloped import check_enveloped, read_enveloped
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.signing import Signer, sign_blob
from gateway.trust.xades import verify_blob_signature
from gateway.wire.blob import Blob
from gateway.wire.build import b64
from gateway.wire.c14n import exclusive, inclusive
from gateway.wire.content import Content
from gateway.wire.envelope import serialise
from gateway.wire.names import (
    BASE64_TRANSFORM,
    DS,
    ENVELOPED,
    EXC_C14N,
    OPTIONAL_DEFLATE,
    SHA256,
    SOAP,
    WSU,
    XADES,
    XADES_SIGNED_PROPERTIES,
    q,
)
from tests.trust.x509_support import ME, NOW, judge, message, refused, security

SEEN = "urn:example:seen"
Step = tuple[str, str | None]
"""A transform's algorithm, and its prefix list."""


def algorithm(parent: Element, name: str, value: str, prefixes: str | None = None) -> Element:
    element = etree.SubElement(parent, q(DS, name), {"Algorithm": value})
    if prefixes is not None:
        etree.SubElement(element, q(EXC_C14N, "InclusiveNamespaces"), {"PrefixList": prefixes}, nsmap={"ec": EXC_C14N})
    return element


def signature(
    signer: Signer, parts: list[tuple[str, bytes, list[Step], str | None]], within: Element, listed: str | None
) -> Element:
    """A signature made in its place, as the prefixes of SignedInfo are those in scope there.

    Args:
        parts: id, canonical octets, transforms and type of each reference.
        listed: prefix list of the CanonicalizationMethod.
    """
    root = etree.SubElement(within, q(DS, "Signature"), nsmap={"ds": DS})
    info = etree.SubElement(root, q(DS, "SignedInfo"))
    algorithm(info, "CanonicalizationMethod", EXC_C14N, listed)
    algorithm(info, "SignatureMethod", method_for(signer.key))
    for name, octets, steps, kind in parts:
        reference = etree.SubElement(info, q(DS, "Reference"), {"URI": f"#{name}", **({"Type": kind} if kind else {})})
        if steps:
            transforms = etree.SubElement(reference, q(DS, "Transforms"))
            for step, prefixes in steps:
                algorithm(transforms, "Transform", step, prefixes)
        algorithm(reference, "DigestMethod", SHA256)
        etree.SubElement(reference, q(DS, "DigestValue")).text = b64(hashlib.sha256(octets).digest())
    octets = exclusive(info, () if listed is None else tuple(listed.split()))
    etree.SubElement(root, q(DS, "SignatureValue")).text = b64(sign_value(signer.key, octets))
    return root


def envelope(listed: str | None, parts: str | None) -> Element:
    """A message whose envelope declares a namespace that nothing in the signed parts uses by itself."""
    made = message()
    root = etree.Element(made.tag, nsmap={**made.nsmap, "seen": SEEN})
    root.extend(list(made))
    root = etree.fromstring(serialise(root))
    header = security(root)
    key_info = header[-1][2]
    header.remove(header[-1])
    body = root.find(q(SOAP, "Body"))
    assert body is not None
    over = [
        (e.get(q(WSU, "Id"), ""), exclusive(e, () if parts is None else tuple(parts.split())), [(EXC_C14N, parts)], None)
        for e in (body, header[0], header[1])
    ]
    signature(ME, over, header, listed).append(key_info)
    return root


@pytest.mark.parametrize(("listed", "parts"), [("seen", None), (None, "seen"), ("seen soap", "seen"), ("", "")])
def test_a_message_signed_with_a_prefix_list_is_accepted(listed: str | None, parts: str | None) -> None:
    assert judge(envelope(listed, parts)).body_is_signed


@pytest.mark.parametrize(("place", "code"), [("CanonicalizationMethod", Code.SIGNATURE), ("Transform", Code.SIGNATURE)])
def test_a_prefix_list_that_was_changed_after_signing_is_seen(place: str, code: Code) -> None:
    root = envelope("seen", "seen")
    element = next(e for e in root.iter(q(DS, place)))
    element[0].set("PrefixList", "soap")
    assert refused(root) is code


def test_the_list_says_which_namespace_is_signed_so_another_one_there_is_a_change() -> None:
    raw = serialise(envelope(None, "seen"))
    assert refused(etree.fromstring(raw.replace(SEEN.encode(), b"urn:example:other"))) is Code.DIGEST
    raw = serialise(envelope("seen", None))
    assert refused(etree.fromstring(raw.replace(SEEN.encode(), b"urn:example:other"))) is Code.SIGNATURE


CONTENT = b'<a:vraag xmlns:a="urn:example" xmlns:seen="urn:example:seen"><a:x/></a:vraag>'
BLOB = Blob(
    id="B1", content_type="text/xml", encoding="none", message_name="X", content=Content.plain(CONTENT),
    hash=hashlib.sha256(CONTENT).digest(), reference=None,
)  # fmt: skip


def xades(listed: str | None = None, blob: str | None = None, properties: str | None = None, *, plain: bool = False) -> bytes:
    """A XAdES over BLOB with these prefix lists; `plain`: SignedProperties without a transform, so by inclusive C14N."""
    made = etree.fromstring(sign_blob(CONTENT, ME, NOW, blob_id="B1"))
    found = next(made.iter(q(XADES, "SignedProperties")))
    outer = etree.Element("outer", nsmap={"seen": SEEN})
    holder = etree.SubElement(outer, "holder")
    steps: list[Step] = [(BASE64_TRANSFORM, None), (OPTIONAL_DEFLATE, None), (EXC_C14N, blob)]
    over = exclusive(etree.fromstring(CONTENT), () if blob is None else tuple(blob.split()))
    objects = [deepcopy(o) for o in made.iter(q(DS, "Object"))]
    shell = etree.Element(q(DS, "Signature"), nsmap={"ds": DS, "seen": SEEN})
    shell.extend(objects)
    placed = next(shell.iter(q(XADES, "SignedProperties")))
    if plain:
        octets, how = inclusive(placed), []
    else:
        octets, how = exclusive(placed, () if properties is None else tuple(properties.split())), [(EXC_C14N, properties)]
    parts = [(BLOB.id or "", over, steps, None), (found.get("Id", ""), octets, how, XADES_SIGNED_PROPERTIES)]
    info = signature(ME, parts, holder, listed)
    root = etree.Element(q(DS, "Signature"), nsmap={"ds": DS, "seen": SEEN})
    root.extend(list(info))
    root.append(certificate_info(ME.der))
    root.extend(list(shell))
    return etree.tostring(root)


def judge_xades(document: bytes) -> Code | None:
    try:
        verify_blob_signature(document, BLOB, ME.certificate, SYNCHRONOUS, NOW)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    "lists",
    [{}, {"listed": "seen"}, {"blob": "seen"}, {"properties": "seen"}, {"plain": True}],
    ids=lambda d: "".join(d) or "none",
)
def test_a_blob_signed_with_a_prefix_list_is_accepted(lists: dict[str, str]) -> None:
    assert judge_xades(xades(**lists)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lists", "code"), [({"listed": "seen"}, Code.SIGNATURE), ({"properties": "seen"}, Code.XADES), ({"plain": True}, Code.XADES)]
)
def test_the_namespace_that_a_list_makes_visible_in_a_xades_is_signed(lists: dict[str, str], code: Code) -> None:
    changed = xades(**lists).replace(b"<ds:Signature xmlns:ds", b'<ds:Signature xmlns:oth="urn:x" xmlns:ds')  # type: ignore[arg-type]
    assert judge_xades(changed.replace(b"urn:example:seen", b"urn:example:other")) is code


def enveloped(listed: str | None, prefixes: str | None) -> Code | None:
    request = etree.Element("vraag", {"RequestID": "R1"}, nsmap={"seen": SEEN})
    request.text = "een"
    steps: list[Step] = [(ENVELOPED, None), (EXC_C14N, prefixes)]
    octets = exclusive(request, () if prefixes is None else tuple(prefixes.split()))
    signature(ME, [("R1", octets, steps, None)], request, listed).append(certificate_info(ME.der))
    try:
        found, info = read_enveloped(request, "RequestID", SYNCHRONOUS)
        check_enveloped(request, found, info, ME.certificate)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(("listed", "prefixes"), [(None, None), ("seen", None), (None, "seen"), ("seen", "seen")])
def test_an_enveloped_signature_with_a_prefix_list_is_accepted(listed: str | None, prefixes: str | None) -> None:
    assert enveloped(listed, prefixes) is None
