"""MTOM/XOP packages on the same address as plain SOAP: parts are inlined before anything is verified.

https://www.w3.org/TR/xop10/ §3.2 and facts ehealth.md §3.6. An include points at a part of its own package or nowhere.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import unquote

from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.wire.envelope import Envelope, envelope_of
from gateway.wire.names import XOP, q
from gateway.wire.parser import Bounds, parse

MAX_PARTS = 8
MAX_PART_HEADERS = 4_096
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_ROOT_TYPE = re.compile(
    r'(?i)\s*(application/xop\+xml|text/xml)\s*(;\s*charset\s*=\s*"?utf-8"?\s*|;\s*type\s*=\s*"?text/xml"?\s*)*'
)
_PARAMETER = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')


@dataclass(frozen=True, kw_only=True)
class _Part:
    id: str | None
    type: str
    content: memoryview


def is_package(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "multipart/related"


def read_message(raw: bytes, content_type: str, bounds: Bounds) -> Envelope:
    """An envelope from an HTTP body, plain or packaged.

    Args:
        raw: the body, byte for byte.
        content_type: its Content-Type header.
        bounds: for the XML; attachments count in the size of the body, which HTTP already bounded.

    Raises:
        Refusal: PACKAGE, INCLUDE or another WIRE code.
    """
    if not is_package(content_type):
        return envelope_of(parse(raw, bounds), raw)
    parameters = parameters_of(content_type)
    parts = _split(raw, parameters)
    wanted = parameters.get("start")
    root_part = next((p for p in parts if wanted is not None and p.id == wanted.strip("<>")), None) if wanted else parts[0]
    if root_part is None:
        raise _package("het root-deel dat start noemt", "geen zulk deel")
    if not _ROOT_TYPE.fullmatch(root_part.type):
        raise _package("een root-deel van type application/xop+xml in UTF-8", root_part.type[:60])
    root = parse(bytes(root_part.content), bounds)
    _inline(root, {p.id: p for p in parts if p is not root_part and p.id is not None}, len(parts) - 1)
    return envelope_of(root, raw)


def parameters_of(content_type: str) -> dict[str, str]:
    """Parameters of a Content-Type header, names in lower case.

    Raises:
        Refusal: PACKAGE when one stands twice.
    """
    found = [(m[1].lower(), m[2] if m[2] is not None else m[3]) for m in _PARAMETER.finditer(content_type)]
    parameters = dict(found)
    if len(parameters) != len(found):
        raise _package("elke parameter één keer", "een dubbele")
    return parameters


def _split(raw: bytes, parameters: dict[str, str]) -> list[_Part]:
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _package("een boundary van hoogstens 70 tekens", "geen of een andere")
    if parameters.get("type", "application/xop+xml").lower() not in ("application/xop+xml", "text/xml"):
        raise _package('type="application/xop+xml"', parameters["type"][:60])
    if parameters.get("start-info", "text/xml").lower() != "text/xml":
        raise _package('start-info="text/xml"', parameters["start-info"][:60])
    mark = b"\r\n--" + boundary.encode()
    view = memoryview(raw)
    if not raw.startswith((mark, mark[2:])):
        raise _package("de boundary aan het begin van het bericht", "iets anders")
    position = len(mark) if raw.startswith(mark) else len(mark) - 2
    parts: list[_Part] = []
    while not raw.startswith(b"--", position):
        if len(parts) == MAX_PARTS:
            raise _package(f"hoogstens {MAX_PARTS} delen", "meer")
        end = raw.find(mark, position)
        head = raw.find(b"\r\n\r\n", position, position + MAX_PART_HEADERS)
        if end < 0 or head < 0 or head + 2 > end:
            raise _package("elk deel met headers en een sluitende boundary", "een onvolledig deel")
        parts.append(_part(raw[position:head], view[head + 4 : max(end, head + 4)]))
        position = end + len(mark)
    if raw[position + 2 :].strip(b"\r\n"):
        raise _package("niets na de sluitende boundary", "nog inhoud")
    ids = [p.id for p in parts if p.id is not None]
    if not parts or len(ids) != len(set(ids)):
        raise _package("delen met elk een eigen Content-ID", "geen delen of een dubbele")
    return parts


def _part(head: bytes, content: memoryview) -> _Part:
    fields: dict[str, str] = {}
    for line in head.split(b"\r\n"):
        if not line.strip():
            continue
        name, colon, value = line.partition(b":")
        key = name.strip().lower().decode("ascii", "replace")
        if not colon or key in fields:
            raise _package("headers van de vorm naam: waarde, elk één keer", "iets anders")
        fields[key] = value.strip().decode("ascii", "replace")
    if fields.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise _package("Content-Transfer-Encoding: binary", fields["content-transfer-encoding"][:40])
    identifier = fields.get("content-id")
    return _Part(id=None if identifier is None else identifier.strip("<>"), type=fields.get("content-type", ""), content=content)


def _inline(root: Element, parts: dict[str, _Part], count: int) -> None:
    used: set[str] = set()
    for include in list(root.iter(q(XOP, "Include"))):
        href = include.get("href", "")
        key = unquote(href[4:]) if href.startswith("cid:") else ""
        parent = include.getparent()
        if parent is None or key not in parts or key in used:
            raise _include("een cid: van een deel dat nog niet gebruikt is", href[:60], include)
        alone = len(parent) == 1 and not (parent.text or "").strip() and not (include.tail or "").strip()
        if not alone or len(include) or (include.text or "").strip():
            raise _include("Include als enige inhoud van zijn element", "andere inhoud", include)
        used.add(key)
        parent.remove(include)
        parent.text = base64.b64encode(parts[key].content).decode()
    if len(used) != count:
        raise _package("elk deel gebruikt door één Include", f"{count - len(used)} ongebruikte delen")


def _package(expected: str, found: str) -> Refusal:
    return Refusal(Code.PACKAGE, place="MIME", expected=expected, found=found)


def _include(expected: str, found: str, element: Element) -> Refusal:
    return Refusal(Code.INCLUDE, place="//Include", line=element.sourceline, expected=expected, found=found)
