"""The MyCareNet blob: base64, raw deflate, SHA-256 over the plain content (facts ehealth.md §3.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.wire.content import Content

MAX_INFLATED = 128 * 1024 * 1024
MAX_RATIO = 250
"""Inflated over packed; a month of invoices reaches some 50, a bomb a thousand."""
_FREE = 4 * 1024 * 1024
"""Bytes that may be inflated whatever the ratio."""


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A blob whose hash was checked against its inflated content."""

    id: str | None
    content_type: str
    encoding: str
    message_name: str
    content: Content
    hash: bytes
    """SHA-256 of the content."""
    reference: str | None


def read_blob(detail: Element, *, max_inflated: int = MAX_INFLATED) -> Blob:
    """Read a schema-valid Detail element.

    Raises:
        Refusal: a BLOB code.
    """
    encoding = detail.get("ContentEncoding", "deflate")
    if encoding not in ("deflate", "none"):
        raise Refusal(Code.BLOB_ENCODING, place="//Detail/@ContentEncoding", expected="deflate of none", found=encoding[:40])
    packed = _base64(detail.text or "", "//Detail")
    content = unpack(packed, max_inflated) if encoding == "deflate" else Content.plain(packed)
    if content.size > max_inflated:
        raise _too_big(max_inflated)
    hashed = hashlib.sha256()
    for step in content.steps():
        hashed.update(step)
    digest = hashed.digest()
    declared = detail.get("HashValue")
    if declared is None or not hmac.compare_digest(_base64(declared, "//Detail/@HashValue"), digest):
        raise Refusal(
            Code.BLOB_HASH,
            place="//Detail/@HashValue",
            line=detail.sourceline,
            expected="base64 van SHA-256 van de inhoud",
            found="geen" if declared is None else "een andere waarde",
        )
    return Blob(
        id=detail.get("Id"),
        content_type=detail.get("ContentType", ""),
        encoding=encoding,
        message_name=detail.get("MessageName", ""),
        content=content,
        hash=digest,
        reference=detail.get("Reference"),
    )


def unpack(packed: bytes, limit: int) -> Content:
    """Raw deflate (RFC 1951), falling back to zlib (RFC 1950) as the Java reader does; never inflates past the limit.

    Raises:
        Refusal: BLOB_DEFLATE or BLOB_SIZE.
    """
    most = min(limit, max(_FREE, MAX_RATIO * len(packed)))
    for wbits in (-15, 15):
        try:
            content = Content.inflated(packed, wbits, most)
        except zlib.error:
            continue
        except OverflowError:
            raise _too_big(most) from None
        if content is not None:
            return content
    raise Refusal(Code.BLOB_DEFLATE, place="//Detail", expected="raw deflate, volledig en zonder rest")


def inflate(packed: bytes, limit: int) -> bytes:
    """The same, whole.

    Raises:
        Refusal: BLOB_DEFLATE or BLOB_SIZE.
    """
    return unpack(packed, limit).whole()


def deflate(content: bytes) -> bytes:
    """Raw deflate, as the federal clients write it."""
    engine = zlib.compressobj(6, zlib.DEFLATED, -15)
    return engine.compress(content) + engine.flush()


def write_blob(
    tag: str, content: bytes, *, content_type: str, message_name: str, id: str = "blob", reference: str | None = None
) -> Element:
    """A Detail element around deflated content."""
    attributes = {
        "ContentType": content_type,
        "ContentEncoding": "deflate",
        "MessageName": message_name,
        "HashValue": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "Id": id,
    }
    if reference is not None:
        attributes["Reference"] = reference
    detail = etree.Element(tag, attributes)
    detail.text = base64.b64encode(deflate(content)).decode()
    return detail


def _base64(text: str, place: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(Code.BLOB_DEFLATE, place=place, expected="base64") from None


def _too_big(limit: int) -> Refusal:
    return Refusal(Code.BLOB_SIZE, place="//Detail", expected=f"hoogstens {limit} octetten uitgepakt")
