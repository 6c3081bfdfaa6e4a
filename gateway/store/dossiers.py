"""Dossiers, decisions, accepted zendingen and invoiced days. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from gateway.central.model import Factuurfout, Reden, Verblijf
from gateway.store.tables import beslissing, dossier, gefactureerde_dag, zending

_BATCH = 500
_INSERT_DOSSIER, _INSERT_BESLISSING = insert(dossier), insert(beslissing)
_VERBLIJVEN = select(dossier).where(dossier.c.insz == bindparam("insz")).order_by(dossier.c.start)


def _verblijf(row: Row[Any]) -> Verblijf:
    return Verblijf(
        dossiernummer=row.dossiernummer,
        pijler=row.pijler,
        voorziening=row.voorziening,
        insz=row.insz,
        start=row.start,
        einde=row.einde,
        type_verblijf=row.type_verblijf,
        status=row.status,
    )


def verblijven(conn: Connection, inszen: Iterable[str]) -> dict[str, tuple[Verblijf, ...]]:
    """Every stay known of these persons, batched."""
    gezocht = sorted(set(inszen))
    gevonden: dict[str, list[Verblijf]] = {i: [] for i in gezocht}
    for begin in range(0, len(gezocht), _BATCH):
        rows = conn.execute(select(dossier).where(dossier.c.insz.in_(gezocht[begin : begin + _BATCH])).order_by(dossier.c.start))
        for row in rows:
            gevonden[row.insz].append(_verblijf(row))
    return {insz: tuple(lijst) for insz, lijst in gevonden.items()}


def verblijven_van(conn: Connection, insz: str) -> tuple[Verblijf, ...]:
    """Every stay known of one person."""
    return tuple(_verblijf(row) for row in conn.execute(_VERBLIJVEN, {"insz": insz}))


def open_dossier(conn: Connection, verblijf: Verblijf, bericht_id: str) -> None:
    conn.execute(_INSERT_DOSSIER, {**asdict(verblijf), "bericht_id": bericht_id})


def wijzig_dossier(conn: Connection, dossiernummer: str, **kolommen: Any) -> None:
    conn.execute(update(dossier).where(dossier.c.dossiernummer == dossiernummer).values(**kolommen))


def bewaar_beslissing(
    conn: Connection,
    bericht_id: str,
    *,
    uitkomst: str,
    door: str,
    op: datetime,
    redenen: Sequence[Reden | Factuurfout],
    gecontroleerd: Sequence[str],
    cookbook: str,
) -> None:
    """Record who decided what, with every rule that ran and every one that fired."""
    conn.execute(
        _INSERT_BESLISSING,
        {
            "bericht_id": bericht_id,
            "uitkomst": uitkomst,
            "door": door,
            "op": op,
            "redenen": [asdict(r) for r in redenen],
            "gecontroleerd": list(gecontroleerd),
            "cookbook": cookbook,
        },
    )


def beslissingen(conn: Connection, bericht_id: str) -> list[Row[Any]]:
    return list(conn.execute(select(beslissing).where(beslissing.c.bericht_id == bericht_id).order_by(beslissing.c.id)))


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


def reken_af(conn: Connection, bericht_id: str, aanvaard: int) -> None:
    conn.execute(update(zending).where(zending.c.bericht_id == bericht_id).values(afgerekend=aanvaard))


def gefactureerde_dagen(
    conn: Connection, voorziening: str, inszen: Iterable[str], van: date, tot: date
) -> frozenset[tuple[str, str, date]]:
    """(INSZ, performance code, day) that accepted zendingen of this facility already claim in a period."""
    gezocht = sorted(set(inszen))
    dag = gefactureerde_dag.c
    gevonden: set[tuple[str, str, date]] = set()
    for begin in range(0, len(gezocht), _BATCH):
        rows = conn.execute(
            select(dag.insz, dag.prestatiecode, dag.dag).where(
                dag.voorziening == voorziening, dag.insz.in_(gezocht[begin : begin + _BATCH]), dag.dag.between(van, tot)
            )
        )
        gevonden.update((r[0], r[1], r[2]) for r in rows)
    return frozenset(gevonden)


def laatst_gefactureerd(conn: Connection, voorziening: str, insz: str, van: date, tot: date | None) -> date | None:
    """Last accepted invoiced day of a person at a facility within a stay, or None."""
    dag = gefactureerde_dag.c
    in_verblijf = dag.dag >= van if tot is None else dag.dag.between(van, tot)
    return conn.execute(select(func.max(dag.dag)).where(dag.voorziening == voorziening, dag.insz == insz, in_verblijf)).scalar()


def claim_dagen(
    conn: Connection,
    voorziening: str,
    bericht_id: str,
    aanvaard: Sequence[tuple[str, str, date]],
    gecrediteerd: Sequence[tuple[str, str, date]],
) -> None:
    """Give back credited days, then claim accepted ones; the primary key refuses a day claimed twice."""
    dag = gefactureerde_dag.c
    for insz, code, wanneer in gecrediteerd:
        conn.execute(
            delete(gefactureerde_dag).where(
                dag.voorziening == voorziening, dag.insz == insz, dag.prestatiecode == code, dag.dag == wanneer
            )
        )
    if aanvaard:
        conn.execute(
            insert(gefactureerde_dag),
            [
                {"voorziening": voorziening, "insz": i, "prestatiecode": c, "dag": d, "bericht_id": bericht_id}
                for i, c, d in aanvaard
            ],
        )
