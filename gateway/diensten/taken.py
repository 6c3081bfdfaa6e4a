"""Stored zendingen that still have to be judged: claimed with a lease, judged in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import structlog
from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from gateway.diensten.kern import Gateway
from gateway.diensten.zending import verwerk
from gateway.diensten.zending_lezen import lees
from gateway.diensten.zending_oordeel import Inzending
from gateway.diensten.zending_vooraf import oordeel_vooraf
from gateway.exchange.beleid import back_off
from gateway.observe.traces import span
from gateway.store.tables import taak

log = structlog.get_logger("worker")
_LEASE = timedelta(minutes=10)
_CAP = timedelta(hours=1)
_OFTEN = 5
"""Tries after which a zending comes after all others that are due."""


def doe_taak(gateway: Gateway, werker: str, random: Random) -> bool:
    """Judge the zending that has waited longest; False when none waits.

    Args:
        werker: name of the caller, who judges one at a time: what it still holds is what it could not finish or hand back.
    """
    now = gateway.clock()
    with gateway.store.reading() as conn:
        if conn.execute(select(taak.c.bericht_id).where(*_due(now, werker)).limit(1)).first() is None:
            return False
    with gateway.store.writing() as conn:
        bericht_id = _claim(conn, werker, now)
    if bericht_id is None:
        return False
    structlog.contextvars.bind_contextvars(message_id=bericht_id)
    try:
        with span("judge", bericht_id):
            with gateway.store.reading() as conn:
                gelezen = lees(gateway, conn, bericht_id)
                zending, vooraf = gelezen.zending, None
                if zending is not None:
                    vooraf = oordeel_vooraf(conn, gateway.cookbooks, Inzending.van(gelezen, zending))
            with gateway.store.writing() as conn:
                if conn.execute(delete(taak).where(taak.c.bericht_id == bericht_id)).rowcount == 1:
                    verwerk(gateway, conn, gelezen, vooraf)
    except Exception as error:
        # One zending that trips our own code must not stop the others; its row stays, to be tried again and seen.
        log.exception("task_failed", error=type(error).__name__)
        _postpone(gateway, bericht_id, random)
    finally:
        structlog.contextvars.unbind_contextvars("message_id")
    return True


def geef_taken_terug(conn: Connection, werker: str) -> int:
    """Hand back what a worker claimed and did not finish; returns how many."""
    return conn.execute(update(taak).where(taak.c.lease_van == werker).values(lease_tot=None, lease_van=None)).rowcount


def werkers_met_taken(conn: Connection) -> list[str]:
    """Workers that hold a claim."""
    return list(conn.execute(select(taak.c.lease_van).where(taak.c.lease_van.is_not(None)).distinct()).scalars())


def _claim(conn: Connection, werker: str, now: datetime) -> str | None:
    query = select(taak.c.bericht_id).where(*_due(now, werker)).order_by(taak.c.volgende_poging).limit(1)
    for turn in (taak.c.pogingen < _OFTEN, taak.c.pogingen >= _OFTEN):
        row = conn.execute(query.where(turn).with_for_update(skip_locked=True)).first()
        if row is not None:
            # The try counts from its beginning: one that takes the whole worker down would never be counted at its end.
            taken = {"pogingen": taak.c.pogingen + 1, "lease_tot": now + _LEASE, "lease_van": werker}
            conn.execute(update(taak).where(taak.c.bericht_id == row[0]).values(**taken))
            return str(row[0])
    return None


def _due(now: datetime, werker: str) -> tuple[ColumnElement[bool], ...]:
    # A database that went away in the middle leaves a claim of our own, which nobody else may touch until it ends.
    free = or_(taak.c.lease_tot.is_(None), taak.c.lease_tot < now, taak.c.lease_van == werker)
    return taak.c.volgende_poging <= now, free


def _postpone(gateway: Gateway, bericht_id: str, random: Random) -> None:
    now = gateway.clock()
    with gateway.store.writing() as conn:
        tries = conn.execute(select(taak.c.pogingen).where(taak.c.bericht_id == bericht_id)).scalar() or 1
        conn.execute(
            update(taak)
            .where(taak.c.bericht_id == bericht_id)
            .values(lease_tot=None, lease_van=None, volgende_poging=now + back_off(tries, _CAP, random))
        )
