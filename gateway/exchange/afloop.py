"""What follows from an attempt: the delivery's state, the message's life and the line's breaker, in one transaction."""

from __future__ import annotations

from datetime import datetime
from random import Random

import structlog
from sqlalchemy import Connection

from gateway.exchange import levensloop, lijn, outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.outbox import Claim, Poging
from gateway.exchange.toestand import Toestand
from gateway.exchange.transport import HandedOver
from gateway.store.berichten import Stap

log = structlog.get_logger("exchange")


def overhandigd(conn: Connection, claim: Claim, gift: HandedOver, begin: datetime, einde: datetime, beleid: Beleid) -> None:
    """The receiver has it; with its own receipt the delivery is closed."""
    hoe = Poging(begin=begin, einde=einde, melding=gift.reference)
    reference = gift.reference[:200]
    if gift.confirmed:
        if outbox.bevestigd(conn, claim, hoe):
            gezet = [(Stap.AFGELEVERD, None), (Stap.BEVESTIGD, reference)]
            levensloop.bevestigd(conn, claim.id, claim.bericht_id, claim.bestemming, gezet, einde)
    elif outbox.afgeleverd(conn, claim, hoe, beleid):
        levensloop.stappen(conn, claim.id, claim.bericht_id, [(Stap.AFGELEVERD, reference)], einde, actor=claim.bestemming)
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
        levensloop.mislukt(conn, claim.id, claim.bericht_id, claim.bestemming, None, now)
    # A receiver's own words come after the colon; they are for who looks at the delivery, not for the log.
    kort = melding.partition(": ")[0]
    log.log(40 if dood else 30, "delivery_failed", message_id=claim.bericht_id, to=claim.bestemming, reason=kort, final=dood)
