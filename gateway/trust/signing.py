"""Signing: WS-Security headers, XAdES over blobs, and sealed documents. Used by the gateway and by the conformance clients."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12
from lxml import etree
from lxml.etree import _Element as Element

from gateway.trust.algorithms import PrivateKey, method_for, sign_value
from gateway.wire.c14n import exclusive
from gateway.wire.names import (
    BASE64_BINARY,
    BASE64_TRANSFORM,
    DS,
    ENVELOPED,
    EXC_C14N,
    OPTIONAL_DEFLATE,
    SHA256,
    SOAP,
    WSSE,
    WSU,
    X509_V3,
    XADES,
    XADES_SIGNED_PROPERTIES,
    q,
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Signer:
    """A private key with its certificate and chain; its repr shows neither."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def seal_template(self) -> SealTemplate:
        return SealTemplate(self)

    def __repr__(self) -> str:
        return f"Signer({self.certificate.subject.rfc4514_string()[:60]!r})"


def load_signer(data: bytes, password: str | None = None, key_pem: bytes | None = None) -> Signer:
    """Signer from PKCS#12 bytes, or from a PEM certificate chain with a separate PEM key.

    Raises:
        ValueError: the data is neither, the password is wrong, or the key is not RSA or EC.
    """
    secret = None if password is None else password.encode()
    if key_pem is not None:
        certificates = x509.load_pem_x509_certificates(data)
        key, certificate, chain = load_pem_private_key(key_pem, secret), certificates[0], certificates[1:]
    else:
        loaded = pkcs12.load_pkcs12(data, secret)
        if loaded.cert is None or loaded.key is None:
            raise ValueError("the PKCS#12 file holds no key with its certificate")
        key, certificate, chain = loaded.key, loaded.cert.certificate, [c.certificate for c in loaded.additional_certs]
    if not isinstance(key, PrivateKey):
        raise ValueError("the key is not RSA or EC")
    return Signer(key=key, certificate=certificate, chain=tuple(chain))


def sign_envelope(
    root: Element,
    signer: Signer,
    now: datetime,
    *,
    parts: Sequence[str] = ("Body", "Timestamp", "BinarySecurityToken"),
    lifetime: timedelta = timedelta(seconds=60),
) -> Element:
    """Add a wsse:Security header (X.509 token profile) to an envelope and return that header.

    Args:
        root: a SOAP 1.1 Envelope; a Header is made when absent.
        parts: local names of what to sign.
        lifetime: Expires − Created.
    """
    header = root.find(q(SOAP, "Header"))
    if header is None:
        header = etree.Element(q(SOAP, "Header"))
        root.insert(0, header)
    body = root.find(q(SOAP, "Body"))
    security = etree.SubElement(header, q(WSSE, "Security"), {q(SOAP, "mustUnderstand"): "1"}, nsmap={"wsse": WSSE, "wsu": WSU})
    ticket = uuid4().hex
    token = etree.SubElement(
        security,
        q(WSSE, "BinarySecurityToken"),
        {q(WSU, "Id"): f"X509-{ticket}", "ValueType": X509_V3, "EncodingType": BASE64_BINARY},
    )
    token.text = base64.b64encode(signer.der).decode()
    stamp = etree.SubElement(security, q(WSU, "Timestamp"), {q(WSU, "Id"): f"TS-{ticket}"})
    etree.SubElement(stamp, q(WSU, "Created")).text = _instant(now)
    etree.SubElement(stamp, q(WSU, "Expires")).text = _instant(now + lifetime)
    if body is not None:
        body.set(q(WSU, "Id"), f"BODY-{ticket}")
    elements = {"Body": body, "Timestamp": stamp, "BinarySecurityToken": token}
    chosen = [e for name in parts if (e := elements[name]) is not None]
    references = [_reference(e.get(q(WSU, "Id"), ""), exclusive(e), [EXC_C14N]) for e in chosen]
    signature = _signature(signer, references, f"SIG-{ticket}")
    key_info = etree.SubElement(signature, q(DS, "KeyInfo"))
    pointer = etree.SubElement(key_info, q(WSSE, "SecurityTokenReference"))
    etree.SubElement(pointer, q(WSSE, "Reference"), {"URI": f"#X509-{ticket}", "ValueType": X509_V3})
    security.append(signature)
    return security


def sign_blob(content: bytes, signer: Signer, now: datetime, *, blob_id: str = "blob", canonical: bool = False) -> bytes:
    """A detached XAdES document over a blob's content, as MyCareNet clients make it (facts ehealth.md §3.7).

    Args:
        content: the blob's plain content.
        canonical: add the exclusive C14N transform, which clients do for text/xml.
    """
    ticket = uuid4().hex
    octets, transforms = content, [BASE64_TRANSFORM, OPTIONAL_DEFLATE]
    if canonical:
        octets, transforms = exclusive(etree.fromstring(content, _local_parser())), [*transforms, EXC_C14N]
    properties = _signed_properties(signer, now, f"xmldsig-{ticket}-xades-signedprops")
    references = [_reference(blob_id, octets, transforms), _properties_reference(properties)]
    signature = _signature(signer, references, f"xmldsig-{ticket}")
    _certificates(signature, signer)
    _attach(signature, properties, f"xmldsig-{ticket}")
    return etree.tostring(signature, xml_declaration=True, encoding="utf-8")


def seal(document: Element, signer: Signer, now: datetime) -> bytes:
    """A whole document with an enveloped XAdES signature over it as its last child.

    The result verifies with any XMLDSig tool, for example `xmlsec1 --verify --trusted-pem ca-bundle.pem FILE`.
    """
    canonical = exclusive(document)
    body, closing = canonical.rsplit(b"</", 1)
    signature = signer.seal_template.fill(signer, canonical, now)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + body + signature + b"</" + closing


class SealTemplate:
    """All of a seal that is the same each time, made once by the code that makes any signature."""

    _ID, _TIME, _WHOLE, _PROPERTIES, _VALUE = (f"@{name}@" for name in ("id", "time", "whole", "properties", "value"))

    def __init__(self, signer: Signer) -> None:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        properties = _signed_properties(signer, epoch, f"xmldsig-{self._ID}-xades-signedprops")
        _one(properties, XADES, "SigningTime").text = self._TIME
        references = [_reference(None, b"", [ENVELOPED, EXC_C14N]), _properties_reference(properties)]
        signature = _signature(signer, references, f"xmldsig-{self._ID}")
        info = _one(signature, DS, "SignedInfo")
        for reference, place in zip(info.iter(q(DS, "Reference")), (self._WHOLE, self._PROPERTIES), strict=True):
            _one(reference, DS, "DigestValue").text = place
        _one(signature, DS, "SignatureValue").text = self._VALUE
        self._info = exclusive(info).decode()
        self._signed = exclusive(properties).decode()
        _certificates(signature, signer)
        _attach(signature, properties, f"xmldsig-{self._ID}")
        self._whole = exclusive(signature).decode()

    def fill(self, signer: Signer, canonical: bytes, now: datetime) -> bytes:
        """The Signature element over a document's canonical octets."""
        known = [(self._ID, uuid4().hex), (self._TIME, _instant(now)), (self._WHOLE, _digest(canonical))]
        known.append((self._PROPERTIES, _digest(_put(self._signed, known).encode())))
        value = sign_value(signer.key, _put(self._info, known).encode())
        return _put(self._whole, [*known, (self._VALUE, base64.b64encode(value).decode())]).encode()


def _put(template: str, values: Sequence[tuple[str, str]]) -> str:
    for place, value in values:
        template = template.replace(place, value)
    return template


def _one(parent: Element, namespace: str, name: str) -> Element:
    return next(parent.iter(q(namespace, name)))


def _digest(octets: bytes) -> str:
    return base64.b64encode(hashlib.sha256(octets).digest()).decode()


def _local_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=True)


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _signature(signer: Signer, references: Sequence[Element], id: str) -> Element:
    signature = etree.Element(q(DS, "Signature"), {"Id": id}, nsmap={"ds": DS})
    info = etree.SubElement(signature, q(DS, "SignedInfo"))
    etree.SubElement(info, q(DS, "CanonicalizationMethod"), {"Algorithm": EXC_C14N})
    etree.SubElement(info, q(DS, "SignatureMethod"), {"Algorithm": method_for(signer.key)})
    for reference in references:
        info.append(reference)
    value = etree.SubElement(signature, q(DS, "SignatureValue"))
    value.text = base64.b64encode(sign_value(signer.key, exclusive(info))).decode()
    return signature


def _reference(id: str | None, octets: bytes, transforms: Sequence[str], type: str | None = None) -> Element:
    reference = etree.Element(q(DS, "Reference"), {"URI": "" if id is None else f"#{id}"}, nsmap={"ds": DS})
    if type is not None:
        reference.set("Type", type)
    steps = etree.SubElement(reference, q(DS, "Transforms"))
    for algorithm in transforms:
        etree.SubElement(steps, q(DS, "Transform"), {"Algorithm": algorithm})
    etree.SubElement(reference, q(DS, "DigestMethod"), {"Algorithm": SHA256})
    etree.SubElement(reference, q(DS, "DigestValue")).text = _digest(octets)
    return reference


def _signed_properties(signer: Signer, now: datetime, id: str) -> Element:
    properties = etree.Element(q(XADES, "SignedProperties"), {"Id": id}, nsmap={"xades": XADES, "ds": DS})
    signed = etree.SubElement(properties, q(XADES, "SignedSignatureProperties"))
    etree.SubElement(signed, q(XADES, "SigningTime")).text = _instant(now)
    certificate = etree.SubElement(etree.SubElement(signed, q(XADES, "SigningCertificate")), q(XADES, "Cert"))
    digest = etree.SubElement(certificate, q(XADES, "CertDigest"))
    etree.SubElement(digest, q(DS, "DigestMethod"), {"Algorithm": SHA256})
    etree.SubElement(digest, q(DS, "DigestValue")).text = base64.b64encode(hashlib.sha256(signer.der).digest()).decode()
    issuer = etree.SubElement(certificate, q(XADES, "IssuerSerial"))
    etree.SubElement(issuer, q(DS, "X509IssuerName")).text = signer.certificate.issuer.rfc4514_string()
    etree.SubElement(issuer, q(DS, "X509SerialNumber")).text = str(signer.certificate.serial_number)
    return properties


def _properties_reference(properties: Element) -> Element:
    return _reference(properties.get("Id"), exclusive(properties), [EXC_C14N], XADES_SIGNED_PROPERTIES)


def _certificates(signature: Element, signer: Signer) -> None:
    data = etree.SubElement(etree.SubElement(signature, q(DS, "KeyInfo")), q(DS, "X509Data"))
    for certificate in (signer.certificate, *signer.chain):
        etree.SubElement(data, q(DS, "X509Certificate")).text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _attach(signature: Element, properties: Element, id: str) -> None:
    holder = etree.SubElement(
        etree.SubElement(signature, q(DS, "Object")),
        q(XADES, "QualifyingProperties"),
        {"Target": f"#{id}"},
        nsmap={"xades": XADES},
    )
    holder.append(properties)
