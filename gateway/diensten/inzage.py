"""Which pieces a zorgkas may see: its own members only, and after a change of zorgkas what facts vsb.md §3.4 says.

The zorgkas that a member went to sees the whole dossier; the one that it left sees what was its own, up to its last day.
Whoever may not see a piece gets the same answer as for one that does not exist.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import Connection, exists, select

from gateway.central import dossier as dossiervorming
from gateway.central.model import Persoon, Verblijf
from gateway.reference import lookup
from gateway.store import dossiers
from gateway.store.tables import bericht, dossierzorgkas


class NietGevonden(Exception):
    """There is no such piece, or it is not for who asks; nobody is told which of both."""


def grens(persoon: Persoon | None, zorgkas: str, vandaag: date, *, gemeld: bool = False) -> date | None:
    """Last day of care that a zorgkas may see of a person; `date.max` while it is its member, None when it never was.

    Args:
        gemeld: the zorgkas was told of the member's coming, so its dossier is already on the table (dossierzorgkas).
    """
    eigen = [] if persoon is None else [a for a in persoon.aansluitingen if a.zorgkas == zorgkas]
    begonnen = [a for a in eigen if gemeld or a.van <= vandaag]
    return max((a.tot or date.max for a in begonnen), default=None)


def zichtbaar(conn: Connection, zorgkas: str, verblijf: Verblijf, persoon: Persoon | None, vandaag: date) -> Verblijf | None:
    """A dossier as a zorgkas may see it; None when nothing of it is its to see."""
    gemeld = _is_gemeld(conn, zorgkas, verblijf.dossiernummer)
    tot = grens(persoon, zorgkas, vandaag, gemeld=gemeld)
    if tot is None or not verblijf.gebeurtenissen:
        return None
    if tot == date.max:
        return verblijf
    # What was routed to it stays its own, also when it is about a later day.
    eigen = _gerouteerd(conn, zorgkas, verblijf)
    over = tuple(g for g in verblijf.gebeurtenissen if g.dag <= tot or g.message_id in eigen)
    if not over or over[0] != verblijf.gebeurtenissen[0]:
        return None
    # An annulment that it may not see must not shine through.
    gesneden = tuple(replace(g, status=_zonder(g.status, g.message_id, verblijf, over)) for g in over)
    return dossiervorming.met(verblijf, gesneden)


def bericht_van_kas(conn: Connection, zorgkas: str, bericht_id: str, vandaag: date) -> str | None:
    """Dossiernummer of an aanvraag that a zorgkas may see, empty when it has none.

    Returns:
        None when it may not see it, or there is none.
    """
    b = bericht.c
    row = conn.execute(select(b.zorgkas, b.dossiernummer, b.dienst).where(b.id == bericht_id)).first()
    if row is None or row.dienst == "zorgkas":
        return None
    if row.zorgkas == zorgkas:
        return row.dossiernummer or ""
    if row.dossiernummer is None:
        return None
    verblijf = dossiers.dossier_van(conn, row.dossiernummer)
    gezien = None if verblijf is None else zichtbaar(conn, zorgkas, verblijf, lookup.persoon(conn, verblijf.insz), vandaag)
    if gezien is None or bericht_id not in {g.message_id for g in gezien.gebeurtenissen}:
        return None
    return str(row.dossiernummer)


def _is_gemeld(conn: Connection, zorgkas: str, dossiernummer: str) -> bool:
    z = dossierzorgkas.c
    vraag = exists().where(z.dossiernummer == dossiernummer, z.zorgkas == zorgkas)
    return bool(conn.execute(select(vraag)).scalar_one())


def _gerouteerd(conn: Connection, zorgkas: str, verblijf: Verblijf) -> frozenset[str]:
    ids = [g.message_id for g in verblijf.gebeurtenissen]
    rows = conn.execute(select(bericht.c.id).where(bericht.c.id.in_(ids), bericht.c.zorgkas == zorgkas))
    return frozenset(rows.scalars())


def _zonder(status: str, message_id: str, verblijf: Verblijf, over: tuple[object, ...]) -> str:
    if status != "geannuleerd":
        return status
    door = [g for g in verblijf.gebeurtenissen if g.soort == "Annulering" and g.velden.get("MessageId", "") in ("", message_id)]
    return status if any(g in over for g in door) else "aanvaard"
