"""A facility's or a vendor's own messages, and what to do about a refusal."""

from __future__ import annotations

from starlette.responses import Response

from gateway.console.bericht.stuk import stukbeeld
from gateway.console.rechten import Recht, Rol
from gateway.console.schermen import Menu, Schermen
from gateway.console.stukken import adres, van_wie
from gateway.console.vraag import Vraag
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kas_beslissen import beslist
from gateway.diensten.toegang import toegang_van
from gateway.store import zendingen
from gateway.store.eigen import Eigen, Filter, berichten_van, eigen_bericht, geweigerde_lijnen, redenen_van
from gateway.store.identifiers import moment_van

schermen = Schermen()
UITKOMSTEN = ("aanvaard", "geweigerd", "in_beraad")
_GEWEIGERD = 200


def eigen_van(vraag: Vraag) -> Eigen:
    """What is whose: a facility's by its RIZIV numbers, a vendor's by its attests."""
    return Eigen(voorzieningen=vraag.persoon.voorzieningen, attesten=vraag.persoon.attesten)


@schermen.get("/eigen", Recht.EIGEN_ZIEN, menu=Menu(titel="Mijn berichten", volgorde=10, toets="m"))
def lijst(vraag: Vraag) -> Response:
    pijler, uitkomst = vraag.zoek.get("pijler") or None, vraag.zoek.get("uitkomst") or None
    if uitkomst not in UITKOMSTEN:
        uitkomst = None
    referentie = vraag.zoek.get("referentie", "").strip()[:64] or None
    keuze = Filter(pijler=pijler, uitkomst=uitkomst, referentie=referentie, voor=vraag.zoek.get("voor") or None)
    with vraag.gateway.store.reading() as conn:
        gevonden = berichten_van(conn, eigen_van(vraag), keuze)
        redenen = redenen_van(conn, [r.id for r in gevonden.rijen])
    volgende = None
    if gevonden.volgende is not None:
        volgende = adres("/console/eigen", pijler=pijler, uitkomst=uitkomst, referentie=referentie, voor=gevonden.volgende)
    return vraag.toon(
        "eigen/berichten.html",
        rows=gevonden.rijen,
        gezocht_tot=gevonden.gezocht_tot and moment_van(gevonden.gezocht_tot),
        redenen=redenen,
        pijler=pijler or "",
        uitkomst=uitkomst or "",
        referentie=referentie or "",
        pijlers=sorted(vraag.gateway.cookbooks),
        uitkomsten=UITKOMSTEN,
        volgende=volgende,
    )


@schermen.get("/eigen/{bericht_id}", Recht.EIGEN_ZIEN)
@van_wie
def een(vraag: Vraag) -> Response:
    # A vendor sees what its software did wrong, and never whom it was about.
    persoon = vraag.persoon.rol is Rol.VOORZIENING
    with vraag.gateway.store.reading() as conn:
        row = eigen_bericht(conn, eigen_van(vraag), vraag.pad["bericht_id"])
    if row is None:
        raise NietGevonden
    if persoon:
        vraag.inzage(f"bericht:{row.id}", "inhoud")
    with vraag.gateway.store.reading() as conn:
        stuk = stukbeeld(vraag.gateway, conn, row, persoon=persoon)
        zending = zendingen.zending_van(conn, row.id)
        lijnen = geweigerde_lijnen(conn, row.id, _GEWEIGERD) if zending is not None else []
        besluit = beslist(conn, row.id) if persoon and row.dienst == "aanvraag" else None
    return vraag.toon(
        "eigen/bericht.html",
        stuk=stuk,
        zending=zending,
        lijnen=lijnen,
        meest=_GEWEIGERD,
        besluit=besluit,
        persoon=persoon,
        heeft_cookbook=row.pijler in vraag.gateway.cookbooks,
    )


@schermen.get("/toegang", Recht.EIGEN_ZIEN, menu=Menu(titel="Attest en toegang", volgorde=30, toets="t"))
def toegang(vraag: Vraag) -> Response:
    persoon = vraag.persoon
    with vraag.gateway.store.reading() as conn:
        stand = toegang_van(conn, persoon.voorzieningen, persoon.attesten, vraag.vandaag)
    return vraag.toon("eigen/toegang.html", stand=stand, vandaag=vraag.vandaag)
