"""The line to a receiver: a circuit breaker and a pause, in the database so that all workers see the same.

Closed → open after failures in a row → half open for one probe → closed again on its success.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from gateway.exchange.beleid import Beleid
from gateway.exchange.toestand import Toestand
from gateway.store.slot import slot
from gateway.store.tables import levering, lijn, poging

_POGINGEN = 2_000
_LEVERINGEN = 20
"""Newest attempts, and oldest deliveries of a state, among which the last failure is looked for."""
_LEES = select(lijn).where(lijn.c.bestemming == bindparam("bestemming"))


class Schakelaar(StrEnum):
    """States of the breaker."""

    GESLOTEN = "gesloten"
    """Deliveries flow."""
    OPEN = "open"
    """No deliveries until the next probe."""
    HALFOPEN = "halfopen"
    """One probe is on its way."""


WOORDEN = {Schakelaar.GESLOTEN: "loopt", Schakelaar.OPEN: "onderbroken", Schakelaar.HALFOPEN: "probeert opnieuw"}


@dataclass(frozen=True, kw_only=True)
class Lijn:
    """What is known of one line."""

    bestemming: str
    toestand: Schakelaar
    fouten: int
    sinds: datetime | None
    open_tot: datetime | None
    gepauzeerd_door: str | None
    gepauzeerd_reden: str | None

    def ruimte(self, limit: int, now: datetime) -> int:
        """How many deliveries may be claimed at once: all, one as a probe, or none."""
        if self.gepauzeerd_door is not None:
            return 0
        if self.toestand is Schakelaar.GESLOTEN:
            return limit
        return 1 if self.open_tot is None or self.open_tot <= now else 0

    @property
    def bereikbaar(self) -> bool:
        return self.toestand is Schakelaar.GESLOTEN and self.gepauzeerd_door is None

    @property
    def woord(self) -> str:
        """How the line is, for people: a closed breaker is a line that runs."""
        return "gepauzeerd" if self.gepauzeerd_door is not None else WOORDEN[self.toestand]


def lees(conn: Connection, bestemming: str) -> Lijn:
    row = conn.execute(_LEES, {"bestemming": bestemming}).first()
    if row is None:
        return Lijn(
            bestemming=bestemming,
            toestand=Schakelaar.GESLOTEN,
            fouten=0,
            sinds=None,
            open_tot=None,
            gepauzeerd_door=None,
            gepauzeerd_reden=None,
        )
    return Lijn(**{**row._asdict(), "toestand": Schakelaar(row.toestand)})


def begin_proef(conn: Connection, stand: Lijn, now: datetime, beleid: Beleid) -> None:
    """Claim the probe of an open line; another worker may try again when this one's lease has ended."""
    if stand.toestand is not Schakelaar.GESLOTEN:
        _zet(conn, stand.bestemming, toestand=Schakelaar.HALFOPEN.value, open_tot=now + beleid.lease)


def goed(conn: Connection, bestemming: str, now: datetime) -> bool:
    """A receiver answered; returns True when that closed an open line."""
    stand = lees(conn, bestemming)
    if stand.fouten == 0 and stand.toestand is Schakelaar.GESLOTEN:
        return False
    _zet(conn, bestemming, toestand=Schakelaar.GESLOTEN.value, fouten=0, sinds=now, open_tot=None)
    return stand.toestand is not Schakelaar.GESLOTEN


def fout(conn: Connection, bestemming: str, now: datetime, beleid: Beleid, random: Random) -> bool:
    """A receiver was unreachable; returns True when that opened the line."""
    slot(conn, f"lijn/{bestemming}")
    stand = lees(conn, bestemming)
    fouten = stand.fouten + 1
    if stand.sinds is None:
        conn.execute(insert(lijn).values(bestemming=bestemming, toestand=Schakelaar.GESLOTEN.value, fouten=0, sinds=now))
    if fouten < beleid.breaker_after:
        _zet(conn, bestemming, fouten=fouten)
        return False
    dicht = stand.toestand is Schakelaar.GESLOTEN
    if stand.toestand is Schakelaar.OPEN:
        # An attempt that began before the line opened tells nothing new.
        return False
    wait = min(beleid.breaker_cap, beleid.breaker_first * 2 ** min(fouten - beleid.breaker_after, 20)) * random.uniform(0.8, 1.2)
    since = now if dicht else stand.sinds
    _zet(conn, bestemming, toestand=Schakelaar.OPEN.value, fouten=fouten, sinds=since, open_tot=now + wait)
    return dicht


def pauzeer(conn: Connection, bestemming: str, door: str, reden: str, now: datetime) -> None:
    """Stop deliveries to a receiver until somebody lets them go on."""
    slot(conn, f"lijn/{bestemming}")
    if lees(conn, bestemming).sinds is None:
        conn.execute(insert(lijn).values(bestemming=bestemming, toestand=Schakelaar.GESLOTEN.value, fouten=0, sinds=now))
    _zet(conn, bestemming, gepauzeerd_door=door[:128], gepauzeerd_reden=reden[:200])


def hervat(conn: Connection, bestemming: str) -> bool:
    """Let deliveries go on, at once; returns False when nothing stopped them."""
    return conn.execute(delete(lijn).where(lijn.c.bestemming == bestemming)).rowcount == 1


def alle(conn: Connection) -> list[Lijn]:
    return [Lijn(**{**r._asdict(), "toestand": Schakelaar(r.toestand)}) for r in conn.execute(select(lijn))]


@dataclass(frozen=True, kw_only=True)
class Fout:
    """An attempt that failed."""

    op: datetime
    melding: str


def laatste_fout(conn: Connection, bestemming: str) -> Fout | None:
    """The newest attempt that failed at a receiver, looked for in a bounded number of attempts."""
    p, le = poging.c, levering.c
    stuk = select(poging).order_by(p.id.desc()).limit(_POGINGEN).subquery()
    mis = select(stuk.c.einde, stuk.c.melding).join(levering, le.id == stuk.c.levering_id)
    mis = mis.where(le.bestemming == bestemming, stuk.c.gelukt.is_(False)).order_by(stuk.c.id.desc()).limit(1)
    if (gevonden := conn.execute(mis).first()) is not None:
        return Fout(op=gevonden.einde, melding=gevonden.melding)
    # Other receivers were busy since: then what waits or failed longest ago tells.
    fouten: list[Fout] = []
    for toestand in (Toestand.WACHTEND, Toestand.MISLUKT):
        ids = select(le.id).where(le.bestemming == bestemming, le.toestand == toestand.value).order_by(le.nr).limit(_LEVERINGEN)
        for levering_id in conn.execute(ids).scalars().all():
            een = select(p.einde, p.melding).where(p.levering_id == levering_id, p.gelukt.is_(False))
            laatste = conn.execute(een.order_by(p.id.desc()).limit(1))
            fouten += [Fout(op=r.einde, melding=r.melding) for r in laatste]
    return max(fouten, key=lambda f: f.op, default=None)


def _zet(conn: Connection, bestemming: str, **kolommen: object) -> None:
    conn.execute(update(lijn).where(lijn.c.bestemming == bestemming).values(**kolommen))
