"""What follows from an attempt: the delivery's state, the message's life and the line's breaker, in one transaction."""

from __future__ import annotations

from datetime import datetime
from random import Random

import structlog
from sqlalchemy import Connection

from gateway.exchange import lijn, outbox, tacks
from gateway.exchange.beleid import Beleid
from gateway.exchange.outbox import Claim, Poging
from gateway.exchange.toestand import Toestand
from gateway.exchange.transport import HandedOver
from gateway.store import berichten
from gateway.store.berichten import Stap

log = structlog.get_logger("exchange")


def overhandigd(conn: Connection, claim: Claim, gift: HandedOver, begin: datetime, einde: datetime, beleid: Beleid) -> None:
    """The receiver has it; with its own receipt the delivery is closed."""
    hoe = Poging(begin=begin, einde=einde, melding=gift.reference)
    stappen: list[tuple[Stap, str | None]] = []
    if gift.confirmed:
        if outbox.bevestigd(conn, claim, hoe):
            stappen = [(Stap.AFGELEVERD, None), (Stap.BEVESTIGD, gift.reference[:200])]
            tacks.ontvangen_door(conn, claim.bericht_id, claim.bestemming, einde)
    elif outbox.afgeleverd(conn, claim, hoe, beleid):
        stappen = [(Stap.AFGELEVERD, gift.reference[:200])]
    if stappen:
        berichten.stappen(conn, claim.bericht_id, stappen, einde, actor=claim.bestemming)
    if lijn.goed(conn, claim.bestemming, einde):
        log.info("line_closed", to=claim.bestemming)
    log.info("delivered", message_id=claim.bericht_id, to=claim.bestemming, confirmed=gift.confirmed)


def onbereikbaar(
    conn: Connection, claim: Claim, melding: str, begin: datetime, einde: datetime, beleid: Beleid, random: Random
) -> None:
    """The receiver could not be reached: the line counts it, the delivery waits."""
    toestand = outbox.onbereikbaar(conn, claim, Poging(begin=begin, einde=einde, melding=melding), beleid, random)
    line_failed(conn, claim.bestemming, einde, beleid, random)
    _mislukt(conn, claim, toestand, melding, einde)


def geweigerd(
    conn: Connection, claim: Claim, melding: str, begin: datetime, einde: datetime, beleid: Beleid, random: Random
) -> None:
    """The receiver did not take it: again a few times, then a person must look."""
    toestand = outbox.geweigerd(conn, claim, Poging(begin=begin, einde=einde, melding=melding), beleid, random)
    _mislukt(conn, claim, toestand, melding, einde)


def line_failed(conn: Connection, bestemming: str, now: datetime, beleid: Beleid, random: Random) -> None:
    if lijn.fout(conn, bestemming, now, beleid, random):
        log.warning("line_opened", to=bestemming)


def _mislukt(conn: Connection, claim: Claim, toestand: Toestand, melding: str, now: datetime) -> None:
    dood = toestand is Toestand.MISLUKT
    if dood:
        berichten.stappen(conn, claim.bericht_id, [(Stap.AFLEVERING_MISLUKT, None)], now)
        tacks.niet_afgeleverd(conn, claim.bericht_id, claim.bestemming, now)
    log.log(40 if dood else 30, "delivery_failed", message_id=claim.bericht_id, to=claim.bestemming, reason=melding, final=dood)
