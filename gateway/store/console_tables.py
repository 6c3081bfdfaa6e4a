"""The tables of the console: who is logged in, who tries to, and what somebody typed when the session had ended."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table

from gateway.store.metadata import metadata
from gateway.store.types import Moment

console_sessie = Table(
    "console_sessie",
    metadata,
    Column("sleutel", String(64), primary_key=True, comment="SHA-256 of the random id in the cookie, hex"),
    Column("account", String(128), nullable=False),
    Column("naam", String(128), nullable=False),
    Column("rol", String(16), nullable=False),
    Column("personen", JSON, nullable=False, comment="every role this person may take, with what it is bound to"),
    Column("doel", String(32), comment="purpose stated for looking at persons' data"),
    Column("doel_verwijzing", String(64)),
    Column("melding", JSON, comment="shown once on the next page"),
    Column("begonnen_op", Moment, nullable=False),
    Column("gezien_op", Moment, nullable=False, index=True),
)

console_aanmelding = Table(
    "console_aanmelding",
    metadata,
    Column("sleutel", String(64), primary_key=True, comment="SHA-256 of the state parameter, hex"),
    Column("cookie", String(64), nullable=False, comment="SHA-256 of the cookie of the browser that began, hex"),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(128), nullable=False, comment="PKCE code verifier"),
    Column("verder", String(512), nullable=False),
    Column("tot", Moment, nullable=False, index=True),
)
"""Logins under way at the OpenID provider."""

console_poging = Table(
    "console_poging",
    metadata,
    Column("sleutel", String(64), primary_key=True, comment="SHA-256 of the account's name or the address, hex"),
    Column("fouten", Integer, nullable=False),
    Column("laatst", Moment, nullable=False, index=True),
)
"""Failed logins in a row."""

console_concept = Table(
    "console_concept",
    metadata,
    Column("sleutel", String(64), primary_key=True, comment="SHA-256 of the id in its address, hex"),
    Column("account", String(128), nullable=False),
    Column("pad", String(512), nullable=False),
    Column("velden", JSON, nullable=False),
    Column("tot", Moment, nullable=False, index=True),
)
"""What somebody sent when the session had ended; only the same account gets it back, once."""
