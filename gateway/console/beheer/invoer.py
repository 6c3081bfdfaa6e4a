"""Reference files by screen: send, see what would change, agree; or see every row that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.console.beheer.csv_bestand import csv_antwoord
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.sessies import Melding
from gateway.console.stap import start_stap
from gateway.console.vraag import NietGevonden, Onverwerkbaar, Vraag
from gateway.reference import invoer
from gateway.reference.invoer import BEZIG, GROOTSTE, NietNu, Ongeldig, onderbroken
from gateway.reference.soorten import SOORTEN
from gateway.store.identifiers import message_id

schermen = Schermen()
_PAGINA = 25
_FOUTEN = 100
"""Wrong rows on the page; the file has the first thousand."""
_PERSONEN = frozenset({"personen", "aansluitingen", "statuten"})


def over_personen(verslag: Mapping[str, Any] | None) -> bool:
    """Whether a report shows what stands in files about persons, right rows or wrong ones; of an unknown file it may."""
    if verslag is None:
        return False
    soorten = {b["naam"]: b["soort"] for b in verslag["bestanden"]}
    getoond = {f["bestand"] for f in verslag["fouten"]} | soorten.keys()
    return any(soorten.get(naam) is None or soorten[naam] in _PERSONEN for naam in getoond)


@schermen.get("/invoer", Recht.REFERENTIE_LADEN, menu=Menu(titel="Gegevens laden", volgorde=80, toets="i"))
def lijst(vraag: Vraag) -> Response:
    """What was sent so far, and the form to send more."""
    with vraag.gateway.store.reading() as conn:
        rijen = invoer.lijst(conn, vraag.zoek.get("na") or None, _PAGINA + 1)
    volgende = f"/console/invoer?na={rijen[_PAGINA - 1].id}" if len(rijen) > _PAGINA else None
    return _toon_lijst(vraag, rijen[:_PAGINA], volgende)


@schermen.post("/invoer", Recht.REFERENTIE_LADEN, grootste=GROOTSTE + 1024 * 1024)
def stuur(vraag: Vraag) -> Response:
    """Keep the files, and start to check them."""
    bestanden = [b for b in vraag.velden.getlist("bestanden") if isinstance(b, UploadFile) and b.filename]
    map_, nummer = vraag.gateway.settings.imports, message_id(vraag.nu)
    try:
        stukken = invoer.ontvang(map_, nummer, [(b.filename or "", b.file) for b in bestanden])
    except Ongeldig as problem:
        with vraag.gateway.store.reading() as conn:
            rijen = invoer.lijst(conn, None, _PAGINA)
        return _toon_lijst(vraag, rijen, None, vraag.t(str(problem)))
    with vraag.gateway.store.writing() as conn:
        invoer.begin(conn, map_, nummer, stukken, vraag.persoon.actor, vraag.nu)
    start_stap(vraag.gateway, nummer, vraag.persoon.actor)
    return vraag.naar(f"/console/invoer/{nummer}")


@schermen.get("/invoer/{nummer}", Recht.REFERENTIE_LADEN)
def een(vraag: Vraag) -> Response:
    """How an import stands: under way, what would change, what is wrong, what was done."""
    rij = _zoek(vraag)
    if vraag.deel:
        # The part that refreshes itself; once there is something to see, the whole page comes.
        if rij.toestand in BEZIG and not onderbroken(rij, vraag.nu):
            return vraag.toon("beheer/invoer_voortgang.html", rij=rij, deel=_deel(rij))
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    if over_personen(rij.verslag):
        vraag.inzage(f"invoer:{rij.id}", "vooruitblik")
    return vraag.toon(
        "beheer/invoer_een.html",
        rij=rij,
        deel=_deel(rij),
        bezig=rij.toestand in BEZIG and not onderbroken(rij, vraag.nu),
        onderbroken=onderbroken(rij, vraag.nu),
        getoond=_FOUTEN,
    )


@schermen.get("/invoer/{nummer}/fouten.csv", Recht.REFERENTIE_LADEN)
def fouten(vraag: Vraag) -> Response:
    """The wrong rows that are kept, as a file."""
    rij = _zoek(vraag)
    if rij.verslag is None:
        raise NietGevonden
    if over_personen(rij.verslag):
        vraag.inzage(f"invoer:{rij.id}", "fouten")
    return csv_antwoord(f"fouten-{rij.id}.csv", _fouten(rij.verslag))


def _fouten(verslag: dict[str, Any]) -> Iterator[list[Any]]:
    kolommen = ["bestand", "regel", "kolom", "gevonden", "verwacht"]
    yield kolommen
    for fout in verslag["fouten"]:
        yield [fout[k] for k in kolommen]


@schermen.post("/invoer/{nummer}/laden", Recht.REFERENTIE_LADEN)
def bevestig(vraag: Vraag) -> Response:
    """Load exactly what was shown."""
    rij = _zoek(vraag)
    gezien = [str(w) for w in vraag.velden.getlist("sha256")]
    try:
        with vraag.gateway.store.writing() as conn:
            invoer.bevestig(conn, rij.id, gezien, vraag.nu)
    except NietNu:
        raise Onverwerkbaar("Deze invoer wacht niet (meer) op een akkoord. Bekijk hem opnieuw.") from None
    start_stap(vraag.gateway, rij.id, vraag.persoon.actor)
    return vraag.naar(f"/console/invoer/{rij.id}")


@schermen.post("/invoer/{nummer}/opnieuw", Recht.REFERENTIE_LADEN)
def opnieuw(vraag: Vraag) -> Response:
    """Check it again."""
    rij = _zoek(vraag)
    try:
        with vraag.gateway.store.writing() as conn:
            invoer.opnieuw(conn, rij.id, vraag.nu)
    except NietNu:
        raise Onverwerkbaar("Deze invoer kan nu niet opnieuw nagekeken worden.") from None
    start_stap(vraag.gateway, rij.id, vraag.persoon.actor)
    return vraag.naar(f"/console/invoer/{rij.id}")


@schermen.post("/invoer/{nummer}/verwerpen", Recht.REFERENTIE_LADEN)
def verwerp(vraag: Vraag) -> Response:
    """Throw it away."""
    rij = _zoek(vraag)
    try:
        with vraag.gateway.store.writing() as conn:
            invoer.verwerp(conn, vraag.gateway.settings.imports, rij.id, vraag.nu)
    except NietNu:
        raise Onverwerkbaar("Deze invoer kan nu niet verworpen worden.") from None
    return vraag.naar("/console/invoer", Melding(tekst=vraag.t("De invoer is verworpen; er is niets geladen.")))


def _toon_lijst(vraag: Vraag, rijen: Sequence[Row[Any]], volgende: str | None, probleem: str = "") -> Response:
    return vraag.toon(
        "beheer/invoer.html",
        status=422 if probleem else 200,
        rijen=rijen,
        volgende=volgende,
        soorten=SOORTEN,
        grootste=GROOTSTE,
        probleem=probleem,
        stil=[r.id for r in rijen if onderbroken(r, vraag.nu)],
    )


def _zoek(vraag: Vraag) -> Row[Any]:
    with vraag.gateway.store.reading() as conn:
        rij = invoer.zoek(conn, vraag.pad["nummer"])
    if rij is None:
        raise NietGevonden
    return rij


def _deel(rij: Row[Any]) -> int:
    """Percent of the octets that the step under way has read."""
    geheel: int = sum(b["octetten"] for b in rij.bestanden)
    return min(100, 100 * int(rij.gelezen) // max(1, geheel))
