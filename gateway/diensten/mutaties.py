"""Changes of zorgkas of persons with a running dossier: facility and both zorgkassen are told, once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, or_, select

from gateway.berichten.dossier import Mededeling, Mutatie, schrijf_mededeling, schrijf_mutatie
from gateway.central.model import Status
from gateway.clock import BRUSSELS
from gateway.diensten.dossier import kassen
from gateway.diensten.kern import Gateway
from gateway.diensten.leveren import transport_van
from gateway.exchange.outbox import PULL, plaats
from gateway.reference import lookup
from gateway.reference.tables import aansluiting
from gateway.store import dossiers
from gateway.store.identifiers import message_id
from gateway.store.tables import bericht, dossier, dossierzorgkas

_BATCH = 200
_VOORUIT = timedelta(days=365)


def meld_mutaties(gateway: Gateway) -> int:
    """Tell facility and both zorgkassen of each change of zorgkas of a person with a running dossier; returns how many.

    The new zorgkas gets the whole dossier (facts vsb.md §3.4). Told once, also when several workers look at once.
    """
    now = gateway.clock()
    vandaag = now.astimezone(BRUSSELS).date()
    with gateway.store.reading() as conn:
        if not _ongemeld(conn, vandaag + _VOORUIT, 1):
            return 0
    with gateway.store.writing() as conn:
        rows = _ongemeld(conn, vandaag + _VOORUIT, _BATCH)
        return sum(_meld(conn, row, now, vandaag) for row in rows)


def _ongemeld(conn: Connection, tot: date, limit: int) -> list[Row[Any]]:
    """Affiliations that begin while a dossier runs, on or before a day, and that nobody was told of."""
    a, d, z = aansluiting.c, dossier.c, dossierzorgkas.c
    gemeld = exists().where(z.dossiernummer == d.dossiernummer, z.van == a.van)
    vraag = (
        select(
            d.dossiernummer, d.voorziening, d.insz, d.pijler, d.bericht_id, bericht.c.afzender, bericht.c.test, a.van, a.zorgkas
        )
        .join(aansluiting, a.insz == d.insz)
        .join(bericht, bericht.c.id == d.bericht_id)
        .where(d.status.in_([Status.AANVAARD.value, Status.IN_BERAAD.value]), a.van > d.start, a.van <= tot)
        .where(or_(d.einde.is_(None), d.einde >= a.van), ~gemeld)
        .order_by(a.van, d.dossiernummer)
        .limit(limit)
    )
    return list(conn.execute(vraag))


def _meld(conn: Connection, row: Row[Any], now: datetime, vandaag: date) -> bool:
    conn.execute(insert(dossierzorgkas).values(dossiernummer=row.dossiernummer, van=row.van, zorgkas=row.zorgkas, gemeld_op=now))
    persoon, verblijf = lookup.persoon(conn, row.insz), dossiers.dossier_van(conn, row.dossiernummer)
    if persoon is None or verblijf is None:
        return False
    vorige = persoon.aansluiting_op(row.van - timedelta(days=1))
    if vorige is not None and vorige.zorgkas == row.zorgkas:
        return False
    mutatie = Mutatie(
        dossiernummer=row.dossiernummer,
        insz=row.insz,
        vanaf=row.van,
        van_zorgkas=None if vorige is None else vorige.zorgkas,
        naar_zorgkas=row.zorgkas,
    )
    _zend(conn, row, row.afzender, PULL, "VSB-MUTATIE", schrijf_mutatie(mutatie, now), message_id(now), now)
    for zorgkas in filter(None, (mutatie.van_zorgkas, mutatie.naar_zorgkas)):
        nummer = message_id(now)
        mededeling = Mededeling(
            message_id=nummer,
            zorgkas=zorgkas,
            pijler=row.pijler,
            soort="mutatie",
            tijdstip=now,
            mutatie=mutatie,
            dossier=(verblijf, kassen(persoon, verblijf, max(vandaag, row.van))) if zorgkas == mutatie.naar_zorgkas else None,
        )
        _zend(
            conn,
            row,
            f"zorgkas:{zorgkas}",
            transport_van(conn, zorgkas),
            "VSB-MUTATIE",
            schrijf_mededeling(mededeling),
            nummer,
            now,
        )
    return True


def _zend(
    conn: Connection, row: Row[Any], bestemming: str, transport: str, naam: str, content: bytes, nummer: str, now: datetime
) -> None:
    plaats(
        conn,
        levering_id=nummer,
        bericht_id=row.bericht_id,
        bestemming=bestemming,
        transport=transport,
        message_name=naam,
        input_reference=nummer,
        content=content,
        now=now,
        test=row.test,
        volgorde=f"{row.voorziening}/{row.insz}",
    )
