"""The XSD registry: libxml2 says yes or no, once compiled per process; the explanation of a no is made elsewhere."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten import names
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.schema.explain import explain, wrong_root
from gateway.wire.names import GENERIC_ASYNC

FILES = {
    names.AANVRAAG: "vsb/v1/aanvraag.xsd",
    names.ANTWOORD: "vsb/v1/antwoord.xsd",
    names.ATTESTATIE: "vsb/v1/attestatie.xsd",
    names.FACTUUR: "vsb/v1/factuur.xsd",
    names.VERZEKERBAARHEID: "vsb/v1/verzekerbaarheid.xsd",
    names.ZORGKAS: "vsb/v1/zorgkas.xsd",
    GENERIC_ASYNC: "federal/genericasync-v1.xsd",
}
"""Namespace of a payload's root element to its schema file."""


def schema_path(namespace: str) -> Path:
    """File of a namespace's schema.

    Raises:
        KeyError: no schema for this namespace.
    """
    return data_dir("xsd") / FILES[namespace]


class _Compiled(threading.local):
    # A schema object carries the errors of its last validation, so each thread has its own.
    def __init__(self) -> None:
        self.schemas: dict[str, etree.XMLSchema] = {}


_COMPILED = _Compiled()
_ONE_AT_A_TIME = threading.Lock()


def compiled(namespace: str) -> etree.XMLSchema:
    """The namespace's schema, compiled once per thread."""
    if namespace not in _COMPILED.schemas:
        # libxml2 makes its table of built-in types at the first schema, and two threads that do so at once spoil it for good.
        with _ONE_AT_A_TIME:
            _COMPILED.schemas[namespace] = etree.XMLSchema(etree.parse(schema_path(namespace)))
    return _COMPILED.schemas[namespace]


@cache
def _roots() -> tuple[str, ...]:
    """Every element that a message may begin with, in Clark notation."""
    declared = (etree.parse(schema_path(namespace)).getroot().iterchildren("{*}element") for namespace in FILES)
    return tuple(f"{{{namespace}}}{e.get('name')}" for namespace, found in zip(FILES, declared, strict=True) for e in found)


def preload() -> None:
    """Compile everything, so that no request pays for it and a broken schema stops the start."""
    for namespace in FILES:
        compiled(namespace)


def check(element: Element, *, place: str = "") -> None:
    """Check an element against the schema of its namespace.

    Args:
        element: root of what is to be checked, usually the signed payload.
        place: path of the element's parent, put before every path in the findings.

    Raises:
        Refusal: SCHEMA with every finding (bounded), or UNKNOWN_OPERATION when no schema knows the namespace.
    """
    namespace = etree.QName(element).namespace
    if namespace not in FILES:
        if (
            meant := next((tag for tag in _roots() if etree.QName(tag).localname == etree.QName(element).localname), None)
        ) is not None:
            raise Refusal(Code.SCHEMA, findings=(wrong_root(element, meant, place),))
        raise Refusal(
            Code.UNKNOWN_OPERATION,
            place=f"{place}/{etree.QName(element).localname}",
            line=element.sourceline,
            found=str(namespace)[:120],
        )
    schema = compiled(namespace)
    if not schema.validate(element):
        findings, omitted = explain(element, schema_path(namespace), schema.error_log, place)
        raise Refusal(Code.SCHEMA, findings=findings, omitted=omitted)
