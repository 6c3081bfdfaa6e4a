"""Message ids: UUID version 7 (RFC 9562 §5.7), so that they sort by the moment they were made."""

from __future__ import annotations

import os
import threading
from datetime import UTC, date, datetime
from uuid import UUID

LAATSTE = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""An id after every other."""

_LOCK = threading.Lock()
_LAST = 0


def message_id(now: datetime) -> str:
    """A new UUIDv7 for this moment; ids made by one process rise even within a millisecond (RFC 9562 §6.2, method 1)."""
    global _LAST
    with _LOCK:
        # 48 bits of milliseconds with a 12-bit counter behind them; a burst of more than 4096 borrows from the next one.
        _LAST = stamp = max(int(now.timestamp() * 1000) << 12, _LAST + 1)
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFFFFFFFFFFFFFF
    return str(UUID(int=(stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | tail))


def moment_van(identifier: str) -> datetime | None:
    """When an id was made; None of one that does not say so."""
    # RFC 9562 §5.7: the version stands in the thirteenth hexadecimal digit, the milliseconds in the twelve before it.
    return datetime.fromtimestamp(int(identifier[:8] + identifier[9:13], 16) / 1000, UTC) if identifier[14:15] == "7" else None


def maand_van(identifier: str) -> date:
    """First day of the month (UTC) in which an id was made; of an id that does not say so, of this month."""
    made = moment_van(identifier) or datetime.now(UTC)
    return date(made.year, made.month, 1)


def eerste_id(moment: datetime) -> str:
    """The lowest id that can be made at a moment: ids of before sort before it."""
    return str(UUID(int=max(0, int(moment.timestamp() * 1000)) << 80))
