"""Messages: their rows, their bytes, their life. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from gateway.store.inhoud import lees_inhoud
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
    INGETROKKEN = "ingetrokken"


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
    attest: str | None = None
    """Number of the software's attest, as its sender named or proved it."""


@dataclass(frozen=True, kw_only=True)
class Eerder:
    """A message that the same sender sent before under the same id."""

    id: str
    inhoud_sha256: str
    antwoord: bytes | None
    ontvangen_op: datetime


_EERDER = select(bericht.c.id, bericht.c.inhoud_sha256, bericht.c.antwoord, bericht.c.ontvangen_op).where(
    bericht.c.afzender == bindparam("afzender"),
    bericht.c.dienst == bindparam("dienst"),
    bericht.c.bedrijfs_id == bindparam("bedrijfs_id"),
)
_INSERT, _INSERT_INHOUD, _INSERT_STAP = insert(bericht), insert(bericht_inhoud), insert(levensstap)


def eerder(conn: Connection, afzender: str, dienst: str, bedrijfs_id: str) -> Eerder | None:
    """The earlier message under this id, if any."""
    row = conn.execute(_EERDER, {"afzender": afzender, "dienst": dienst, "bedrijfs_id": bedrijfs_id}).first()
    return None if row is None else Eerder(id=row[0], inhoud_sha256=row[1], antwoord=row[2], ontvangen_op=row[3])


Gezet = Sequence[tuple[Stap, str | None]]
"""Steps in order, each with a remark without personal data."""


def bewaar(conn: Connection, ontvangst: Ontvangst, verder: Gezet = (), **kolommen: Any) -> None:
    """Store a message with its exact bytes, the first step of its life, and what was decided about it at once.

    Args:
        verder: steps that the gateway took after receipt, in the same transaction.
        kolommen: other columns of the message's row.
    """
    conn.execute(
        _INSERT,
        {
            "id": ontvangst.id,
            "dienst": ontvangst.dienst,
            "afzender": ontvangst.afzender,
            "bedrijfs_id": ontvangst.bedrijfs_id,
            "pijler": ontvangst.pijler,
            "soort": ontvangst.soort,
            "test": ontvangst.test,
            "stap": (verder[-1][0] if verder else Stap.ONTVANGEN).value,
            "ontvangen_op": ontvangst.ontvangen_op,
            "octetten": len(ontvangst.octetten),
            "sha256": ontvangst.sha256.hex(),
            "inhoud_sha256": ontvangst.inhoud_sha256.hex(),
            "identiteit": ontvangst.identiteit,
            "certificaat_sha256": ontvangst.certificaat_sha256.hex(),
            "voorziening": ontvangst.voorziening,
            "insz": ontvangst.insz,
            "attest": ontvangst.attest,
            **kolommen,
        },
    )
    conn.execute(
        _INSERT_INHOUD, {"bericht_id": ontvangst.id, "content_type": ontvangst.content_type, "octetten": ontvangst.octetten}
    )
    first = _stap(ontvangst.id, Stap.ONTVANGEN, None, ontvangst.ontvangen_op, ontvangst.afzender)
    conn.execute(_INSERT_STAP, [first, *(_stap(ontvangst.id, s, t, ontvangst.ontvangen_op, GATEWAY) for s, t in verder)])


def stappen(conn: Connection, bericht_id: str, gezet: Gezet, tijdstip: datetime, actor: str = GATEWAY, **kolommen: Any) -> None:
    """Record steps and move the message to the last one.

    Args:
        kolommen: other columns of the message's row to set with it.
    """
    conn.execute(_INSERT_STAP, [_stap(bericht_id, s, t, tijdstip, actor) for s, t in gezet])
    conn.execute(update(bericht).where(bericht.c.id == bericht_id).values(stap=gezet[-1][0].value, **kolommen))


def _stap(bericht_id: str, stap: Stap, toelichting: str | None, tijdstip: datetime, actor: str) -> dict[str, Any]:
    return {"bericht_id": bericht_id, "stap": stap.value, "tijdstip": tijdstip, "actor": actor, "toelichting": toelichting}


def zoek(conn: Connection, bericht_id: str) -> Row[Any] | None:
    return conn.execute(select(bericht).where(bericht.c.id == bericht_id)).first()


def zoek_van(
    conn: Connection, afzender: str, *, message_id: str | None, bedrijfs_id: str | None, sha256: str | None
) -> Row[Any] | None:
    """The sender's own message that fits all that is given; the newest when more than one does.

    Args:
        sha256: hex, of the HTTP body or of the content: the canonical payload, or what was in the blob.
    """
    query = select(bericht).where(bericht.c.afzender == afzender)
    if message_id is not None:
        query = query.where(bericht.c.id == message_id)
    if bedrijfs_id is not None:
        query = query.where(bericht.c.bedrijfs_id == bedrijfs_id)
    if sha256 is not None:
        query = query.where(or_(bericht.c.sha256 == sha256, bericht.c.inhoud_sha256 == sha256))
    return conn.execute(query.order_by(bericht.c.ontvangen_op.desc()).limit(1)).first()


def levensloop(conn: Connection, bericht_id: str) -> list[Row[Any]]:
    return list(
        conn.execute(
            select(levensstap.c.stap, levensstap.c.tijdstip, levensstap.c.actor, levensstap.c.toelichting)
            .where(levensstap.c.bericht_id == bericht_id)
            .order_by(levensstap.c.id)
        )
    )


def inhoud(conn: Connection, bericht_id: str) -> tuple[str, bytes]:
    """Content type and exact bytes of a message.

    Raises:
        Refusal: ARCHIVED.
    """
    row = lees_inhoud(conn, bericht_inhoud, [bericht_id])[bericht_id]
    return row.content_type, row.octetten
