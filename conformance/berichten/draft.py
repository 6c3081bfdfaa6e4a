"""Envelopes and references whose every security detail can be set before, between and after a true signature."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from lxml.etree import _Element as Element

from gateway.trust.algorithms import method_for, sign_value
from gateway.trust.signing import Signer
from gateway.wire.build import moment
from gateway.wire.c14n import exclusive
from gateway.wire.names import BASE64_BINARY, C14N, DS, EXC_C14N, SHA256, SOAP, WSSE, WSU, X509_V3, q

WSU_ID = q(WSU, "Id")
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def xml(text: str) -> Element:
    """A fragment as an element."""
    return etree.fromstring(text, etree.XMLParser(resolve_entities=False, huge_tree=True, remove_comments=False))


@dataclass(frozen=True, kw_only=True)
class Ref:
    """One ds:Reference, as the forger wants it; by default a true one."""

    uri: str | None
    octets: bytes = b""
    transforms: Sequence[str | Element] | None = (EXC_C14N,)
    """None leaves ds:Transforms out."""
    digest_method: str | Element = SHA256
    digest: str | None = None
    """Text of DigestValue in place of the true one."""
    type: str | None = None

    def element(self) -> Element:
        reference = etree.Element(q(DS, "Reference"), nsmap={"ds": DS})
        if self.uri is not None:
            reference.set("URI", self.uri)
        if self.type is not None:
            reference.set("Type", self.type)
        if self.transforms is not None:
            steps = etree.SubElement(reference, q(DS, "Transforms"))
            for step in self.transforms:
                steps.append(step if isinstance(step, Element) else transform(step))
        if isinstance(self.digest_method, Element):
            reference.append(self.digest_method)
        else:
            etree.SubElement(reference, q(DS, "DigestMethod"), {"Algorithm": self.digest_method})
        value = etree.SubElement(reference, q(DS, "DigestValue"))
        value.text = b64(_digest(self.digest_method, self.octets)) if self.digest is None else self.digest
        return reference


def transform(algorithm: str, inner: str = "") -> Element:
    """A ds:Transform, with content when given."""
    return xml(f'<ds:Transform xmlns:ds="{DS}" Algorithm="{algorithm}">{inner}</ds:Transform>')


def _digest(method: str | Element, octets: bytes) -> bytes:
    uri = method if isinstance(method, str) else method.get("Algorithm", "")
    name = uri.rpartition("#")[2].lower().strip()
    return hashlib.new(name if name in ("md5", "sha1", "sha224", "sha384", "sha512") else "sha256", octets).digest()


def ref(element: Element, **rest: object) -> Ref:
    """A true reference to an element by its wsu:Id."""
    return Ref(uri=f"#{element.get(WSU_ID)}", octets=exclusive(element), **rest)  # type: ignore[arg-type]


def canonical(element: Element, algorithm: str) -> bytes:
    """Octets under the canonicalisation that an algorithm names; an unknown one is taken for exclusive C14N."""
    comments = algorithm.endswith("WithComments")
    if "exc-c14n" in algorithm or algorithm not in _INCLUSIVE:
        return etree.tostring(element, method="c14n", exclusive=True, with_comments=comments)
    apex = etree.Element(element.tag, dict(element.attrib), nsmap=element.nsmap)
    apex.text = element.text
    apex.extend(deepcopy(child) for child in element)
    return etree.tostring(apex, method="c14n", with_comments=comments)


C14N11 = "http://www.w3.org/2006/12/xml-c14n11"
_INCLUSIVE = (C14N, f"{C14N}#WithComments", C14N11, f"{C14N11}#WithComments")


class Draft:
    """One envelope under construction."""

    def __init__(self, payload: Element, signer: Signer, now: datetime, *, lifetime: timedelta = timedelta(seconds=60)) -> None:
        ticket = uuid4().hex
        self.signer = signer
        self.envelope = etree.Element(q(SOAP, "Envelope"), nsmap={"soap": SOAP, "wsu": WSU})
        self.header = etree.SubElement(self.envelope, q(SOAP, "Header"))
        self.body = etree.SubElement(self.envelope, q(SOAP, "Body"), {WSU_ID: f"BODY-{ticket}"})
        self.payload = payload
        self.body.append(payload)
        self.security = etree.SubElement(self.header, q(WSSE, "Security"), {q(SOAP, "mustUnderstand"): "1"}, nsmap={"wsse": WSSE})
        self.token = etree.SubElement(
            self.security,
            q(WSSE, "BinarySecurityToken"),
            {WSU_ID: f"X509-{ticket}", "ValueType": X509_V3, "EncodingType": BASE64_BINARY},
        )
        self.token.text = b64(signer.der)
        self.timestamp = etree.SubElement(self.security, q(WSU, "Timestamp"), {WSU_ID: f"TS-{ticket}"})
        etree.SubElement(self.timestamp, q(WSU, "Created")).text = moment(now)
        etree.SubElement(self.timestamp, q(WSU, "Expires")).text = moment(now + lifetime)

    @property
    def parts(self) -> tuple[Element, Element, Element]:
        return self.body, self.timestamp, self.token

    def refs(self) -> list[Ref]:
        """True references to what the strictest profile wants."""
        return [ref(part) for part in self.parts]

    def sign(
        self,
        refs: Sequence[Ref] | None = None,
        *,
        method: str | None = None,
        c14n: str = EXC_C14N,
        value: Callable[[bytes], bytes] | None = None,
        key_info: Element | None = None,
        edit: Callable[[Element], None] | None = None,
    ) -> Element:
        """Append a ds:Signature to the Security header and return it.

        Args:
            refs: what is referenced; by default Body, Timestamp and token.
            method: SignatureMethod; by default the one that fits the key.
            value: signature octets from SignedInfo octets; by default the signer's true signature.
            key_info: in place of the direct reference to the token.
            edit: changes the finished SignedInfo, before its value is computed.
        """
        signature = etree.SubElement(self.security, q(DS, "Signature"), nsmap={"ds": DS})
        info = etree.SubElement(signature, q(DS, "SignedInfo"))
        etree.SubElement(info, q(DS, "CanonicalizationMethod"), {"Algorithm": c14n})
        etree.SubElement(info, q(DS, "SignatureMethod"), {"Algorithm": method_for(self.signer.key) if method is None else method})
        for reference in self.refs() if refs is None else refs:
            info.append(reference.element())
        if edit is not None:
            edit(info)
        octets = canonical(info, c14n)
        made = _value(self.signer, octets, method) if value is None else value(octets)
        etree.SubElement(signature, q(DS, "SignatureValue")).text = b64(made)
        signature.append(self.direct_reference() if key_info is None else key_info)
        return signature

    def direct_reference(self, uri: str | None = None) -> Element:
        """KeyInfo that points at the token."""
        return xml(
            f'<ds:KeyInfo xmlns:ds="{DS}"><wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:Reference '
            f'URI="{uri or "#" + self.token.get(WSU_ID, "")}" ValueType="{X509_V3}"/></wsse:SecurityTokenReference></ds:KeyInfo>'
        )

    def octets(self) -> bytes:
        return etree.tostring(self.envelope, xml_declaration=True, encoding="utf-8")


def _value(signer: Signer, octets: bytes, method: str | None) -> bytes:
    # A true signature also under the method that must be refused, so that only the method is wrong with it.
    if method == RSA_SHA1 and isinstance(signer.key, rsa.RSAPrivateKey):
        return signer.key.sign(octets, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    return sign_value(signer.key, octets)


def swap(message: bytes, old: bytes | str, new: bytes | str) -> bytes:
    """Change octets after signing; the old ones must be there."""
    old, new = (t.encode() if isinstance(t, str) else t for t in (old, new))
    if old not in message:
        raise ValueError(f"{old!r} is not in the message")
    return message.replace(old, new, 1)
