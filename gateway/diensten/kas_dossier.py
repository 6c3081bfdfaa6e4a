"""A member's dossiers across facilities, as a zorgkas or a controller may see them, as they were known on a day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.central import dossier as dossiervorming
from gateway.central.model import Gebeurtenis, Persoon, Verblijf
from gateway.clock import BRUSSELS
from gateway.diensten.dossier import kassen
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden, grens, zichtbaar
from gateway.reference import lookup
from gateway.reference.model import Voorziening
from gateway.store import dossiers
from gateway.store.tables import bericht, beslissing, gefactureerde_dag

EERSTE = date(2019, 1, 1)
"""First day as of which something can be asked; before it there was no social protection by zorgkassen to know of."""
DOSSIERNUMMER = re.compile(r"[A-Z0-9]{1,16}-[0-9A-F]{14}")
"""The number of a dossier as diensten/aanvraag.py makes it; what has another form may be a person's number mistyped."""


@dataclass(frozen=True, kw_only=True)
class Stuk:
    """One event of a dossier, with when the central application learned of it."""

    gebeurtenis: Gebeurtenis
    ontvangen_op: datetime
    zorgkas: str | None
    """Where its message went."""
    bedrijfs_id: str


@dataclass(frozen=True, kw_only=True)
class Dossierbeeld:
    """One dossier as it was known on the asked day."""

    verblijf: Verblijf
    voorziening: Voorziening | None
    stukken: tuple[Stuk, ...]
    perioden: Sequence[tuple[str, date, date | None]]
    """Which zorgkas has it from which day to which, as things are now; None: it still runs."""
    dagen: Mapping[date, int]
    """First day of a month to the days that were invoiced and accepted in it, at this facility, as things are now."""


@dataclass(frozen=True, kw_only=True)
class Liddossier:
    """All that one may see of a member."""

    persoon: Persoon | None
    insz: str
    op: date
    tot: date
    """Last day of care that one may see; `date.max`: all."""
    dossiers: tuple[Dossierbeeld, ...]


def dossiers_van(
    conn: Connection, *, insz: str | None = None, dossiernummer: str | None = None, zorgkas: str | None, op: date, vandaag: date
) -> Liddossier:
    """The dossiers of one person, found by INSZ or by the number of any of them.

    Args:
        zorgkas: who looks; None: a controller, who may see all.
        op: as it was known at the end of this Belgian day, from EERSTE to today.

    Raises:
        Ongeldig: it is another day.
        NietGevonden: no such person or dossier, or not this zorgkas's member.
    """
    if not EERSTE <= op <= vandaag:
        raise Ongeldig("op", "Kies een dag vanaf 2019, hoogstens vandaag.")
    if dossiernummer is not None:
        gevonden = dossiers.dossier_van(conn, dossiernummer)
        insz = None if gevonden is None else gevonden.insz
    if insz is None:
        raise NietGevonden
    persoon, tot = lookup.persoon(conn, insz), date.max
    alle = dossiers.verblijven_van(conn, insz)
    if zorgkas is not None:
        alle = tuple(z for v in alle if (z := zichtbaar(conn, zorgkas, v, persoon, vandaag)) is not None)
        eigen = grens(persoon, zorgkas, vandaag, gemeld=bool(alle))
        if eigen is None:
            raise NietGevonden
        tot = eigen
    if dossiernummer is not None and dossiernummer not in {v.dossiernummer for v in alle}:
        raise NietGevonden
    if persoon is None and not alle:
        raise NietGevonden
    beelden = (_beeld(conn, v, persoon, op, min(tot, vandaag), loopt=tot > vandaag) for v in alle)
    return Liddossier(persoon=persoon, insz=insz, op=op, tot=tot, dossiers=tuple(b for b in beelden if b is not None))


def _beeld(
    conn: Connection, verblijf: Verblijf, persoon: Persoon | None, op: date, tot: date, *, loopt: bool
) -> Dossierbeeld | None:
    einde = datetime.combine(op + timedelta(days=1), time(), BRUSSELS)
    rows = _berichten(conn, verblijf)
    toen = _uitkomsten(conn, list(rows), einde)
    bekend = [
        replace(g, status=toen.get(g.message_id, g.status))
        for g in verblijf.gebeurtenissen
        if g.message_id in rows and rows[g.message_id].ontvangen_op < einde
    ]
    if not bekend or bekend[0].message_id != verblijf.gebeurtenissen[0].message_id:
        return None
    stand = dossiervorming.met(verblijf, bekend)
    stukken = tuple(
        Stuk(
            gebeurtenis=g,
            ontvangen_op=rows[g.message_id].ontvangen_op,
            zorgkas=rows[g.message_id].zorgkas,
            bedrijfs_id=rows[g.message_id].bedrijfs_id,
        )
        for g in stand.gebeurtenissen
    )
    return Dossierbeeld(
        verblijf=stand,
        voorziening=lookup.voorziening(conn, stand.voorziening),
        stukken=stukken,
        perioden=_perioden(persoon, stand, tot) if loopt else kassen(persoon, stand, tot),
        dagen=_dagen(conn, stand, tot),
    )


def _perioden(persoon: Persoon | None, verblijf: Verblijf, tot: date) -> Sequence[tuple[str, date, date | None]]:
    if verblijf.einde is not None:
        return kassen(persoon, verblijf, tot)
    laatste = max(verblijf.start, tot)
    # Looked at a day further: what goes on there has no end yet, and what begins there is not here yet.
    perioden = kassen(persoon, verblijf, laatste + timedelta(days=1))
    return [(kas, van, einde if einde <= laatste else None) for kas, van, einde in perioden if van <= laatste]


def _berichten(conn: Connection, verblijf: Verblijf) -> dict[str, Row[Any, Any, Any, Any]]:
    b = bericht.c
    ids = [g.message_id for g in verblijf.gebeurtenissen]
    rows = conn.execute(select(b.id, b.ontvangen_op, b.zorgkas, b.bedrijfs_id).where(b.id.in_(ids)))
    return {row.id: row for row in rows}


def _uitkomsten(conn: Connection, ids: Sequence[str], voor: datetime) -> dict[str, str]:
    """The last decision on each message before a moment; an annulment follows from the annulling message itself."""
    b = beslissing.c
    rows = conn.execute(select(b.bericht_id, b.uitkomst).where(b.bericht_id.in_(ids), b.op < voor).order_by(b.id))
    return {row.bericht_id: row.uitkomst for row in rows}


def _dagen(conn: Connection, verblijf: Verblijf, tot: date) -> dict[date, int]:
    d = gefactureerde_dag.c
    laatste = min(tot, verblijf.einde or tot)
    rows = conn.execute(
        select(d.dag)
        .where(d.insz == verblijf.insz, d.voorziening == verblijf.voorziening, d.dag.between(verblijf.start, laatste))
        .distinct()
    )
    gevonden: dict[date, int] = {}
    for dag in rows.scalars():
        maand = dag.replace(day=1)
        gevonden[maand] = gevonden.get(maand, 0) + 1
    return dict(sorted(gevonden.items()))
