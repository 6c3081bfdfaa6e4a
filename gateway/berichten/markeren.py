"""A message as people read it: one element a line, with the remarks beside the lines that they are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.plat import LENGTE

_STAP = re.compile(r"([\w.-]+)(?:\[(\d+)\])?")
_BEGIN = re.compile(r"^\s*<[\w:.-]")
_LANG = 400
"""Characters of a line that are shown; a blob is longer."""


class Opgemerkt(Protocol):
    """Anything that is said of a place in a message."""

    @property
    def plaats(self) -> str | None: ...
    @property
    def regel(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class Regel:
    """One line, with the numbers of the remarks about it, counted from 1."""

    nummer: int
    tekst: str
    opmerkingen: tuple[int, ...] = ()


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


def regels(root: Element, opmerkingen: Sequence[Opgemerkt]) -> list[Regel]:
    """The lines of an XML message, laid out anew, since a message may come as one line."""
    mooi = deepcopy(root)
    etree.indent(mooi, space="  ")
    tekst = etree.tostring(mooi, encoding="unicode").splitlines()
    # Each element begins on a line of its own now, in the order of the document.
    begin = [n for n, regel in enumerate(tekst, 1) if _BEGIN.match(regel)]
    volgorde = dict(zip(root.iter("*"), begin, strict=False))
    bij: dict[int, list[int]] = {}
    for n, opmerking in enumerate(opmerkingen, 1):
        element = None if opmerking.plaats is None else zoek(root, opmerking.plaats)
        if element is None and opmerking.regel is not None:
            element = next((e for e in root.iter("*") if e.sourceline == opmerking.regel), None)
        if element is not None and element in volgorde:
            bij.setdefault(volgorde[element], []).append(n)
    return [Regel(nummer=n, tekst=_kort(t), opmerkingen=tuple(bij.get(n, ()))) for n, t in enumerate(tekst, 1)]


def records(octetten: bytes, opmerkingen: Sequence[Opgemerkt]) -> list[Regel]:
    """The records of a flat file; nothing stands between two, unless somebody put line ends there."""
    heel = octetten.decode("ascii", "replace")
    tekst = [heel[n : n + LENGTE] for n in range(0, len(heel), LENGTE)] if "\n" not in heel else heel.splitlines()
    bij: dict[int, list[int]] = {}
    for n, opmerking in enumerate(opmerkingen, 1):
        if opmerking.regel is not None:
            bij.setdefault(opmerking.regel, []).append(n)
    return [Regel(nummer=n, tekst=_kort(t), opmerkingen=tuple(bij.get(n, ()))) for n, t in enumerate(tekst, 1)]


def venster(alle: Sequence[Regel], rond: int = 4, hoogstens: int = 600) -> list[Regel | None]:
    """What fits on a page: all lines, or of a long message those around the remarks; None where lines are left out."""
    if len(alle) <= hoogstens:
        return list(alle)
    tonen = set(range(min(len(alle), rond * 3)))
    for n, regel in enumerate(alle):
        if regel.opmerkingen and len(tonen) < hoogstens:
            tonen.update(range(max(0, n - rond), min(len(alle), n + rond + 1)))
    gevonden: list[Regel | None] = []
    for n in sorted(tonen):
        if n and n - 1 not in tonen:
            gevonden.append(None)
        gevonden.append(alle[n])
    if len(alle) - 1 not in tonen:
        gevonden.append(None)
    return gevonden


def _lokaal(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _kort(tekst: str) -> str:
    return tekst if len(tekst) <= _LANG else f"{tekst[:_LANG]} … ({len(tekst) - _LANG} tekens weggelaten)"
