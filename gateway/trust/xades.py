"""XAdES over a MyCareNet blob: a detached signature document, base64 in Xades-t (facts ehealth.md §3.7)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.algorithms import verify_value
from gateway.trust.policy import SecurityPolicy
from gateway.trust.signedinfo import Reference, decode, read_signed_info
from gateway.wire.blob import Blob
from gateway.wire.c14n import exclusive, inclusive
from gateway.wire.content import Content
from gateway.wire.instant import read_instant
from gateway.wire.names import BASE64_TRANSFORM, DS, EXC_C14N, OPTIONAL_DEFLATE, SHA256, XADES, XADES_SIGNED_PROPERTIES, q
from gateway.wire.parser import Bounds, parse

_TRANSFORMS = frozenset({EXC_C14N, BASE64_TRANSFORM, OPTIONAL_DEFLATE})
_BOUNDS = Bounds(octets=256 * 1024, markup=5_000)


def verify_blob_signature(document: bytes, blob: Blob, holder: x509.Certificate, policy: SecurityPolicy, now: datetime) -> None:
    """Verify that the holder of a certificate signed this blob's content.

    Args:
        document: the decoded Xades-t.
        blob: the blob, already inflated and hash-checked.
        holder: the certificate of the WS-Security header; the XAdES must be by the same one.
        policy: algorithms and the oldest SigningTime.
        now: moment to judge SigningTime by.

    Raises:
        Refusal: XADES, or ALGORITHM, DIGEST and SIGNATURE as for the header.
    """
    root = parse(document, _BOUNDS)
    if root.tag != q(DS, "Signature"):
        raise _refuse("ds:Signature als wortel", str(root.tag)[:80])
    info = read_signed_info(root, policy, _TRANSFORMS)
    _check_holder(root, holder)
    properties = _signed_properties(root)
    _check_properties(properties, holder, policy, now)
    over_blob = [r for r in info.references if r.id == blob.id]
    over_properties = [r for r in info.references if r.id == properties.get("Id") and r.type == XADES_SIGNED_PROPERTIES]
    if blob.id is None or len(over_blob) != 1 or len(over_properties) != 1 or len(info.references) != 2:
        raise _refuse("één Reference naar de blob en één naar SignedProperties", f"{len(info.references)} references")
    verify_value(holder, info.method, info.value, exclusive(info.element, info.prefixes))
    _compare(over_blob[0], _blob_content(over_blob[0], blob), "//Detail")
    octets = Content.plain(_property_octets(over_properties[0], properties))
    _compare(over_properties[0], octets, "//SignedProperties")


def _check_holder(root: Element, holder: x509.Certificate) -> None:
    # Vendors list the chain in either order, so the holder's own certificate may stand anywhere in it.
    path = f"{q(DS, 'KeyInfo')}/{q(DS, 'X509Data')}/{q(DS, 'X509Certificate')}"
    listed = {decode(e) for e in root.iterfind(path)}
    if holder.public_bytes(Encoding.DER) not in listed:
        raise _refuse("het certificaat van de WS-Security-header in KeyInfo/X509Data", f"{len(listed)} andere certificaten")


def _signed_properties(root: Element) -> Element:
    found = root.findall(f".//{q(XADES, 'SignedProperties')}")
    path = [q(XADES, "SignedProperties"), q(XADES, "QualifyingProperties"), q(DS, "Object"), q(DS, "Signature")]
    if len(found) != 1 or [found[0].tag, *(a.tag for a in found[0].iterancestors())] != path:
        raise _refuse("Object/QualifyingProperties/SignedProperties, één keer", f"{len(found)}")
    ids = [e.get("Id") for e in root.iter("*") if e.get("Id")]
    if len(ids) != len(set(ids)):
        raise Refusal(Code.DUPLICATE_ID, place="//Xades-t", found="dubbele Id")
    return found[0]


def _check_properties(properties: Element, holder: x509.Certificate, policy: SecurityPolicy, now: datetime) -> None:
    times = properties.findall(f".//{q(XADES, 'SigningTime')}")
    digests = properties.findall(f".//{q(XADES, 'SigningCertificate')}/{q(XADES, 'Cert')}/{q(XADES, 'CertDigest')}")
    if len(times) != 1 or not digests:
        raise _refuse("SigningTime en SigningCertificate", "onvolledige SignedProperties")
    moment = read_instant(times[0].text)
    if moment is None or not now - policy.xades_max_age <= moment <= now + policy.clock_skew:
        raise _refuse(f"SigningTime met tijdzone, hoogstens {policy.xades_max_age} oud", "een ander tijdstip")
    method = digests[0].find(q(DS, "DigestMethod"))
    value = digests[0].find(q(DS, "DigestValue"))
    if method is None or value is None or method.get("Algorithm") != SHA256:
        raise Refusal(Code.ALGORITHM, place="//SigningCertificate", expected=SHA256)
    expected = hashlib.sha256(holder.public_bytes(Encoding.DER)).digest()
    if not hmac.compare_digest(decode(value), expected):
        raise _refuse("SigningCertificate van de houder als eerste", "een ander certificaat")


def _blob_content(reference: Reference, blob: Blob) -> Content:
    names = [t.algorithm for t in reference.transforms]
    if names[:1] != [BASE64_TRANSFORM]:
        raise _refuse("transform base64 als eerste", ", ".join(names)[:120] or "geen transforms")
    rest = names[1:]
    content = Content.plain(blob.content.packed)
    if rest[:1] == [OPTIONAL_DEFLATE]:
        rest, content = rest[1:], blob.content
    if not rest:
        return content
    if rest != [EXC_C14N]:
        raise _refuse("base64, optional-deflate, exclusive C14N", ", ".join(names)[:120])
    root = parse(content.whole(), Bounds(octets=content.size, markup=20_000_000, namespaces=20_000_000))
    return Content.plain(exclusive(root, reference.transforms[-1].prefixes))


def _property_octets(reference: Reference, properties: Element) -> bytes:
    if not reference.transforms:
        return inclusive(properties)
    if [t.algorithm for t in reference.transforms] != [EXC_C14N]:
        raise _refuse("hoogstens exclusive C14N over SignedProperties", "andere transforms")
    return exclusive(properties, reference.transforms[0].prefixes)


def _compare(reference: Reference, content: Content, place: str) -> None:
    hashed = hashlib.sha256()
    for step in content.steps():
        hashed.update(step)
    if not hmac.compare_digest(hashed.digest(), reference.digest):
        raise Refusal(Code.XADES, place=place, expected="de inhoud die ondertekend werd", found="een andere inhoud")


def _refuse(expected: str, found: str) -> Refusal:
    return Refusal(Code.XADES, place="//Xades-t", expected=expected, found=found)
