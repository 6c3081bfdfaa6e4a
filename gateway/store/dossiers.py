"""Dossiers and decisions. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from gateway.central.model import Factuurfout, Gebeurtenis, Reden, Status, Verblijf
from gateway.store.tables import beslissing, dossier, dossierverloop

_BATCH = 500
_INSERT_DOSSIER, _INSERT_VERLOOP, _INSERT_BESLISSING = insert(dossier), insert(dossierverloop), insert(beslissing)
_VERBLIJVEN = select(dossier).where(dossier.c.insz == bindparam("insz")).order_by(dossier.c.start)
_BEZET = select(func.count()).where(
    dossier.c.voorziening == bindparam("voorziening"),
    dossier.c.pijler == bindparam("pijler"),
    dossier.c.insz != bindparam("zonder"),
    or_(dossier.c.status == Status.AANVAARD.value, dossier.c.status == Status.IN_BERAAD.value),
    dossier.c.start <= bindparam("dag"),
    or_(dossier.c.einde.is_(None), dossier.c.einde >= bindparam("dag")),
)
_STAND = ("insz", "start", "einde", "type_verblijf", "status", "akkoord_tot", "categorie")
"""Columns of a dossier that its events can change."""


def _verblijf(row: Row[Any], gebeurtenissen: Sequence[Gebeurtenis] = ()) -> Verblijf:
    return Verblijf(
        dossiernummer=row.dossiernummer,
        pijler=row.pijler,
        voorziening=row.voorziening,
        insz=row.insz,
        start=row.start,
        einde=row.einde,
        type_verblijf=row.type_verblijf,
        status=row.status,
        akkoord_tot=row.akkoord_tot,
        categorie=row.categorie,
        gebeurtenissen=tuple(gebeurtenissen),
    )


def _met_verloop(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[Verblijf, ...]:
    verloop: dict[str, list[Gebeurtenis]] = {row.dossiernummer: [] for row in rows}
    if rows:
        v = dossierverloop.c
        for row in conn.execute(select(dossierverloop).where(v.dossiernummer.in_(verloop)).order_by(v.id)):
            gebeurtenis = Gebeurtenis(
                message_id=row.bericht_id, soort=row.soort, dag=row.dag, tot=row.tot, velden=row.velden, status=row.status
            )
            verloop[row.dossiernummer].append(gebeurtenis)
    for row in rows:
        if row.bericht_id not in {g.message_id for g in verloop[row.dossiernummer]}:
            verloop[row.dossiernummer].insert(0, _eerste(row))
    return tuple(_verblijf(row, verloop[row.dossiernummer]) for row in rows)


def _eerste(row: Row[Any]) -> Gebeurtenis:
    # A process of the release before opened it and knows no events; revision 0008 stores this one.
    status = Status.AANVAARD.value if row.status == Status.GEANNULEERD.value else row.status
    velden = {"TypeVerblijf": row.type_verblijf}
    return Gebeurtenis(message_id=row.bericht_id, soort="StartVerblijf", dag=row.start, tot=None, velden=velden, status=status)


def verblijven(conn: Connection, inszen: Iterable[str]) -> dict[str, tuple[Verblijf, ...]]:
    """How every dossier of these persons stands, without its events; batched."""
    gezocht = sorted(set(inszen))
    gevonden: dict[str, list[Verblijf]] = {i: [] for i in gezocht}
    for begin in range(0, len(gezocht), _BATCH):
        rows = conn.execute(select(dossier).where(dossier.c.insz.in_(gezocht[begin : begin + _BATCH])).order_by(dossier.c.start))
        for row in rows:
            gevonden[row.insz].append(_verblijf(row))
    return {insz: tuple(lijst) for insz, lijst in gevonden.items()}


def verblijven_van(conn: Connection, insz: str) -> tuple[Verblijf, ...]:
    """Every dossier of one person, with its events in order."""
    return _met_verloop(conn, conn.execute(_VERBLIJVEN, {"insz": insz}).all())


def dossier_van(conn: Connection, dossiernummer: str) -> Verblijf | None:
    """One dossier with its events in order."""
    rows = conn.execute(select(dossier).where(dossier.c.dossiernummer == dossiernummer)).all()
    return next(iter(_met_verloop(conn, rows)), None)


def open_dossier(conn: Connection, nieuw: Verblijf) -> None:
    """Store a dossier that its first message opened."""
    (eerste,) = nieuw.gebeurtenissen
    stand = {kolom: getattr(nieuw, kolom) for kolom in _STAND}
    vast = {"dossiernummer": nieuw.dossiernummer, "pijler": nieuw.pijler, "voorziening": nieuw.voorziening}
    conn.execute(_INSERT_DOSSIER, {**vast, **stand, "bericht_id": eerste.message_id})
    conn.execute(_INSERT_VERLOOP, _rij(nieuw.dossiernummer, eerste))


def werk_bij(conn: Connection, oud: Verblijf, nieuw: Verblijf) -> None:
    """Store what changed between two views of one dossier: its stand, new events, other statuses of known ones."""
    stand = {kolom: getattr(nieuw, kolom) for kolom in _STAND if getattr(nieuw, kolom) != getattr(oud, kolom)}
    if stand:
        conn.execute(update(dossier).where(dossier.c.dossiernummer == oud.dossiernummer).values(**stand))
    bekend = {g.message_id: g.status for g in oud.gebeurtenissen}
    for gebeurtenis in nieuw.gebeurtenissen:
        if gebeurtenis.message_id not in bekend:
            conn.execute(_INSERT_VERLOOP, _rij(oud.dossiernummer, gebeurtenis))
        elif bekend[gebeurtenis.message_id] != gebeurtenis.status:
            anders = update(dossierverloop).where(dossierverloop.c.bericht_id == gebeurtenis.message_id)
            conn.execute(anders.values(status=gebeurtenis.status))


def _rij(dossiernummer: str, gebeurtenis: Gebeurtenis) -> dict[str, Any]:
    return {
        "dossiernummer": dossiernummer,
        "bericht_id": gebeurtenis.message_id,
        "soort": gebeurtenis.soort,
        "dag": gebeurtenis.dag,
        "tot": gebeurtenis.tot,
        "velden": dict(gebeurtenis.velden),
        "status": gebeurtenis.status,
    }


def bezet(conn: Connection, voorziening: str, pijler: str, dag: date, zonder: str) -> int:
    """Dossiers of other persons that count at a facility on a day.

    Args:
        zonder: INSZ of the person who is not counted.
    """
    waarden = {"voorziening": voorziening, "pijler": pijler, "dag": dag, "zonder": zonder}
    return int(conn.execute(_BEZET, waarden).scalar_one())


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
