"""Serialise transactions that decide about the same thing."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text

_LOCK = text("SELECT count(pg_advisory_xact_lock(n)) FROM unnest(CAST(:numbers AS bigint[])) WITH ORDINALITY AS k(n, i)")


def slot(conn: Connection, *sleutels: str) -> None:
    """Hold a lock on each key until the transaction ends; SQLite has one writer and needs none."""
    if conn.dialect.name != "postgresql":
        return
    numbers = sorted(int.from_bytes(hashlib.sha256(s.encode()).digest()[:8], "big", signed=True) for s in sleutels)
    # In one order for everyone, so that two transactions never wait for each other.
    conn.execute(_LOCK, {"numbers": numbers})
