"""Small writers: build a document element by element."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from lxml import etree
from lxml.etree import _Element as Element


def sub(ouder: Element, ns: str, naam: str, waarde: str | None = None, **attributen: str) -> Element:
    """Append a child; None as value leaves it empty."""
    element = etree.SubElement(ouder, f"{{{ns}}}{naam}", attributen)
    element.text = waarde
    return element


def sub_als(ouder: Element, ns: str, naam: str, waarde: object | None) -> None:
    """Append a child only when there is a value."""
    if waarde is not None:
        sub(ouder, ns, naam, veilig(str(waarde)))


def moment(tijdstip: datetime) -> str:
    """xs:dateTime in UTC with milliseconds."""
    utc = tijdstip.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def b64(octetten: bytes) -> str:
    return base64.b64encode(octetten).decode()


def veilig(tekst: str, lengte: int = 2000) -> str:
    """Text that XML can carry, cut to a length."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" else "�" for c in tekst
    )[:lengte]
