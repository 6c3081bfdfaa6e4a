"""A person of a zorgkas decides on a message in beraad: the same decision as the zorgkas's software sends by message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row

from gateway.central.model import Uitkomst
from gateway.clock import BRUSSELS
from gateway.diensten.beslissen import neem_beslissing
from gateway.diensten.invoer import Ongeldig, tekst
from gateway.diensten.inzage import NietGevonden, bericht_van_kas
from gateway.diensten.kern import Gateway
from gateway.observe.audit_events import Gebeurtenis
from gateway.reference import lookup
from gateway.store import berichten, dossiers, werklijst
from gateway.store.audit import noteer
from gateway.store.berichten import GATEWAY
from gateway.store.handelingen import BESLISSING, Handeling, bewaar_handeling, laatste_handeling
from gateway.store.slot import slot

KEUZES = (Uitkomst.AANVAARD, Uitkomst.GEWEIGERD)


@dataclass(frozen=True, kw_only=True)
class Besluit:
    """What somebody decides."""

    bericht_id: str
    zorgkas: str
    persoon: str
    """Who, as the audit chain names people."""
    uitkomst: str
    motivering: str


@dataclass(frozen=True, kw_only=True)
class Beslist:
    """What became of a message that was in beraad."""

    uitkomst: str
    op: datetime
    door: str
    """zorgkas:<code>, or gateway when the term passed."""
    persoon: str | None
    """Who it was, when it was done on a screen."""
    motivering: str | None


class AlBeslist(Exception):
    """Somebody, or the term, was first."""

    def __init__(self, beslist: Beslist | None) -> None:
        super().__init__("decided already")
        self.beslist = beslist


def nagekeken(besluit: Besluit) -> str:
    """The reason as it will be told, once outcome and reason are seen to be possible.

    Raises:
        Ongeldig: one of both is not.
    """
    if besluit.uitkomst not in {k.value for k in KEUZES}:
        raise Ongeldig("uitkomst", "Kies aanvaarden of weigeren.")
    return tekst("motivering", besluit.motivering, minstens=10, hoogstens=2000)


def beslis(gateway: Gateway, besluit: Besluit) -> None:
    """Decide, once: who comes second changes nothing.

    Raises:
        NietGevonden: no such message, or not this zorgkas's.
        AlBeslist: it is no longer in beraad; says who decided what and when.
        Ongeldig: the outcome or the reason can not be.
        Refusal: UNAVAILABLE.
    """
    motivering = nagekeken(besluit)
    gateway.check_clock()
    now = gateway.clock()
    with gateway.store.writing() as conn:
        slot(conn, f"bericht/{besluit.bericht_id}")
        row = _eigen(conn, besluit.zorgkas, besluit.bericht_id)
        # Read inside the transaction that writes: of two who press at once, the second sees what the first did.
        if row.uitkomst != Uitkomst.IN_BERAAD.value or row.dossiernummer is None:
            raise AlBeslist(beslist(conn, row.id))
        door = f"zorgkas:{besluit.zorgkas}"
        neem_beslissing(conn, row, uitkomst=besluit.uitkomst, door=door, op=now, motivering=motivering)
        handeling = Handeling(
            bericht_id=row.id,
            soort=BESLISSING,
            zorgkas=besluit.zorgkas,
            persoon=besluit.persoon,
            op=now,
            uitkomst=besluit.uitkomst,
            motivering=motivering,
        )
        bewaar_handeling(conn, handeling)
        noteer(
            conn,
            Gebeurtenis.ZORGKAS_BESLISTE,
            actor=besluit.persoon,
            onderwerp=row.id,
            gegevens={"zorgkas": besluit.zorgkas, "uitkomst": besluit.uitkomst, "langs": "scherm"},
            tijdstip=now,
        )


def beslist(conn: Connection, bericht_id: str) -> Beslist | None:
    """Who decided what on a message after it was in beraad, and when; None while nobody did."""
    later = dossiers.beslissingen(conn, bericht_id)[1:]
    if not later:
        return None
    laatste, handeling = later[-1], laatste_handeling(conn, bericht_id, BESLISSING)
    motivering = None if handeling is None else handeling.motivering
    if laatste.door == GATEWAY:
        motivering = next((r.get("tekst") for r in laatste.redenen), None)
    return Beslist(
        uitkomst=laatste.uitkomst,
        op=laatste.op,
        door=laatste.door,
        persoon=None if handeling is None or laatste.door == GATEWAY else handeling.persoon,
        motivering=motivering,
    )


@dataclass(frozen=True, kw_only=True)
class Beslistregel:
    """One message of a list of what was decided."""

    row: Row[Any]
    """As werklijst.beslist gives it."""
    besluit: Beslist | None
    """None when it was closed without one."""


def laatst_beslist(conn: Connection, zorgkas: str, *, na: tuple[datetime, str] | None, limit: int) -> list[Beslistregel]:
    """What waited for a zorgkas and was decided, by it or by the term, the newest first.

    Args:
        na: (moment, message id) of the last one of the page before.
    """
    rows = werklijst.beslist(conn, zorgkas, na=na, limit=limit)
    return [Beslistregel(row=row, besluit=beslist(conn, row.bericht_id)) for row in rows]


def vertrokken(conn: Connection, row: Row[Any]) -> date | None:
    """Last day on which the member of a message is with the zorgkas that the message went to; None: it stays there."""
    lid = None if row.insz is None else lookup.persoon(conn, row.insz)
    eigen = [] if lid is None else [a for a in lid.aansluitingen if a.zorgkas == row.zorgkas]
    tot = max((a.tot or date.max for a in eigen), default=date.max)
    return None if tot == date.max else tot


def lees_bericht(conn: Connection, zorgkas: str, bericht_id: str, now: datetime) -> Row[Any]:
    """The row of a message that a zorgkas may see; which it may decide on only when `row.zorgkas` is its own.

    Raises:
        NietGevonden: no such message, or not for this zorgkas.
    """
    vandaag: date = now.astimezone(BRUSSELS).date()
    if bericht_van_kas(conn, zorgkas, bericht_id, vandaag) is None:
        raise NietGevonden
    row = berichten.zoek(conn, bericht_id)
    if row is None:
        raise NietGevonden
    return row


def _eigen(conn: Connection, zorgkas: str, bericht_id: str) -> Row[Any]:
    row = berichten.zoek(conn, bericht_id)
    if row is None or row.zorgkas != zorgkas or row.dienst != "aanvraag":
        raise NietGevonden
    return row
