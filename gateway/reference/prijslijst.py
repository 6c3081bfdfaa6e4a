"""Prices with their days, and what changed in them between two days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, func, literal, or_, select, tuple_

from gateway.reference.tables import prijs, voorziening

_P = prijs.c


class Prijswijziging(NamedTuple):
    """A price that is another on the second day than on the first. Cents per unit; None: no price."""

    prestatiecode: str
    riziv: str | None
    """None: every facility."""
    was: int | None
    wordt: int | None
    sinds: date | None
    """First day of the new price."""
    bron: str | None


def prijzen(
    conn: Connection,
    codes: Collection[str],
    voorzieningen: Collection[str] | None = None,
    *,
    na: Sequence[Any] | None = None,
    hoogstens: int | None = None,
) -> list[Row[Any]]:
    """Every price of these codes, past and future ones too, those for every facility first, each with the facility's `naam`.

    Args:
        voorzieningen: only what these are paid: their own prices, and those for every facility. None: all.
        na: prestatiecode, riziv (an empty text for every facility) and van of the last one that was read.
    """
    overal = func.coalesce(_P.riziv, "")
    vraag = select(prijs, voorziening.c.naam).outerjoin(voorziening, voorziening.c.riziv == _P.riziv)
    vraag = vraag.where(_P.prestatiecode.in_(codes))
    if voorzieningen is not None:
        vraag = vraag.where(or_(_P.riziv.is_(None), _P.riziv.in_(voorzieningen)))
    volgorde = (_P.prestatiecode, overal, _P.van)
    if na is not None:
        code, wie, van = na
        vraag = vraag.where(tuple_(*volgorde) > tuple_(literal(code), literal(wie), literal(van, _P.van.type)))
    return list(conn.execute(vraag.order_by(*volgorde).limit(hoogstens)))


def prijswijzigingen(
    conn: Connection,
    codes: Collection[str],
    van: date,
    tot: date,
    voorzieningen: Collection[str] | None = None,
    *,
    hoogstens: int | None = None,
) -> list[Prijswijziging]:
    """What is paid otherwise on `tot` than on `van`, by code and facility.

    Args:
        voorzieningen: only for these, and for every facility. None: all.
    """
    toen, nu = prijs.alias("toen"), prijs.alias("nu")
    zelfde = and_(toen.c.prestatiecode == nu.c.prestatiecode, func.coalesce(toen.c.riziv, "") == func.coalesce(nu.c.riziv, ""))

    def geldt(p: Any, dag: date) -> ColumnElement[bool]:
        loopt = and_(p.c.prestatiecode.in_(codes), p.c.van <= dag, or_(p.c.tot.is_(None), p.c.tot >= dag))
        return loopt if voorzieningen is None else and_(loopt, or_(p.c.riziv.is_(None), p.c.riziv.in_(voorzieningen)))

    nieuw = (
        select(nu.c.prestatiecode, nu.c.riziv, toen.c.bedrag.label("was"), nu.c.bedrag.label("wordt"), nu.c.van, nu.c.bron)
        .outerjoin(toen, and_(zelfde, geldt(toen, van)))
        .where(geldt(nu, tot), nu.c.bedrag.is_distinct_from(toen.c.bedrag))
        .order_by(nu.c.prestatiecode, func.coalesce(nu.c.riziv, ""))
        .limit(hoogstens)
    )
    weg = (
        select(toen.c.prestatiecode, toen.c.riziv, toen.c.bedrag)
        .outerjoin(nu, and_(zelfde, geldt(nu, tot)))
        .where(geldt(toen, van), nu.c.id.is_(None))
        .order_by(toen.c.prestatiecode, func.coalesce(toen.c.riziv, ""))
        .limit(hoogstens)
    )
    gevonden = [Prijswijziging(*r) for r in conn.execute(nieuw)]
    gevonden += [Prijswijziging(r.prestatiecode, r.riziv, r.bedrag, None, None, None) for r in conn.execute(weg)]
    return sorted(gevonden, key=lambda p: (p.prestatiecode, p.riziv or ""))[:hoogstens]
