"""Judge a zending before the write transaction, where a database has one writer: a large one holds up nobody but for storing it.

What was judged counts only when nothing that it rests on has changed since. Every effect on a dossier or on invoiced days is a
step in a message's life, and every change of reference data or register a record in the audit chain, both written in the
transaction of the effect: with one writer, their last numbers tell it exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, or_, select

from gateway.central.cookbook import Cookbook
from gateway.diensten.zending_oordeel import Inhoudelijk, Inzending, Technisch, oordeel
from gateway.store.audit_tables import audit
from gateway.store.berichten import Stap
from gateway.store.tables import bericht, levensstap

_EFFECTEN = [s.value for s in (Stap.AANVAARD, Stap.IN_BERAAD, Stap.BESLIST, Stap.AFGEREKEND, Stap.INGETROKKEN)]


@dataclass(frozen=True, kw_only=True)
class Vooraf:
    """A judgement, and how far the database was then."""

    gevonden: Technisch | Inhoudelijk
    stap: int
    register: int


def oordeel_vooraf(conn: Connection, cookbooks: Mapping[str, Cookbook], inzending: Inzending) -> Vooraf | None:
    """The judgement in a reading transaction; None where several write at once, and numbers do not tell the order."""
    if conn.dialect.name != "sqlite":
        return None
    stap, register = _stand(conn)
    return Vooraf(gevonden=oordeel(conn, cookbooks, inzending), stap=stap, register=register)


def geldt_nog(conn: Connection, vooraf: Vooraf, inzending: Inzending) -> bool:
    """Whether the judgement would be the same in this writing transaction."""
    if _stand(conn)[1] != vooraf.register:
        return False
    raakt = or_(bericht.c.voorziening == inzending.voorziening, bericht.c.dienst == "facturatie")
    later = exists().where(
        levensstap.c.id > vooraf.stap, levensstap.c.stap.in_(_EFFECTEN), bericht.c.id == levensstap.c.bericht_id, raakt
    )
    return not conn.execute(select(later)).scalar_one()


def _stand(conn: Connection) -> tuple[int, int]:
    stap = conn.execute(select(func.coalesce(func.max(levensstap.c.id), 0))).scalar_one()
    return int(stap), int(conn.execute(select(func.coalesce(func.max(audit.c.volgnr), 0))).scalar_one())
