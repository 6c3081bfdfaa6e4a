"""Announces to the broker what the outbox holds, and again what the broker lost."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select, update

from gateway.clock import Clock
from gateway.exchange.broker import REPEAT, Broker, BrokerAway
from gateway.exchange.outbox import claimable
from gateway.store.engine import Store
from gateway.store.tables import levering

_BATCH = 200


class Relay:
    """Any number may run; the broker drops what two of them announce at once."""

    def __init__(self, store: Store, broker: Broker, clock: Clock) -> None:
        self._store = store
        self._broker = broker
        self._clock = clock

    def step(self) -> int:
        """Announce what is due and not announced; returns how many."""
        if not self._broker.connected:
            return 0
        now = self._clock()
        with self._store.reading() as conn:
            rows = conn.execute(
                select(levering.c.id, levering.c.bestemming, levering.c.volgende_poging)
                .where(levering.c.gepubliceerd_op.is_(None), *claimable(now))
                .order_by(levering.c.nr)
                .limit(_BATCH)
            ).all()
        announced: list[str] = []
        try:
            for row in rows:
                self._broker.announce(row.bestemming, row.id, row.volgende_poging.isoformat())
                announced.append(row.id)
        except BrokerAway:
            pass
        if announced:
            with self._store.writing() as conn:
                # Who was quick may have tried it meanwhile, and its next turn is not announced.
                still = (levering.c.id.in_(announced), levering.c.volgende_poging <= now)
                conn.execute(update(levering).where(*still).values(gepubliceerd_op=now))
        return len(announced)

    def repair(self, bestemming: str) -> int:
        """Forget announcements that were lost; returns how many will be made again."""
        now = self._clock()
        with self._store.reading() as conn:
            if conn.execute(select(levering.c.nr).where(*_lost(bestemming, now)).limit(1)).first() is None:
                return 0
        try:
            if self._broker.waiting(bestemming):
                return 0
        except BrokerAway:
            return 0
        with self._store.writing() as conn:
            return forget(conn, bestemming, now)


def forget(conn: Connection, bestemming: str, now: datetime) -> int:
    return conn.execute(
        update(levering).where(*_lost(bestemming, now)).values(gepubliceerd_op=None, volgende_poging=now)
    ).rowcount


def _lost(bestemming: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        levering.c.bestemming == bestemming,
        levering.c.gepubliceerd_op < now - REPEAT,
        levering.c.toestand.in_(["wachtend", "afgeleverd"]),
        levering.c.volgende_poging <= now,
        or_(levering.c.lease_tot.is_(None), levering.c.lease_tot < now),
    )
