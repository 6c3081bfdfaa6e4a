"""Answers as MTOM/XOP packages, for clients that sent one (https://www.w3.org/TR/xop10/ §3.1, facts ehealth.md §3.6)."""

from __future__ import annotations

import base64
from uuid import uuid4

from lxml import etree
from lxml.etree import _Element as Element

from gateway.wire.envelope import serialise
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.names import GENERIC_ASYNC, XOP, q

_ROOT_ID = "root.message@ehealth.fgov.be"
"""As eHealth's connectors name theirs."""


def write_message(root: Element, threshold: int) -> tuple[bytes, str]:
    """An envelope as a package whose large blobs are attachments; plain when no blob is large.

    A signature in it stays what it was: it is over the infoset, in which an include stands for its base64.

    Args:
        threshold: characters of base64 from which a blob becomes an attachment.

    Returns:
        The HTTP body and its Content-Type.
    """
    attached: list[tuple[str, bytes]] = []
    for detail in root.iter(q(GENERIC_ASYNC, "Detail")):
        if len(text := detail.text or "") >= threshold:
            name = f"{uuid4().hex}@vsb-gateway"
            attached.append((name, base64.b64decode(text)))
            detail.text = None
            detail.append(etree.Element(q(XOP, "Include"), {"href": f"cid:{name}"}, nsmap={"xop": XOP}))
    if not attached:
        return serialise(root), XML_CONTENT_TYPE
    mark = f"--vsb-{uuid4().hex}"
    parts = [_part(_ROOT_ID, 'application/xop+xml; charset=UTF-8; type="text/xml"', serialise(root))]
    parts += [_part(name, "application/octet-stream", octets) for name, octets in attached]
    body = b"".join(mark.encode() + b"\r\n" + part + b"\r\n" for part in parts) + mark.encode() + b"--\r\n"
    about = f'type="application/xop+xml"; start="<{_ROOT_ID}>"; start-info="text/xml"; boundary="{mark[2:]}"'
    return body, f"multipart/related; {about}"


def _part(name: str, type_: str, octets: bytes) -> bytes:
    head = f"Content-Type: {type_}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{name}>\r\n\r\n"
    return head.encode() + octets
