"""The tables that reports read: sums by month, facility, pillar and zorgkas, kept beside the messages (tellingen).

A sum that belongs to no facility or zorgkas has an empty text there, so that it has a key. Amounts are cents. On SQLite a table
is the tree of its key, so that a report reads one stretch, from its first month to its last.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table

from gateway.store.metadata import metadata
from gateway.store.types import Moment


def _sleutel() -> list[Column[object]]:
    return [
        Column("maand", Date, primary_key=True, comment="first day"),
        Column("voorziening", String(11), primary_key=True),
        Column("pijler", String(16), primary_key=True),
        Column("zorgkas", String(3), primary_key=True),
    ]


def _aantal(naam: str, comment: str | None = None) -> Column[int]:
    return Column(naam, BigInteger, nullable=False, comment=comment)


telling_bericht = Table(
    "telling_bericht",
    metadata,
    *_sleutel(),
    Column("dienst", String(32), primary_key=True),
    _aantal("berichten"),
    _aantal("aanvaard"),
    _aantal("geweigerd"),
    _aantal("in_beraad"),
    _aantal("afgeleverd", "of those, how many are with their zorgkas"),
    _aantal("op_tijd", "of those, how many within the promise of the cookbook that ran when they were counted"),
    Index("ix_telling_bericht_zorgkas", "zorgkas", "maand"),
    Index("ix_telling_bericht_voorziening", "voorziening", "maand"),
    sqlite_with_rowid=False,
)
"""Messages by the Belgian month of their receipt; test messages do not count."""

telling_reden = Table(
    "telling_reden",
    metadata,
    *_sleutel(),
    Column("code", String(40), primary_key=True),
    _aantal("berichten", "refused messages that name this reason at least once"),
    Index("ix_telling_reden_zorgkas", "zorgkas", "maand"),
    Index("ix_telling_reden_voorziening", "voorziening", "maand"),
    sqlite_with_rowid=False,
)

telling_duur = Table(
    "telling_duur",
    metadata,
    *_sleutel(),
    Column("seconden", Integer, primary_key=True, comment="from receipt to delivery: the class ends here"),
    _aantal("berichten"),
    Index("ix_telling_duur_zorgkas", "zorgkas", "maand"),
    Index("ix_telling_duur_voorziening", "voorziening", "maand"),
    # In the order in which they are summed, so that nothing is sorted.
    Index("ix_telling_duur_maand", "maand", "pijler", "zorgkas", "seconden", "berichten"),
    sqlite_with_rowid=False,
)

telling_factuur = Table(
    "telling_factuur",
    metadata,
    *_sleutel(),
    _aantal("zendingen"),
    _aantal("gevraagd"),
    _aantal("aanvaard"),
    _aantal("geweigerd"),
    _aantal("afgerekend"),
    _aantal("open"),
    Index("ix_telling_factuur_zorgkas", "zorgkas", "maand"),
    Index("ix_telling_factuur_voorziening", "voorziening", "maand"),
    sqlite_with_rowid=False,
)
"""Accepted zendingen by the month that was invoiced."""

telling_lijn = Table(
    "telling_lijn",
    metadata,
    *_sleutel(),
    Column("code", String(40), primary_key=True),
    Column("door", String(64), primary_key=True),
    _aantal("records"),
    _aantal("bedrag"),
    Index("ix_telling_lijn_zorgkas", "zorgkas", "maand"),
    Index("ix_telling_lijn_voorziening", "voorziening", "maand"),
    sqlite_with_rowid=False,
)
"""Records that accepted zendingen lost, by the month that was invoiced."""

telling_stand = Table(
    "telling_stand",
    metadata,
    Column("naam", String(32), primary_key=True),
    Column("stap", BigInteger, nullable=False, comment="the last step of any message's life that is counted"),
    Column("op", Moment, nullable=False, comment="when the sums were brought up to date"),
)
