"""One strict way to read a moment from a header: ISO 8601 as xs:dateTime writes it, with its zone."""

from __future__ import annotations

import re
from datetime import datetime

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")


def read_instant(text: str | None) -> datetime | None:
    """The moment, timezone-aware, or None when the text is no xs:dateTime with a zone."""
    stripped = (text or "").strip()
    if not _INSTANT.fullmatch(stripped):
        return None
    try:
        return datetime.fromisoformat(stripped)
    except ValueError:
        return None
