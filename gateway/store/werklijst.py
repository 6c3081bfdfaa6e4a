"""The lists of one zorgkas, page by page by key. Every function works inside the caller's transaction."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from gateway.reference.tables import voorziening
from gateway.store.tables import beraad, bericht, zending

VEEL = 1_000
"""What is more is not counted."""


def in_beraad(conn: Connection, zorgkas: str, *, pijler: str | None, na: tuple[date, str] | None, limit: int) -> list[Row[Any]]:
    """What waits for a zorgkas's decision, what is due first on top; a list names no person.

    Args:
        na: (vervalt_op, message id) of the last row of the page before.
    """
    b = beraad.c
    query = _wachtend().where(*_open(zorgkas, pijler)).order_by(b.vervalt_op, b.bericht_id).limit(limit)
    if na is not None:
        later = or_(b.vervalt_op > na[0], and_(b.vervalt_op == na[0], b.bericht_id > na[1]))
        query = query.where(b.vervalt_op >= na[0], later)
    return list(conn.execute(query))


def beslist(conn: Connection, zorgkas: str, *, na: tuple[datetime, str] | None, limit: int) -> list[Row[Any]]:
    """What no longer waits for a zorgkas, the latest first; a list names no person.

    Args:
        na: (gesloten_op, message id) of the last row of the page before.
    """
    b = beraad.c
    query = _wachtend().where(b.zorgkas == zorgkas, b.gesloten_op.is_not(None))
    if na is not None:
        later = or_(b.gesloten_op < na[0], and_(b.gesloten_op == na[0], b.bericht_id < na[1]))
        query = query.where(b.gesloten_op <= na[0], later)
    return list(conn.execute(query.order_by(b.gesloten_op.desc(), b.bericht_id.desc()).limit(limit)))


def _wachtend() -> Select[Any]:
    b, m = beraad.c, bericht.c
    return (
        select(
            b.bericht_id,
            b.sinds,
            b.vervalt_op,
            b.gesloten_op,
            m.pijler,
            m.soort,
            m.voorziening,
            m.dossiernummer,
            m.referentiedatum,
            m.test,
            voorziening.c.naam.label("voorziening_naam"),
        )
        .join(bericht, m.id == b.bericht_id)
        .outerjoin(voorziening, voorziening.c.riziv == m.voorziening)
    )


def tel_beraad(conn: Connection, zorgkas: str, *, pijler: str | None, tot: date | None = None) -> int:
    """How many wait, at most VEEL.

    Args:
        tot: only what ends on or before this day.
    """
    deel = select(beraad.c.bericht_id).where(*_open(zorgkas, pijler)).limit(VEEL)
    if pijler is not None:
        deel = deel.join(bericht, bericht.c.id == beraad.c.bericht_id)
    if tot is not None:
        deel = deel.where(beraad.c.vervalt_op <= tot)
    return int(conn.execute(select(func.count()).select_from(deel.subquery())).scalar_one())


def _open(zorgkas: str, pijler: str | None) -> list[ColumnElement[bool]]:
    gevonden: list[ColumnElement[bool]] = [beraad.c.zorgkas == zorgkas, beraad.c.gesloten_op.is_(None)]
    if pijler is not None:
        # The index has the pillar, except of what the release before wrote.
        gevonden += [func.coalesce(beraad.c.pijler, pijler) == pijler, bericht.c.pijler == pijler]
    return gevonden


def _zendingen(zorgkas: str) -> Select[Any]:
    z = zending.c
    return (
        select(zending, bericht.c.pijler, bericht.c.test, bericht.c.ontvangen_op, voorziening.c.naam.label("voorziening_naam"))
        .join(bericht, bericht.c.id == z.bericht_id)
        .outerjoin(voorziening, voorziening.c.riziv == z.derdebetalende)
        .where(z.zorgkas == zorgkas)
    )


def open_zendingen(conn: Connection, zorgkas: str, *, na: str | None, limit: int) -> list[Row[Any]]:
    """Accepted zendingen that wait for the zorgkas's settlement, the oldest first.

    Args:
        na: message id of the last row of the page before.
    """
    z = zending.c
    query = _zendingen(zorgkas).where(z.afgerekend_op.is_(None), z.afgerekend.is_(None), z.ingetrokken_op.is_(None))
    if na is not None:
        query = query.where(z.bericht_id > na)
    return list(conn.execute(query.order_by(z.bericht_id).limit(limit)))


def afrekeningen(conn: Connection, zorgkas: str, *, na: tuple[datetime, str] | None, limit: int) -> list[Row[Any]]:
    """Settled zendingen, the newest first.

    Args:
        na: (afgerekend_op, message id) of the last row of the page before.
    """
    z = zending.c
    query = _zendingen(zorgkas).where(z.afgerekend_op.is_not(None))
    if na is not None:
        # The bound alone is what an index can begin at.
        later = or_(z.afgerekend_op < na[0], and_(z.afgerekend_op == na[0], z.bericht_id < na[1]))
        query = query.where(z.afgerekend_op <= na[0], later)
    return list(conn.execute(query.order_by(z.afgerekend_op.desc(), z.bericht_id.desc()).limit(limit)))


def zending_van_kas(conn: Connection, zorgkas: str, bericht_id: str) -> Row[Any] | None:
    """One accepted zending of a zorgkas."""
    return conn.execute(_zendingen(zorgkas).where(zending.c.bericht_id == bericht_id)).first()


def wacht(conn: Connection, bericht_id: str) -> Row[Any] | None:
    """Since when and until when a message waits, or waited, for a decision."""
    return conn.execute(select(beraad).where(beraad.c.bericht_id == bericht_id)).first()
