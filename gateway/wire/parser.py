"""The one XML parser for everything that comes from outside.

No DTD, no entities, no network, UTF-8 only, bounded in size, markup and depth. Comments are dropped while parsing, so that
no later reader can be split by one; exclusive C14N without comments, the only one we verify, never saw them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal

_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']", re.S)
# Possessive, so that a prolog of spaces or comments is walked once.
_DOCTYPE = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.S)


MAX_ATTRIBUTES = 64
"""Of one element; canonicalisation sorts them, and a hundred thousand take half a minute."""
# A position, not a count: libxml2 stops at it, and counts in quadratic time.
_MANY_ATTRIBUTES = etree.XPath(f"boolean(//*[@*[{MAX_ATTRIBUTES + 1}]])")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a document may cost; each bound is what an attacker gains by its absence."""

    octets: int = 16 * 1024 * 1024
    """Bytes of the document; memory."""
    markup: int = 600_000
    """Number of '<' and of '='; two million empty elements in 8 MB cost 200 MB."""
    namespaces: int = 5_000
    """Namespace declarations; every look-up of a prefix walks them."""
    prolog: int = 4_096
    """Bytes in which the root element must have begun; bounds the DOCTYPE scan."""


ENVELOPE_BOUNDS = Bounds()


def parse(data: bytes, bounds: Bounds = ENVELOPE_BOUNDS) -> Element:
    """Parse a document from outside.

    Args:
        data: the document's bytes, UTF-8.
        bounds: see Bounds.

    Returns:
        The root element; the tree holds no comments, DTD, entity references or processing instructions.

    Raises:
        Refusal: NOT_XML, DTD, ENCODING, TOO_LARGE, TOO_COMPLEX or INSTRUCTION.
    """
    Watch(bounds).look(data)
    try:
        root: Element | None = etree.fromstring(data, etree.XMLParser(**parser_options()))
    except etree.XMLSyntaxError as error:
        raise syntax_refusal(error) from None
    except (ValueError, AssertionError) as error:
        raise Refusal(Code.NOT_XML, found=type(error).__name__) from None
    if root is None:
        raise Refusal(Code.NOT_XML, found="geen element")
    if _MANY_ATTRIBUTES(root):
        raise Refusal(Code.TOO_COMPLEX, expected=f"hoogstens {MAX_ATTRIBUTES} attributen per element")
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.doctype:
        raise Refusal(Code.DTD)
    instruction = next(root.iter(etree.ProcessingInstruction, etree.Entity), None)
    if instruction is not None or root.getprevious() is not None or root.getnext() is not None:
        raise Refusal(Code.INSTRUCTION, line=None if instruction is None else instruction.sourceline)
    return root


@dataclass
class Watch:
    """What can be said of a document before it is parsed, which may come in steps."""

    bounds: Bounds
    instruction: bool = False
    """Whether a processing instruction came by, or the text of one; the XML declaration does not count."""
    _octets: int = 0
    _markup: int = 0
    _namespaces: int = 0
    _head: bytes = b""
    _tail: bytes = b""

    def look(self, step: bytes) -> None:
        """See the next octets.

        Raises:
            Refusal: TOO_LARGE, ENCODING, DTD or TOO_COMPLEX.
        """
        bounds, first = self.bounds, self._octets == 0
        self._octets += len(step)
        if self._octets > bounds.octets:
            raise Refusal(Code.TOO_LARGE, expected=f"hoogstens {bounds.octets} octetten", found=f"{self._octets} octetten")
        if len(self._head) < bounds.prolog:
            self._head += step[: bounds.prolog - len(self._head)]
            _check_encoding(self._head)
            if _DOCTYPE.match(self._head):
                raise Refusal(Code.DTD, line=1, found="<!DOCTYPE")
        if b"\x00" in step:
            raise _encoding_refusal()
        self._markup += step.count(b"<") + step.count(b"=")
        if self._markup > bounds.markup:
            raise Refusal(
                Code.TOO_COMPLEX, expected=f"hoogstens {bounds.markup} elementen en attributen", found=f"{self._markup}"
            )
        # Four octets of the step before: a word of five that the cut runs through counts once.
        joined = self._tail + step
        self._namespaces += joined.count(b"xmlns")
        if self._namespaces > bounds.namespaces:
            raise Refusal(Code.TOO_COMPLEX, expected=f"hoogstens {bounds.namespaces} namespacedeclaraties")
        self.instruction = self.instruction or joined.find(b"<?", 2 if first else 0) >= 0
        self._tail = joined[-4:]


def parser_options() -> dict[str, Any]:
    """The hardened parser's settings, for it and for its twin that reads in parts."""
    return {
        "encoding": "utf-8",
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "dtd_validation": False,
        "attribute_defaults": False,
        "huge_tree": False,
        "recover": False,
        "remove_comments": True,
        "remove_pis": False,
        "strip_cdata": True,
    }


def _check_encoding(data: bytes) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        raise _encoding_refusal()
    declared = _DECLARATION.match(data)
    if declared and declared.group(1).lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        raise Refusal(Code.ENCODING, line=1, expected="UTF-8", found=declared.group(1)[:40].decode("ascii", "replace"))


def _encoding_refusal() -> Refusal:
    return Refusal(Code.ENCODING, expected="UTF-8", found="UTF-16, UTF-32 of NUL-tekens")


_ERRORS = etree.ErrorTypes
_WORDS: dict[int, str] = {
    _ERRORS.ERR_DOCUMENT_EMPTY: "geen XML: het begint niet met <",
    _ERRORS.ERR_DOCUMENT_END: "tekst of een element na het einde van het document",
    _ERRORS.ERR_TAG_NAME_MISMATCH: "een eindtag die niet bij haar begintag past",
    _ERRORS.ERR_TAG_NOT_FINISHED: "een element dat niet gesloten wordt",
    _ERRORS.ERR_GT_REQUIRED: "een tag zonder >",
    _ERRORS.ERR_NAME_REQUIRED: "een < of & zonder naam erachter",
    _ERRORS.ERR_ENTITYREF_SEMICOL_MISSING: "een & die niet als &amp; geschreven is",
    _ERRORS.ERR_LT_IN_ATTRIBUTE: "een < in de waarde van een attribuut",
    _ERRORS.ERR_ATTRIBUTE_NOT_STARTED: "een attribuut zonder aanhalingstekens",
    _ERRORS.ERR_ATTRIBUTE_WITHOUT_VALUE: "een attribuut zonder waarde",
    _ERRORS.ERR_ATTRIBUTE_REDEFINED: "tweemaal hetzelfde attribuut",
    _ERRORS.ERR_INVALID_CHAR: "een teken dat in XML niet mag",
    _ERRORS.ERR_INVALID_ENCODING: "octetten die geen UTF-8 zijn",
    _ERRORS.ERR_RESERVED_XML_NAME: "een XML-declaratie die niet helemaal vooraan staat",
    _ERRORS.NS_ERR_UNDEFINED_NAMESPACE: "een prefix zonder xmlns",
}


def syntax_refusal(error: etree.XMLSyntaxError) -> Refusal:
    """Why it is not XML, in our own words."""
    line = error.position[0] if error.position else None
    column = error.position[1] if error.position else None
    reason = (error.msg or "").split(",")[0].split(":")[0][:80]
    if "ENTITY" in str(error.code) or "Entity" in reason:
        return Refusal(Code.DTD, line=line or None, found="entiteit")
    if "xcessive depth" in (error.msg or "") or "too deep" in (error.msg or ""):
        return Refusal(Code.TOO_COMPLEX, line=line or None, expected="hoogstens 256 niveaus")
    if "xmlSAX2Characters" in (error.msg or "") or "ext node too long" in (error.msg or ""):
        return Refusal(Code.TOO_LARGE, line=line or None, expected="hoogstens 10000000 tekens in één element")
    if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        return Refusal(Code.TOO_COMPLEX, line=line or None, found=reason)
    found = _WORDS.get(int(error.code or 0), reason)
    return Refusal(Code.NOT_XML, line=line or None, place=None if column is None else f"kolom {column}", found=found)
