"""Read the register page by page: the periods of a list, and the attests; the key of the last row asks for the next page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, func, literal, or_, select, tuple_

from gateway.reference import tables as t
from gateway.reference.model import Voorziening
from gateway.reference.register import Periodelijst


def sleutel_van(lijst: Periodelijst) -> tuple[str, ...]:
    """The columns that order the periods of a list; no two rows share all of them."""
    overig = (n for n in lijst.soort.sleutel if n != lijst.voorziening)
    return (lijst.voorziening, *overig, "van")


def perioden(
    conn: Connection,
    lijst: Periodelijst,
    zoek: str | None = None,
    *,
    geldig_op: date | None = None,
    na: Sequence[Any] | None = None,
    hoogstens: int | None = None,
) -> list[Row[Any]]:
    """Periods, past and future ones too, each with its facility's name as `naam`.

    Args:
        zoek: what the facility's number begins with, or a part of its name.
        geldig_op: only those that run on this day.
        na: the values of `sleutel_van` in the last row that was read.
    """
    tabel = lijst.soort.tabel
    kolom = tabel.c[lijst.voorziening]
    vraag = select(tabel, t.voorziening.c.naam).join(t.voorziening, t.voorziening.c.riziv == kolom)
    if zoek:
        vraag = vraag.where(kolom.startswith(zoek, autoescape=True) if zoek.isdigit() else _bevat(zoek, t.voorziening.c.naam))
    if geldig_op is not None:
        vraag = vraag.where(tabel.c.van <= geldig_op, or_(tabel.c.tot.is_(None), tabel.c.tot >= geldig_op))
    return _pagina(conn, vraag, [tabel.c[n] for n in sleutel_van(lijst)], na, hoogstens)


def attesten(
    conn: Connection, zoek: str | None = None, *, na: Sequence[Any] | None = None, hoogstens: int | None = None
) -> list[Row[Any]]:
    """Attests in the order of their numbers.

    Args:
        zoek: a part of the number, the vendor or the product.
        na: the number of the last one that was read.
    """
    a = t.attest.c
    vraag = select(t.attest)
    if zoek:
        vraag = vraag.where(_bevat(zoek, a.nummer, a.leverancier, a.product))
    return _pagina(conn, vraag, [a.nummer], na, hoogstens)


def attest_met(conn: Connection, nummer: str) -> Row[Any] | None:
    """The attest with a number."""
    return conn.execute(select(t.attest).where(t.attest.c.nummer == nummer)).first()


def voorzieningen_met_naam(conn: Connection, begin: str, hoogstens: int) -> list[Voorziening]:
    """Facilities whose name begins so, capitals or not, in order of name."""
    v = t.voorziening.c
    vraag = select(t.voorziening).where(func.lower(v.naam).startswith(begin.lower(), autoescape=True)).order_by(v.naam, v.riziv)
    rijen = conn.execute(vraag.limit(hoogstens))
    return [Voorziening(riziv=r.riziv, naam=r.naam, kwaliteit=r.kwaliteit, kbo=r.kbo, iban=r.iban) for r in rijen]


def _bevat(zoek: str, *kolommen: Column[Any]) -> Any:
    return or_(*(func.lower(k).contains(zoek.lower(), autoescape=True) for k in kolommen))


def _pagina(
    conn: Connection, vraag: Select[Any], volgorde: Sequence[Column[Any]], na: Sequence[Any] | None, hoogstens: int | None
) -> list[Row[Any]]:
    if na is not None:
        vraag = vraag.where(tuple_(*volgorde) > tuple_(*(literal(w, k.type) for w, k in zip(na, volgorde, strict=True))))
    return list(conn.execute(vraag.order_by(*volgorde).limit(hoogstens)))
