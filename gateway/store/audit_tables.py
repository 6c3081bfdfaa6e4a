"""The tables of the audit chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, String, Table, Text

from gateway.store.metadata import metadata

_BigId = BigInteger().with_variant(Integer, "sqlite")

audit = Table(
    "audit",
    metadata,
    Column("volgnr", _BigId, primary_key=True, autoincrement=False, comment="1, 2, 3 … without gaps"),
    # Text, because the hash is over exactly these characters on every database.
    Column("tijdstip", String(27), nullable=False, comment="UTC, 2026-01-31T12:00:00.000000Z"),
    Column("gebeurtenis", String(64), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("onderwerp", String(128), nullable=False),
    Column("gegevens", Text, nullable=False, comment="canonical JSON, without personal data"),
    Column("vorige_hash", String(64), nullable=False, comment="hash of the record before, hex"),
    Column("hash", String(64), nullable=False, comment="SHA-256 over the canonical JSON of all the above, hex"),
    Index("ix_audit_onderwerp", "onderwerp", "volgnr"),
)
"""Only ever appended to."""

audit_zegel = Table(
    "audit_zegel",
    metadata,
    Column("dag", Date, primary_key=True, comment="Belgian day that was over when it was sealed"),
    Column("laatste_volgnr", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False, comment="of the record with that number, hex"),
    Column("document", LargeBinary, nullable=False, comment="the signed Auditzegel"),
)
