"""WSDLs and XSDs as a stranger's client reads them: the files themselves, with this gateway's address in the WSDL."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree

from gateway.paths import data_dir

_ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap/}address"


@cache
def wsdl(name: str, address: str) -> bytes:
    """A WSDL with its soap:address set; schema locations are relative and resolve on disk and over HTTP alike."""
    tree = etree.parse(data_dir("xsd") / "wsdl" / name)
    for element in tree.iter(_ADDRESS):
        element.set("location", address)
    return etree.tostring(tree, xml_declaration=True, encoding="utf-8")


def schema_file(path: str) -> Path | None:
    """A schema below xsd/, or None; a path that leaves the folder, or is none at all, is not found."""
    root = data_dir("xsd").resolve()
    try:
        target = (root / path).resolve()
        found = target.suffix == ".xsd" and target.is_relative_to(root) and target.is_file()
    except (ValueError, OSError):
        return None
    return target if found else None
