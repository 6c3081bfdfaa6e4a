"""Sums over zendingen: what was invoiced, accepted, refused and paid. Amounts are cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from gateway.clock import BRUSSELS
from gateway.store.tables import bericht, geweigerde_lijn, zending


@dataclass(frozen=True, kw_only=True)
class Selectie:
    """Which zendingen count."""

    van: date
    """First day of the first invoiced month."""
    tot: date
    """First day of the last invoiced month."""
    voorziening: str | None = None
    zorgkas: str | None = None

    def voorwaarden(self) -> list[ColumnElement[bool]]:
        z = zending.c
        found: list[ColumnElement[bool]] = [z.maand.between(self.van, self.tot)]
        if self.voorziening is not None:
            found.append(z.derdebetalende == self.voorziening)
        if self.zorgkas is not None:
            found.append(z.zorgkas == self.zorgkas)
        return found


_SLEUTEL = (zending.c.maand, bericht.c.pijler, zending.c.zorgkas, zending.c.derdebetalende.label("voorziening"))
BEDRAGEN = ("maand", "pijler", "zorgkas", "voorziening", "zendingen", "gevraagd", "aanvaard", "geweigerd", "afgerekend", "open")
"""Columns of `bedragen`; `open` is accepted and not settled yet."""
WEIGERINGEN = ("maand", "pijler", "zorgkas", "voorziening", "code", "door", "records", "bedrag")
"""Columns of `weigeringen`."""


def bedragen(conn: Connection, keuze: Selectie) -> list[Row[Any]]:
    """By month, pillar, zorgkas and facility; what a zorgkas refused by manual control counts as refused."""
    z = zending.c
    betaald = func.coalesce(z.afgerekend, z.aanvaard)
    query = (
        select(
            *_SLEUTEL,
            func.count().label("zendingen"),
            func.sum(z.gevraagd).label("gevraagd"),
            func.sum(betaald).label("aanvaard"),
            func.sum(z.gevraagd - betaald).label("geweigerd"),
            func.sum(func.coalesce(z.afgerekend, 0)).label("afgerekend"),
            func.sum(case((z.afgerekend.is_(None), z.aanvaard), else_=0)).label("open"),
        )
        .join(bericht, bericht.c.id == z.bericht_id)
        .where(*keuze.voorwaarden())
        .group_by(*_SLEUTEL)
        .order_by(*_SLEUTEL)
    )
    return list(conn.execute(query))


def weigeringen(conn: Connection, keuze: Selectie) -> list[Row[Any]]:
    """Records that accepted zendingen lost, by reason and by who refused them, beside the same keys."""
    g = geweigerde_lijn.c
    keys = (*_SLEUTEL, g.code, g.door)
    query = (
        select(*keys, func.count().label("records"), func.sum(g.bedrag).label("bedrag"))
        .join(zending, zending.c.bericht_id == g.bericht_id)
        .join(bericht, bericht.c.id == g.bericht_id)
        .where(*keuze.voorwaarden())
        .group_by(*keys)
        .order_by(*keys)
    )
    return list(conn.execute(query))


def te_betalen(conn: Connection, zorgkas: str, van: date, tot: date) -> list[Row[Any]]:
    """Zendingen of a zorgkas that it settled in a period of Belgian days, both inside, in the order of settlement."""
    z = zending.c
    begin, einde = (datetime.combine(dag, time(), BRUSSELS) for dag in (van, tot + timedelta(days=1)))
    query = select(z.derdebetalende, z.nummer, z.maand, z.afgerekend, z.betaalreferentie).where(
        z.zorgkas == zorgkas, z.afgerekend_op >= begin, z.afgerekend_op < einde
    )
    return list(conn.execute(query.order_by(z.afgerekend_op, z.bericht_id)))
