"""SOAP faults in eHealth's and MyCareNet's shapes (facts ehealth.md §4.1, §4.3).

Mind the eHealth detail: inside SystemError the children have no namespace, only Environment is qualified.
"""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import CodeInfo, Refusal
from gateway.wire.build import sub, sub_als, veilig
from gateway.wire.names import ANTWOORD, CIN_TYPES, ERRORS_SOA, GENERIC_ASYNC, SOAP, XML, q


def fault(refusal: Refusal, *, ticket: str, environment: str, generic_async: bool = False) -> Element:
    """A soap:Fault, to be put in an envelope like any answer.

    Args:
        ticket: unique id that support can trace; also in our log.
        environment: eHealth's name of the environment.
        generic_async: the service speaks the federal contract, whose own fault carries content refusals.
    """
    info = refusal.code.info
    fault = etree.Element(q(SOAP, "Fault"), nsmap={"soap": SOAP})
    etree.SubElement(fault, "faultcode").text = f"soap:{info.faultcode or ('Server' if info.server else 'Client')}"
    etree.SubElement(fault, "faultstring").text = f"{info.soa}: {info.en} ({info.code})"
    detail = etree.SubElement(fault, "detail")
    if generic_async and info.business:
        _federal_fault(detail, refusal)
    else:
        _ehealth_error(detail, info, ticket, environment)
    _findings(detail, refusal)
    return fault


def _ehealth_error(detail: Element, info: CodeInfo, ticket: str, environment: str) -> None:
    name = "BusinessError" if info.business else "SystemError"
    error = etree.SubElement(detail, q(ERRORS_SOA, name), {"Id": ticket}, nsmap={"soa": ERRORS_SOA})
    etree.SubElement(error, "Origin").text = "Provider" if info.server else "Consumer"
    etree.SubElement(error, "Code").text = info.soa
    etree.SubElement(error, "Message", {q(XML, "lang"): "nl"}).text = f"{info.nl} {info.remedy}"
    etree.SubElement(error, "Message", {q(XML, "lang"): "en"}).text = info.en
    etree.SubElement(error, "Retry").text = "true" if info.retry else "false"
    etree.SubElement(error, q(ERRORS_SOA, "Environment")).text = environment


def _federal_fault(detail: Element, refusal: Refusal) -> None:
    info = refusal.code.info
    fault = etree.SubElement(detail, q(GENERIC_ASYNC, "fault"), nsmap={"ga": GENERIC_ASYNC, "t": CIN_TYPES})
    sub(fault, CIN_TYPES, "FaultCode", info.soa)
    sub(fault, CIN_TYPES, "FaultSource", "VSB")
    sub(fault, CIN_TYPES, "Message", f"{info.nl} {info.remedy}", **{q(XML, "lang"): "nl"})
    details = sub(fault, CIN_TYPES, "Details")
    for finding in refusal.findings:
        item = sub(details, CIN_TYPES, "Detail")
        sub(item, CIN_TYPES, "DetailCode", finding.code)
        sub(item, CIN_TYPES, "DetailSource", "VSB")
        sub_als(item, CIN_TYPES, "Location", finding.place)
        sub(item, CIN_TYPES, "Message", veilig(finding.nl), **{q(XML, "lang"): "nl"})


def _findings(detail: Element, refusal: Refusal) -> None:
    findings = etree.SubElement(detail, q(ANTWOORD, "Bevindingen"), nsmap={"an": ANTWOORD})
    if refusal.omitted:
        findings.set("Weggelaten", str(refusal.omitted))
    for finding in refusal.findings:
        element = sub(findings, ANTWOORD, "Bevinding")
        for name, value in (
            ("Code", finding.code),
            ("Tekst", finding.nl),
            ("TekstEn", finding.en),
            ("Plaats", finding.place),
            ("Regel", finding.line),
            ("Verwacht", finding.expected),
            ("Gevonden", finding.found),
            ("Remedie", finding.remedy),
        ):
            sub_als(element, ANTWOORD, name, value)
