"""The end of a beraad: a zorgkas decides, or the term passes and the message is refused by itself."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row

from gateway.berichten.antwoord import schrijf_beslissingbericht
from gateway.berichten.dossier import Mededeling, schrijf_mededeling
from gateway.central import dossier as dossiervorming
from gateway.central.model import Reden, Uitkomst
from gateway.clock import BRUSSELS
from gateway.diensten.kern import Gateway
from gateway.diensten.leveren import transport_van
from gateway.exchange.outbox import PULL, plaats
from gateway.observe.audit_events import Gebeurtenis
from gateway.store import beraad, berichten, dossiers
from gateway.store.audit import noteer
from gateway.store.berichten import GATEWAY, Stap
from gateway.store.identifiers import message_id
from gateway.store.slot import slot

log = structlog.get_logger("beraad")
_BATCH = 100


def neem_beslissing(
    conn: Connection, row: Row[Any], *, uitkomst: str, door: str, op: datetime, motivering: str, redenen: tuple[Reden, ...] = ()
) -> None:
    """Record the decision on a message in beraad, bring its dossier up to date, and tell the facility.

    Args:
        row: the message, known to be in beraad and to have a dossier.
        door: `zorgkas:<code>`, or the gateway when the term passed.
    """
    oud = dossiers.dossier_van(conn, row.dossiernummer)
    if oud is not None:
        dossiers.werk_bij(conn, oud, dossiervorming.beslis(oud, row.id, uitkomst))
    dossiers.bewaar_beslissing(
        conn,
        row.id,
        uitkomst=uitkomst,
        door=door,
        op=op,
        redenen=redenen,
        gecontroleerd=(),
        cookbook="",
    )
    berichten.stappen(conn, row.id, [(Stap.BESLIST, uitkomst)], op, actor=door, uitkomst=uitkomst)
    beraad.sluit_beraad(conn, row.id, op)
    content = schrijf_beslissingbericht(
        message_id=row.id,
        bericht_id=row.bedrijfs_id,
        zorgkas=row.zorgkas,
        tijdstip=op,
        uitkomst=uitkomst,
        dossiernummer=row.dossiernummer,
        motivering=motivering,
    )
    plaats(
        conn,
        levering_id=message_id(op),
        bericht_id=row.id,
        bestemming=row.afzender,
        transport=PULL,
        message_name="VSB-BESLISSING",
        input_reference=row.bedrijfs_id,
        content=content,
        now=op,
        test=row.test,
    )


def bewaak_beraad(gateway: Gateway) -> int:
    """Refuse what waited past its term, remind zorgkassen of what is due; returns how many messages were sent."""
    now = gateway.clock()
    vandaag = now.astimezone(BRUSSELS).date()
    vooruit = max((max(c.beraad.herinneringen, default=0) for c in gateway.cookbooks.values()), default=0)
    with gateway.store.reading() as conn:
        vervallen = [r.bericht_id for r in beraad.vervallen(conn, vandaag, _BATCH)]
        lopend = [r for r in beraad.lopend(conn, vandaag + timedelta(days=vooruit)) if r.vervalt_op > vandaag]
    gedaan = sum(_laat_vervallen(gateway, bericht_id, now) for bericht_id in vervallen)
    return gedaan + sum(_herinner(gateway, r, now, vandaag) for r in lopend)


def _laat_vervallen(gateway: Gateway, bericht_id: str, now: datetime) -> bool:
    with gateway.store.writing() as conn:
        slot(conn, f"bericht/{bericht_id}")
        row = berichten.zoek(conn, bericht_id)
        if row is None or row.uitkomst != Uitkomst.IN_BERAAD.value or row.dossiernummer is None:
            beraad.sluit_beraad(conn, bericht_id, now)
            return False
        neem_beslissing(
            conn,
            row,
            uitkomst=Uitkomst.GEWEIGERD.value,
            door=GATEWAY,
            op=now,
            motivering=f"{dossiervorming.VERVALLEN.code}: {dossiervorming.VERVALLEN.tekst}",
            redenen=(dossiervorming.VERVALLEN,),
        )
        deel_mee(conn, row, "vervallen", now)
        noteer(conn, Gebeurtenis.BERAAD_VERVALLEN, actor=GATEWAY, onderwerp=bericht_id, gegevens={}, tijdstip=now)
    log.info("beraad_lapsed", message_id=bericht_id)
    return True


def _herinner(gateway: Gateway, wacht: Row[Any], now: datetime, vandaag: date) -> bool:
    dagen = gateway.cookbooks[wacht.pijler].beraad.herinneringen if wacht.pijler in gateway.cookbooks else ()
    bereikt = [wacht.vervalt_op - timedelta(days=d) for d in dagen if wacht.vervalt_op - timedelta(days=d) <= vandaag]
    if not bereikt or (wacht.herinnerd_op is not None and wacht.herinnerd_op >= max(bereikt)):
        return False
    with gateway.store.writing() as conn:
        slot(conn, f"bericht/{wacht.bericht_id}")
        row = berichten.zoek(conn, wacht.bericht_id)
        if row is None or row.uitkomst != Uitkomst.IN_BERAAD.value:
            return False
        beraad.herinnerd(conn, wacht.bericht_id, max(bereikt))
        deel_mee(conn, row, "herinnering", now, wacht.vervalt_op)
    return True


def deel_mee(
    conn: Connection, row: Row[Any], soort: str, now: datetime, vervalt_op: date | None = None, volgorde: str | None = None
) -> None:
    """Tell the zorgkas that has a message what became of it.

    Args:
        volgorde: see naar_zorgkas.
    """
    nummer = message_id(now)
    mededeling = Mededeling(
        message_id=nummer,
        zorgkas=row.zorgkas,
        pijler=row.pijler,
        soort=soort,
        tijdstip=now,
        over_bericht=row.id,
        vervalt_op=vervalt_op,
    )
    plaats(
        conn,
        levering_id=nummer,
        bericht_id=row.id,
        bestemming=f"zorgkas:{row.zorgkas}",
        transport=transport_van(conn, row.zorgkas),
        message_name=f"VSB-{soort.upper()}",
        input_reference=nummer,
        content=schrijf_mededeling(mededeling),
        now=now,
        test=row.test,
        volgorde=volgorde,
    )
