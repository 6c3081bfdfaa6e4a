"""What waits for a zorgkas's decision, and deciding it."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from gateway.console.bericht.stuk import stukbeeld
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.sessies import Melding
from gateway.console.stukken import PAGINA, adres, lees_dag_sleutel, sleutel, van_wie
from gateway.console.vraag import Vraag
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.kas_beslissen import AlBeslist, Besluit, beslis, beslist, lees_bericht, nagekeken
from gateway.store import werklijst
from gateway.store.eigen import redenen_van

schermen = Schermen()


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
        redenen = redenen_van(conn, [r.bericht_id for r in rows])
    volgende = sleutel(rows[-1].vervalt_op, rows[-1].bericht_id) if len(rows) == PAGINA else None
    return vraag.toon(
        "zorgkas/beraad.html",
        rows=rows,
        tellingen=tellingen,
        veel=werklijst.VEEL,
        redenen=redenen,
        pijler=pijler or "",
        pijlers=sorted(vraag.gateway.cookbooks),
        volgende=volgende and adres("/console/beraad", pijler=pijler, na=volgende),
    )


@schermen.get("/beraad/{bericht_id}", Recht.BERAAD_ZIEN)
@van_wie
def een(vraag: Vraag) -> Response:
    return _toon(vraag)


@schermen.post("/beraad/{bericht_id}/nakijken", Recht.BERAAD_BESLISSEN)
@van_wie
def nakijken(vraag: Vraag) -> Response:
    """What will be decided and told, before it is; nothing changes."""
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
    return vraag.toon("zorgkas/nakijken.html", row=row, uitkomst=besluit.uitkomst, motivering=motivering)


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
    gedaan = "Aanvaard. De voorziening krijgt de beslissing in haar postbus."
    if besluit.uitkomst != "aanvaard":
        gedaan = "Geweigerd. De voorziening krijgt de beslissing in haar postbus."
    return vraag.naar("/console/beraad", Melding(tekst=vraag.t(gedaan)))


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
