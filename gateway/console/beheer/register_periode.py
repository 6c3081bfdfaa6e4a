"""Declarations, recognitions and mandates by screen; as `vsb-gateway register`, with the same checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.console.beheer.register_deel import (
    PAGINA,
    TABS,
    bevestig,
    dag_in,
    doe,
    fouttekst,
    laatste_dag,
    na_van,
    toestand_van,
    tot_wanneer,
    volgende_van,
    zoekwoord,
)
from gateway.console.rechten import Recht
from gateway.console.schermen import Schermen
from gateway.console.sessies import Melding
from gateway.console.vraag import NietGevonden, Vraag
from gateway.reference.register import Periodelijst, Registerfout, beeindig_periode, voeg_periode_toe
from gateway.reference.register_lijst import perioden, sleutel_van

schermen = Schermen()
LIJSTEN = {lijst.soort.naam: lijst for lijst in Periodelijst}
EINDRECHT = {
    lijst: Recht.MANDAAT_BEEINDIGEN if lijst is Periodelijst.MANDAAT else Recht.REGISTER_WIJZIGEN for lijst in Periodelijst
}
"""What ending a period of each list asks: a mandate may be revoked by more people than who keeps the register."""
KOLOMNAMEN = {"pijler": "Pijler", "gemachtigde_riziv": "Gemachtigde", "riziv": "Voorziening", "voorziening_riziv": "Voorziening"}


def _periodeschermen(naam: str, lijst: Periodelijst) -> None:
    basis = f"/register/{naam}"
    soorten = tuple(date if k == "van" else str for k in sleutel_van(lijst))

    @schermen.get(basis, Recht.REGISTER_ZIEN)
    def toon(vraag: Vraag) -> Response:
        na = na_van(vraag, soorten)
        geldig_op = vraag.vandaag if vraag.zoek.get("nu") else None
        with vraag.gateway.store.reading() as conn:
            rijen = perioden(conn, lijst, zoekwoord(vraag), geldig_op=geldig_op, na=na, hoogstens=PAGINA + 1)
        sleutel = [rijen[PAGINA - 1]._mapping[n] for n in sleutel_van(lijst)] if len(rijen) > PAGINA else None
        return vraag.toon(
            "beheer/perioden.html",
            tabs=TABS,
            tab=f"/console{basis}",
            basis=f"/console{basis}",
            lijst=naam,
            kolommen=[n for n in lijst.soort.sleutel if n != lijst.voorziening],
            voorziening=lijst.voorziening,
            rijen=rijen[:PAGINA],
            volgende=volgende_van(vraag, f"/console{basis}", sleutel),
            toestand=toestand_van(vraag),
            mag_beeindigen=vraag.mag(EINDRECHT[lijst]),
            vragen_van=lambda r: urlencode({n: r._mapping[n] for n in lijst.soort.sleutel}),
        )

    @schermen.get(f"{basis}/nieuw", Recht.REGISTER_WIJZIGEN)
    def nieuw(vraag: Vraag) -> Response:
        begin = {n: w for n in (*lijst.soort.sleutel, "van", "tot") if (w := vraag.zoek.get(n, "")[:16])}
        return _formulier(vraag, naam, lijst, {"van": vraag.vandaag.isoformat(), **begin}, None)

    @schermen.post(f"{basis}/nieuw", Recht.REGISTER_WIJZIGEN)
    def zet(vraag: Vraag) -> Response:
        sleutel = {n: vraag.veld(n) for n in lijst.soort.sleutel}
        try:
            van, tot = dag_in(vraag, "van"), dag_in(vraag, "tot", verplicht=False)
            doe(vraag, lambda conn, door: voeg_periode_toe(conn, lijst, sleutel, van or vraag.vandaag, tot, door))
        except Registerfout as fout:
            return _formulier(vraag, naam, lijst, {**sleutel, "van": vraag.veld("van"), "tot": vraag.veld("tot")}, fout)
        adres = f"/console{basis}?{urlencode({'zoek': sleutel[lijst.voorziening]})}"
        return vraag.naar(adres, Melding(tekst=vraag.t("Toegevoegd. Het geldt meteen.")))

    recht = EINDRECHT[lijst]
    gevolg = (
        "De periode die dan loopt krijgt deze laatste dag: ze geldt die hele dag nog. Moet het meteen stoppen, kies dan meteen."
    )
    titel = {"mandaten": "Mandaat beëindigen", "erkenningen": "Erkenning beëindigen"}.get(naam, "Verklaring beëindigen")

    @schermen.get(f"{basis}/beeindigen", recht)
    def vooraf(vraag: Vraag) -> Response:
        sleutel = {n: vraag.zoek.get(n, "") for n in lijst.soort.sleutel}
        return bevestig(vraag, f"{basis}/beeindigen", titel, gevolg, sleutel, _loopt(vraag, lijst, sleutel), True)

    @schermen.post(f"{basis}/beeindigen", recht)
    def beeindig(vraag: Vraag) -> Response:
        sleutel = {n: vraag.veld(n) for n in lijst.soort.sleutel}
        feiten = _loopt(vraag, lijst, sleutel)
        try:
            tot = laatste_dag(vraag)
            gedaan = doe(vraag, lambda conn, door: beeindig_periode(conn, lijst, sleutel, tot, door))
        except Registerfout as fout:
            return bevestig(vraag, f"{basis}/beeindigen", titel, gevolg, sleutel, feiten, True, fout)
        adres = f"/console{basis}?{urlencode({'zoek': sleutel[lijst.voorziening]})}"
        terug = _weer_verder(basis, sleutel, tot, gedaan.voor["tot"]) if vraag.mag(Recht.REGISTER_WIJZIGEN) else None
        return vraag.naar(adres, Melding(tekst=tot_wanneer(vraag, tot), ongedaan=terug))


for _naam, _lijst in LIJSTEN.items():
    _periodeschermen(_naam, _lijst)


def _weer_verder(basis: str, sleutel: Mapping[str, str], tot: date, was: date | None) -> str:
    """The form that lets an ended period go on as it was: a new one from the day after, to be agreed with a reason."""
    verder = {**sleutel, "van": (tot + timedelta(days=1)).isoformat(), "tot": "" if was is None else was.isoformat()}
    return f"/console{basis}/nieuw?{urlencode(verder)}"


def _formulier(vraag: Vraag, naam: str, lijst: Periodelijst, waarden: Mapping[str, str], fout: Registerfout | None) -> Response:
    velden = [*lijst.soort.sleutel, "van", "tot"]
    return vraag.toon(
        "beheer/periode_nieuw.html",
        status=422 if fout else 200,
        lijst=naam,
        basis=f"/console/register/{naam}",
        velden=list(lijst.soort.sleutel),
        w={n: waarden.get(n, "") for n in velden},
        fouten={} if fout is None else {fout.veld: fouttekst(vraag, fout)},
        pijlers=[(p, c.naam) for p, c in vraag.gateway.cookbooks.items()],
    )


def _loopt(vraag: Vraag, lijst: Periodelijst, sleutel: Mapping[str, str]) -> dict[str, str]:
    """What is about to end.

    Raises:
        NietGevonden: nothing has this key.
    """
    if not (len(sleutel[lijst.voorziening]) == 11 and sleutel[lijst.voorziening].isdecimal()):
        raise NietGevonden
    with vraag.gateway.store.reading() as conn:
        rijen = perioden(conn, lijst, sleutel[lijst.voorziening])
    eigen = [r for r in rijen if all(r._mapping[n] == w for n, w in sleutel.items())]
    if not eigen:
        raise NietGevonden
    feiten = {"Voorziening": f"{eigen[-1].naam} ({sleutel[lijst.voorziening]})"}
    feiten |= {KOLOMNAMEN[n]: w for n, w in sleutel.items() if n != lijst.voorziening}
    return feiten | {"Periodes": ", ".join(f"{r.van:%d-%m-%Y} – {f'{r.tot:%d-%m-%Y}' if r.tot else '…'}" for r in eigen)}
