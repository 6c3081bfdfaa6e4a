"""The gate before the verifier: read SignedInfo through an allow-list, so that nothing unknown is ever computed.

General verifiers ignore what they do not know (facts anchors.md §E.3); here an unknown child, attribute or transform ends
the reading. Nothing is digested before everything has been counted and found allowed.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.policy import SecurityPolicy
from gateway.wire.names import DS, EXC_C14N, q

_EMPTY = {q(DS, name) for name in ("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod")}
_ATTRIBUTES = {
    **{name: {"Algorithm"} for name in _EMPTY},
    **{q(DS, name): {"Id"} for name in ("Signature", "SignedInfo", "SignatureValue", "KeyInfo")},
    q(DS, "Reference"): {"Id", "URI", "Type"},
    q(DS, "Object"): {"Id", "MimeType", "Encoding"},
}
"""What XMLDSig §4 lets an element have; its other elements have none."""


@dataclass(frozen=True, kw_only=True)
class Transform:
    """One allowed transform."""

    algorithm: str
    prefixes: tuple[str, ...]
    """InclusiveNamespaces PrefixList of exclusive C14N."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One ds:Reference, by id only."""

    id: str
    type: str | None
    transforms: tuple[Transform, ...]
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class SignedInfo:
    """A ds:SignedInfo in which everything is allowed."""

    element: Element
    prefixes: tuple[str, ...]
    method: str
    references: tuple[Reference, ...]
    value: bytes
    """Decoded SignatureValue."""


def read_signed_info(signature: Element, policy: SecurityPolicy, transforms: frozenset[str]) -> SignedInfo:
    """Read a ds:Signature's SignedInfo and value.

    Args:
        signature: the ds:Signature element.
        policy: allowed algorithms and number of references.
        transforms: allowed transform algorithms.

    Raises:
        Refusal: SECURITY_SHAPE or ALGORITHM.
    """
    _check_element_only(signature)
    children = [c.tag for c in signature]
    if children[:2] != [q(DS, "SignedInfo"), q(DS, "SignatureValue")]:
        raise _shape(signature, "SignedInfo, SignatureValue", ", ".join(_local(t) for t in children[:4]))
    info = signature[0]
    head = [c.tag for c in info[:2]]
    references = list(info[2:])
    if head != [q(DS, "CanonicalizationMethod"), q(DS, "SignatureMethod")] or any(
        r.tag != q(DS, "Reference") for r in references
    ):
        raise _shape(info, "CanonicalizationMethod, SignatureMethod, Reference+", "andere kinderen")
    if not 1 <= len(references) <= policy.max_references:
        raise _shape(info, f"1 tot {policy.max_references} references", f"{len(references)}")
    c14n = _transform(info[0], frozenset({EXC_C14N}))
    method = info[1].get("Algorithm", "")
    if method not in policy.signature_methods or len(info[1]):
        raise Refusal(
            Code.ALGORITHM,
            line=info[1].sourceline,
            expected=", ".join(sorted(policy.signature_methods)),
            found=method[:120],
        )
    made = SignedInfo(
        element=info,
        prefixes=c14n.prefixes,
        method=method,
        references=tuple(_reference(r, policy, transforms) for r in references),
        value=decode(signature[1]),
    )
    _check_attributes(signature)
    return made


def _check_element_only(signature: Element) -> None:
    # Text between elements is signed with SignedInfo but means nothing; the reference verifier's schema refuses it too.
    for element in signature.iter("*"):
        around = [element.text, *(child.tail for child in element)] if len(element) else []
        if element.tag in _EMPTY:
            around.append(element.text)
        if any(text and text.strip() for text in around):
            raise _shape(element, "alleen elementen", "tekst")


def _check_attributes(signature: Element) -> None:
    # KeyInfo and what stands around SignedInfo is signed by nobody; a name that means nothing there ends the reading too.
    for element in signature.iter(f"{{{DS}}}*"):
        if set(element.attrib) - _ATTRIBUTES.get(str(element.tag), set()):
            raise _shape(element, "de attributen van XMLDSig", "een ander attribuut")


def _reference(element: Element, policy: SecurityPolicy, allowed: frozenset[str]) -> Reference:
    uri = element.get("URI")
    if uri is None or not uri.startswith("#") or len(uri) < 2 or set(uri) & set("()/'\" "):
        raise _shape(element, "URI naar een Id in het bericht", (uri or "geen URI")[:60])
    names = [c.tag for c in element]
    steps: tuple[Transform, ...] = ()
    if names[:1] == [q(DS, "Transforms")]:
        steps = tuple(_transform(t, allowed) for t in element[0])
        if any(t.tag != q(DS, "Transform") for t in element[0]) or not 1 <= len(steps) <= 3:
            raise _shape(element, "1 tot 3 Transform", f"{len(element[0])}")
        names = names[1:]
    if names != [q(DS, "DigestMethod"), q(DS, "DigestValue")]:
        raise _shape(element, "Transforms?, DigestMethod, DigestValue", "andere kinderen")
    digest_method, digest_value = element[-2], element[-1]
    if digest_method.get("Algorithm") not in policy.digest_methods or len(digest_method):
        raise Refusal(
            Code.ALGORITHM,
            line=digest_method.sourceline,
            expected=", ".join(sorted(policy.digest_methods)),
            found=(digest_method.get("Algorithm") or "")[:120],
        )
    return Reference(id=uri[1:], type=element.get("Type"), transforms=steps, digest=decode(digest_value))


def _transform(element: Element, allowed: frozenset[str]) -> Transform:
    algorithm = element.get("Algorithm", "")
    if algorithm not in allowed:
        raise Refusal(Code.ALGORITHM, line=element.sourceline, expected=", ".join(sorted(allowed)), found=algorithm[:120])
    if len(element) == 0:
        if (element.text or "").strip():
            raise _shape(element, "een lege transform", "tekst")
        return Transform(algorithm=algorithm, prefixes=())
    child = element[0]
    if algorithm != EXC_C14N or len(element) != 1 or child.tag != q(EXC_C14N, "InclusiveNamespaces") or len(child):
        raise _shape(element, "hoogstens InclusiveNamespaces", _local(child.tag))
    return Transform(algorithm=algorithm, prefixes=tuple(child.get("PrefixList", "").split()))


def decode(element: Element) -> bytes:
    """Base64 text of an element without children.

    Raises:
        Refusal: SECURITY_SHAPE.
    """
    if len(element):
        raise _shape(element, "base64", "elementen")
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise _shape(element, "base64", "andere tekens") from None


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2][:40]


def _shape(element: Element, expected: str, found: str) -> Refusal:
    return Refusal(
        Code.SECURITY_SHAPE,
        place=f"//{_local(element.tag)}",
        line=element.sourceline,
        expected=expected,
        found=found,
    )
