"""Messages: their rows, their bytes, their life. Every function works inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.store.tables import bericht, bericht_inhoud, levensstap


class Stap(StrEnum):
    """Steps of a message's life (design.md §2)."""

    ONTVANGEN = "ontvangen"
    TECHNISCH_GEWEIGERD = "technisch_geweigerd"
    TECHNISCH_AANVAARD = "technisch_aanvaard"
    INHOUDELIJK_GEWEIGERD = "inhoudelijk_geweigerd"
    IN_BERAAD = "in_beraad"
    AANVAARD = "aanvaard"
    GEROUTEERD = "gerouteerd"
    AFGELEVERD = "afgeleverd"
    BEVESTIGD = "bevestigd"
    AFLEVERING_MISLUKT = "aflevering_mislukt"
    BESLIST = "beslist"
    AFGEREKEND = "afgerekend"


GATEWAY = "gateway"
"""Actor of what the central application does by itself."""


@dataclass(frozen=True, kw_only=True)
class Ontvangst:
    """A request as it was received and proven, before anyone judged its content."""

    id: str
    dienst: str
    afzender: str
    bedrijfs_id: str
    pijler: str
    soort: str
    test: bool
    ontvangen_op: datetime
    octetten: bytes
    content_type: str
    sha256: bytes
    inhoud_sha256: bytes
    identiteit: str
    certificaat_sha256: bytes
    voorziening: str | None = None
    insz: str | None = None


@dataclass(frozen=True, kw_only=True)
class Eerder:
    """A message that the same sender sent before under the same id."""

    id: str
    inhoud_sha256: str
    antwoord: bytes | None
    ontvangen_op: datetime


def eerder(conn: Connection, afzender: str, dienst: str, bedrijfs_id: str) -> Eerder | None:
    """The earlier message under this id, if any."""
    row = conn.execute(
        select(bericht.c.id, bericht.c.inhoud_sha256, bericht.c.antwoord, bericht.c.ontvangen_op).where(
            bericht.c.afzender == afzender, bericht.c.dienst == dienst, bericht.c.bedrijfs_id == bedrijfs_id
        )
    ).first()
    return None if row is None else Eerder(id=row[0], inhoud_sha256=row[1], antwoord=row[2], ontvangen_op=row[3])


def bewaar(conn: Connection, ontvangst: Ontvangst) -> None:
    """Store a message with its exact bytes and the first step of its life."""
    conn.execute(
        insert(bericht).values(
            id=ontvangst.id,
            dienst=ontvangst.dienst,
            afzender=ontvangst.afzender,
            bedrijfs_id=ontvangst.bedrijfs_id,
            pijler=ontvangst.pijler,
            soort=ontvangst.soort,
            test=ontvangst.test,
            stap=Stap.ONTVANGEN.value,
            ontvangen_op=ontvangst.ontvangen_op,
            octetten=len(ontvangst.octetten),
            sha256=ontvangst.sha256.hex(),
            inhoud_sha256=ontvangst.inhoud_sha256.hex(),
            identiteit=ontvangst.identiteit,
            certificaat_sha256=ontvangst.certificaat_sha256.hex(),
            voorziening=ontvangst.voorziening,
            insz=ontvangst.insz,
        )
    )
    conn.execute(
        insert(bericht_inhoud).values(bericht_id=ontvangst.id, content_type=ontvangst.content_type, octetten=ontvangst.octetten)
    )
    stappen(conn, ontvangst.id, [(Stap.ONTVANGEN, None)], ontvangst.ontvangen_op, actor=ontvangst.afzender)


def stappen(
    conn: Connection,
    bericht_id: str,
    gezet: list[tuple[Stap, str | None]],
    tijdstip: datetime,
    actor: str = GATEWAY,
    **kolommen: Any,
) -> None:
    """Record steps in order and move the message to the last one.

    Args:
        gezet: each step with a remark, without personal data.
        kolommen: other columns of the message's row to set with it.
    """
    conn.execute(
        insert(levensstap),
        [{"bericht_id": bericht_id, "stap": s.value, "tijdstip": tijdstip, "actor": actor, "toelichting": t} for s, t in gezet],
    )
    conn.execute(update(bericht).where(bericht.c.id == bericht_id).values(stap=gezet[-1][0].value, **kolommen))


def zet_antwoord(conn: Connection, bericht_id: str, antwoord: bytes) -> None:
    conn.execute(update(bericht).where(bericht.c.id == bericht_id).values(antwoord=antwoord))


def zoek(conn: Connection, bericht_id: str) -> Row[Any] | None:
    return conn.execute(select(bericht).where(bericht.c.id == bericht_id)).first()


def zoek_van(conn: Connection, afzender: str, **kolommen: str) -> Row[Any] | None:
    """The sender's own message by id, bedrijfs_id or sha256; the newest when more than one fits."""
    voorwaarden = [bericht.c[naam] == waarde for naam, waarde in kolommen.items()]
    return conn.execute(
        select(bericht).where(bericht.c.afzender == afzender, *voorwaarden).order_by(bericht.c.ontvangen_op.desc()).limit(1)
    ).first()


def levensloop(conn: Connection, bericht_id: str) -> list[Row[Any]]:
    return list(
        conn.execute(
            select(levensstap.c.stap, levensstap.c.tijdstip, levensstap.c.actor, levensstap.c.toelichting)
            .where(levensstap.c.bericht_id == bericht_id)
            .order_by(levensstap.c.id)
        )
    )


def inhoud(conn: Connection, bericht_id: str) -> tuple[str, bytes]:
    """Content type and exact bytes of a message."""
    row = conn.execute(
        select(bericht_inhoud.c.content_type, bericht_inhoud.c.octetten).where(bericht_inhoud.c.bericht_id == bericht_id)
    ).one()
    return row[0], row[1]
