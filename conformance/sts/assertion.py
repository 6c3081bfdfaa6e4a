"""Writing a SAML 1.1 holder-of-key assertion in the shape of eHealth's STS (facts ehealth.md §1.8.3)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.xmldsig import certificate_info, enveloped
from gateway.trust.saml import CERTIFIED, HOLDER_OF_KEY, SAML, STS_ISSUER
from gateway.trust.signing import Signer
from gateway.wire.build import moment
from gateway.wire.names import q

IDENTIFICATION = "urn:be:fgov:identification-namespace"
SUBJECT_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
X509_PKI = "urn:oasis:names:tc:SAML:1.0:am:X509-PKI"
BACKDATED = timedelta(minutes=5)
"""How long before issuing an assertion already counts, for clocks that are behind."""


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A SAML attribute."""

    namespace: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What an assertion is to say."""

    holder: x509.Certificate
    not_before: datetime
    not_on_or_after: datetime
    attributes: tuple[Attribute, ...] = ()
    """In order: asserted ones, then certified ones."""
    echo: Element | None = None
    """The client's own unsigned assertion, repeated in every Subject."""
    method: str = HOLDER_OF_KEY
    issuer: str = STS_ISSUER


def certified(values: dict[str, str]) -> tuple[Attribute, ...]:
    """Attributes of the certified namespace."""
    return tuple(Attribute(namespace=CERTIFIED, name=name, values=(value,)) for name, value in values.items())


def write_assertion(statement: Statement, signer: Signer, now: datetime, *, sha1: bool = False) -> Element:
    """A signed assertion; it uses the default namespace, as the STS's own do.

    Args:
        signer: the STS's key.
        sha1: sign as the STS of 2018 did.
    """
    root = etree.Element(
        q(SAML, "Assertion"),
        {
            "AssertionID": f"_{uuid4().hex}",
            "IssueInstant": moment(now),
            "Issuer": statement.issuer,
            "MajorVersion": "1",
            "MinorVersion": "1",
        },
        nsmap={None: SAML},
    )
    window = {"NotBefore": moment(statement.not_before), "NotOnOrAfter": moment(statement.not_on_or_after)}
    etree.SubElement(root, q(SAML, "Conditions"), window)
    login = {"AuthenticationInstant": moment(now), "AuthenticationMethod": X509_PKI}
    etree.SubElement(root, q(SAML, "AuthenticationStatement"), login).append(_subject(statement))
    attributes = etree.SubElement(root, q(SAML, "AttributeStatement"))
    attributes.append(_subject(statement))
    for attribute in statement.attributes:
        attributes.append(write_attribute(attribute))
    root.append(enveloped(root, "AssertionID", signer, sha1=sha1))
    return root


def write_attribute(attribute: Attribute) -> Element:
    names = {"AttributeName": attribute.name, "AttributeNamespace": attribute.namespace}
    element = etree.Element(q(SAML, "Attribute"), names, nsmap={None: SAML})
    for value in attribute.values:
        etree.SubElement(element, q(SAML, "AttributeValue")).text = value
    return element


def write_subject(holder: x509.Certificate, method: str, echo: Element | None) -> Element:
    """saml:Subject with the holder's name and key; both the client's question and the STS's answer have one."""
    subject = etree.Element(q(SAML, "Subject"), nsmap={None: SAML})
    qualifier = {"Format": SUBJECT_NAME, "NameQualifier": holder.issuer.rfc4514_string()}
    etree.SubElement(subject, q(SAML, "NameIdentifier"), qualifier).text = holder.subject.rfc4514_string()
    confirmation = etree.SubElement(subject, q(SAML, "SubjectConfirmation"))
    etree.SubElement(confirmation, q(SAML, "ConfirmationMethod")).text = method
    if echo is not None:
        etree.SubElement(confirmation, q(SAML, "SubjectConfirmationData")).append(deepcopy(echo))
    confirmation.append(certificate_info(holder.public_bytes(Encoding.DER)))
    return subject


def _subject(statement: Statement) -> Element:
    return write_subject(statement.holder, statement.method, statement.echo)
