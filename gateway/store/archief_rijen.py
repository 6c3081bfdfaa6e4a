"""What of one month goes to its archive file, read from one snapshot of the database, however large the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, select, union

from gateway.exchange.toestand import FINAL
from gateway.store.archief_bestand import Regel, als_rij
from gateway.store.partities import INHOUD
from gateway.store.tables import bericht, bericht_inhoud, beslissing, levensstap, levering, levering_inhoud, poging, taak

_STROOM = {"stream_results": True, "yield_per": 500}


def een_moment(conn: Connection) -> None:
    """Let every query of this read transaction see the same moment; SQLite's always do."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def maanden_met_inhoud(conn: Connection, voor: date) -> list[date]:
    """Months before `voor` of which payload bytes stand in the database, oldest first."""
    gevonden = {m for t in INHOUD for m in conn.execute(select(t.c.maand).where(t.c.maand < voor).distinct()).scalars()}
    return sorted(gevonden)


def aantallen_inhoud(conn: Connection, maand: date) -> list[int]:
    """Rows of the month in each table of INHOUD."""
    return [conn.execute(select(func.count()).select_from(t).where(t.c.maand == maand)).scalar_one() for t in INHOUD]


def niet_klaar(conn: Connection, maand: date) -> int:
    """Deliveries of the month that are not final, and messages of it that wait to be judged: these need their bytes."""
    open_ = levering.c.toestand.not_in([t.value for t in FINAL])
    leveringen = select(func.count()).select_from(levering).where(open_, levering.c.id.in_(_leveringen(maand)))
    taken = select(func.count()).select_from(taak).where(taak.c.bericht_id.in_(_berichten(maand)))
    return conn.execute(leveringen).scalar_one() + conn.execute(taken).scalar_one()


def tel(conn: Connection, maand: date) -> tuple[dict[str, int], int]:
    """Rows of each table that `rijen` will give, and the payload bytes among them."""
    aantallen = {naam: conn.execute(select(func.count()).select_from(q.subquery())).scalar_one() for naam, q in _vragen(maand)}
    for tabel, aantal in zip(INHOUD, aantallen_inhoud(conn, maand), strict=True):
        aantallen[tabel.name] = aantal
    lengtes = [select(func.coalesce(func.sum(func.length(t.c.octetten)), 0)).where(t.c.maand == maand) for t in INHOUD]
    return aantallen, sum(int(conn.execute(q).scalar_one()) for q in lengtes)


def rijen(conn: Connection, maand: date) -> Iterator[Regel]:
    """Every row of the month, in an order that depends on nothing but the rows.

    These are the messages whose bytes are kept under the month with their steps and decisions, their deliveries and those
    that were made in the month for an older message, with the attempts, and all payload bytes of the month.
    """
    ouders = {bericht.name: (bericht, bericht_inhoud), levering.name: (levering, levering_inhoud)}
    for naam, vraag in _vragen(maand):
        tabel, inhoud = ouders.get(naam, (_TABELLEN[naam], None))
        for rij in conn.execute(vraag, execution_options=_STROOM):
            yield naam, als_rij(tabel, rij)
            # One at a time, so that memory holds one payload, not a page of them.
            if inhoud is not None and (bij := _inhoud(conn, inhoud, maand, rij)) is not None:
                yield inhoud.name, als_rij(inhoud, bij)


_TABELLEN = {t.name: t for t in (bericht, levensstap, beslissing, levering, poging)}


def _vragen(maand: date) -> Iterator[tuple[str, Select[Any]]]:
    eigen = bericht_inhoud.c.maand == maand
    yield bericht.name, _bij(bericht, bericht.c.id, eigen)
    yield levensstap.name, _bij(levensstap, levensstap.c.bericht_id, eigen, levensstap.c.id)
    yield beslissing.name, _bij(beslissing, beslissing.c.bericht_id, eigen, beslissing.c.id)
    yield levering.name, select(levering).where(levering.c.id.in_(_leveringen(maand))).order_by(levering.c.id)
    pogingen = select(poging).where(poging.c.levering_id.in_(_leveringen(maand)))
    yield poging.name, pogingen.order_by(poging.c.levering_id, poging.c.id)


def _bij(tabel: Table, verwijzing: ColumnElement[str], eigen: ColumnElement[bool], *daarna: ColumnElement[Any]) -> Select[Any]:
    return (
        select(tabel)
        .join_from(bericht_inhoud, tabel, verwijzing == bericht_inhoud.c.bericht_id)
        .where(eigen)
        .order_by(bericht_inhoud.c.bericht_id, *daarna)
    )


def _berichten(maand: date) -> Select[Any]:
    return select(bericht_inhoud.c.bericht_id).where(bericht_inhoud.c.maand == maand)


def _leveringen(maand: date) -> Select[Any]:
    van_berichten = select(levering.c.id).where(levering.c.bericht_id.in_(_berichten(maand)))
    gemaakt = select(levering_inhoud.c.levering_id).where(levering_inhoud.c.maand == maand)
    return select(union(van_berichten, gemaakt).subquery().c.id)


def _inhoud(conn: Connection, inhoud: Table, maand: date, rij: Row[Any]) -> Row[Any] | None:
    sleutel = inhoud.primary_key.columns[0]
    return conn.execute(select(inhoud).where(sleutel == rij.id, inhoud.c.maand == maand)).first()
