"""Records that a zorgkas's people mean to refuse. Every function works inside the caller's transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, tuple_

from gateway.store.scherm_tables import weigervoorstel

_BATCH = 400
Sleutel = tuple[str, int]
"""Invoice number and line number."""


@dataclass(frozen=True, kw_only=True)
class Voorstel:
    """One record that somebody ticked."""

    factuurnummer: str
    volgnummer: int
    bedrag: int
    """Cents."""
    code: str
    motivering: str
    persoon: str
    op: datetime


@dataclass(frozen=True, kw_only=True)
class Voorstellen:
    """All that is ticked in one zending."""

    lijnen: tuple[Voorstel, ...]

    @property
    def bedrag(self) -> int:
        """Cents."""
        return sum(x.bedrag for x in self.lijnen)

    @property
    def stand(self) -> str:
        """Digest of what is ticked and why: who confirms says with it what was seen."""
        inhoud = [[x.factuurnummer, x.volgnummer, x.bedrag, x.code, x.motivering] for x in self.lijnen]
        return hashlib.sha256(json.dumps(inhoud).encode()).hexdigest()


def voorstellen(conn: Connection, bericht_id: str) -> Voorstellen:
    v = weigervoorstel.c
    kolommen = [v[naam] for naam in Voorstel.__dataclass_fields__]
    rows = conn.execute(select(*kolommen).where(v.bericht_id == bericht_id).order_by(v.factuurnummer, v.volgnummer))
    return Voorstellen(lijnen=tuple(Voorstel(**row._mapping) for row in rows))


def stel_voor(conn: Connection, bericht_id: str, lijnen: Sequence[Voorstel]) -> None:
    """Tick records, or give ticked ones another reason."""
    neem_terug(conn, bericht_id, [(x.factuurnummer, x.volgnummer) for x in lijnen])
    if lijnen:
        conn.execute(insert(weigervoorstel), [{"bericht_id": bericht_id, **asdict(x)} for x in lijnen])


def neem_terug(conn: Connection, bericht_id: str, sleutels: Iterable[Sleutel]) -> int:
    """Untick records; returns how many were ticked."""
    v, alle = weigervoorstel.c, list(sleutels)
    weg = 0
    for begin in range(0, len(alle), _BATCH):
        gekozen = tuple_(v.factuurnummer, v.volgnummer).in_(alle[begin : begin + _BATCH])
        weg += conn.execute(delete(weigervoorstel).where(v.bericht_id == bericht_id, gekozen)).rowcount
    return weg


def vergeet(conn: Connection, bericht_id: str) -> int:
    """Nothing is being prepared any more, as when the zending is settled or taken back; returns how many were ticked."""
    return conn.execute(delete(weigervoorstel).where(weigervoorstel.c.bericht_id == bericht_id)).rowcount
