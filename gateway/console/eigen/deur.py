"""What was refused at the door of a facility or of a vendor's software: answered with a fault, and kept nowhere else."""

from __future__ import annotations

from starlette.responses import Response

from gateway.console.eigen.zoeken import eigen_van
from gateway.console.rechten import Recht
from gateway.console.schermen import Schermen
from gateway.console.stukken import adres
from gateway.console.vraag import Vraag
from gateway.refusal import info_of
from gateway.store import deur
from gateway.store.identifiers import LAATSTE

schermen = Schermen()


@schermen.get("/eigen/deur", Recht.EIGEN_ZIEN)
def lijst(vraag: Vraag) -> Response:
    voor = vraag.zoek.get("voor", "")[:36] or LAATSTE
    with vraag.gateway.store.reading() as conn:
        gevonden = deur.van_eigen(conn, eigen_van(vraag.persoon), voor.replace("\x00", ""))
        aantal = deur.recent_van_eigen(conn, eigen_van(vraag.persoon), vraag.nu)
    return vraag.toon(
        "eigen/deur.html",
        rijen=[(r, info_of(r.code)) for r in gevonden.rijen],
        volgende=None if gevonden.volgende is None else adres("/console/eigen/deur", voor=gevonden.volgende),
        aan_de_deur=aantal,
        meest_aan_de_deur=deur.RECENT_MEEST,
    )
