"""A vendor's side of the SAML profile: ask an STS for an assertion, sign a message with it.

Works with any STS that speaks eHealth's two interfaces (facts ehealth.md §1.8); `conformance.sts` has one to try out.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from uuid import uuid4

import requests
from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts import samlp, wstrust
from conformance.sts.assertion import IDENTIFICATION, Attribute, write_attribute, write_subject
from conformance.sts.register import ORGANISATIONS, holder_numbers, recognised
from conformance.sts.xmldsig import SignedPart, certificate_info, enveloped, signature
from conformance.zeep_wsse import Clock, now
from gateway.refusal import Refusal
from gateway.trust.identity import read_identity
from gateway.trust.saml import CERTIFIED, HOLDER_OF_KEY, SAML
from gateway.trust.signing import Signer, sign_envelope
from gateway.trust.tokens import SAML_ASSERTION_ID
from gateway.wire.build import moment
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.names import DS, SOAP, WSSE, WSU, q
from gateway.wire.parser import parse

REQUEST_SECURITY_TOKEN = "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken"  # noqa: S105
REQUEST_SECURE_TOKEN = "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecureToken"  # noqa: S105
CHALLENGE = "urn:be:fgov:ehealth:sts:protocol:v1:Challenge"

_DAY = timedelta(hours=24)
_TIMEOUT = 30


class StsError(Exception):
    """An STS gave no assertion; its text is what it said."""


def request_assertion(
    sts_url: str,
    signer: Signer,
    clock: Clock = now,
    *,
    holder: Signer | None = None,
    validity: timedelta = _DAY,
    action: str = REQUEST_SECURITY_TOKEN,
) -> Element:
    """Ask for an assertion over SAML-P.

    Args:
        sts_url: the whole address, …/IAM/Saml11TokenService/v1 or its Legacy.
        signer: signs the WS-Security header.
        holder: whose assertion it is, when that is another key; it then signs the request itself too.
        action: SOAPAction.

    Raises:
        StsError: the STS refused, or answered another request.
    """
    root = samlp_request(holder or signer, clock(), validity=validity)
    if holder is not None:
        root.insert(0, enveloped(root, "RequestID", holder))
    answer = _call(sts_url, root, signer, clock, action)
    if answer.get("InResponseTo") != root.get("RequestID"):
        raise StsError("the answer is not to this request")
    assertion = answer.find(q(SAML, "Assertion"))
    if assertion is None:
        raise StsError(" ".join("".join(answer.itertext()).split()) or "no assertion and no reason")
    return assertion


def request_assertion_wstrust(
    sts_url: str, signer: Signer, clock: Clock = now, *, holder: Signer | None = None, validity: timedelta = _DAY
) -> Element:
    """Ask for an assertion over WS-Trust 1.3, answering a challenge when there is one.

    Args:
        sts_url: the whole address, …/IAM/SecurityTokenService/v1.
        signer: signs the WS-Security header of the first step.
        holder: whose assertion it is, and who signs the challenge; by default the signer.

    Raises:
        StsError: the STS refused.
    """
    key = holder or signer
    request = wstrust_request(key, clock(), validity=validity)
    answer = _call(sts_url, request, signer, clock, REQUEST_SECURITY_TOKEN)
    challenge = answer.findtext(f"{q(wstrust.WST, 'SignChallenge')}/{q(wstrust.WST, 'Challenge')}")
    if challenge is not None:
        answer = _call(sts_url, challenge_response(request.get("Context"), challenge), key, clock, CHALLENGE)
    assertion = answer.find(f"{q(wstrust.WST, 'RequestedSecurityToken')}/{q(SAML, 'Assertion')}")
    if assertion is None:
        raise StsError("no assertion in the answer")
    return assertion


def sign_envelope_saml(
    root: Element,
    signer: Signer,
    assertion: Element,
    now: datetime,
    *,
    parts: Sequence[str] = ("Body", "Timestamp"),
    lifetime: timedelta = timedelta(seconds=60),
    sha1: bool = False,
) -> Element:
    """Add a wsse:Security header (SAML 1.1 holder-of-key) to an envelope and return that header.

    Args:
        root: a SOAP 1.1 Envelope; a Header is made when absent.
        signer: the holder of the key that the assertion names.
        assertion: as the STS gave it; a copy goes in.
        parts: local names of what to sign; GenericAsync signs only the Timestamp.
        lifetime: Expires − Created.
    """
    header = root.find(q(SOAP, "Header"))
    if header is None:
        header = etree.Element(q(SOAP, "Header"))
        root.insert(0, header)
    security = etree.SubElement(header, q(WSSE, "Security"), {q(SOAP, "mustUnderstand"): "1"}, nsmap={"wsse": WSSE, "wsu": WSU})
    security.append(deepcopy(assertion))
    ticket = uuid4().hex
    stamp = etree.SubElement(security, q(WSU, "Timestamp"), {q(WSU, "Id"): f"TS-{ticket}"})
    etree.SubElement(stamp, q(WSU, "Created")).text = moment(now)
    etree.SubElement(stamp, q(WSU, "Expires")).text = moment(now + lifetime)
    body = root.find(q(SOAP, "Body"))
    if body is not None:
        body.set(q(WSU, "Id"), f"BODY-{ticket}")
    elements = {"Body": body, "Timestamp": stamp}
    chosen = [e for name in parts if (e := elements[name]) is not None]
    signed = [SignedPart(id=e.get(q(WSU, "Id"), ""), octets=exclusive(e)) for e in chosen]
    made = signature(signer, signed, sha1=sha1)
    pointer = etree.SubElement(etree.SubElement(made, q(DS, "KeyInfo")), q(WSSE, "SecurityTokenReference"))
    key = etree.SubElement(pointer, q(WSSE, "KeyIdentifier"), {"ValueType": SAML_ASSERTION_ID})
    key.text = assertion.get("AssertionID")
    security.append(made)
    return security


def samlp_request(holder: Signer, now: datetime, *, validity: timedelta = _DAY, method: str = HOLDER_OF_KEY) -> Element:
    """A samlp:Request for the holder's own number and what an STS certifies of it."""
    names = {"RequestID": f"request-{uuid4()}", "IssueInstant": moment(now), "MajorVersion": "1", "MinorVersion": "1"}
    root = etree.Element(samlp.REQUEST, names, nsmap={"samlp": samlp.SAMLP, None: SAML})
    query = etree.SubElement(root, q(samlp.SAMLP, "AttributeQuery"))
    query.append(write_subject(holder.certificate, method, _claim(holder, now, validity)))
    for name in designators(holder):
        etree.SubElement(query, q(SAML, "AttributeDesignator"), {"AttributeName": name, "AttributeNamespace": CERTIFIED})
    return root


def wstrust_request(holder: Signer, now: datetime, *, validity: timedelta = _DAY) -> Element:
    """A RequestSecurityToken for the same."""
    wst = wstrust.WST
    root = etree.Element(wstrust.REQUEST, {"Context": f"context-{uuid4()}"}, nsmap={"wst": wst, "auth": wstrust.AUTH, "wsu": WSU})
    etree.SubElement(root, q(wst, "TokenType")).text = wstrust.SAML_11
    etree.SubElement(root, q(wst, "RequestType")).text = wstrust.ISSUE
    claims = etree.SubElement(root, q(wst, "Claims"), {"Dialect": wstrust.DIALECT})
    for attribute in _own(holder):
        claim = etree.SubElement(claims, q(wstrust.AUTH, "ClaimType"), {"Uri": attribute.name})
        etree.SubElement(claim, q(wstrust.AUTH, "Value")).text = attribute.values[0]
    for name in designators(holder):
        etree.SubElement(claims, q(wstrust.AUTH, "ClaimType"), {"Uri": name})
    lifetime = etree.SubElement(root, q(wst, "Lifetime"))
    etree.SubElement(lifetime, q(WSU, "Created")).text = moment(now)
    etree.SubElement(lifetime, q(WSU, "Expires")).text = moment(now + validity)
    etree.SubElement(root, q(wst, "KeyType")).text = wstrust.PUBLIC_KEY
    reference = etree.SubElement(etree.SubElement(root, q(wst, "UseKey")), q(WSSE, "SecurityTokenReference"))
    reference.append(certificate_info(holder.der)[0])
    return root


def challenge_response(context: str | None, challenge: str) -> Element:
    """The client's answer to a challenge; the WS-Security header around it is what proves the key."""
    root = etree.Element(wstrust.CHALLENGE, {} if context is None else {"Context": context}, nsmap={"wst": wstrust.WST})
    step = etree.SubElement(root, q(wstrust.WST, "SignChallengeResponse"))
    etree.SubElement(step, q(wstrust.WST, "Challenge")).text = challenge
    return root


def designators(holder: Signer) -> tuple[str, ...]:
    """Names of the attributes that an STS can certify of this holder."""
    word = ORGANISATIONS.get(read_identity(holder.certificate).type)
    return () if word is None else (recognised(word, "nihii11"), recognised(word, "boolean"))


def _own(holder: Signer) -> tuple[Attribute, ...]:
    identity = read_identity(holder.certificate)
    word = ORGANISATIONS.get(identity.type)
    names = () if word is None else holder_numbers(word)
    return tuple(Attribute(namespace=IDENTIFICATION, name=name, values=(identity.number[:8],)) for name in names)


def _claim(holder: Signer, now: datetime, validity: timedelta) -> Element:
    subject = write_subject(holder.certificate, HOLDER_OF_KEY, None)
    names = {"AssertionID": f"assertion-{uuid4()}", "Issuer": holder.certificate.subject.rfc4514_string()}
    claim = etree.Element(q(SAML, "Assertion"), names, nsmap={None: SAML})
    for name, value in (("IssueInstant", moment(now)), ("MajorVersion", "1"), ("MinorVersion", "1")):
        claim.set(name, value)
    etree.SubElement(claim, q(SAML, "Conditions"), {"NotBefore": moment(now), "NotOnOrAfter": moment(now + validity)})
    statement = etree.SubElement(claim, q(SAML, "AttributeStatement"))
    statement.append(subject)
    for attribute in _own(holder):
        statement.append(write_attribute(attribute))
    return claim


def _call(url: str, payload: Element, signer: Signer, clock: Clock, action: str) -> Element:
    root = write_envelope(payload)
    sign_envelope(root, signer, clock())
    headers = {"Content-Type": XML_CONTENT_TYPE, "SOAPAction": f'"{action}"'}
    reply = requests.post(url, data=serialise(root), headers=headers, timeout=_TIMEOUT)
    try:
        answer = parse(reply.content)
    except Refusal as refusal:
        raise StsError(f"HTTP {reply.status_code} with an answer that is no XML ({refusal})") from None
    body = answer.find(q(SOAP, "Body"))
    if body is None or len(body) != 1 or body[0].tag == q(SOAP, "Fault"):
        raise StsError(answer.findtext(".//faultstring") or f"HTTP {reply.status_code} without an answer")
    return body[0]
