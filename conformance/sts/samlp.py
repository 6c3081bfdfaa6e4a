"""The STS's SAML-P 1.1 interface: reading samlp:Request, writing samlp:Response (facts ehealth.md §1.8.2, §1.8.3)."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.assertion import Attribute
from conformance.sts.question import Question, only, optional, read_certificate, read_moment, wrong
from gateway.refusal import Code, Refusal
from gateway.trust.enveloped import check_enveloped, read_enveloped
from gateway.trust.policy import SecurityPolicy
from gateway.trust.saml import HOLDER_OF_KEY, SAML
from gateway.trust.wssecurity import Signed
from gateway.wire.build import moment
from gateway.wire.names import DS, q

SAMLP = "urn:oasis:names:tc:SAML:1.0:protocol"
REQUEST = q(SAMLP, "Request")


def read_request(request: Element) -> Question:
    """The question in a samlp:Request.

    Raises:
        Refusal: SCHEMA; HOLDER for another confirmation method than holder-of-key.
    """
    if (request.get("MajorVersion"), request.get("MinorVersion")) != ("1", "1") or not request.get("RequestID"):
        raise wrong(request, "RequestID, MajorVersion 1 en MinorVersion 1", "iets anders")
    query = only(request, SAMLP, "AttributeQuery")
    confirmation = only(only(query, SAML, "Subject"), SAML, "SubjectConfirmation")
    method = (only(confirmation, SAML, "ConfirmationMethod").text or "").strip()
    if method != HOLDER_OF_KEY:
        raise Refusal(Code.HOLDER, place="//ConfirmationMethod", expected=HOLDER_OF_KEY, found=method[:80])
    data = optional(confirmation, SAML, "SubjectConfirmationData")
    claim = None if data is None else optional(data, SAML, "Assertion")
    conditions = None if claim is None else optional(claim, SAML, "Conditions")
    return Question(
        id=request.get("RequestID", ""),
        holder=read_certificate(only(confirmation, DS, "KeyInfo")),
        until=None if conditions is None else read_moment(conditions.get("NotOnOrAfter"), conditions),
        asserted=() if claim is None else _attributes(claim),
        designated=frozenset(d.get("AttributeName", "") for d in query.findall(q(SAML, "AttributeDesignator"))),
        echo=claim,
        recipient=None if claim is None else claim.get("Issuer"),
    )


def check_holder(request: Element, question: Question, signed: Signed, policy: SecurityPolicy) -> None:
    """The client must show the holder's key: in the WS-Security header, or else in the request's own signature.

    Raises:
        Refusal: HOLDER, or what a wrong inner signature is refused with.
    """
    inner = request.find(q(DS, "Signature"))
    if inner is None and question.holder == signed.certificate:
        return
    if inner is None:
        raise Refusal(
            Code.HOLDER, place="//Request/Signature", expected="een handtekening van de holder-of-key-sleutel", found="geen"
        )
    signature, info = read_enveloped(request, "RequestID", policy)
    check_enveloped(request, signature, info, question.holder)


def write_response(question: Question, assertion: Element, now: datetime) -> Element:
    """A samlp:Response that gives the assertion."""
    response = _response(question.id, question.recipient, now)
    status = etree.SubElement(response, q(SAMLP, "Status"))
    etree.SubElement(status, q(SAMLP, "StatusCode"), {"Value": "samlp:Success"})
    response.append(assertion)
    return response


def write_denial(request: Element, refusal: Refusal, now: datetime) -> Element:
    """A samlp:Response that says why there is none."""
    response = _response(request.get("RequestID", ""), None, now)
    status = etree.SubElement(response, q(SAMLP, "Status"))
    code = etree.SubElement(status, q(SAMLP, "StatusCode"), {"Value": "samlp:Requester"})
    etree.SubElement(code, q(SAMLP, "StatusCode"), {"Value": "samlp:RequestDenied"})
    finding = refusal.findings[0]
    etree.SubElement(
        status, q(SAMLP, "StatusMessage")
    ).text = f"{finding.code}: {finding.en} Expected: {finding.expected}. Found: {finding.found}."
    return response


def _attributes(claim: Element) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(
            namespace=a.get("AttributeNamespace", ""),
            name=a.get("AttributeName", ""),
            values=tuple((v.text or "").strip() for v in a.findall(q(SAML, "AttributeValue"))),
        )
        for statement in claim.findall(q(SAML, "AttributeStatement"))
        for a in statement.findall(q(SAML, "Attribute"))
    )


def _response(request_id: str, recipient: str | None, now: datetime) -> Element:
    response = etree.Element(
        q(SAMLP, "Response"),
        {
            "ResponseID": f"_{uuid4().hex}",
            "InResponseTo": request_id,
            "IssueInstant": moment(now),
            "MajorVersion": "1",
            "MinorVersion": "1",
        },
        nsmap={"samlp": SAMLP},
    )
    if recipient:
        response.set("Recipient", recipient)
    return response
