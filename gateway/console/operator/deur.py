"""Every refusal at the door, for who answers the phone: found by its ticket, or in a list."""

from __future__ import annotations

import re

from sqlalchemy import select
from starlette.responses import Response

from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.stukken import adres
from gateway.console.vraag import NietGevonden, Vraag
from gateway.refusal import Code, info_of
from gateway.store import deur
from gateway.store.deur import ONBEWEZEN, Deurvraag
from gateway.store.identifiers import LAATSTE
from gateway.store.tables import certificaat

schermen = Schermen()
DIENSTEN = ("aanvraag", "facturatie", "verzekerbaarheid", "zorgkas")
_TICKET = re.compile(r"[0-9a-f-]{36}")


@schermen.get("/deur", Recht.BERICHTEN_ZIEN, menu=Menu(titel="Aan de deur", volgorde=25, toets="w"))
def lijst(vraag: Vraag) -> Response:
    gekozen = {n: w.strip()[:64].replace("\x00", "") or None for n in ("code", "afzender", "dienst") if (w := vraag.zoek.get(n))}
    if (afzender := gekozen.get("afzender")) is not None and re.fullmatch(r"\d{8}(\d{3})?", afzender):
        gekozen["afzender"] = f"riziv:{afzender[:8]}"
    voor = vraag.zoek.get("voor", "")
    gevraagd = Deurvraag(**gekozen, voor=voor if _TICKET.fullmatch(voor) else LAATSTE)
    with vraag.gateway.store.reading() as conn:
        gevonden = deur.lijst(conn, gevraagd)
    return vraag.toon(
        "operator/deur.html",
        rijen=[(r, info_of(r.code)) for r in gevonden.rijen],
        gevraagd=gevraagd,
        codes=[("", "alle"), *((c.info.code, c.info.code) for c in Code)],
        diensten=[("", "alle"), *((d, d) for d in DIENSTEN)],
        onbewezen=ONBEWEZEN,
        volgende=None if gevonden.volgende is None else adres("/console/deur", **gekozen, voor=gevonden.volgende),
    )


@schermen.get("/deur/{ticket}", Recht.BERICHTEN_ZIEN)
def een(vraag: Vraag) -> Response:
    ticket = str(vraag.pad["ticket"])
    with vraag.gateway.store.reading() as conn:
        rij = deur.een(conn, ticket) if _TICKET.fullmatch(ticket) else None
        if rij is None:
            raise NietGevonden
        houder = None
        if rij.certificaat_sha256 is not None:
            gekend = select(certificaat.c.identiteit).where(certificaat.c.sha256 == rij.certificaat_sha256)
            houder = conn.execute(gekend).scalar()
    return vraag.toon("operator/deur_een.html", rij=rij, info=info_of(rij.code), houder=houder)
