"""Whom a try was about: on record before anything is answered, as a question about insurability is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, distinct, func, insert, select

from gateway.central.identificatie import geldig_insz
from gateway.clock import BRUSSELS
from gateway.refusal import Code, Refusal
from gateway.store.engine import Store
from gateway.store.identifiers import LAATSTE, eerste_id
from gateway.store.slot import slot
from gateway.store.tables import raadpleging

MAX_PERSONEN = 200
"""Persons of one try that nobody signed."""
MAX_PER_DAG = 100
"""Persons about whom one facility may try unsigned aanvragen in 24 hours; a new resident is none of its own yet."""
_DAG = timedelta(hours=24)


def proefnummer(now: datetime) -> str:
    """What the audit chain calls a try of this moment."""
    return eerste_id(now)


@dataclass(frozen=True, kw_only=True)
class Proefvraag:
    """One try, and for whom it is."""

    afzender: str
    """riziv:<8 digits> of the facility that hears the answer."""
    nummer: str
    """UUID of the try; the audit chain or, when signed, the log names it too."""
    ondertekend: bool
    """The facility proved itself, as it does for a real message; else it is only somebody's session."""

    @classmethod
    def van_voorziening(cls, riziv: str, now: datetime) -> Proefvraag:
        """Of somebody who is logged in for a facility."""
        return cls(afzender=f"riziv:{riziv[:8]}", nummer=proefnummer(now), ondertekend=False)

    def over_een(self, store: Store, insz: str, now: datetime) -> None:
        """Record a try of an aanvraag.

        Raises:
            Refusal: BUSY, when unsigned ones were about too many persons already.
        """
        with store.writing() as conn:
            if not self.ondertekend:
                slot(conn, f"{self.afzender}/proef")
                if self._anderen(conn, insz, now) >= MAX_PER_DAG:
                    hoogstens = f"hoogstens {MAX_PER_DAG} personen in 24 uur zonder handtekening"
                    raise Refusal(Code.BUSY, place="proeven", expected=hoogstens, retry_after=3600)
            self._noteer(conn, "aanvraag", [insz], now)

    def over_velen(self, store: Store, inszen: Collection[str], now: datetime) -> None:
        """Record a try of a zending.

        Raises:
            Refusal: TOO_LARGE, when an unsigned one is about too many persons.
        """
        personen = sorted(set(inszen))
        if not self.ondertekend and len(personen) > MAX_PERSONEN:
            hoogstens = f"hoogstens {MAX_PERSONEN} personen in een proef zonder handtekening"
            raise Refusal(Code.TOO_LARGE, place="/Zending", expected=hoogstens, found=f"{len(personen)} personen")
        with store.writing() as conn:
            self._noteer(conn, "zending", personen, now)

    def _anderen(self, conn: Connection, insz: str, now: datetime) -> int:
        r, soort = raadpleging.c, "proef-aanvraag"
        vraag = select(func.count(distinct(r.insz))).where(
            r.afzender == self.afzender,
            r.bericht_id.between(f"{soort}:{eerste_id(now - _DAG)}", f"{soort}:{LAATSTE}"),
            r.insz != insz,
        )
        return int(conn.execute(vraag).scalar_one())

    def _noteer(self, conn: Connection, soort: str, inszen: Collection[str], now: datetime) -> None:
        dag = now.astimezone(BRUSSELS).date()
        vast = {"tijdstip": now, "afzender": self.afzender, "bericht_id": f"proef-{soort}:{self.nummer}", "van": dag, "tot": dag}
        # What is no number is nobody's, and the answer says no more than that.
        if rijen := [{**vast, "insz": insz} for insz in inszen if geldig_insz(insz)]:
            conn.execute(insert(raadpleging), rijen)
