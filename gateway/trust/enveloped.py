"""A signature inside the one element that it signs, by that element's own id: an STS's assertion, an STS request.

XMLDSig §6.6.4. General verifiers accept any transform and any reference here; this one accepts enveloped-signature followed
by exclusive C14N over exactly the parent, and hands back the very copy that was digested.
"""

from __future__ import annotations

from copy import deepcopy

from cryptography import x509
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.algorithms import reference_fits, verify_value
from gateway.trust.policy import SecurityPolicy
from gateway.trust.signedinfo import SignedInfo, decode, read_signed_info
from gateway.wire.c14n import exclusive
from gateway.wire.names import DS, ENVELOPED, EXC_C14N, q

_TRANSFORMS = [ENVELOPED, EXC_C14N]


def read_enveloped(element: Element, id_name: str, policy: SecurityPolicy) -> tuple[Element, SignedInfo]:
    """The element's own ds:Signature, read through the allow-list; nothing is computed yet.

    Args:
        element: the signed element; its signature is a direct child.
        id_name: the attribute that the reference names, AssertionID or RequestID.

    Raises:
        Refusal: SECURITY_SHAPE or ALGORITHM.
    """
    signatures = element.findall(q(DS, "Signature"))
    if len(signatures) != 1:
        raise _shape(element, "één ds:Signature", f"{len(signatures)}")
    signature = signatures[0]
    if [c.tag for c in signature] != [q(DS, "SignedInfo"), q(DS, "SignatureValue"), q(DS, "KeyInfo")]:
        raise _shape(signature, "SignedInfo, SignatureValue, KeyInfo", f"{len(signature)} kinderen")
    info = read_signed_info(signature, policy, frozenset(_TRANSFORMS))
    if len(info.references) != 1 or info.references[0].id != element.get(id_name):
        raise _shape(signature, f"één Reference naar {id_name}", f"{len(info.references)}: {info.references[0].id[:60]}")
    given = [t.algorithm for t in info.references[0].transforms]
    if given != _TRANSFORMS:
        raise Refusal(
            Code.ALGORITHM,
            place="//Signature/SignedInfo/Reference/Transforms",
            line=signature.sourceline,
            expected=", ".join(_TRANSFORMS),
            found=", ".join(given)[:120] or "geen transforms",
        )
    return signature, info


def listed_certificates(signature: Element) -> list[bytes]:
    """DER of the certificates in a signature's KeyInfo/X509Data: a hint at who signed, to be looked up, never trusted.

    Raises:
        Refusal: SECURITY_SHAPE.
    """
    path = f"{q(DS, 'KeyInfo')}/{q(DS, 'X509Data')}/{q(DS, 'X509Certificate')}"
    return [decode(e) for e in signature.iterfind(path)]


def check_enveloped(element: Element, signature: Element, info: SignedInfo, certificate: x509.Certificate) -> Element:
    """Verify, and give a copy of the element without its signature: exactly what was signed.

    Raises:
        Refusal: SIGNATURE, DIGEST, ALGORITHM or WEAK_KEY.
    """
    verify_value(certificate, info.method, info.value, exclusive(info.element, info.prefixes))
    copy = _without(element, element.index(signature))
    if not reference_fits(info, 0, exclusive(copy, info.references[0].transforms[1].prefixes)):
        raise Refusal(Code.DIGEST, place=f"//{str(element.tag).rpartition('}')[2]}", line=element.sourceline)
    return copy


def _without(element: Element, position: int) -> Element:
    copy = deepcopy(element)
    child = copy[position]
    tail = child.tail or ""
    if position:
        copy[position - 1].tail = (copy[position - 1].tail or "") + tail
    else:
        copy.text = (copy.text or "") + tail
    copy.remove(child)
    return copy


def _shape(element: Element, expected: str, found: str) -> Refusal:
    place = f"//{str(element.tag).rpartition('}')[2]}"
    return Refusal(Code.SECURITY_SHAPE, place=place, line=element.sourceline, expected=expected, found=found)
