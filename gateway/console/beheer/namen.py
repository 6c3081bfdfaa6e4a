"""Names beside the codes that screens show."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, false, or_, select

from gateway.reference.tables import voorziening, zorgkas


def zorgkassen(conn: Connection) -> dict[str, str]:
    """Every zorgkas: its name by its code."""
    return {r.code: r.naam for r in conn.execute(select(zorgkas.c.code, zorgkas.c.naam).order_by(zorgkas.c.code))}


def voorzieningen(conn: Connection, nummers: Collection[str]) -> dict[str, str]:
    """The names of these facilities, by RIZIV number, of those that are known."""
    v = voorziening.c
    return {r.riziv: r.naam for r in conn.execute(select(v.riziv, v.naam).where(v.riziv.in_(sorted(set(nummers)))))}


def alle_voorzieningen(conn: Connection) -> dict[str, str]:
    """The name of every facility, some thousands, by RIZIV number."""
    return {r.riziv: r.naam for r in conn.execute(select(voorziening.c.riziv, voorziening.c.naam))}


def nummers_van(conn: Connection, voorzieningen: Collection[str]) -> tuple[str, ...]:
    """The whole RIZIV numbers that somebody's numbers stand for: 8 digits are every qualification of an organisation."""
    r = voorziening.c.riziv
    gevonden = select(r).where(or_(false(), *(r.between(v, v.ljust(11, "9")) for v in voorzieningen))).order_by(r)
    return tuple(conn.execute(gevonden).scalars())
