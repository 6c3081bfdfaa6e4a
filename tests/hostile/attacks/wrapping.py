"""Signature wrapping: what was signed is moved aside, and something else stands where it is read.

Somorovsky et al., "On Breaking SAML" (2012), and McIntosh & Austel (2005) for the placements; CVE-2015-0227 (WSS4J),
CVE-2015-5253 (CXF), CVE-2020-5390 and CVE-2021-21238 (pysaml2), CVE-2016-5697 (ruby-saml), CVE-2025-47949 (samlify) for practice.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element as Element

from gateway.wire.names import DS, q
from tests.hostile.case import Case, answers
from tests.hostile.context import ATTACKER, Context
from tests.hostile.forge import PERSONS, WSU_ID, Draft, b64, draft

Place = Callable[[Draft, Element], None]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where the signed element is put away."""

    id: str
    title: str
    put: Place
    answer: str = ""
    """Answer that this place gets whatever the ids are; empty when the ids decide."""


def _into(make: Callable[[Draft], Element]) -> Place:
    return lambda made, signed: make(made).append(signed)


def _header_block(made: Draft) -> Element:
    return etree.SubElement(made.header, "{urn:evil}Wrapper")


def _first_header_block(made: Draft) -> Element:
    made.header.insert(0, etree.Element("{urn:evil}Wrapper"))
    return made.header[0]


def _in_security(made: Draft) -> Element:
    return etree.SubElement(made.security, "{urn:evil}Wrapper")


def _signature(made: Draft) -> Element:
    found = made.security.find(q(DS, "Signature"))
    assert found is not None
    return found


def _object(made: Draft) -> Element:
    return etree.SubElement(_signature(made), q(DS, "Object"))


def _key_info(made: Draft) -> Element:
    found = _signature(made).find(q(DS, "KeyInfo"))
    assert found is not None
    return found


def _reference(made: Draft) -> Element:
    return _key_info(made)[0][0]


def _signed_info(made: Draft) -> Element:
    return _signature(made)[0]


PLACEMENTS = (
    Placement(id="header", title="a header block", put=_into(_header_block)),
    Placement(id="header-first", title="a header block before Security", put=_into(_first_header_block)),
    Placement(id="header-bare", title="the Header itself", put=_into(lambda made: made.header)),
    Placement(id="security-child", title="an unknown element in Security", put=_into(_in_security), answer="TRUST-002"),
    Placement(id="object", title="ds:Object in the signature", put=_into(_object)),
    Placement(id="key-info", title="KeyInfo", put=_into(_key_info)),
    Placement(id="str", title="the SecurityTokenReference's Reference", put=_into(_reference)),
    Placement(id="signed-info", title="SignedInfo", put=_into(_signed_info)),
    Placement(id="signature-value", title="SignatureValue", put=_into(lambda made: _signature(made)[1])),
    Placement(id="timestamp", title="the Timestamp", put=_into(lambda made: made.timestamp)),
    Placement(id="token", title="the token", put=_into(lambda made: made.token)),
)
BODY_PLACEMENTS = (
    *PLACEMENTS,
    Placement(id="body-before", title="before the new Body", put=lambda made, signed: made.envelope.insert(1, signed), answer="WIRE-016"),
    Placement(id="body-after", title="after the new Body", put=lambda made, signed: made.envelope.append(signed), answer="WIRE-016"),
    Placement(id="body-beside", title="beside the new request", put=lambda made, signed: made.envelope[-1].append(signed), answer="WIRE-006"),
    Placement(id="body-inside", title="inside the new request", put=lambda made, signed: made.envelope[-1][0].append(signed)),
    Placement(id="before-header", title="before the Header", put=lambda made, signed: made.envelope.insert(0, signed), answer="WIRE-016"),
)  # fmt: skip
IDS: dict[str, tuple[str, str | None]] = {
    "same": ("the same wsu:Id", WSU_ID),
    "Id": ("an Id without namespace", "Id"),
    "ID": ("an ID", "ID"),
    "id": ("an id", "id"),
    "xml-id": ("an xml:id", "{http://www.w3.org/XML/1998/namespace}id"),
    "AssertionID": ("an AssertionID", "AssertionID"),
    "foreign": ("an Id in another namespace", "{urn:evil}Id"),
    "none": ("no id", None),
    "other": ("an id of its own", ""),
}
_KIND = {
    "body": "wrapped Body (CVE-2015-5253, CVE-2015-0227)",
    "timestamp": "wrapped Timestamp",
    "token": "wrapped token (CVE-2021-21239)",
}


def _give_id(element: Element, old: str, choice: str) -> None:
    attribute = IDS[choice][1]
    for name in list(element.attrib):
        if str(name).rpartition("}")[2].lower() == "id":
            del element.attrib[name]
    if attribute == "":
        element.set(WSU_ID, f"EVIL-{old}")
    elif attribute is not None:
        element.set(attribute, old)


def wrap_body(placement: Placement, choice: str) -> Callable[[Context], bytes]:
    """The signed Body is put away; a new Body asks for another person."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign()
        forged = deepcopy(made.body)
        for element in forged.iter("{*}Insz"):
            element.text = PERSONS["bert"]
        _give_id(forged, made.body.get(WSU_ID, ""), choice)
        made.envelope.replace(made.body, forged)
        placement.put(made, made.body)
        return made.octets()

    return make


def wrap_timestamp(placement: Placement, choice: str) -> Callable[[Context], bytes]:
    """The signed, long expired Timestamp is put away; a fresh one stands in its place."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        fresh = deepcopy(made.timestamp)
        for element in made.timestamp:
            element.text = "2020-01-01T00:00:00Z" if element.tag.endswith("Created") else "2020-01-01T00:01:00Z"
        made.sign()
        _give_id(fresh, made.timestamp.get(WSU_ID, ""), choice)
        made.security.replace(made.timestamp, fresh)
        placement.put(made, made.timestamp)
        return made.octets()

    return make


def wrap_token(placement: Placement, choice: str) -> Callable[[Context], bytes]:
    """The attacker signs; his token is put away, and the victim's stands in its place."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx, signer=ctx.signer(ATTACKER))
        made.sign()
        forged = deepcopy(made.token)
        forged.text = b64(ctx.signer().der)
        _give_id(forged, made.token.get(WSU_ID, ""), choice)
        made.security.replace(made.token, forged)
        placement.put(made, made.token)
        return made.octets()

    return make


def _expected(part: str, placement: Placement, choice: str) -> str:
    if placement.answer:
        return placement.answer
    if choice in ("same", "Id", "ID", "id", "xml-id", "AssertionID", "foreign"):
        return "TRUST-024"
    # The signed element is still there under its id, but not where it is processed; or its new home is no longer a signature's.
    spoiled = {"object", "key-info", "str", "signed-info", "signature-value", "timestamp", "token"}
    known = "TRUST-004 TRUST-002" if placement.id in spoiled else "TRUST-004"
    # The key reference no longer points at the token that is there.
    return f"{known} TRUST-002" if part == "token" else known


def _all(
    part: str, make: Callable[[Placement, str], Callable[[Context], bytes]], placements: tuple[Placement, ...]
) -> list[Case]:
    return [
        Case(
            id=f"wrap-{part}-{placement.id}-{choice}",
            title=f"the signed {part} in {placement.title}; the new one has {IDS[choice][0]}",
            kind=_KIND[part],
            make=make(placement, choice),
            expect=answers(_expected(part, placement, choice)),
        )
        for placement in placements
        for choice in IDS
        if not (placement.id == part or (part == "token" and placement.id == "timestamp"))
    ]


CASES: tuple[Case, ...] = (
    *_all("body", wrap_body, BODY_PLACEMENTS),
    *_all("timestamp", wrap_timestamp, PLACEMENTS),
    *_all("token", wrap_token, PLACEMENTS),
)
