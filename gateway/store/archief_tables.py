"""The table of the archive: which month's payload bytes stand in which file."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, String, Table

from gateway.store.metadata import metadata
from gateway.store.types import Moment

archief = Table(
    "archief",
    metadata,
    Column("maand", Date, primary_key=True, comment="first day of the month"),
    Column("bestand", String(80), nullable=False, comment="name of the file, without its folder"),
    Column("sha256", String(64), nullable=False, comment="of the file, hex"),
    # Unique, so that the chain never forks; the first file has zeros here.
    Column("vorige", String(64), nullable=False, unique=True, comment="SHA-256 of the file archived before, hex"),
    Column("berichten", BigInteger, nullable=False, comment="messages whose bytes the file holds"),
    Column("octetten", BigInteger, nullable=False, comment="payload bytes in the file, before base64 and gzip"),
    Column("op", Moment, nullable=False, comment="when it was registered"),
)
"""Only ever appended to; a month that was put back keeps its row, since its file stays."""
