"""Receipts that zorgkassen leave beside what was put down for them: judged, and the delivery closed or stopped."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import Connection, Row, select

from gateway.berichten.ontvangst import OntvangstUitkomst
from gateway.clock import Clock
from gateway.exchange import levensloop, lijn, outbox
from gateway.exchange.ontvangst import Ontvangst, Verwacht, beoordeel
from gateway.exchange.outbox import Poging
from gateway.exchange.transport import Drop, Receipt
from gateway.refusal import Refusal
from gateway.store.berichten import Stap
from gateway.store.engine import Store
from gateway.store.tables import levering
from gateway.trust.sealed import AcceptCertificate

log = structlog.get_logger("exchange")


def haal(store: Store, accept: AcceptCertificate, clock: Clock, drop: Drop, endpoint: str, bestemming: str) -> int:
    """Take in the receipts that lie at one zorgkas; returns how many deliveries that closed or stopped.

    A receipt that is not believed is put apart, and the delivery stays open; one that can not be judged now stays where it lies.

    Raises:
        Unreachable: the place cannot be reached now.
    """
    done = 0
    for receipt in drop.receipts(endpoint):
        try:
            with store.writing() as conn:
                moved, believed = _neem(conn, accept, clock, receipt, bestemming)
        except Refusal as refusal:
            log.warning("receipt_not_judged", to=bestemming, code=refusal.code.info.code)
            continue
        # After the commit: a receipt that is taken in twice changes nothing, one that is put away too soon is lost.
        drop.taken(endpoint, receipt, accepted=believed)
        done += moved
    return done


def _neem(conn: Connection, accept: AcceptCertificate, clock: Clock, receipt: Receipt, bestemming: str) -> tuple[bool, bool]:
    now = clock()
    row = conn.execute(select(levering).where(levering.c.id == receipt.delivery_id, levering.c.bestemming == bestemming)).first()
    if row is None:
        log.warning("receipt_unknown", to=bestemming)
        return False, False
    verwacht = Verwacht(id=row.id, bestemming=bestemming, sha256=bytes.fromhex(row.hash))
    try:
        ontvangst = beoordeel(conn, receipt, verwacht, accept, now)
    except Refusal as refusal:
        if refusal.code.info.retry:
            raise
        log.warning("receipt_not_believed", message_id=row.bericht_id, to=bestemming, code=refusal.code.info.code)
        return False, False
    lijn.goed(conn, bestemming, now)
    return _volg_op(conn, row, ontvangst, clock), True


def _volg_op(conn: Connection, row: Row[Any], ontvangst: Ontvangst, clock: Clock) -> bool:
    now, reden = clock(), (ontvangst.reden or "")[:150]
    if ontvangst.uitkomst is OntvangstUitkomst.AANVAARD:
        moved = outbox.sluit(conn, row.id, f"melding {ontvangst.certificaat_sha256.hex()[:16]}", now)
        if moved:
            gezet = [(Stap.BEVESTIGD, "ontvangstmelding")]
            levensloop.bevestigd(conn, row.id, row.bericht_id, row.bestemming, gezet, now)
    else:
        hoe = Poging(begin=now, einde=now, melding=f"refused by receipt: {reden}")
        moved = outbox.keur_af(conn, row.id, hoe)
        if moved:
            toelichting = f"geweigerd door de zorgkas: {reden}"
            levensloop.mislukt(conn, row.id, row.bericht_id, row.bestemming, toelichting, now, actor=row.bestemming)
    if moved:
        log.info("receipt", message_id=row.bericht_id, to=row.bestemming, outcome=ontvangst.uitkomst.value)
    return moved
