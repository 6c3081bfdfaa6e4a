"""The tables of what was refused at the door: answered with a fault, and never kept as a message."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table

from gateway.store.metadata import metadata
from gateway.store.types import Moment

deurweigering = Table(
    "deurweigering",
    metadata,
    Column("ticket", String(36), primary_key=True, comment="UUID version 7: the Id of the fault"),
    Column("op", Moment, nullable=False),
    Column("dienst", String(32), nullable=False, comment="name of the service; empty: an address that is none"),
    Column("code", String(32), nullable=False),
    Column("soa", String(16), nullable=False, comment="eHealth's code"),
    Column("faultcode", String(32), nullable=False, comment="SOAP's, without its namespace"),
    Column("bevindingen", JSON, nullable=False, comment="what the fault told, place by place; never a value of a person"),
    Column("weggelaten", Integer, nullable=False, comment="findings that are not in it"),
    Column("octetten", BigInteger, comment="of the HTTP body; none: it was not read"),
    Column("sha256", String(64), comment="of the HTTP body"),
    Column("certificaat_sha256", String(64), comment="of the certificate that came with it, proven or not"),
    Column("identiteit", String(128), comment="the certificate's holder; none: no signature over the content was proven"),
    Column("afzender", String(64), comment="riziv:<8 digits> or zorgkas:<code>, of a proven holder"),
    Column("voorziening", String(11), comment="RIZIV number of the facility that a proven sender named"),
    Column("attest", String(32), comment="number of the software's attest, of a proven sender"),
    Column("bedrijfs_id", String(64), comment="BerichtId or InputReference of a proven sender"),
    # A ticket sorts by time, so behind each key it is the key of the next page.
    Index("ix_deurweigering_afzender", "afzender", "ticket"),
    Index("ix_deurweigering_voorziening", "voorziening", "ticket"),
    Index("ix_deurweigering_attest", "attest", "ticket"),
    Index("ix_deurweigering_code", "code", "ticket"),
    Index("ix_deurweigering_dienst", "dienst", "ticket"),
    Index("ix_deurweigering_identiteit", "identiteit", "ticket"),
)

deurtelling = Table(
    "deurtelling",
    metadata,
    Column("minuut", Moment, primary_key=True),
    Column("dienst", String(32), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("aantal", BigInteger, nullable=False, comment="faults that were answered in that minute"),
    Column("los", BigInteger, nullable=False, comment="of which have no row of their own"),
)
"""Every refusal is counted here, also when a flood leaves no room for rows."""
