"""Small readers over a schema-valid element: what the XSD promised is not checked again."""

from __future__ import annotations

from datetime import date, datetime, time

from lxml.etree import _Element as Element


def tekst(ouder: Element, ns: str, naam: str) -> str:
    """Text of a mandatory child, white space around it removed."""
    return (ouder.findtext(f"{{{ns}}}{naam}") or "").strip()


def tekst_of_none(ouder: Element, ns: str, naam: str) -> str | None:
    gevonden = ouder.findtext(f"{{{ns}}}{naam}")
    return None if gevonden is None else gevonden.strip()


def kind(ouder: Element, ns: str, naam: str) -> Element:
    """A mandatory child element."""
    gevonden = ouder.find(f"{{{ns}}}{naam}")
    if gevonden is None:
        raise LookupError(f"{naam} is absent from a message that the schema accepted")
    return gevonden


def datum(waarde: str) -> date:
    """An xs:date; a time zone, which the VSB messages give no meaning, is dropped."""
    return date.fromisoformat(waarde.strip()[:10])


def uur(waarde: str) -> time:
    """An xs:time, without its zone: the clock on the facility's wall."""
    return time.fromisoformat(waarde.strip()[:8])


def tijdstip(waarde: str) -> datetime:
    return datetime.fromisoformat(waarde.strip())


def waar(waarde: str) -> bool:
    """An xs:boolean."""
    return waarde.strip() in ("true", "1")
