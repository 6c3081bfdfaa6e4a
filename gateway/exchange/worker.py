"""The worker: finishes accepted zendingen and pushes deliveries. Any number may run; each claim is a lease."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from random import Random

import structlog
from sqlalchemy import Connection, delete, or_, select, update

from gateway.diensten.kern import Gateway
from gateway.diensten.zending import verwerk
from gateway.exchange import outbox
from gateway.exchange.outbox import Toestand, back_off
from gateway.exchange.push import GenericAsyncPusher, PushError
from gateway.reference import lookup
from gateway.refusal import Refusal
from gateway.store import berichten
from gateway.store.audit_zegels import KetenVerbroken, verzegel
from gateway.store.berichten import Stap
from gateway.store.tables import taak
from gateway.trust.identity import read_identity

log = structlog.get_logger("worker")
_IDLE = 0.2
_TASK_LEASE = timedelta(minutes=10)


class Worker:
    """Works until it is told to stop; safe to kill at any moment."""

    def __init__(self, gateway: Gateway, random: Random | None = None) -> None:
        self._gateway = gateway
        self._random = random or Random()  # noqa: S311
        self._sealed: date | None = None
        self._pusher = GenericAsyncPusher(gateway.signer, gateway.clock, read_identity(gateway.signer.certificate).number)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; an error of one piece of work never ends the loop."""
        while not stop.is_set():
            try:
                busy = self.step()
            except Refusal as refusal:
                log.warning("worker_waits", code=refusal.code.info.code)
                busy = False
            if not busy:
                stop.wait(_IDLE)

    def step(self) -> bool:
        """Do one piece of each kind of work; False when there was none."""
        self._seal()
        done = self._process()
        return self._push() or done

    def _seal(self) -> None:
        # Once a day: every finished day of the audit chain gets its signed checkpoint.
        now = self._gateway.clock()
        if self._sealed == now.date():
            return
        try:
            with self._gateway.store.writing() as conn:
                days = verzegel(conn, self._gateway.signer, now)
        except KetenVerbroken:
            log.error("audit_chain_broken", remedy="vsb-gateway audit verify")
            days = ()
        self._sealed = now.date()
        if days:
            log.info("audit_sealed", days=[d.isoformat() for d in days])

    def _process(self) -> bool:
        now = self._gateway.clock()
        with self._gateway.store.writing() as conn:
            bericht_id = _claim_task(conn, now)
        if bericht_id is None:
            return False
        try:
            with self._gateway.store.writing() as conn:
                if conn.execute(delete(taak).where(taak.c.bericht_id == bericht_id)).rowcount == 1:
                    verwerk(self._gateway, conn, bericht_id)
        except Exception as error:
            # One zending that trips our own code must not stop the others; its row stays, to be tried again and seen.
            log.exception("task_failed", message_id=bericht_id, error=type(error).__name__)
            self._postpone(bericht_id)
        return True

    def _postpone(self, bericht_id: str) -> None:
        now = self._gateway.clock()
        with self._gateway.store.writing() as conn:
            tries = conn.execute(select(taak.c.pogingen).where(taak.c.bericht_id == bericht_id)).scalar() or 0
            conn.execute(
                update(taak)
                .where(taak.c.bericht_id == bericht_id)
                .values(pogingen=tries + 1, lease_tot=None, volgende_poging=now + back_off(tries + 1, self._random))
            )

    def _push(self) -> bool:
        begin = self._gateway.clock()
        with self._gateway.store.writing() as conn:
            claim = outbox.claim(conn, "soap", begin)
            if claim is None:
                return False
            zorgkas = lookup.zorgkas(conn, claim.bestemming.removeprefix("zorgkas:"))
            row = berichten.zoek(conn, claim.bericht_id)
        try:
            if zorgkas is None or not zorgkas.endpoint:
                raise PushError("no endpoint registered")
            receipt = self._pusher.push(
                zorgkas.endpoint,
                content=claim.content,
                message_name=claim.message_name,
                input_reference=claim.input_reference,
                test=bool(row.test) if row is not None else False,
            )
        except PushError as error:
            self._failed(claim, begin, str(error))
            return True
        self._delivered(claim, begin, receipt)
        return True

    def _failed(self, claim: outbox.Claim, begin: datetime, melding: str) -> None:
        with self._gateway.store.writing() as conn:
            toestand = outbox.niet_gelukt(conn, claim, begin, self._gateway.clock(), melding, self._random)
        log.warning(
            "push_failed", message_id=claim.bericht_id, to=claim.bestemming, reason=melding, final=toestand is Toestand.MISLUKT
        )

    def _delivered(self, claim: outbox.Claim, begin: datetime, receipt: str) -> None:
        now = self._gateway.clock()
        with self._gateway.store.writing() as conn:
            outbox.gelukt(conn, claim, begin, now, receipt)
            berichten.stappen(
                conn,
                claim.bericht_id,
                [(Stap.AFGELEVERD, None), (Stap.BEVESTIGD, f"TAck {receipt}"[:200])],
                now,
                actor=claim.bestemming,
            )
        log.info("delivered", message_id=claim.bericht_id, to=claim.bestemming)


def _claim_task(conn: Connection, now: datetime) -> str | None:
    row = conn.execute(
        select(taak.c.bericht_id)
        .where(taak.c.volgende_poging <= now, or_(taak.c.lease_tot.is_(None), taak.c.lease_tot < now))
        .order_by(taak.c.volgende_poging)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    conn.execute(update(taak).where(taak.c.bericht_id == row[0]).values(lease_tot=now + _TASK_LEASE))
    return str(row[0])
