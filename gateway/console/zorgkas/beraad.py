"""What waits for a zorgkas's decision, and deciding it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from gateway.console.bericht.stuk import stukbeeld
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.stukken import PAGINA, adres, lees_dag_sleutel, lees_moment_sleutel, sleutel, van_wie
from gateway.console.vraag import Vraag
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.kas_beslissen import (
    AlBeslist,
    Besluit,
    beslis,
    beslist,
    laatst_beslist,
    lees_bericht,
    nagekeken,
    vertrokken,
)
from gateway.reference import lookup
from gateway.store import berichten, werklijst
from gateway.store.eigen import redenen_van

schermen = Schermen()
EEN_DAG = timedelta(days=1)
"""The gateway refuses by itself on the day that the term ends, so the last day to decide is the one before."""


@schermen.get("/beraad", Recht.BERAAD_ZIEN, menu=Menu(titel="In beraad", volgorde=10, toets="b"))
def lijst(vraag: Vraag) -> Response:
    zorgkas, pijler = str(vraag.persoon.zorgkas), vraag.zoek.get("pijler") or None
    na = lees_dag_sleutel(vraag.zoek.get("na"))
    with vraag.gateway.store.reading() as conn:
        rows = werklijst.in_beraad(conn, zorgkas, pijler=pijler, na=na, limit=PAGINA)
        tellingen = {
            naam: werklijst.tel_beraad(conn, zorgkas, pijler=pijler, tot=tot)
            for naam, tot in (
                ("te_laat", vraag.vandaag),
                ("week", vraag.vandaag + timedelta(days=7)),
                ("alles", None),
            )
        }
        elders = werklijst.tel_beraad(conn, zorgkas, pijler=None) if pijler and not rows else 0
        redenen = redenen_van(conn, [r.bericht_id for r in rows])
        net = _net_beslist(vraag, conn, pijler)
    volgende = sleutel(rows[-1].vervalt_op, rows[-1].bericht_id) if len(rows) == PAGINA else None
    return vraag.toon(
        "zorgkas/beraad.html",
        rows=rows,
        tellingen=tellingen,
        veel=werklijst.VEEL,
        elders=elders,
        redenen=redenen,
        net=net,
        pijler=pijler or "",
        pijlers=sorted(vraag.gateway.cookbooks),
        een_dag=EEN_DAG,
        adres=adres,
        volgende=volgende and adres("/console/beraad", pijler=pijler, na=volgende),
    )


@schermen.get("/beraad/beslist", Recht.BERAAD_ZIEN)
def lijst_beslist(vraag: Vraag) -> Response:
    na = lees_moment_sleutel(vraag.zoek.get("na"))
    with vraag.gateway.store.reading() as conn:
        rows = laatst_beslist(conn, str(vraag.persoon.zorgkas), na=na, limit=PAGINA)
    volgende = None
    if len(rows) == PAGINA:
        volgende = adres("/console/beraad/beslist", na=sleutel(rows[-1].row.gesloten_op, rows[-1].row.bericht_id))
    return vraag.toon("zorgkas/beslist.html", rows=rows, volgende=volgende)


@schermen.get("/beraad/{bericht_id}", Recht.BERAAD_ZIEN)
@van_wie
def een(vraag: Vraag) -> Response:
    return _toon(vraag)


@schermen.post("/beraad/{bericht_id}/terug", Recht.BERAAD_BESLISSEN)
@van_wie
def terug(vraag: Vraag) -> Response:
    """Back from the confirm page, with the choice and the words that were on it."""
    return _toon(vraag)


@schermen.post("/beraad/{bericht_id}/nakijken", Recht.BERAAD_BESLISSEN)
@van_wie
def nakijken(vraag: Vraag) -> Response:
    """What will be decided and told, about whom, before it is; nothing changes."""
    besluit = _besluit(vraag)
    try:
        motivering = nagekeken(besluit)
    except Ongeldig as fout:
        return _toon(vraag, fout=fout)
    with vraag.gateway.store.reading() as conn:
        row = lees_bericht(conn, str(vraag.persoon.zorgkas), vraag.pad["bericht_id"], vraag.nu)
        eerder = beslist(conn, row.id)
    if row.zorgkas != vraag.persoon.zorgkas or row.uitkomst != "in_beraad":
        return _al_beslist(vraag, AlBeslist(eerder))
    vraag.inzage(f"bericht:{row.id}", "beraad")
    with vraag.gateway.store.reading() as conn:
        lid = None if row.insz is None else lookup.persoon(conn, row.insz)
        voorziening = None if row.voorziening is None else lookup.voorziening(conn, row.voorziening)
    return vraag.toon(
        "zorgkas/nakijken.html",
        row=row,
        lid=lid,
        voorziening=voorziening,
        uitkomst=besluit.uitkomst,
        motivering=motivering,
        pijler=_pijler(vraag),
    )


@schermen.post("/beraad/{bericht_id}/beslissen", Recht.BERAAD_BESLISSEN)
@van_wie
def beslissen(vraag: Vraag) -> Response:
    besluit = _besluit(vraag)
    try:
        beslis(vraag.gateway, besluit)
    except Ongeldig as fout:
        return _toon(vraag, fout=fout)
    except AlBeslist as eerder:
        return _al_beslist(vraag, eerder)
    return vraag.naar(adres("/console/beraad", pijler=_pijler(vraag), beslist=besluit.bericht_id))


def _pijler(vraag: Vraag) -> str:
    """The pillar that the worklist was filtered by, to go back to."""
    gevraagd = vraag.veld("pijler") or vraag.zoek.get("pijler", "")
    return gevraagd if gevraagd in vraag.gateway.cookbooks else ""


def _net_beslist(vraag: Vraag, conn: Connection, pijler: str | None) -> dict[str, Any] | None:
    """What was decided just now, as the address says, and what comes after it in the list."""
    zorgkas = str(vraag.persoon.zorgkas)
    row = berichten.zoek(conn, vraag.zoek.get("beslist", "")[:36])
    gedaan = None if row is None or row.zorgkas != zorgkas else beslist(conn, row.id)
    wachtte = None if row is None or gedaan is None else werklijst.wacht(conn, row.id)
    if row is None or gedaan is None or wachtte is None:
        return None
    na = (wachtte.vervalt_op, row.id)
    verder = werklijst.in_beraad(conn, zorgkas, pijler=pijler, na=na, limit=1)
    verder = verder or werklijst.in_beraad(conn, zorgkas, pijler=pijler, na=None, limit=1)
    return {"row": row, "uitkomst": gedaan.uitkomst, "volgend": verder[0] if verder else None}


def _besluit(vraag: Vraag) -> Besluit:
    return Besluit(
        bericht_id=vraag.pad["bericht_id"],
        zorgkas=str(vraag.persoon.zorgkas),
        persoon=vraag.persoon.actor,
        uitkomst=vraag.veld("uitkomst"),
        motivering=vraag.veld("motivering"),
    )


def _toon(vraag: Vraag, fout: Ongeldig | None = None) -> Response:
    zorgkas = str(vraag.persoon.zorgkas)
    with vraag.gateway.store.reading() as conn:
        row = lees_bericht(conn, zorgkas, vraag.pad["bericht_id"], vraag.nu)
    vraag.inzage(f"bericht:{row.id}", "beraad")
    with vraag.gateway.store.reading() as conn:
        stuk = stukbeeld(vraag.gateway, conn, row)
        wachtend = werklijst.wacht(conn, row.id)
        eerder = beslist(conn, row.id)
        lid_tot = vertrokken(conn, row)
    return vraag.toon(
        "zorgkas/bericht.html",
        422 if fout else 200,
        stuk=stuk,
        wachtend=wachtend,
        eerder=eerder,
        eigen=row.zorgkas == zorgkas,
        fout=fout,
        uitkomst=vraag.veld("uitkomst"),
        motivering=vraag.veld("motivering"),
        pijler=_pijler(vraag),
        lid_tot=lid_tot,
        een_dag=EEN_DAG,
    )


def _al_beslist(vraag: Vraag, eerder: AlBeslist) -> Response:
    # The decision and its words are as much about a person as the message.
    vraag.inzage(f"bericht:{vraag.pad['bericht_id']}", "besluit")
    return vraag.toon(
        "zorgkas/al_beslist.html",
        409,
        bericht_id=vraag.pad["bericht_id"],
        eerder=eerder.beslist,
        uitkomst=vraag.veld("uitkomst"),
        motivering=vraag.veld("motivering"),
    )
