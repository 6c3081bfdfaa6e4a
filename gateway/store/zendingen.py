"""Accepted zendingen, the days they claim, the records they lost. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from gateway.central.model import Elders
from gateway.store.tables import bericht, gefactureerde_dag, geweigerde_lijn, zending

_BATCH = 500
_CHUNK = 5_000
"""Rows of one statement: so much of a large zending stands in memory twice."""
_DELETE_DAG = delete(gefactureerde_dag).where(
    gefactureerde_dag.c.voorziening == bindparam("b_voorziening"),
    gefactureerde_dag.c.insz == bindparam("b_insz"),
    gefactureerde_dag.c.prestatiecode == bindparam("b_code"),
    gefactureerde_dag.c.dag == bindparam("b_dag"),
)

Dag = tuple[str, str, date]
"""INSZ, performance code, day."""


def zendingnummer_gebruikt(conn: Connection, derdebetalende: str, jaar: int, nummer: str) -> bool:
    """Whether an accepted zending of this third payer in this year has this number."""
    return (
        conn.execute(
            select(zending.c.bericht_id).where(
                zending.c.derdebetalende == derdebetalende, zending.c.jaar == jaar, zending.c.nummer == nummer
            )
        ).first()
        is not None
    )


def bewaar_zending(conn: Connection, **kolommen: Any) -> None:
    conn.execute(insert(zending).values(**kolommen))


def zending_van(conn: Connection, bericht_id: str) -> Row[Any] | None:
    return conn.execute(select(zending).where(zending.c.bericht_id == bericht_id)).first()


def zendingen_van(conn: Connection, derdebetalende: str) -> frozenset[tuple[str, date]]:
    """(Number, first day of the month) of every accepted zending that a third payer did not take back; a thousand a year."""
    vraag = select(zending.c.nummer, zending.c.maand)
    rows = conn.execute(vraag.where(zending.c.derdebetalende == derdebetalende, zending.c.ingetrokken_op.is_(None)))
    return frozenset((r[0], r[1]) for r in rows)


def zending_met(conn: Connection, derdebetalende: str, jaar: int, nummer: str) -> Row[Any] | None:
    """The accepted zending with a number."""
    z = zending.c
    return conn.execute(select(zending).where(z.derdebetalende == derdebetalende, z.jaar == jaar, z.nummer == nummer)).first()


def trek_in(conn: Connection, bericht_id: str, op: datetime) -> None:
    """Nothing of a zending counts any more."""
    gevonden = update(zending).where(zending.c.bericht_id == bericht_id)
    conn.execute(gevonden.values(aanvaard=0, geweigerd=zending.c.gevraagd, ingetrokken_op=op))


def reken_af(conn: Connection, bericht_id: str, aanvaard: int, referentie: str, op: datetime) -> None:
    """Keep what the zorgkas pays, with which reference."""
    gevonden = update(zending).where(zending.c.bericht_id == bericht_id)
    conn.execute(gevonden.values(afgerekend=aanvaard, afgerekend_op=op, betaalreferentie=referentie))


Geweigerd = tuple[str, int, str, int, str, str | None]
"""Invoice number, line number, performance code, cents, reason, and the words of who refused it by hand."""


def bewaar_geweigerd(conn: Connection, bericht_id: str, door: str, lijnen: Iterable[Geweigerd]) -> None:
    """Keep records that are not paid."""
    vast = {"bericht_id": bericht_id, "door": door}
    namen = ("factuurnummer", "volgnummer", "prestatiecode", "bedrag", "code", "motivering")
    rows = [{**vast, **dict(zip(namen, lijn, strict=True))} for lijn in lijnen]
    for begin in range(0, len(rows), _CHUNK):
        conn.execute(insert(geweigerde_lijn), rows[begin : begin + _CHUNK])


def geweigerd_van(conn: Connection, bericht_id: str) -> frozenset[tuple[str, int]]:
    """(Invoice number, line number) of the records of a zending that are not paid."""
    lijn = geweigerde_lijn.c
    rows = conn.execute(select(lijn.factuurnummer, lijn.volgnummer).where(lijn.bericht_id == bericht_id))
    return frozenset((r[0], r[1]) for r in rows)


def dagen_van(conn: Connection, bericht_id: str) -> frozenset[Dag]:
    """The days that a zending still claims: accepted, and not credited or refused since."""
    dag = gefactureerde_dag.c
    rows = conn.execute(select(dag.insz, dag.prestatiecode, dag.dag).where(dag.bericht_id == bericht_id))
    return frozenset((r[0], r[1], r[2]) for r in rows)


def elders(conn: Connection, voorziening: str, inszen: Iterable[str], van: date, tot: date) -> dict[str, frozenset[Elders]]:
    """INSZ to the days in a period that other facilities invoiced, of the persons of whom there are any."""
    gezocht = sorted(set(inszen))
    dag = gefactureerde_dag.c
    gevonden: dict[str, set[Elders]] = {}
    for begin in range(0, len(gezocht), _BATCH):
        rows = conn.execute(
            select(dag.insz, dag.dag, bericht.c.pijler)
            .join(bericht, bericht.c.id == dag.bericht_id)
            .where(dag.insz.in_(gezocht[begin : begin + _BATCH]), dag.dag.between(van, tot), dag.voorziening != voorziening)
        )
        for insz, wanneer, pijler in rows:
            gevonden.setdefault(insz, set()).add(Elders(pijler=pijler, dag=wanneer))
    return {insz: frozenset(dagen) for insz, dagen in gevonden.items()}


def gefactureerde_dagen(conn: Connection, voorziening: str, inszen: Iterable[str], van: date, tot: date) -> dict[Dag, str]:
    """The days that accepted zendingen of this facility already claim in a period, each with the zorgkas it was asked of."""
    gezocht = sorted(set(inszen))
    dag = gefactureerde_dag.c
    gevonden: dict[Dag, str] = {}
    for begin in range(0, len(gezocht), _BATCH):
        rows = conn.execute(
            select(dag.insz, dag.prestatiecode, dag.dag, zending.c.zorgkas)
            .join(zending, zending.c.bericht_id == dag.bericht_id)
            .where(dag.voorziening == voorziening, dag.insz.in_(gezocht[begin : begin + _BATCH]), dag.dag.between(van, tot))
        )
        gevonden.update(((r[0], r[1], r[2]), r[3]) for r in rows)
    return gevonden


def laatst_gefactureerd(conn: Connection, voorziening: str, insz: str, van: date, tot: date | None) -> date | None:
    """Last accepted invoiced day of a person at a facility within a stay, or None."""
    dag = gefactureerde_dag.c
    in_verblijf = dag.dag >= van if tot is None else dag.dag.between(van, tot)
    return conn.execute(select(func.max(dag.dag)).where(dag.voorziening == voorziening, dag.insz == insz, in_verblijf)).scalar()


def geef_dagen_vrij(conn: Connection, voorziening: str, dagen: Iterable[Dag]) -> None:
    """Days that nobody claims any more: credited, or refused by the zorgkas."""
    rows = [{"b_voorziening": voorziening, "b_insz": i, "b_code": c, "b_dag": d} for i, c, d in dagen]
    for begin in range(0, len(rows), _CHUNK):
        conn.execute(_DELETE_DAG, rows[begin : begin + _CHUNK])


def claim_dagen(conn: Connection, voorziening: str, bericht_id: str, dagen: Iterable[Dag]) -> None:
    """Claim days; the primary key refuses one that is claimed already."""
    vast = {"voorziening": voorziening, "bericht_id": bericht_id}
    rows = [{**vast, "insz": i, "prestatiecode": c, "dag": d} for i, c, d in dagen]
    for begin in range(0, len(rows), _CHUNK):
        conn.execute(insert(gefactureerde_dag), rows[begin : begin + _CHUNK])
