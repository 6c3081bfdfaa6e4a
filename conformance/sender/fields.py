"""A message field by field against one that passes, and the two as text, line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lxml import etree
from lxml.etree import _Element as Element

OWN = re.compile(
    r"/(Hoofding/(BerichtId|Aanmaaktijdstip|Afzender/Software/\w+)|Factuur(\[\d+\])?/Factuurnummer|Volgnummer|Motivering"
    r"|Dossierreferentie|Bic)$"
)
"""Fields that are the sender's own to fill in."""
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_TIME = re.compile(r"\d\d:\d\d(:00(\.0+)?)?")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One leaf of a message."""

    path: str
    value: str
    line: int
    namespace: str = ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A field that is not as in the message that passes."""

    path: str
    expected: str | None
    """None: it need not be there."""
    found: str | None
    """None: it is not there."""
    line: int = 0

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def leaves(root: Element) -> list[Field]:
    """Every leaf with its path; what repeats is numbered."""
    return list(_leaves(root, f"/{etree.QName(root).localname}"))


def _leaves(element: Element, path: str) -> Iterator[Field]:
    children = list(element.iterchildren(etree.Element))
    if not children:
        yield Field(path=path, value=(element.text or "").strip(), line=element.sourceline or 0, namespace=_namespace(element))
    names = [etree.QName(c).localname for c in children]
    for n, (child, name) in enumerate(zip(children, names, strict=True)):
        index = f"[{names[: n + 1].count(name)}]" if names.count(name) > 1 else ""
        yield from _leaves(child, f"{path}/{name}{index}")


def compare(found: Element, expected: Element) -> tuple[list[Difference], int]:
    """What differs, in the order of the message, and how many fields are right."""
    there, wanted = {f.path: f for f in leaves(found)}, {f.path: f for f in leaves(expected)}
    wrong: list[Difference] = []
    right = 0
    for path, field in wanted.items():
        got = there.get(path)
        if OWN.search(path):
            continue
        if got is not None and got.namespace != field.namespace:
            wrong.append(Difference(path=path, expected=f"{{{field.namespace}}}", found=f"{{{got.namespace}}}", line=got.line))
            continue
        if got is not None and same(got.value, field.value):
            right += 1
            continue
        wrong.append(
            Difference(
                path=path, expected=field.value, found=None if got is None else got.value, line=0 if got is None else got.line
            )
        )
    extra = [f for path, f in there.items() if path not in wanted and not OWN.search(path)]
    return [*wrong, *(Difference(path=f.path, expected=None, found=f.value, line=f.line) for f in extra)], right


def same(one: str, other: str) -> bool:
    """Whether two texts mean the same value: numbers, booleans and times may be written in more than one way."""
    if one == other:
        return True
    if {one, other} in ({"true", "1"}, {"false", "0"}):
        return True
    if _TIME.fullmatch(one) and _TIME.fullmatch(other):
        return one[:5] == other[:5]
    if "." in one + other and _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        try:
            return Decimal(one) == Decimal(other)
        except InvalidOperation:
            return False
    return False


def pretty(root: Element, own: Element | None = None) -> list[str]:
    """Indented lines without prefixes, with the namespace where it is not the parent's.

    With `own`, the sender's own fields show the values that it chose.
    """
    chosen = {} if own is None else {f.path: f.value for f in leaves(own) if OWN.search(f.path)}
    return list(_lines(root, f"/{etree.QName(root).localname}", 0, chosen))


def _lines(element: Element, path: str, depth: int, chosen: dict[str, str]) -> Iterator[str]:
    name = etree.QName(element).localname
    above = element.getparent() if depth else None
    namespace, outer = _namespace(element), "" if above is None else _namespace(above)
    attributes = f' xmlns="{namespace}"' if namespace != outer else ""
    attributes += "".join(
        f' {etree.QName(k).localname}="{v}"' for k, v in sorted((str(k), str(v)) for k, v in element.attrib.items())
    )
    children = list(element.iterchildren(etree.Element))
    indent = "  " * depth
    if not children:
        text = chosen.get(path, (element.text or "").strip())
        yield f"{indent}<{name}{attributes}>{text}</{name}>"
        return
    yield f"{indent}<{name}{attributes}>"
    names = [etree.QName(c).localname for c in children]
    for n, (child, child_name) in enumerate(zip(children, names, strict=True)):
        index = f"[{names[: n + 1].count(child_name)}]" if names.count(child_name) > 1 else ""
        yield from _lines(child, f"{path}/{child_name}{index}", depth + 1, chosen)
    yield f"{indent}</{name}>"


def _namespace(element: Element) -> str:
    return etree.QName(element).namespace or ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the comparison."""

    kind: str
    """`gelijk`, `weg` (only in the one that passes), `extra` (only in what came), `vouw` (lines left out)."""
    text: str


def diff(found: Element, expected: Element) -> list[Line]:
    """What came against what passes, whole, line by line."""
    came, passes = pretty(found), pretty(expected, own=found)
    rows: list[Line] = []
    for code, a, b, c, d in difflib.SequenceMatcher(None, passes, came, autojunk=False).get_opcodes():
        if code == "equal":
            rows += [Line(kind="gelijk", text=t) for t in passes[a:b]]
            continue
        rows += [Line(kind="weg", text=t) for t in passes[a:b]]
        rows += [Line(kind="extra", text=t) for t in came[c:d]]
    return rows


_CONTEXT = 3
"""Equal lines shown around a difference."""


def fold(rows: list[Line]) -> list[Line]:
    """The same with long runs of equal lines left out, so that a difference is seen at once."""
    near = {i + d for i, row in enumerate(rows) if row.kind != "gelijk" for d in range(-_CONTEXT, _CONTEXT + 1)}
    if not near:
        return rows
    found: list[Line] = []
    skipped = 0
    for i, row in enumerate(rows):
        if i in near:
            found += [_folded(skipped)] if skipped else []
            skipped = 0
            found.append(row)
        else:
            skipped += 1
    return [*found, _folded(skipped)] if skipped else found


def _folded(count: int) -> Line:
    return Line(kind="vouw", text=f"{count} gelijke regels" if count > 1 else "1 gelijke regel")
