"""A first catalogue: good and bad messages at any gateway that has the sample data, each answer judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests
import zeep
from lxml import etree
from rich.console import Console
from rich.progress import track
from rich.table import Table

from conformance.messages import envelope, head, names, question, signed_message
from conformance.walkthrough import sample_signer
from gateway.clock import BRUSSELS
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.parser import parse

SERVICES = ("verzekerbaarheid", "aanvraag", "facturatie", "zorgkas")
_CODE = "{urn:vsb-gateway:antwoord:v1}Code"
_FAULT = "{http://schemas.xmlsoap.org/soap/envelope/}Fault"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One message and the answer it must get."""

    id: str
    title: str
    paragraph: str
    """Section of the cookbook that demands it."""
    message: Callable[[datetime], bytes]
    expected: str
    """`answer`, or the code of the fault."""


def _good(now: datetime, certificate: str = "facility-ibw-1", at: datetime | None = None) -> bytes:
    known = names()
    day = now.astimezone(BRUSSELS).date()
    hoofding = head(known["voorzieningen"]["ibw1"], now)
    return envelope(question(known["personen"]["els"], day, day, hoofding), sample_signer(certificate), at or now)


CHECKS = (
    Check(id="VB-01", title="A signed question is answered", paragraph="verzekerbaarheid", message=_good, expected="answer"),
    Check(
        id="WS-01",
        title="An unsigned question is refused",
        paragraph="WS-Security",
        expected="VSB-TRUST-001",
        message=lambda now: re.sub(rb"<soap:Header>.*</soap:Header>", b"", _good(now), flags=re.S),
    ),
    Check(
        id="WS-02",
        title="A Body changed after signing is refused",
        paragraph="WS-Security",
        expected="VSB-TRUST-005",
        message=lambda now: _good(now).replace(b"ZorgSoft", b"ZorgSaft"),
    ),
    Check(
        id="WS-03",
        title="A stale Timestamp is refused",
        paragraph="WS-Security",
        expected="VSB-TRUST-013",
        message=lambda now: _good(now, at=now - timedelta(hours=2)),
    ),
    Check(
        id="WS-04",
        title="A Timestamp in the future is refused",
        paragraph="WS-Security",
        expected="VSB-TRUST-014",
        message=lambda now: _good(now, at=now + timedelta(hours=2)),
    ),
    Check(
        id="CE-01",
        title="An expired certificate is refused",
        paragraph="certificates",
        expected="VSB-TRUST-008",
        message=lambda now: _good(now, "bad-expired"),
    ),
    Check(
        id="CE-02",
        title="A revoked certificate is refused",
        paragraph="certificates",
        expected="VSB-TRUST-010",
        message=lambda now: _good(now, "bad-revoked"),
    ),
    Check(
        id="CE-03",
        title="A stranger's certificate is refused",
        paragraph="certificates",
        expected="VSB-TRUST-007",
        message=lambda now: _good(now, "bad-wrong-issuer"),
    ),
    Check(
        id="CE-04",
        title="A KBO-only certificate is told what to ask for",
        paragraph="certificates",
        expected="VSB-TRUST-011",
        message=lambda now: _good(now, "bad-kbo-only"),
    ),
    Check(
        id="CE-05",
        title="Another facility's certificate is refused",
        paragraph="certificates",
        expected="VSB-TRUST-015",
        message=lambda now: _good(now, "facility-ibw-2"),
    ),
    Check(
        id="SO-01", title="What is not XML is refused", paragraph="faults", expected="VSB-WIRE-001", message=lambda _: b"hallo"
    ),
    Check(
        id="SO-02",
        title="A DTD is refused",
        paragraph="faults",
        expected="VSB-WIRE-002",
        message=lambda now: _good(now).replace(b"?>", b"?><!DOCTYPE a>", 1),
    ),
    Check(
        id="SO-03",
        title="A request that is another service's is refused",
        paragraph="faults",
        expected="VSB-WIRE-010",
        message=lambda now: signed_message("aanvraag", sample_signer("facility-ibw-1"), "els", now),
    ),
)


def run_checks(target: str, console: Console) -> int:
    """Run everything and print a table.

    Returns:
        0 when all passed, 1 when one failed, 2 when the target could not be reached.
    """
    base = target.rstrip("/")
    rows: list[tuple[str, str, str, str, bool]] = []
    try:
        for service in SERVICES:
            client = zeep.Client(f"{base}/soap/{service}/v1?wsdl")
            rows.append((f"WSDL-{service}", "The WSDL can be read", "operations", ", ".join(sorted(_operations(client))), True))
        for check in track(CHECKS, description="checking", console=console, transient=True):
            got = _send(base, check.message(datetime.now(UTC)))
            rows.append((check.id, check.title, check.expected, got, got == check.expected))
    except (requests.RequestException, zeep.exceptions.Error, etree.LxmlError) as error:
        console.print(
            f"[red]{base} does not answer as a gateway:[/] {type(error).__name__}. Is it running, with the sample data?"
        )
        return 2
    table = Table(title=f"{base}: first catalogue")
    for column in ("id", "check", "expected", "got", ""):
        table.add_column(column, overflow="fold")
    for id_, title, expected, got, passed in rows:
        table.add_row(id_, title, expected, got, "[green]pass[/]" if passed else "[red]FAIL[/]")
    console.print(table)
    failed = sum(not row[4] for row in rows)
    console.print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _operations(client: zeep.Client) -> list[str]:
    return [
        name for service in client.wsdl.services.values() for port in service.ports.values() for name in port.binding._operations
    ]


def _send(base: str, message: bytes) -> str:
    reply = requests.post(
        f"{base}/soap/verzekerbaarheid/v1", data=message, headers={"Content-Type": XML_CONTENT_TYPE}, timeout=30
    )
    root = parse(reply.content)
    if root.find(f".//{_FAULT}") is None:
        return "answer" if reply.status_code == 200 else f"HTTP {reply.status_code}"
    return root.findtext(f".//{_CODE}") or "fault without our code"
