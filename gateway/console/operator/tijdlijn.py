"""A message's whole life on one line of time: its steps, the decisions about it, and every attempt to deliver it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.exchange.foutwoorden import in_woorden
from gateway.exchange.toestand import Toestand
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import laatste_over
from gateway.store.berichten import Stap
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
_POGING = "poging mislukt"
_OPGEGEVEN = "opgegeven: "
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
class Opgegeven:
    """That a person gave a delivery up, as the audit chain tells it."""

    op: datetime
    door: str
    reden: str


@dataclass(frozen=True, kw_only=True)
class Aflevering:
    """A delivery with its attempts."""

    rij: Row[Any]
    pogingen: Sequence[Row[Any]]
    opgegeven: Opgegeven | None = None

    @property
    def bevestigd_op(self) -> datetime | None:
        """When the receiver confirmed it; older rows also hold there when a person gave it up."""
        return self.rij.bevestigd_op if self.rij.toestand == Toestand.BEVESTIGD.value else None


def afleveringen(conn: Connection, bericht_id: str) -> list[Aflevering]:
    """Everything that went out because of a message, in the order in which it was made."""
    rijen = conn.execute(select(levering).where(levering.c.bericht_id == bericht_id).order_by(levering.c.nr).limit(100)).all()
    gevonden = []
    for rij in rijen:
        pogingen = select(poging).where(poging.c.levering_id == rij.id).order_by(poging.c.id.desc()).limit(POGINGEN)
        opgegeven = _opgegeven(conn, rij.id) if rij.toestand == Toestand.OPGEGEVEN.value else None
        gevonden.append(Aflevering(rij=rij, pogingen=conn.execute(pogingen).all()[::-1], opgegeven=opgegeven))
    return gevonden


def _opgegeven(conn: Connection, levering_id: str) -> Opgegeven | None:
    record = laatste_over(conn, levering_id, Gebeurtenis.LEVERING_OPGEGEVEN)
    if record is None:
        return None
    reden = str(json.loads(record.gegevens).get("reden", ""))
    return Opgegeven(op=datetime.fromisoformat(record.tijdstip), door=record.actor, reden=reden)


def tijdlijn(stappen: Sequence[Row[Any]], leveringen: Sequence[Aflevering], beslissingen: Sequence[Row[Any]]) -> list[Moment]:
    """Everything with a moment, oldest first."""
    alles: list[tuple[datetime, str, str, str, str]] = [
        (s.tijdstip, *_stap(s.stap, s.toelichting or "", s.actor), _KLEUR.get(s.stap, "")) for s in stappen
    ]
    for aflevering in leveringen:
        naar = f"{aflevering.rij.message_name} naar {aflevering.rij.bestemming}"
        if aflevering.rij.id != aflevering.rij.bericht_id:
            alles.append((aflevering.rij.aangemaakt_op, "klaargezet", "gateway", naar, ""))
            if aflevering.bevestigd_op is not None:
                alles.append((aflevering.bevestigd_op, "ontvangen door", aflevering.rij.bestemming, naar, ""))
            if (gedaan := aflevering.opgegeven) is not None:
                alles.append((gedaan.op, "opgegeven", gedaan.door, f"{naar}: {gedaan.reden}", "fout"))
        for p in aflevering.pogingen:
            if not p.gelukt:
                alles.append((p.einde, _POGING, p.werker or "gateway", f"{naar}: {in_woorden(p.melding)}", "fout"))
    for b in beslissingen:
        if b.door != "gateway":
            redenen = ", ".join(r["code"] for r in b.redenen)
            alles.append((b.op, f"beslissing: {b.uitkomst}", b.door, redenen, _KLEUR.get(b.uitkomst, "")))
    # What a failed attempt brought about has the attempt's own moment, and comes behind it.
    alles.sort(key=lambda m: (m[0], m[1] != _POGING))
    momenten: list[Moment] = []
    for op, wat, wie, toelichting, kleur in alles:
        sinds = (op - momenten[-1].op).total_seconds() if momenten else None
        momenten.append(Moment(op=op, wat=wat, wie=wie, toelichting=toelichting, kleur=kleur, sinds=sinds))
    return momenten


def _stap(stap: str, toelichting: str, actor: str) -> tuple[str, str, str]:
    # The step of the message is one for both; who gave it up said so.
    if stap == Stap.AFLEVERING_MISLUKT.value and toelichting.startswith(_OPGEGEVEN):
        return "opgegeven", actor, toelichting.removeprefix(_OPGEGEVEN)
    return stap, actor, toelichting
