"""Why a document does not fit its schema: line, path, what was expected, the kind of what stood there, what to do.

xmlschema explains; it is some 30 times slower than libxml2, so it only ever sees a document that libxml2 already refused,
and never a large one. Values are never repeated, as they may be a person's: only their kind is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import xmlschema
from lxml import etree
from lxml.etree import _Element as Element
from xmlschema.validators import XMLSchemaChildrenValidationError

from gateway.refusal import Code, Finding
from gateway.schema.woorden import Woorden, van_fout, verkeerde_namespace

MAX_FINDINGS = 100
MAX_ELEMENTS = 20_000
"""Above this many elements libxml2's own, terser, explanation is used."""
_COUNT_UP_TO = 1_000
_BY_KIND = (
    ("ELEMENT_CONTENT", "Hier staat een ander element dan het schema verwacht, of er ontbreekt een.",
     "Kijk de namen, hun volgorde en hun namespace na in het schema."),
    ("ENUMERATION", "De waarde staat niet in de lijst van het schema.",
     "Schrijf één van de waarden van het schema, met dezelfde hoofdletters en kleine letters."),
    ("LENGTH", "De waarde is te kort of te lang.", "Pas de lengte aan die van het schema aan."),
    ("CVC", "De waarde heeft niet de vorm die het schema vraagt.",
     "Schrijf een datum als jjjj-mm-dd, een bedrag als een heel getal in eurocent, en true of false voor ja of nee."),
)  # fmt: skip
"""Part of libxml2's name for an error to what it means and what to do."""


def explain(element: Element, schema: Path, log: Iterable[Any], place: str) -> tuple[tuple[Finding, ...], int]:
    """Findings for a document that libxml2 refused.

    Returns:
        At most MAX_FINDINGS findings, and how many more there are (counted up to a bound).
    """
    if sum(1 for _ in islice(element.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        found = [from_log(entry, f"{place}/{etree.QName(element).localname}") for entry in islice(log, _COUNT_UP_TO)]
    else:
        known = _schema(schema)
        errors = _once(known.iter_errors(element, use_location_hints=False), element)
        found = [_from_xmlschema(error, at, known, element, place) for error, at in islice(errors, _COUNT_UP_TO)]
        found = found or [from_log(entry, f"{place}/{etree.QName(element).localname}") for entry in islice(log, _COUNT_UP_TO)]
    return tuple(found[:MAX_FINDINGS]), max(0, len(found) - MAX_FINDINGS)


@cache
def _schema(path: Path) -> Any:
    return xmlschema.XMLSchema10(str(path))


def _once(errors: Iterable[Any], root: Element) -> Iterator[tuple[Any, Element]]:
    """Errors with their element; of one value only the first, which is the one that says most."""
    told: set[Element] = set()
    for error in errors:
        element = error.elem if error.elem is not None else root
        of_children = isinstance(error, XMLSchemaChildrenValidationError) or "attribute" in str(error.reason or "")
        if not of_children:
            if element in told:
                continue
            told.add(element)
        yield error, element


def _from_xmlschema(error: Any, element: Element, schema: Any, root: Element, place: str) -> Finding:
    woorden = van_fout(error, element, _declared(schema, element, root))
    stray = getattr(error, "index", None)
    at = element[stray] if isinstance(stray, int) and stray < len(element) else element
    return _finding(woorden, place + _path(element, root), at.sourceline)


def wrong_root(element: Element, expected: str, place: str = "") -> Finding:
    """For a root element that only lacks its namespace, or has another's.

    Args:
        expected: the name that it should have, in Clark notation.
    """
    name = etree.QName(element).localname
    return _finding(verkeerde_namespace(expected, str(element.tag)), f"{place}/{name}", element.sourceline)


def _finding(woorden: Woorden, place: str, line: int | None) -> Finding:
    return Finding(
        code=Code.SCHEMA.info.code,
        nl=woorden.nl,
        en=woorden.en,
        place=place,
        line=line,
        expected=woorden.verwacht,
        found=woorden.gevonden,
        remedy=woorden.remedie,
    )


def _declared(schema: Any, element: Element, root: Element) -> Any:
    """The type that the schema gives an element, None when it does not know it."""
    steps = [element]
    while steps[-1] is not root and (parent := steps[-1].getparent()) is not None:
        steps.append(parent)
    found = schema.maps.elements.get(str(root.tag))
    for step in reversed(steps[:-1]):
        content = getattr(getattr(found, "type", None), "content", None)
        children = content.iter_elements() if content is not None and hasattr(content, "iter_elements") else ()
        found = next((x for x in children if x.name == step.tag), None)
    return getattr(found, "type", None)


def from_log(entry: Any, place: str = "/") -> Finding:
    """What libxml2 has to say: where, and which kind of error."""
    path = re.sub(r"\*|[\w-]+:", "", entry.path or "")
    known = next(((nl, remedy) for part, nl, remedy in _BY_KIND if part in entry.type_name), None)
    nl, remedy = known or ("Het document voldoet hier niet aan het schema.", "Vergelijk deze plaats met het schema.")
    return Finding(
        code=Code.SCHEMA.info.code,
        nl=nl,
        en=f"The document does not fit the schema here ({entry.type_name}).",
        place=path or place,
        line=entry.line or None,
        remedy=remedy,
    )


def _path(element: Element, root: Element) -> str:
    steps: list[str] = []
    node: Element | None = element
    while node is not None:
        parent = node.getparent() if node is not root else None
        name = etree.QName(node).localname
        if parent is not None:
            same = list(parent.iterchildren(str(node.tag)))
            if len(same) > 1:
                name += f"[{same.index(node) + 1}]"
        steps.append(name)
        node = parent
    return "/" + "/".join(reversed(steps))
