"""Read payload bytes, which are kept by month, until their month goes to the archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from gateway.refusal import Code, Refusal
from gateway.store.archief_tables import archief
from gateway.store.identifiers import maand_van
from gateway.store.tables import bericht_inhoud


def lees_inhoud(conn: Connection, tabel: Table, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """The rows of bericht_inhoud or levering_inhoud under these ids.

    Raises:
        Refusal: ARCHIVED when the bytes of one are no longer in the database.
    """
    sleutel = tabel.primary_key.columns[0]
    query = select(tabel).where(sleutel.in_(ids))
    # With the month PostgreSQL looks in one partition; rows of the release before may stand under a neighbouring month.
    maanden = {maand_van(i) for i in ids}
    gevonden: dict[str, Row[Any]] = {r[0]: r for r in conn.execute(query.where(tabel.c.maand.in_(maanden)))}
    if len(gevonden) < len(set(ids)):
        gevonden = {r[0]: r for r in conn.execute(query)}
    for bericht_id in ids:
        if bericht_id not in gevonden:
            raise Refusal(Code.ARCHIVED, found=f"maand {maand_van(bericht_id):%Y-%m}")
    return gevonden


def in_archief(conn: Connection, bericht_id: str) -> str | None:
    """Name of the archive file that a message's bytes went to; None while they are in the database."""
    hier = select(bericht_inhoud.c.bericht_id).where(bericht_inhoud.c.bericht_id == bericht_id)
    if conn.execute(hier).first() is not None:
        return None
    bestand: str | None = conn.execute(select(archief.c.bestand).where(archief.c.maand == maand_van(bericht_id))).scalar()
    return bestand
