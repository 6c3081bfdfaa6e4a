"""What a delivery means for the life of its message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from gateway.exchange import tacks
from gateway.observe import metrics
from gateway.store import berichten
from gateway.store.berichten import GATEWAY, Stap


def stappen(
    conn: Connection,
    levering_id: str,
    bericht_id: str,
    gezet: Sequence[tuple[Stap, str | None]],
    now: datetime,
    actor: str = GATEWAY,
) -> None:
    """Move a message on with the delivery that carries it; its id is then the message's.

    A delivery that only speaks of a message (a decision, a reminder) must not move a decided one back to delivered.
    """
    if levering_id == bericht_id:
        berichten.stappen(conn, bericht_id, list(gezet), now, actor=actor)
        if any(stap is Stap.BEVESTIGD for stap, _ in gezet) and (row := berichten.zoek(conn, bericht_id)) is not None:
            metrics.TURNAROUND.labels(row.pijler, row.zorgkas or "").observe((now - row.ontvangen_op).total_seconds())


def bevestigd(
    conn: Connection,
    levering_id: str,
    bericht_id: str,
    bestemming: str,
    gezet: Sequence[tuple[Stap, str | None]],
    now: datetime,
) -> None:
    """The receiver has it: steps, and the TAck of a sender that posted."""
    stappen(conn, levering_id, bericht_id, gezet, now, actor=bestemming)
    tacks.ontvangen_door(conn, levering_id, bestemming, now)


def mislukt(
    conn: Connection, levering_id: str, bericht_id: str, bestemming: str, reden: str | None, now: datetime, actor: str = GATEWAY
) -> None:
    """It will not arrive by itself any more: a step, and the TAck of a sender that posted."""
    stappen(conn, levering_id, bericht_id, [(Stap.AFLEVERING_MISLUKT, reden)], now, actor=actor)
    tacks.niet_afgeleverd(conn, levering_id, bestemming, now)
