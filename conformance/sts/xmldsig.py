"""Making the XML signatures of the SAML profile: by-id references, exclusive C14N."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from lxml.etree import _Element as Element

from gateway.trust.algorithms import method_for, sign_value
from gateway.trust.policy import RSA_SHA1, SHA1
from gateway.trust.signing import Signer
from gateway.wire.build import b64
from gateway.wire.c14n import exclusive
from gateway.wire.names import DS, ENVELOPED, EXC_C14N, SHA256, q


@dataclass(frozen=True, kw_only=True)
class SignedPart:
    """What a reference names, and how it was made canonical."""

    id: str
    octets: bytes
    transforms: Sequence[str] = (EXC_C14N,)


def signature(signer: Signer, parts: Sequence[SignedPart], *, sha1: bool = False) -> Element:
    """A ds:Signature with SignedInfo and SignatureValue; the caller adds KeyInfo.

    Args:
        sha1: rsa-sha1 and sha1 as the field wrote them before 2023 (facts ehealth.md §1.3); to show that it is refused.

    Raises:
        ValueError: SHA-1 asked for with a key that is not RSA.
    """
    root = etree.Element(q(DS, "Signature"), nsmap={"ds": DS})
    info = etree.SubElement(root, q(DS, "SignedInfo"))
    etree.SubElement(info, q(DS, "CanonicalizationMethod"), {"Algorithm": EXC_C14N})
    etree.SubElement(info, q(DS, "SignatureMethod"), {"Algorithm": RSA_SHA1 if sha1 else method_for(signer.key)})
    for part in parts:
        reference = etree.SubElement(info, q(DS, "Reference"), {"URI": f"#{part.id}"})
        steps = etree.SubElement(reference, q(DS, "Transforms"))
        for algorithm in part.transforms:
            etree.SubElement(steps, q(DS, "Transform"), {"Algorithm": algorithm})
        etree.SubElement(reference, q(DS, "DigestMethod"), {"Algorithm": SHA1 if sha1 else SHA256})
        digest = hashlib.new("sha1" if sha1 else "sha256", part.octets, usedforsecurity=not sha1).digest()
        etree.SubElement(reference, q(DS, "DigestValue")).text = b64(digest)
    value = _sha1_value(signer, exclusive(info)) if sha1 else sign_value(signer.key, exclusive(info))
    etree.SubElement(root, q(DS, "SignatureValue")).text = b64(value)
    return root


def enveloped(element: Element, id_name: str, signer: Signer, *, sha1: bool = False) -> Element:
    """A signature over the element it will stand in; the caller puts it there.

    Args:
        id_name: the attribute of the element that the reference names.
    """
    whole = SignedPart(id=element.get(id_name, ""), octets=exclusive(element), transforms=(ENVELOPED, EXC_C14N))
    made = signature(signer, [whole], sha1=sha1)
    made.append(certificate_info(signer.der))
    return made


def certificate_info(der: bytes) -> Element:
    """ds:KeyInfo with one certificate."""
    info = etree.Element(q(DS, "KeyInfo"), nsmap={"ds": DS})
    data = etree.SubElement(info, q(DS, "X509Data"))
    etree.SubElement(data, q(DS, "X509Certificate")).text = base64.b64encode(der).decode()
    return info


def _sha1_value(signer: Signer, octets: bytes) -> bytes:
    if not isinstance(signer.key, rsa.RSAPrivateKey):
        raise ValueError("SHA-1 signatures are made with an RSA key")
    return signer.key.sign(octets, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
