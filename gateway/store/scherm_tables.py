"""The tables behind the screens of zorgkassen and controllers: who did what in person, and what is being prepared."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from gateway.store.metadata import metadata
from gateway.store.types import Moment

_BigId = BigInteger().with_variant(Integer, "sqlite")

zorgkashandeling = Table(
    "zorgkashandeling",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False),
    Column("soort", String(16), nullable=False, comment="beslissing or afrekening"),
    Column("zorgkas", String(3), nullable=False),
    Column("persoon", String(128), comment="who did it on a screen; none: the zorgkas's software did it by message"),
    Column("op", Moment, nullable=False),
    Column("uitkomst", String(16), nullable=False),
    Column("motivering", Text, nullable=False),
    Index("ix_zorgkashandeling_bericht", "bericht_id", "soort"),
)
"""What a zorgkas decided or settled, with its words."""

weigervoorstel = Table(
    "weigervoorstel",
    metadata,
    Column("bericht_id", String(36), ForeignKey("bericht.id"), primary_key=True),
    Column("factuurnummer", String(12), primary_key=True),
    Column("volgnummer", Integer, primary_key=True),
    Column("bedrag", BigInteger, nullable=False, comment="cents"),
    Column("code", String(40), nullable=False),
    Column("motivering", Text, nullable=False),
    Column("persoon", String(128), nullable=False),
    Column("op", Moment, nullable=False),
)
"""Records that a zorgkas's people ticked to refuse, until the settlement is confirmed."""

steekproef = Table(
    "steekproef",
    metadata,
    Column("id", String(36), primary_key=True, comment="UUID version 7"),
    Column("persoon", String(128), nullable=False),
    Column("op", Moment, nullable=False),
    Column("doel", Text, nullable=False),
    Column("criteria", JSON, nullable=False),
    Column("zaad", String(64), nullable=False, comment="the seed: with it the same sample is drawn again"),
    Column("aantal", Integer, nullable=False, comment="how many were asked"),
    Column("populatie", BigInteger, nullable=False, comment="how many fit the criteria"),
    Column("populatie_sha256", String(64), nullable=False, comment="over their ids in order"),
    Column("berichten", JSON, nullable=False, comment="the ids that were drawn"),
)
"""Samples that a controller drew."""
