"""What became of a message: asked by its sender, by our id, its own id, or the SHA-256 of what it sent; of any service."""

from __future__ import annotations

import base64
from typing import Any

from lxml.etree import _Element as Element
from sqlalchemy import Connection, Row, select

from gateway.berichten.aanvraag import lees_afzender
from gateway.berichten.antwoord import Levensloop, schrijf_levensloop
from gateway.berichten.lezen import kind, tekst_of_none
from gateway.berichten.names import AANVRAAG
from gateway.central.model import Effect, Reden
from gateway.diensten.kern import Bewezen, Gateway, check_afzender
from gateway.exchange import lijn
from gateway.exchange.toestand import Toestand
from gateway.store import berichten, dossiers
from gateway.store.tables import levering

_AFLEVERING = {
    Toestand.OPGEHAALD: "afgeleverd",
    Toestand.AFGELEVERD: "afgeleverd",
    Toestand.BEVESTIGD: "bevestigd",
    Toestand.MISLUKT: "mislukt",
    Toestand.OPGEGEVEN: "mislukt",
}


def raadplegen(gateway: Gateway, bewezen: Bewezen) -> Element:
    """Answer one question about the sender's own message; empty when there is none.

    Raises:
        Refusal: CROSSCHECK and its kin, when the sender is not who it says.
    """
    afzender = lees_afzender(kind(bewezen.payload, AANVRAAG, "Afzender"))
    check_afzender(bewezen, afzender.riziv, "/RaadplegenRequest/Afzender/RizivNummer")
    vraag = {n: tekst_of_none(bewezen.payload, AANVRAAG, n) for n in ("MessageId", "BerichtId", "Sha256")}
    digest = vraag["Sha256"]
    with gateway.store.reading() as conn:
        row = berichten.zoek_van(
            conn,
            f"riziv:{bewezen.identity.number}",
            message_id=vraag["MessageId"],
            bedrijfs_id=vraag["BerichtId"],
            sha256=None if digest is None else base64.b64decode(digest).hex(),
        )
        return schrijf_levensloop(None if row is None else _levensloop(conn, row))


def _levensloop(conn: Connection, row: Row[Any]) -> Levensloop:
    redenen = [
        Reden(**{**r, "effect": Effect(r["effect"])})
        for b in dossiers.beslissingen(conn, row.id)
        for r in b.redenen
        if "effect" in r
    ]
    return Levensloop(
        message_id=row.id,
        bericht_id=row.bedrijfs_id,
        uitkomst=row.uitkomst,
        zorgkas=row.zorgkas,
        dossiernummer=row.dossiernummer,
        aflevering=_aflevering(conn, row),
        redenen=redenen,
        stappen=[(s.stap, s.tijdstip, s.actor, s.toelichting) for s in berichten.levensloop(conn, row.id)],
    )


def _aflevering(conn: Connection, row: Row[Any]) -> str | None:
    bestemming = f"zorgkas:{row.zorgkas}"
    toestand = conn.execute(select(levering.c.toestand).where(levering.c.id == row.id)).scalar()
    if toestand is None:
        return None
    if toestand == Toestand.WACHTEND.value:
        return "onderweg" if lijn.lees(conn, bestemming).bereikbaar else "uitgesteld"
    return _AFLEVERING[Toestand(toestand)]
