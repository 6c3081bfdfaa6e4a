"""The key of the last row of a page, as an opaque text that asks for the page after it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

_LANGST = 400
_GROOTST = 2**63 - 1


class GeenBladwijzer(ValueError):
    """A text that was never one of ours."""


def maak(sleutel: Sequence[Any]) -> str:
    """From the values of a row's key: texts, whole numbers, days and moments."""
    waarden = [_schrijf(w) for w in sleutel]
    return base64.urlsafe_b64encode(json.dumps(waarden, separators=(",", ":")).encode()).decode().rstrip("=")


def lees(tekst: str, soorten: Sequence[type]) -> tuple[Any, ...]:
    """Back to the values of the key.

    Args:
        soorten: the type of each value.

    Raises:
        GeenBladwijzer: it is no key of this sort.
    """
    try:
        if len(tekst) > _LANGST:
            raise GeenBladwijzer
        gelezen = json.loads(base64.b64decode(tekst + "=" * (-len(tekst) % 4), altchars=b"-_", validate=True))
        if not isinstance(gelezen, list):
            raise GeenBladwijzer
        waarden = tuple(_lees(w) if isinstance(w, dict) else w for w in gelezen)
    except (binascii.Error, UnicodeError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise GeenBladwijzer from error
    if len(waarden) != len(soorten) or any(type(w) is not s for w, s in zip(waarden, soorten, strict=True)):
        raise GeenBladwijzer
    if any("\x00" in w for w in waarden if isinstance(w, str)) or any(abs(w) > _GROOTST for w in waarden if isinstance(w, int)):
        raise GeenBladwijzer
    return waarden


def _schrijf(waarde: Any) -> Any:
    if isinstance(waarde, datetime):
        return {"moment": waarde.isoformat()}
    return {"dag": waarde.isoformat()} if isinstance(waarde, date) else waarde


def _lees(waarde: dict[str, Any]) -> date:
    if "dag" in waarde:
        return date.fromisoformat(waarde["dag"])
    moment = datetime.fromisoformat(waarde["moment"])
    # Near the ends of the calendar a moment has no UTC.
    if moment.tzinfo is None or not 1980 <= moment.year <= 2200:
        raise GeenBladwijzer
    return moment
