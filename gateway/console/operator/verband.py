"""What a message has to do with others: what was decided about it, or what it decides; and what a refused zending said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml.etree import QName
from sqlalchemy import Connection, Row, select

from gateway.console.bericht.inhoud import ONTLEED, blob_van
from gateway.diensten.kern import Gateway
from gateway.diensten.zending_lezen import lees_of_fouten
from gateway.observe.audit_events import Gebeurtenis
from gateway.refusal import Refusal
from gateway.store import berichten
from gateway.store.audit_tables import audit
from gateway.wire.content import Content
from gateway.wire.parser import Bounds, parse

_DADEN = {Gebeurtenis.ZORGKAS_BESLISTE.value: "beslissing", Gebeurtenis.ZORGKAS_REKENDE_AF.value: "afrekening"}
_MEEST = 20
_VELDEN = {"Zendingnummer": "nummer", "Maand": "maand", "Zorgkas": "zorgkas", "Totaal": "totaal"}


@dataclass(frozen=True, kw_only=True)
class Verband:
    """A zorgkas's act on a message."""

    wat: str
    door: str
    op: datetime
    bericht_id: str | None
    """The message by which it came; None: a person did it on a screen."""


@dataclass(frozen=True, kw_only=True)
class Gelezen:
    """What a zending that was refused says of itself, as far as it can be read."""

    nummer: str | None = None
    maand: str | None = None
    """mm-yyyy"""
    zorgkas: str | None = None
    totaal: int | None = None
    """Cents."""


def daden_over(conn: Connection, bericht_id: str) -> list[Verband]:
    """The decisions and settlements about a message, as the audit chain has them, oldest first."""
    a = audit.c
    vraag = select(a.gebeurtenis, a.actor, a.tijdstip, a.gegevens).where(a.onderwerp == bericht_id, a.gebeurtenis.in_(_DADEN))
    return [
        Verband(
            wat=_DADEN[r.gebeurtenis],
            door=r.actor,
            op=datetime.fromisoformat(r.tijdstip),
            bericht_id=json.loads(r.gegevens).get("bericht"),
        )
        for r in conn.execute(vraag.order_by(a.volgnr).limit(_MEEST))
    ]


def gaat_over(gateway: Gateway, conn: Connection, rij: Row[Any]) -> str | None:
    """The id of the message that a zorgkas's decision or settlement is about; None when it is none, or can not be read."""
    if not rij.afzender.startswith("zorgkas:"):
        return None
    velden = _velden(_blob(gateway, conn, rij.id), ("MessageId",))
    gevonden = velden.get("MessageId")
    return gevonden if gevonden and berichten.zoek(conn, gevonden) is not None else None


def gelezen_van(gateway: Gateway, conn: Connection, rij: Row[Any]) -> Gelezen | None:
    """What a zending that is not kept as accepted says of itself; None when it is no zending, or nothing can be read."""
    if rij.dienst != "facturatie":
        return None
    content = _blob(gateway, conn, rij.id)
    if content is None:
        return None
    zending, _ = lees_of_fouten(content)
    if zending is not None:
        return Gelezen(
            nummer=zending.zendingnummer, maand=f"{zending.maand:%m-%Y}", zorgkas=zending.zorgkas, totaal=zending.totaal
        )
    velden = _velden(content, tuple(_VELDEN))
    if not velden:
        return None
    jaar, _, maand = velden.get("Maand", "").partition("-")
    totaal = velden.get("Totaal", "")
    return Gelezen(
        nummer=velden.get("Zendingnummer"),
        maand=f"{maand[:2]}-{jaar}" if maand else None,
        zorgkas=velden.get("Zorgkas"),
        totaal=int(totaal) if totaal.lstrip("-").isdecimal() else None,
    )


def _blob(gateway: Gateway, conn: Connection, bericht_id: str) -> Content | None:
    try:
        content = blob_van(gateway, conn, bericht_id)
    except Refusal:
        return None
    return None if content is None or content.size > ONTLEED else content


def _velden(content: Content | None, namen: Sequence[str]) -> dict[str, str]:
    """Text of the root's own children of these names, short; nothing of what is no XML."""
    if content is None:
        return {}
    try:
        root = parse(content.whole(), Bounds(octets=ONTLEED))
    except Refusal:
        return {}
    paren = ((QName(e).localname, (e.text or "").strip()) for e in root.iterchildren("*"))
    return {naam: tekst[:40] for naam, tekst in paren if naam in namen and tekst}
