"""XAdES over the blob: missing, somebody else's, over something else, or with a second set of properties to read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from gateway.trust.signing import Signer
from gateway.wire.blob import deflate
from gateway.wire.build import moment
from gateway.wire.names import BASE64_TRANSFORM, C14N, DS, ENVELOPED, EXC_C14N, OPTIONAL_DEFLATE, XADES, q
from tests.hostile.case import Case, cases
from tests.hostile.context import ATTACKER, VICTIM, Context
from tests.hostile.forge import Ref, b64, xml
from tests.hostile.mint import issuer
from tests.hostile.posts import CLIENT_TRANSFORMS, CONTENT, Xades, detail, post_payload, send, signed_properties, xades_post

KIND = "XAdES"


def over(**options: Any) -> Callable[[Context], bytes]:
    """A post by the victim's certificate whose XAdES has these options."""
    return lambda ctx: xades_post(ctx, **options)


def signed_by(name: str) -> Callable[[Context], bytes]:
    """The header is the victim's, the XAdES is another's."""

    def make(ctx: Context) -> bytes:
        document = Xades(signer=ctx.signer(name), now=ctx.now()).document()
        return send(ctx, post_payload(detail(CONTENT), document))

    return make


def by_victims_certificate(name: str) -> Callable[[Context], bytes]:
    """The XAdES lists and names the victim's certificate, but another key made it."""

    def make(ctx: Context) -> bytes:
        forged = Signer(key=ctx.signer(name).key, certificate=ctx.signer(VICTIM).certificate)
        return send(ctx, post_payload(detail(CONTENT), Xades(signer=forged, now=ctx.now()).document()))

    return make


def signing_time(text: Callable[[Context], str]) -> Callable[[Context], bytes]:
    def make(ctx: Context) -> bytes:
        def shape(properties: Element) -> None:
            next(properties.iter(q(XADES, "SigningTime"))).text = text(ctx)

        return xades_post(ctx, shape=shape)

    return make


def at(distance: timedelta) -> Callable[[Context], bytes]:
    return signing_time(lambda ctx: moment(ctx.now() + distance))


def shaped(shape: Callable[[Element], None]) -> Callable[[Context], bytes]:
    """SignedProperties changed before they are digested and signed."""
    return over(shape=shape)


def finished(finish: Callable[[Element], Element | None]) -> Callable[[Context], bytes]:
    """The finished signature changed."""
    return over(finish=finish)


def raw(document: bytes | None) -> Callable[[Context], bytes]:
    """Something else in Xades-t."""
    return lambda ctx: send(ctx, post_payload(detail(CONTENT), document))


def _drop(name: str) -> Callable[[Element], None]:
    def shape(properties: Element) -> None:
        found = next(properties.iter(q(XADES, name)))
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)

    return shape


def _forged_properties(ctx_id: str) -> Element:
    from datetime import UTC, datetime

    from tests.hostile.context import signer

    holder = etree.Element(q(XADES, "QualifyingProperties"), {"Target": "#x"}, nsmap={"xades": XADES})
    holder.append(signed_properties(signer(ATTACKER), datetime.now(UTC), ctx_id))
    return holder


def second_properties(*, before: bool, same_id: bool = False, same_object: bool = False) -> Callable[[Context], bytes]:
    """Forged QualifyingProperties beside the true ones (apache/santuario #617)."""

    def finish(signature: Element) -> None:
        true_object = signature[-1]
        true_id = next(signature.iter(q(XADES, "SignedProperties"))).get("Id", "")
        forged = _forged_properties(true_id if same_id else "forged")
        if same_object:
            true_object.insert(0 if before else len(true_object), forged)
            return
        extra = etree.Element(q(DS, "Object"), nsmap={"ds": DS})
        extra.append(forged)
        signature.insert(len(signature) - (1 if before else 0), extra)

    return finished(finish)


def _move_properties(signature: Element) -> None:
    """The true properties out of their place, a forged set in it."""
    properties = next(signature.iter(q(XADES, "SignedProperties")))
    holder = properties.getparent()
    assert holder is not None
    holder.append(deepcopy(properties))
    etree.SubElement(signature[-1], "{urn:evil}Wrapper").append(properties)


def _retype(kind: str | None) -> Callable[[Ref, Ref], tuple[Ref, ...]]:
    return lambda blob, properties: (blob, Ref(uri=properties.uri, octets=properties.octets, type=kind))


def _type_on_foreign(blob: Ref, properties: Ref) -> tuple[Ref, ...]:
    return (
        Ref(uri=blob.uri, octets=blob.octets, transforms=blob.transforms, type=properties.type),
        Ref(uri=properties.uri, octets=properties.octets),
    )


def _extra_reference(uri: str) -> Callable[[Ref, Ref], tuple[Ref, ...]]:
    return lambda blob, properties: (blob, properties, Ref(uri=uri))


def _other_document(_: Element) -> Element:
    return xml("<x/>")


def _wrapped(signature: Element) -> Element:
    root = etree.Element("{urn:evil}Wrapper")
    root.append(signature)
    return root


def _two_certificates(properties: Element) -> None:
    """The attacker's certificate before the holder's in SigningCertificate."""
    from tests.hostile.context import signer

    listed = next(properties.iter(q(XADES, "SigningCertificate")))
    forged = deepcopy(listed[0])
    next(forged.iter(q(DS, "DigestValue"))).text = b64(hashlib.sha256(signer(ATTACKER).der).digest())
    listed.insert(0, forged)


def _weak_certificate_digest(properties: Element) -> None:
    method = next(properties.iter(q(DS, "DigestMethod")))
    method.set("Algorithm", f"{DS}sha1")


def _two_times(properties: Element) -> None:
    found = next(properties.iter(q(XADES, "SigningTime")))
    found.addprevious(deepcopy(found))


def _hidden_time(properties: Element) -> None:
    etree.SubElement(properties, q(XADES, "SigningTime")).text = "2020-01-01T00:00:00Z"


def transforms(*steps: str, octets: bytes = CONTENT) -> Callable[[Context], bytes]:
    return over(transforms=steps, octets=octets)


_WHO = cases(
    KIND,
    ("missing", "a signed Timestamp and nothing else", raw(None), "TRUST-020"),
    ("empty", "an empty Xades-t", raw(b""), "TRUST-020"),
    ("spaces", "a Xades-t of forty spaces", raw(b" " * 40), "WIRE-001 TRUST-020"),
    ("garbage", "garbage", raw(b"hello"), "WIRE-001 TRUST-020"),
    ("dtd", "a DTD in the signature document", raw(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'), "WIRE-002"),
    ("deep", "100,000 levels in the signature document", raw(b"<a>" * 80_000), "WIRE-013 WIRE-003"),
    ("large", "a signature document of a megabyte", raw(b"<x>" + b"a" * 1_000_000 + b"</x>"), "WIRE-003"),
    ("other-root", "another document", finished(_other_document), "TRUST-020"),
    ("wrapped-root", "the signature inside another element", finished(_wrapped), "TRUST-020"),
    ("other-signer", "signed by another facility", signed_by(ATTACKER), "TRUST-020"),
    ("other-renewed", "signed by the holder's other certificate", signed_by("facility-ibw-1-renewed"), "TRUST-020"),
    ("zorgkas-signer", "signed by a zorgkas", signed_by("zorgkas-180"), "TRUST-020"),
    ("key-of-another", "the holder named, another key", by_victims_certificate("facility-ibw-1-renewed"), "TRUST-006"),
    ("certificate-missing", "no certificate in KeyInfo", over(certificates=()), "TRUST-020"),
    ("certificate-other", "another certificate in KeyInfo", over(certificates=(issuer().certificate,)), "TRUST-020"),
    ("other-content", "over another content", over(octets=b"<x/>"), "TRUST-020"),
    ("other-id", "over another id", over(blob_id="other"), "TRUST-020"),
    ("own-id", "over the signature itself", over(references=lambda blob, properties: (Ref(uri=properties.uri, octets=properties.octets), properties)), "TRUST-020"),
    ("only-properties", "over the properties only", over(references=lambda _, properties: (properties,)), "TRUST-020"),
    ("only-blob", "over the blob only", over(references=lambda blob, _: (blob,)), "TRUST-020"),
    ("blob-twice", "over the blob twice", over(references=lambda blob, properties: (blob, blob, properties)), "TRUST-020"),
    ("no-references", "over nothing", over(references=lambda *_: ()), "TRUST-002 TRUST-020"),
    ("six-references", "six references", over(references=lambda blob, properties: (blob, properties) * 3), "TRUST-002 TRUST-020"),
    ("extra-reference", "and over an address", over(references=_extra_reference("http://127.0.0.1/x")), "TRUST-002 TRUST-020"),
    ("extra-unknown", "and over an id that nothing has", over(references=_extra_reference("#nothing")), "TRUST-020"),
    service="facturatie",
)  # fmt: skip
_PROPERTIES = cases(
    f"{KIND} properties (santuario #617 class)",
    ("second-before", "forged properties in an Object before the true ones", second_properties(before=True), "TRUST-020"),
    ("second-after", "forged properties in an Object after the true ones", second_properties(before=False), "TRUST-020"),
    ("second-same-id", "forged properties with the same Id, before", second_properties(before=True, same_id=True), "TRUST-020 TRUST-024"),
    ("second-same-id-after", "forged properties with the same Id, after", second_properties(before=False, same_id=True), "TRUST-020 TRUST-024"),
    ("second-object", "forged QualifyingProperties in the same Object, before", second_properties(before=True, same_object=True), "TRUST-020"),
    ("second-object-after", "forged QualifyingProperties in the same Object, after", second_properties(before=False, same_object=True), "TRUST-020"),
    ("moved", "the true properties moved into a wrapper", finished(_move_properties), "TRUST-020 TRUST-024"),
    ("no-object", "no properties", finished(lambda s: s.remove(s[-1])), "TRUST-020"),
    ("type-none", "the reference to the properties without Type", over(references=_retype(None)), "TRUST-020"),
    ("type-other", "the reference to the properties of another Type", over(references=_retype("urn:evil")), "TRUST-020"),
    ("type-foreign", "the Type on the blob's reference", over(references=_type_on_foreign), "TRUST-020"),
    ("changed", "a property changed after signing", finished(lambda s: next(s.iter(q(XADES, "SigningTime"))).set("x", "y")), "TRUST-020"),
    ("no-time", "no SigningTime", shaped(_drop("SigningTime")), "TRUST-020"),
    ("no-certificate", "no SigningCertificate", shaped(_drop("SigningCertificate")), "TRUST-020"),
    ("two-times", "two SigningTimes", shaped(_two_times), "TRUST-020"),
    ("hidden-time", "a second SigningTime elsewhere in the properties", shaped(_hidden_time), "TRUST-020"),
    ("two-certificates", "another certificate first in SigningCertificate", shaped(_two_certificates), "TRUST-020"),
    ("weak-digest", "the certificate's digest by SHA-1", shaped(_weak_certificate_digest), "TRUST-003"),
    ("time-old", "a SigningTime of two days ago", at(timedelta(days=-2)), "TRUST-020"),
    ("time-future", "a SigningTime of tomorrow", at(timedelta(days=1)), "TRUST-020"),
    ("time-no-zone", "a SigningTime without zone", signing_time(lambda ctx: f"{ctx.now():%Y-%m-%dT%H:%M:%S}"), "TRUST-020"),
    ("time-empty", "an empty SigningTime", signing_time(lambda _: ""), "TRUST-020"),
    ("time-year-1", "the year 1, far east", signing_time(lambda _: "0001-01-01T00:00:00+23:59"), "TRUST-020"),
    ("time-year-9999", "the year 9999, far west", signing_time(lambda _: "9999-12-31T23:59:59-23:59"), "TRUST-020"),
    ("time-text", "words", signing_time(lambda _: "yesterday"), "TRUST-020"),
    service="facturatie",
)  # fmt: skip
_TRANSFORMS = cases(
    f"{KIND} transforms",
    ("none", "no transforms", over(transforms=None), "TRUST-020"),
    ("empty-list", "no Transform in Transforms", over(transforms=()), "TRUST-002 TRUST-020"),
    ("only-c14n", "exclusive C14N only", transforms(EXC_C14N), "TRUST-020"),
    ("only-deflate", "deflate only", transforms(OPTIONAL_DEFLATE), "TRUST-020"),
    ("only-base64", "base64 only, over the inflated content", transforms(BASE64_TRANSFORM), "TRUST-020"),
    ("reversed", "deflate before base64", transforms(OPTIONAL_DEFLATE, BASE64_TRANSFORM), "TRUST-020"),
    ("c14n-first", "C14N before base64", transforms(EXC_C14N, *CLIENT_TRANSFORMS), "TRUST-020"),
    ("c14n-middle", "C14N before deflate", transforms(BASE64_TRANSFORM, EXC_C14N, OPTIONAL_DEFLATE), "TRUST-020"),
    ("base64-twice", "base64 twice", transforms(BASE64_TRANSFORM, BASE64_TRANSFORM), "TRUST-020"),
    ("deflate-twice", "deflate twice", transforms(BASE64_TRANSFORM, OPTIONAL_DEFLATE, OPTIONAL_DEFLATE), "TRUST-020"),
    ("c14n-of-packed", "C14N of the deflated octets", transforms(BASE64_TRANSFORM, EXC_C14N), "TRUST-020 WIRE-001 WIRE-012"),
    ("inclusive", "inclusive C14N", transforms(*CLIENT_TRANSFORMS, C14N), "TRUST-003"),
    ("enveloped", "enveloped-signature", transforms(ENVELOPED, EXC_C14N), "TRUST-003"),
    ("xslt", "XSLT", transforms("http://www.w3.org/TR/1999/REC-xslt-19991116"), "TRUST-003"),
    ("xpath", "XPath", transforms("http://www.w3.org/TR/1999/REC-xpath-19991116"), "TRUST-003"),
    ("packed-octets", "over the deflated octets, but says inflated", transforms(*CLIENT_TRANSFORMS, octets=deflate(CONTENT)), "TRUST-020"),
    ("four", "four transforms", transforms(*CLIENT_TRANSFORMS, EXC_C14N, EXC_C14N), "TRUST-002 TRUST-020"),
    ("sha1", "digests by SHA-1", over(digest_method=f"{DS}sha1"), "TRUST-003"),
    ("sha512", "digests by SHA-512", over(digest_method="http://www.w3.org/2001/04/xmlenc#sha512"), "TRUST-003"),
    ("hmac", "HMAC named", over(method=f"{DS}hmac-sha1"), "TRUST-003"),
    ("rsa-sha1", "RSA-SHA1 named", over(method=f"{DS}rsa-sha1"), "TRUST-003"),
    service="facturatie",
)  # fmt: skip
CASES: tuple[Case, ...] = _WHO + _PROPERTIES + _TRANSFORMS
