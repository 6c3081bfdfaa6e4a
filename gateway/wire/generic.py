"""The federal MyCareNet GenericAsync contract: read post, get and confirm, write their answers (facts ehealth.md §3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.wire.blob import Blob, read_blob, write_blob
from gateway.wire.content import Content
from gateway.wire.names import CIN_COMMON, GENERIC_ASYNC, q

SUCCESS = "urn:nip:tack:result:major:success"
FAILURE = "urn:nip:tack:result:major:failure"
ISSUER = "urn:nip:issuer:io:"
GATEWAY = "VSB"
"""Who issues the TAck of a post; a later one is issued by the zorgkas, by its code."""
UNREACHABLE = "urn:vsb-gateway:tack:minor:zorgkas-onbereikbaar"
"""ResultMinor of a success: accepted and kept, but the zorgkas can not be reached for now."""
UNDELIVERED = "urn:vsb-gateway:tack:minor:niet-afgeleverd"
"""ResultMinor of a failure: it could not be delivered; the operator knows."""
ACTIONS = {"post": ("msg", "tack"), "get": ("query", "msgs"), "confirm": ("hash", "return")}
MAX_ITEMS = 100
"""Federal default of Max; a larger wish is cut to it."""


def action(operation: str, index: int) -> str:
    """Action URI of an operation's input (0) or output (1)."""
    return f"{GENERIC_ASYNC}:{operation}:{ACTIONS[operation][index]}"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who sends, as CommonInput says it."""

    package: str | None
    username: str
    password: str
    nihii: str | None
    quality: str | None
    cbe: str | None
    """Enterprise number of Sender or CareProvider, for a zorgkas."""

    def __repr__(self) -> str:
        return f"Origin({self.username!r}, {self.nihii!r})"


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post request; its blob's hash has been checked."""

    test: bool
    origin: Origin
    input_reference: str
    blob: Blob
    xades: bytes


@dataclass(frozen=True, kw_only=True)
class Get:
    """A get request."""

    origin: Origin
    messages: bool
    tacks: bool
    max_messages: int
    max_tacks: int
    message_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Confirm:
    """A confirm request."""

    origin: Origin
    message_hashes: tuple[bytes, ...]
    message_references: tuple[str, ...]
    tack_contents: tuple[bytes, ...]
    tack_references: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A message that waits in a mailbox."""

    id: str
    message_name: str
    input_reference: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Tack:
    """A technical acknowledgement of a post (facts ehealth.md §3.3)."""

    issuer: str
    """GATEWAY or the code of a zorgkas."""
    input_reference: str
    value: bytes
    """HMAC-SHA-256, see tack_content."""
    reference: str
    success: bool = True
    minor: str | None = None
    message: str | None = None


def read_post(payload: Element, *, max_blob: int) -> Post:
    """Read a schema-valid post.

    Raises:
        Refusal: a BLOB code, or SCHEMA when InputReference is missing.
    """
    common = _child(payload, GENERIC_ASYNC, "CommonInput")
    reference = (common.findtext(q(CIN_COMMON, "InputReference")) or "").strip()
    if not reference:
        raise Refusal(
            Code.SCHEMA,
            place="/post/CommonInput/InputReference",
            line=common.sourceline,
            expected="een eigen nummer van de afzender",
            found="leeg",
        )
    xades = payload.findtext(q(GENERIC_ASYNC, "Xades-t")) or ""
    return Post(
        test=(_child(_child(common, CIN_COMMON, "Request"), CIN_COMMON, "IsTest").text or "").strip() in ("true", "1"),
        origin=read_origin(_child(common, CIN_COMMON, "Origin")),
        input_reference=reference,
        blob=read_blob(_child(payload, GENERIC_ASYNC, "Detail"), max_inflated=max_blob),
        xades=_decode(xades, "//Xades-t"),
    )


def read_get(payload: Element) -> Get:
    """Read a schema-valid get; Max may stand as element (V1) or attribute."""
    messages, tacks = _child(payload, GENERIC_ASYNC, "MsgQuery"), _child(payload, GENERIC_ASYNC, "TAckQuery")
    return Get(
        origin=read_origin(_child(payload, GENERIC_ASYNC, "Origin")),
        messages=messages.get("Include", "true").strip() in ("true", "1"),
        tacks=tacks.get("Include", "true").strip() in ("true", "1"),
        max_messages=_max(messages),
        max_tacks=_max(tacks),
        message_names=tuple((messages.findtext(q(GENERIC_ASYNC, "MessageNames")) or "").split()),
    )


def read_confirm(payload: Element) -> Confirm:
    """Read a schema-valid confirm; an empty list element counts as empty."""

    def words(name: str) -> tuple[str, ...]:
        return tuple((payload.findtext(q(GENERIC_ASYNC, name)) or "").split())

    return Confirm(
        origin=read_origin(_child(payload, GENERIC_ASYNC, "Origin")),
        message_hashes=tuple(_decode(w, "//MsgHashValues") for w in words("MsgHashValues")),
        message_references=words("MsgRefValues"),
        tack_contents=tuple(_decode(w, "//TAckContents") for w in words("TAckContents")),
        tack_references=words("TAckReferences"),
    )


def read_origin(element: Element) -> Origin:
    """Read a schema-valid Origin."""

    def text(*path: str) -> str | None:
        found = element.findtext("/".join(q(CIN_COMMON, step) for step in path))
        return None if found is None else found.strip()

    return Origin(
        package=text("Package", "Name"),
        username=text("Package", "License", "Username") or "",
        password=text("Package", "License", "Password") or "",
        nihii=text("CareProvider", "Nihii", "Value"),
        quality=text("CareProvider", "Nihii", "Quality"),
        cbe=text("Sender", "Organization", "Cbe") or text("CareProvider", "Organization", "Cbe"),
    )


def tack_content(result: str, content: Content) -> bytes:
    """HMAC-SHA-256 over the decoded blob, keyed with the ResultMajor text; which octets is our choice (facts §3.3)."""
    value = hmac.new(result.encode(), digestmod=hashlib.sha256)
    for step in content.steps():
        value.update(step)
    return value.digest()


def tack_element(tag: str, tack: Tack) -> Element:
    """A TAck under the name that its place demands."""
    element = etree.Element(
        tag,
        {
            "Issuer": f"{ISSUER}{tack.issuer}",
            "AppliesTo": f"urn:nip:reference:input:{tack.input_reference}",
            "ResultMajor": SUCCESS if tack.success else FAILURE,
            "Reference": tack.reference,
        },
        nsmap={"ga": GENERIC_ASYNC},
    )
    for name, value in (("ResultMinor", tack.minor), ("ResultMessage", tack.message)):
        if value is not None:
            element.set(name, value)
    element.text = base64.b64encode(tack.value).decode()
    return element


def write_post_response(*, request: Content, input_reference: str, reference: str) -> Element:
    """A postResponse with a successful TAck over a request's decoded blob."""
    response = etree.Element(q(GENERIC_ASYNC, "postResponse"), nsmap={"ga": GENERIC_ASYNC})
    tack = Tack(issuer=GATEWAY, input_reference=input_reference, value=tack_content(SUCCESS, request), reference=reference)
    response.append(tack_element(q(GENERIC_ASYNC, "return"), tack))
    return response


def write_get_response(messages: Sequence[Outgoing], tacks: Sequence[Tack]) -> Element:
    """A getResponse; MsgCount and TAckCount are the numbers in it."""
    response = etree.Element(q(GENERIC_ASYNC, "getResponse"), nsmap={"ga": GENERIC_ASYNC, "e": CIN_COMMON})
    counts = {"MsgCount": str(len(messages)), "TAckCount": str(len(tacks))}
    result = etree.SubElement(response, q(GENERIC_ASYNC, "return"), counts)
    for message in messages:
        item = etree.SubElement(result, q(GENERIC_ASYNC, "MsgResponse"))
        output = etree.SubElement(item, q(GENERIC_ASYNC, "CommonOutput"))
        etree.SubElement(output, q(CIN_COMMON, "InputReference")).text = message.input_reference
        etree.SubElement(output, q(CIN_COMMON, "OutputReference")).text = message.id
        item.append(
            write_blob(
                q(GENERIC_ASYNC, "Detail"),
                message.content,
                # A flat file is text/plain (facts ehealth.md §3.4), and XML begins with its first tag.
                content_type="text/xml" if message.content[:1] == b"<" else "text/plain",
                message_name=message.message_name,
                id=f"blob-{message.id}",
                reference=message.id,
            )
        )
        # An empty Xades-t is skipped by real clients, a signed one is checked against a trust list of their own.
        etree.SubElement(item, q(GENERIC_ASYNC, "Xades-t"))
    for tack in tacks:
        item = etree.SubElement(result, q(GENERIC_ASYNC, "TAckResponse"))
        item.append(tack_element(q(GENERIC_ASYNC, "TAck"), tack))
        etree.SubElement(item, q(GENERIC_ASYNC, "Xades-t"))
    return response


def write_confirm_response() -> Element:
    return etree.Element(q(GENERIC_ASYNC, "confirmResponse"), nsmap={"ga": GENERIC_ASYNC})


def _max(query: Element) -> int:
    value = query.findtext(q(GENERIC_ASYNC, "Max")) or query.get("Max")
    return max(0, min(MAX_ITEMS, int(value) if value else MAX_ITEMS))


def _child(parent: Element, namespace: str, name: str) -> Element:
    found = parent.find(q(namespace, name))
    if found is None:
        raise LookupError(f"{name} is absent from a message that the schema accepted")
    return found


def _decode(text: str, place: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(Code.SCHEMA, place=place, expected="base64") from None
