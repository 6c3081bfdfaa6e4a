"""Why a document does not fit its schema: line, path, what was expected, the kind of what stood there, what to do.

xmlschema explains; it is some 30 times slower than libxml2, so it only ever sees a document that libxml2 already refused,
and never a large one. Values are never repeated, as they may be a person's: only their kind is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import xmlschema
from lxml import etree
from lxml.etree import _Element as Element
from xmlschema.validators import (
    XMLSchemaChildrenValidationError,
    XsdEnumerationFacets,
    XsdPatternFacets,
)

from gateway.refusal import Code, Finding

MAX_FINDINGS = 100
MAX_ELEMENTS = 20_000
"""Above this many elements libxml2's own, terser, explanation is used."""
_COUNT_UP_TO = 1_000
_REMEDY = "Verbeter deze plaats volgens het schema."


def explain(element: Element, schema: Path, log: Iterable[Any], place: str) -> tuple[tuple[Finding, ...], int]:
    """Findings for a document that libxml2 refused.

    Returns:
        At most MAX_FINDINGS findings, and how many more there are (counted up to a bound).
    """
    if sum(1 for _ in islice(element.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        found = [from_log(entry, f"{place}/{etree.QName(element).localname}") for entry in islice(log, _COUNT_UP_TO)]
    else:
        errors = _schema(schema).iter_errors(element, use_location_hints=False)
        found = [_from_xmlschema(error, element, place) for error in islice(errors, _COUNT_UP_TO)]
        found = found or [from_log(entry, f"{place}/{etree.QName(element).localname}") for entry in islice(log, _COUNT_UP_TO)]
    return tuple(found[:MAX_FINDINGS]), max(0, len(found) - MAX_FINDINGS)


@cache
def _schema(path: Path) -> Any:
    return xmlschema.XMLSchema10(str(path))


def _from_xmlschema(error: Any, root: Element, place: str) -> Finding:
    element = error.elem if error.elem is not None else root
    expected, found, nl, en = _words(error, element)
    return Finding(
        code=Code.SCHEMA.info.code,
        nl=nl,
        en=en,
        place=place + _path(element, root),
        line=element.sourceline,
        expected=expected,
        found=found,
        remedy=_REMEDY,
    )


def _words(error: Any, element: Element) -> tuple[str | None, str | None, str, str]:
    name = etree.QName(element).localname
    validator = error.validator
    if isinstance(error, XMLSchemaChildrenValidationError):
        wanted = [_local(getattr(x, "name", None) or str(x)) for x in (error.expected or ())]
        position = error.index
        stray = element[position] if position < len(element) else None
        at = "het einde van het element" if stray is None else etree.QName(stray).localname[:60]
        expected = " of ".join(wanted) or "geen element meer"
        return expected, at, f"Onder {name} staat niet het verwachte element.", f"Unexpected content under {name}."
    if isinstance(validator, XsdEnumerationFacets):
        values = ", ".join(str(v) for v in islice(validator.enumeration, 12))
        return (
            values,
            kind_of(error.obj),
            f"{name} heeft een waarde die niet in de lijst staat.",
            f"{name} has a value outside its list.",
        )
    if isinstance(validator, XsdPatternFacets):
        patterns = " of ".join(validator.regexps)
        return patterns, kind_of(error.obj), f"{name} heeft niet de verwachte vorm.", f"{name} does not have the expected form."
    reason = str(error.reason or "")
    attribute = re.search(r"'([^']+)'", reason)
    if "attribute" in reason and attribute:
        which = _local(attribute.group(1))
        return (
            None,
            f"attribuut {which[:60]}",
            f"Een attribuut van {name} is onverwacht of ontbreekt.",
            f"An attribute of {name} is unexpected or missing.",
        )
    kind = _local(getattr(validator, "name", None) or type(validator).__name__)
    return kind, kind_of(error.obj), f"{name} heeft een ongeldige waarde.", f"{name} has an invalid value."


def from_log(entry: Any, place: str = "/") -> Finding:
    """What libxml2 has to say: where, and which kind of error."""
    path = re.sub(r"\*|[\w-]+:", "", entry.path or "")
    return Finding(
        code=Code.SCHEMA.info.code,
        nl=f"Het document voldoet hier niet aan het schema ({entry.type_name}).",
        en=f"The document does not fit the schema here ({entry.type_name}).",
        place=path or place,
        line=entry.line or None,
        remedy=_REMEDY,
    )


def kind_of(value: object) -> str:
    """What kind of value stood there, without repeating it."""
    if isinstance(value, etree._Element):
        value = value.text
    text = "" if value is None else str(value)
    if not text.strip():
        return "leeg"
    if text.isdecimal():
        return f"{len(text)} cijfers"
    return f"tekst van {len(text)} tekens"


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


def _local(name: str) -> str:
    return name.rpartition("}")[2][:80]
