"""SOAP 1.1 over HTTP: what may come in, bounded in bytes and time, and what goes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from gateway.refusal import Code, Refusal
from gateway.wire.xop import is_package

XML_CONTENT_TYPE = "text/xml; charset=utf-8"


def check_content_type(value: str | None, encoding: str | None = None) -> None:
    """Only text/xml in UTF-8 (SOAP 1.1 §6), or a XOP package whose root is that; never compressed by HTTP.

    Args:
        value: the Content-Type header.
        encoding: the Content-Encoding header.

    Raises:
        Refusal: CONTENT_TYPE.
    """
    if (encoding or "identity").strip().lower() != "identity":
        raise Refusal(Code.CONTENT_TYPE, place="Content-Encoding", expected="geen", found=(encoding or "")[:40])
    if is_package(value or ""):
        return
    media, _, parameters = (value or "").partition(";")
    if media.strip().lower() != "text/xml":
        raise Refusal(Code.CONTENT_TYPE, place="Content-Type", expected=XML_CONTENT_TYPE, found=(value or "geen")[:80])
    for parameter in parameters.split(";"):
        name, _, charset = parameter.partition("=")
        if name.strip().lower() == "charset" and charset.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
            raise Refusal(Code.CONTENT_TYPE, place="Content-Type", expected="charset=utf-8", found=charset[:40])


async def read_body(chunks: AsyncIterator[bytes], *, declared: str | None, limit: int, timeout: float) -> bytes:
    """A request body, never larger than the limit and never slower than the timeout.

    Args:
        declared: the Content-Length header.
        limit: bytes.
        timeout: seconds for the whole body.

    Raises:
        Refusal: TOO_LARGE or TIMEOUT.
    """
    too_large = Refusal(Code.TOO_LARGE, place="HTTP", expected=f"hoogstens {limit} octetten", found="meer")
    if declared is not None and declared.isdecimal() and int(declared[:20]) > limit:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(timeout):
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise too_large
                parts.append(chunk)
    except TimeoutError:
        raise Refusal(Code.TIMEOUT, place="HTTP", expected=f"binnen {timeout:g} seconden") from None
    return b"".join(parts)


def soap_action(value: str | None) -> str:
    """SOAPAction without its quotes."""
    return (value or "").strip().strip('"')
