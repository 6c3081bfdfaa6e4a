"""A message's page: everything that is known of it, on one page that also reads well on paper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row
from starlette.responses import Response, StreamingResponse

from gateway.central.model import Persoon
from gateway.console.bericht import handtekening, inhoud
from gateway.console.bericht.weergave import Weergave, toon
from gateway.console.operator import verband
from gateway.console.operator.tijdlijn import afleveringen, tijdlijn
from gateway.console.rechten import Recht
from gateway.console.schermen import Schermen
from gateway.console.vraag import NietGevonden, Vraag
from gateway.exchange.foutwoorden import in_woorden
from gateway.exchange.toestand import FINAL, RETRYABLE
from gateway.reference import lookup
from gateway.refusal import Refusal
from gateway.store import berichten, dossiers, zendingen
from gateway.store.berichten import Stap
from gateway.store.inhoud import in_archief
from gateway.wire.parser import parse

schermen = Schermen()


@schermen.get("/berichten/{bericht_id}", Recht.BERICHTEN_ZIEN)
def een_bericht(vraag: Vraag) -> Response:
    bericht_id = str(vraag.pad["bericht_id"])
    with vraag.gateway.store.reading() as conn:
        rij = berichten.zoek(conn, bericht_id)
    if rij is None:
        raise NietGevonden
    vraag.inzage(f"bericht:{bericht_id}", "bericht met inhoud")
    with vraag.gateway.store.reading() as conn:
        return vraag.toon("operator/bericht.html", **_alles(vraag, conn, rij))


def _alles(vraag: Vraag, conn: Connection, rij: Row[Any]) -> dict[str, Any]:
    gateway = vraag.gateway
    stappen, leveringen = berichten.levensloop(conn, rij.id), afleveringen(conn, rij.id)
    beslissingen = dossiers.beslissingen(conn, rij.id)
    redenen = [r for b in beslissingen for r in b.redenen]
    cookbook = gateway.cookbooks.get(rij.pijler)
    toegelaten, zending = vraag.mag(Recht.BERICHT_INHOUD), zendingen.zending_van(conn, rij.id)
    return {
        "rij": rij,
        "voorziening": lookup.voorziening(conn, rij.voorziening) if rij.voorziening else None,
        "persoon": _persoon(conn, rij.insz),
        "zending": zending,
        "gelezen": verband.gelezen_van(gateway, conn, rij) if zending is None and toegelaten else None,
        "daden_over": verband.daden_over(conn, rij.id),
        "gaat_over": verband.gaat_over(gateway, conn, rij) if toegelaten else None,
        "momenten": tijdlijn(stappen, leveringen, beslissingen),
        "leveringen": leveringen,
        "beslissingen": beslissingen,
        "regels": {} if cookbook is None else {r.id: r for r in cookbook.regels},
        "inhoud": inhoud.lees(gateway, conn, rij.id, redenen, rij.octetten) if toegelaten else None,
        "archief": in_archief(conn, rij.id),
        "certificaat": handtekening.lees_certificaat(gateway, conn, rij.certificaat_sha256, vraag.nu),
        "antwoord": _antwoord(rij.antwoord),
        "in_woorden": in_woorden,
        "opnieuw": {t.value for t in RETRYABLE},
        "afgesloten": {t.value for t in FINAL},
        "laatste_stap": Stap(rij.stap),
    }


def _persoon(conn: Connection, insz: str | None) -> Persoon | None:
    return lookup.persoon(conn, insz) if insz else None


def _antwoord(octetten: bytes | None) -> Weergave | None:
    if octetten is None:
        return None
    try:
        return toon(parse(octetten), {}, meest=400)
    except Refusal:
        return None


@schermen.get("/berichten/{bericht_id}/octetten", Recht.BERICHT_INHOUD)
def octetten(vraag: Vraag) -> Response:
    """The HTTP body, byte for byte."""
    bericht_id = _bestaat(vraag)
    vraag.inzage(f"bericht:{bericht_id}", "octetten")
    with vraag.gateway.store.reading() as conn:
        _, raw = berichten.inhoud(conn, bericht_id)
    return Response(raw, media_type="application/octet-stream", headers=_bijlage(f"{bericht_id}.http"))


@schermen.get("/berichten/{bericht_id}/blob", Recht.BERICHT_INHOUD)
def blob(vraag: Vraag) -> Response:
    """What was in the blob, unpacked, a step at a time."""
    bericht_id = _bestaat(vraag)
    vraag.inzage(f"bericht:{bericht_id}", "inhoud van de blob")
    with vraag.gateway.store.reading() as conn:
        content = inhoud.blob_van(vraag.gateway, conn, bericht_id)
    if content is None:
        raise NietGevonden
    return StreamingResponse(content.steps(), media_type="application/octet-stream", headers=_bijlage(f"{bericht_id}.blob"))


@schermen.get("/berichten/{bericht_id}/antwoord", Recht.BERICHT_INHOUD)
def antwoord(vraag: Vraag) -> Response:
    """The answer that the sender got, with its signed receipt."""
    bericht_id = _bestaat(vraag)
    vraag.inzage(f"bericht:{bericht_id}", "antwoord")
    with vraag.gateway.store.reading() as conn:
        rij = berichten.zoek(conn, bericht_id)
    if rij is None or rij.antwoord is None:
        raise NietGevonden
    return Response(rij.antwoord, media_type="application/octet-stream", headers=_bijlage(f"{bericht_id}-antwoord.xml"))


def _bestaat(vraag: Vraag) -> str:
    bericht_id = str(vraag.pad["bericht_id"])
    with vraag.gateway.store.reading() as conn:
        if berichten.zoek(conn, bericht_id) is None:
            raise NietGevonden
    return bericht_id


def _bijlage(naam: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{naam}"'}
