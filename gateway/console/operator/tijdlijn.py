"""A message's whole life on one line of time: its steps, the decisions about it, and every attempt to deliver it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.store.tables import levering, poging

_KLEUR = {
    "technisch_geweigerd": "fout",
    "inhoudelijk_geweigerd": "fout",
    "aflevering_mislukt": "fout",
    "in_beraad": "let_op",
    "ingetrokken": "let_op",
    "aanvaard": "goed",
    "bevestigd": "goed",
    "afgerekend": "goed",
}
POGINGEN = 200
"""Attempts shown of one message."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing that happened."""

    op: datetime
    wat: str
    wie: str
    toelichting: str
    kleur: str
    sinds: float | None
    """Seconds since what came before."""


@dataclass(frozen=True, kw_only=True)
class Aflevering:
    """A delivery with its attempts."""

    rij: Row[Any]
    pogingen: Sequence[Row[Any]]


def afleveringen(conn: Connection, bericht_id: str) -> list[Aflevering]:
    """Everything that went out because of a message, in the order in which it was made."""
    rijen = conn.execute(select(levering).where(levering.c.bericht_id == bericht_id).order_by(levering.c.nr).limit(100)).all()
    gevonden = []
    for rij in rijen:
        pogingen = select(poging).where(poging.c.levering_id == rij.id).order_by(poging.c.id.desc()).limit(POGINGEN)
        gevonden.append(Aflevering(rij=rij, pogingen=conn.execute(pogingen).all()[::-1]))
    return gevonden


def tijdlijn(stappen: Sequence[Row[Any]], leveringen: Sequence[Aflevering], beslissingen: Sequence[Row[Any]]) -> list[Moment]:
    """Everything with a moment, oldest first."""
    alles: list[tuple[datetime, str, str, str, str]] = [
        (s.tijdstip, s.stap, s.actor, s.toelichting or "", _KLEUR.get(s.stap, "")) for s in stappen
    ]
    for aflevering in leveringen:
        naar = f"{aflevering.rij.message_name} naar {aflevering.rij.bestemming}"
        if aflevering.rij.id != aflevering.rij.bericht_id:
            alles.append((aflevering.rij.aangemaakt_op, "klaargezet", "gateway", naar, ""))
            if aflevering.rij.bevestigd_op is not None:
                alles.append((aflevering.rij.bevestigd_op, "ontvangen door", aflevering.rij.bestemming, naar, ""))
        for p in aflevering.pogingen:
            if not p.gelukt:
                alles.append((p.einde, "poging mislukt", p.werker or "gateway", f"{naar}: {p.melding}", "fout"))
    for b in beslissingen:
        if b.door != "gateway":
            redenen = ", ".join(r["code"] for r in b.redenen)
            alles.append((b.op, f"beslissing: {b.uitkomst}", b.door, redenen, _KLEUR.get(b.uitkomst, "")))
    alles.sort(key=lambda m: m[0])
    momenten: list[Moment] = []
    for op, wat, wie, toelichting, kleur in alles:
        sinds = (op - momenten[-1].op).total_seconds() if momenten else None
        momenten.append(Moment(op=op, wat=wat, wie=wie, toelichting=toelichting, kleur=kleur, sinds=sinds))
    return momenten
