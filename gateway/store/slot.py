"""Serialise transactions that decide about the same thing."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text


def slot(conn: Connection, *sleutels: str) -> None:
    """Hold a lock on each key until the transaction ends; SQLite has one writer and needs none."""
    if conn.dialect.name != "postgresql":
        return
    for sleutel in sorted(sleutels):
        number = int.from_bytes(hashlib.sha256(sleutel.encode()).digest()[:8], "big", signed=True)
        conn.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})
