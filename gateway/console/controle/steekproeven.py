"""Draw samples by criteria, look at what was drawn, and take the evidence along."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from gateway.console.bericht.stuk import stukbeeld
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.sessies import Melding
from gateway.console.stukken import PAGINA, adres, als_zip, lees_dag, van_wie
from gateway.console.vraag import Vraag
from gateway.diensten.controle import (
    UITKOMSTEN,
    doel_van_uitvoer,
    steekproef_van,
    trek_opnieuw,
    trek_steekproef,
    voer_uit,
    zaak_van,
)
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.kas_beslissen import beslist
from gateway.diensten.niet_betaald import met_leden
from gateway.reference import lookup
from gateway.store import steekproef, zendingen
from gateway.store.eigen import geweigerde_lijnen
from gateway.store.handelingen import handelingen
from gateway.store.steekproef import MOST, Criteria

schermen = Schermen()
_GEWEIGERD = 200
_EURO = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3}){0,2}|[0-9]{1,9})(?:,([0-9]{1,2}))?")
"""A point stands between three digits and three, or nowhere: 1125.36 is no amount."""


@schermen.get("/steekproeven", Recht.STEEKPROEF_TREKKEN, menu=Menu(titel="Steekproeven", volgorde=10, toets="s"))
def lijst(vraag: Vraag) -> Response:
    with vraag.gateway.store.reading() as conn:
        rows = steekproef.lijst(conn, voor=vraag.zoek.get("voor") or None, limit=PAGINA)
    volgende = adres("/console/steekproeven", voor=rows[-1].id) if len(rows) == PAGINA else None
    return vraag.toon(
        "controle/steekproeven.html", rows=rows, criteria={r.id: Criteria.uit_json(r.criteria) for r in rows}, volgende=volgende
    )


@schermen.get("/steekproeven/nieuw", Recht.STEEKPROEF_TREKKEN)
def nieuw(vraag: Vraag) -> Response:
    return _formulier(vraag)


@schermen.post("/steekproeven", Recht.STEEKPROEF_TREKKEN)
def trek(vraag: Vraag) -> Response:
    try:
        nummer = trek_steekproef(
            vraag.gateway,
            _criteria(vraag),
            aantal=_getal("aantal", vraag.veld("aantal")) or 0,
            zaad=vraag.veld("zaad") or secrets.token_hex(8),
            doel=vraag.veld("doel"),
            persoon=vraag.persoon.actor,
        )
    except Ongeldig as fout:
        return _formulier(vraag, fout)
    return vraag.naar(f"/console/steekproeven/{nummer}", Melding(tekst=vraag.t("De steekproef is getrokken en bewaard.")))


@schermen.get("/steekproeven/{nummer}", Recht.STEEKPROEF_TREKKEN)
@van_wie
def een(vraag: Vraag) -> Response:
    return _steekproef(vraag)


@schermen.post("/steekproeven/{nummer}/uitvoeren", Recht.ZAAK_UITVOEREN)
@van_wie
def voer_steekproef_uit(vraag: Vraag) -> Response:
    row, rijen = steekproef_van(vraag.gateway, vraag.pad["nummer"])
    try:
        return _uitvoer(vraag, [r.id for r in rijen], f"steekproef:{row.id}", f"steekproef-{row.id}", row)
    except Ongeldig as fout:
        return _steekproef(vraag, fout)


@schermen.get("/zaken/{bericht_id}", Recht.ZAAK_UITVOEREN)
@van_wie
def zaak(vraag: Vraag) -> Response:
    return _zaak(vraag)


@schermen.post("/zaken/{bericht_id}/uitvoeren", Recht.ZAAK_UITVOEREN)
@van_wie
def voer_zaak_uit(vraag: Vraag) -> Response:
    row = zaak_van(vraag.gateway, vraag.pad["bericht_id"])
    try:
        return _uitvoer(vraag, [row.id], row.id, f"zaak-{row.id}")
    except Ongeldig as fout:
        return _zaak(vraag, fout)


def _steekproef(vraag: Vraag, fout: Ongeldig | None = None) -> Response:
    row, rijen = steekproef_van(vraag.gateway, vraag.pad["nummer"])
    opnieuw = trek_opnieuw(vraag.gateway, row) if vraag.zoek.get("opnieuw") else None
    return vraag.toon(
        "controle/steekproef.html",
        422 if fout else 200,
        row=row,
        rijen=rijen,
        criteria=Criteria.uit_json(row.criteria),
        opnieuw=opnieuw,
        erbij=_korte_lijst(vraag, () if opnieuw is None else opnieuw.erbij),
        weg=_korte_lijst(vraag, () if opnieuw is None else opnieuw.weg),
        fout=fout,
        doel=vraag.veld("doel") or row.doel,
    )


def _korte_lijst(vraag: Vraag, ids: Sequence[str]) -> list[Row[Any]]:
    if not ids:
        return []
    with vraag.gateway.store.reading() as conn:
        return steekproef.rijen(conn, list(ids))


def _zaak(vraag: Vraag, fout: Ongeldig | None = None) -> Response:
    row = zaak_van(vraag.gateway, vraag.pad["bericht_id"])
    vraag.inzage(f"bericht:{row.id}", "zaak")
    with vraag.gateway.store.reading() as conn:
        stuk = stukbeeld(vraag.gateway, conn, row)
        zending = zendingen.zending_van(conn, row.id)
        rijen = geweigerde_lijnen(conn, row.id, _GEWEIGERD) if zending is not None else []
        lijnen = met_leden(vraag.gateway, conn, row.id, rijen)
        gedaan = handelingen(conn, row.id)
        besluit = beslist(conn, row.id) if row.dienst == "aanvraag" else None
    return vraag.toon(
        "controle/zaak.html",
        422 if fout else 200,
        stuk=stuk,
        zending=zending,
        lijnen=lijnen,
        meest=_GEWEIGERD,
        handelingen=gedaan,
        besluit=besluit,
        fout=fout,
        doel=vraag.veld("doel"),
    )


def _uitvoer(vraag: Vraag, ids: Sequence[str], wat: str, naam: str, row: Row[Any] | None = None) -> Response:
    doel = doel_van_uitvoer(vraag.veld("doel"))
    vraag.inzage(wat if wat.startswith("steekproef") else f"bericht:{wat}", "zaakdossier", aantal=len(ids))
    return als_zip(voer_uit(vraag.gateway, ids, wat=wat, doel=doel, persoon=vraag.persoon.actor, van_steekproef=row), naam)


def _formulier(vraag: Vraag, fout: Ongeldig | None = None) -> Response:
    vorige = vraag.vandaag.replace(day=1) - timedelta(days=1)
    standaard = {"van": vorige.replace(day=1).isoformat(), "tot": vorige.isoformat(), "aantal": "25"}
    namen = ("van", "tot", "dienst", "pijler", "voorziening", "zorgkas", "uitkomst", "code", "minstens", "hoogstens")
    velden = {n: vraag.veld(n) or standaard.get(n, "") for n in (*namen, "aantal", "zaad", "doel")}
    with vraag.gateway.store.reading() as conn:
        zorgkassen = lookup.zorgkassen(conn)
    return vraag.toon(
        "controle/nieuw.html",
        422 if fout else 200,
        velden=velden,
        fout=fout,
        meest=MOST,
        pijlers=sorted(vraag.gateway.cookbooks),
        zorgkassen=zorgkassen,
        uitkomsten=UITKOMSTEN,
    )


def _criteria(vraag: Vraag) -> Criteria:
    basis = Criteria(van=lees_dag(vraag.veld("van"), date.min), tot=lees_dag(vraag.veld("tot"), date.min))
    velden = {n: vraag.veld(n) or None for n in ("dienst", "pijler", "voorziening", "zorgkas", "uitkomst", "code")}
    return replace(basis, **velden, minstens=_bedrag(vraag, "minstens"), hoogstens=_bedrag(vraag, "hoogstens"))  # type: ignore[arg-type]


def _getal(veld: str, waarde: str) -> int | None:
    if not waarde:
        return None
    if not (waarde.isascii() and waarde.isdecimal() and len(waarde) <= 9):
        raise Ongeldig(veld, "Een heel getal.")
    return int(waarde)


def _bedrag(vraag: Vraag, veld: str) -> int | None:
    """Cents, of an amount in euro as people type it: 1.234,56."""
    waarde = vraag.veld(veld).replace("€", "").replace(" ", "")
    if not waarde:
        return None
    gevonden = _EURO.fullmatch(waarde)
    if gevonden is None:
        raise Ongeldig(veld, "Een bedrag in euro, bijvoorbeeld 1.234,56: een punt voor duizend, een komma voor de centen.")
    heel, rest = gevonden[1].replace(".", ""), gevonden[2] or ""
    return int(heel) * 100 + int(rest.ljust(2, "0") or 0)
