"""Small writers: build a document element by element."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

from lxml import etree
from lxml.etree import _Element as Element

_UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no character for (§2.2)."""


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
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", tekst)[:lengte]
