"""GenericAsync requests and XAdES documents, every detail of which can be chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.draft import Ref, b64, xml
from conformance.berichten.messages import names
from conformance.client import Software
from gateway.trust.algorithms import method_for, sign_value
from gateway.trust.signing import Signer
from gateway.wire.blob import deflate
from gateway.wire.build import moment, sub
from gateway.wire.c14n import exclusive
from gateway.wire.names import (
    BASE64_TRANSFORM,
    CIN_COMMON,
    DS,
    EXC_C14N,
    GENERIC_ASYNC,
    OPTIONAL_DEFLATE,
    SHA256,
    XADES,
    XADES_SIGNED_PROPERTIES,
    q,
)

IBW1 = names()["voorzieningen"]["ibw1"]
CONTENT = b'<Zending xmlns="urn:vsb-gateway:factuur:v1"/>'
CLIENT_TRANSFORMS = (BASE64_TRANSFORM, OPTIONAL_DEFLATE)


def detail(content: bytes, *, packed: bytes | None = None, **attributes: str | None) -> Element:
    """A Detail element; attributes of None are left out."""
    chosen = {
        "ContentType": "text/xml",
        "ContentEncoding": "deflate",
        "MessageName": "HCPFAC",
        "HashValue": b64(hashlib.sha256(content).digest()),
        "Id": "blob",
        **attributes,
    }
    element = etree.Element(
        q(GENERIC_ASYNC, "Detail"), {k: v for k, v in chosen.items() if v is not None}, nsmap={"ga": GENERIC_ASYNC}
    )
    element.text = b64(deflate(content) if packed is None else packed)
    return element


def origin(parent: Element, *, riziv: str | None = IBW1, cbe: str | None = None, licence: tuple[str, str] | None = None) -> None:
    """Append an Origin."""
    software = Software()
    user, password = licence or (software.licentie, software.wachtwoord)
    own = etree.QName(parent).localname in ("get", "confirm")
    element = sub(parent, GENERIC_ASYNC if own else CIN_COMMON, "Origin")
    licence_element = sub(sub(element, CIN_COMMON, "Package"), CIN_COMMON, "License")
    sub(licence_element, CIN_COMMON, "Username", user)
    sub(licence_element, CIN_COMMON, "Password", password)
    if riziv is not None:
        sub(sub(sub(element, CIN_COMMON, "CareProvider"), CIN_COMMON, "Nihii"), CIN_COMMON, "Value", riziv)
    if cbe is not None:
        sub(sub(sub(element, CIN_COMMON, "Sender"), CIN_COMMON, "Organization"), CIN_COMMON, "Cbe", cbe)


def post_payload(
    blob: Element, xades: bytes | None = None, *, reference: str | None = None, test: str = "false", **rest: Any
) -> Element:
    """A post request element."""
    payload = etree.Element(q(GENERIC_ASYNC, "post"), nsmap={"ga": GENERIC_ASYNC, "e": CIN_COMMON})
    common = sub(payload, GENERIC_ASYNC, "CommonInput")
    sub(sub(common, CIN_COMMON, "Request"), CIN_COMMON, "IsTest", test)
    origin(common, **rest)
    sub(common, CIN_COMMON, "InputReference", reference or uuid4().hex[:14])
    payload.append(blob)
    if xades is not None:
        sub(payload, GENERIC_ASYNC, "Xades-t", b64(xades))
    return payload


def get_payload(**rest: Any) -> Element:
    payload = etree.Element(q(GENERIC_ASYNC, "get"), nsmap={"ga": GENERIC_ASYNC, "e": CIN_COMMON})
    origin(payload, **rest)
    sub(payload, GENERIC_ASYNC, "MsgQuery", None, Include="true", Max="10")
    sub(payload, GENERIC_ASYNC, "TAckQuery", None, Include="true", Max="10")
    return payload


def confirm_payload(hashes: Sequence[bytes] = (), **rest: Any) -> Element:
    payload = etree.Element(q(GENERIC_ASYNC, "confirm"), nsmap={"ga": GENERIC_ASYNC, "e": CIN_COMMON})
    origin(payload, **rest)
    sub(payload, GENERIC_ASYNC, "MsgHashValues", " ".join(b64(h) for h in hashes))
    return payload


@dataclass(frozen=True, kw_only=True)
class Xades:
    """A detached XAdES document over a blob; by default a true one."""

    signer: Signer
    now: datetime
    octets: bytes = CONTENT
    """What the reference to the blob digests."""
    transforms: Sequence[str | Element] | None = CLIENT_TRANSFORMS
    blob_id: str = "blob"
    references: Callable[[Ref, Ref], Sequence[Ref]] = lambda blob, properties: (blob, properties)
    """Which references there are, and in which order."""
    certificates: Sequence[x509.Certificate] | None = None
    """KeyInfo/X509Data; by default the signer's and its chain."""
    shape: Callable[[Element], None] = lambda _: None
    """Changes SignedProperties before they are digested."""
    digest_method: str = SHA256
    method: str | None = None
    finish: Callable[[Element], Element | None] = lambda _: None
    """Changes the finished signature, or returns another root."""

    def document(self) -> bytes:
        ticket = f"xmldsig-{uuid4().hex}"
        signature = etree.Element(q(DS, "Signature"), {"Id": ticket}, nsmap={"ds": DS})
        properties = signed_properties(self.signer, self.now, f"{ticket}-xades-signedprops")
        self.shape(properties)
        over_blob = Ref(uri=f"#{self.blob_id}", octets=self.octets, transforms=self.transforms, digest_method=self.digest_method)
        over_properties = Ref(
            uri=f"#{properties.get('Id')}",
            octets=exclusive(properties),
            type=XADES_SIGNED_PROPERTIES,
            digest_method=self.digest_method,
        )
        info = etree.SubElement(signature, q(DS, "SignedInfo"))
        etree.SubElement(info, q(DS, "CanonicalizationMethod"), {"Algorithm": EXC_C14N})
        etree.SubElement(info, q(DS, "SignatureMethod"), {"Algorithm": self.method or method_for(self.signer.key)})
        for reference in self.references(over_blob, over_properties):
            info.append(reference.element())
        sub(signature, DS, "SignatureValue", b64(sign_value(self.signer.key, exclusive(info))))
        data = sub(sub(signature, DS, "KeyInfo"), DS, "X509Data")
        listed = (self.signer.certificate, *self.signer.chain) if self.certificates is None else self.certificates
        for certificate in listed:
            sub(data, DS, "X509Certificate", b64(certificate.public_bytes(Encoding.DER)))
        holder = etree.SubElement(
            sub(signature, DS, "Object"), q(XADES, "QualifyingProperties"), {"Target": f"#{ticket}"}, nsmap={"xades": XADES}
        )
        holder.append(properties)
        replaced = self.finish(signature)
        return etree.tostring(signature if replaced is None else replaced, xml_declaration=True, encoding="utf-8")


def signed_properties(signer: Signer, now: datetime, id: str) -> Element:
    """SignedProperties as the federal connector writes them."""
    return xml(
        f'<xades:SignedProperties xmlns:xades="{XADES}" xmlns:ds="{DS}" Id="{id}"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{moment(now)}</xades:SigningTime><xades:SigningCertificate><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>{b64(hashlib.sha256(signer.der).digest())}</ds:DigestValue>'
        f"</xades:CertDigest><xades:IssuerSerial><ds:X509IssuerName>{signer.certificate.issuer.rfc4514_string()}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{signer.certificate.serial_number}</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert>"
        "</xades:SigningCertificate></xades:SignedSignatureProperties></xades:SignedProperties>"
    )
