"""Where in a message a remark belongs: at the element that it names, or the nearest one that is there."""

from __future__ import annotations

import re

from lxml import etree
from lxml.etree import _Element as Element

_STAP = re.compile(r"([\w.-]+)(?:\[(\d+)\])?")


def zoek(root: Element, plaats: str) -> Element | None:
    """The element at an XPath-like place without prefixes, or the nearest one above it; None when nothing of it is there."""
    stappen = [_STAP.fullmatch(s) for s in plaats.strip("/").split("/") if s and not s.startswith("@")]
    gelezen = [(m.group(1), int(m.group(2) or 1)) for m in stappen if m is not None]
    if not gelezen:
        return None
    naam, _ = gelezen[0]
    element = root if _lokaal(root) == naam else next((e for e in root.iter("{*}*") if _lokaal(e) == naam), None)
    for naam, nummer in gelezen[1:]:
        if element is None:
            return None
        gelijk = [kind for kind in element.iterchildren("*") if _lokaal(kind) == naam]
        if len(gelijk) < nummer:
            break
        element = gelijk[nummer - 1]
    return element


def plaats_in(root: Element, plaats: str | None, regel: int | None) -> str | None:
    """The place of the element that a remark is about, as it stands in this document; by its line when it names no place.

    Returns:
        `/Zending/Factuur[2]/Totaal`, or None when nothing of it is there.
    """
    element = None if plaats is None else zoek(root, plaats)
    if element is None and regel is not None:
        element = next((e for e in root.iter("*") if e.sourceline == regel), None)
    if element is None:
        return None
    stappen = [element, *element.iterancestors()]
    return "/" + "/".join(_stap(e) for e in reversed(stappen))


def _stap(element: Element) -> str:
    ouder = element.getparent()
    gelijk = [] if ouder is None else [k for k in ouder.iterchildren("*") if _lokaal(k) == _lokaal(element)]
    return f"{_lokaal(element)}[{gelijk.index(element) + 1}]" if len(gelijk) > 1 else _lokaal(element)


def _lokaal(element: Element) -> str:
    return etree.QName(element).localname
