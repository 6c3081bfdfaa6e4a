"""Zendingen that wait for a settlement: refuse records by hand, see the totals, settle; and what was settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from gateway.berichten.factuur import Factuur
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.sessies import Melding
from gateway.console.stukken import PAGINA, adres, lees_moment_sleutel, sleutel, van_wie
from gateway.console.vraag import Onverwerkbaar, Vraag
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.kas_afrekenen import (
    AlAfgerekend,
    Bevestiging,
    Record,
    VoorstelGewijzigd,
    Zendingbeeld,
    afgerekend_op,
    beeld,
    bevestig,
    neem_terug,
    stel_voor,
)
from gateway.reference import lookup
from gateway.refusal import Code, Refusal
from gateway.store import werklijst
from gateway.store.eigen import geweigerde_lijnen
from gateway.store.weigervoorstellen import Sleutel

schermen = Schermen()
_FACTUREN = 20
_LIJNEN = 400
"""Records on one page; one invoice is never cut in two."""
_GEWEIGERD = 500


@dataclass(frozen=True, kw_only=True)
class Factuurbeeld:
    """One invoice on the page, with its records."""

    factuur: Factuur
    records: tuple[Record, ...]
    naam: str


@schermen.get("/afrekenen", Recht.FACTUUR_WEIGEREN, menu=Menu(titel="Af te rekenen", volgorde=30, toets="a"))
def lijst(vraag: Vraag) -> Response:
    with vraag.gateway.store.reading() as conn:
        rows = werklijst.open_zendingen(conn, str(vraag.persoon.zorgkas), na=vraag.zoek.get("na") or None, limit=PAGINA)
    volgende = adres("/console/afrekenen", na=rows[-1].bericht_id) if len(rows) == PAGINA else None
    return vraag.toon("zorgkas/afrekenen.html", rows=rows, volgende=volgende)


@schermen.get("/afrekenen/{bericht_id}", Recht.FACTUUR_WEIGEREN)
@van_wie
def een(vraag: Vraag) -> Response:
    return _toon(vraag)


@schermen.post("/afrekenen/{bericht_id}/weigeren", Recht.FACTUUR_WEIGEREN)
@van_wie
def weigeren(vraag: Vraag) -> Response:
    """Tick records; nothing is settled yet."""
    gekozen = _sleutels(vraag)
    if factuurnummer := vraag.veld("factuur"):
        gekozen = [r.sleutel for r in _beeld(vraag).records if r.factuur.factuurnummer == factuurnummer and r.kan_geweigerd]
    try:
        aantal = stel_voor(
            vraag.gateway,
            str(vraag.persoon.zorgkas),
            vraag.pad["bericht_id"],
            gekozen,
            reden=vraag.veld("code"),
            motivering=vraag.veld("motivering"),
            persoon=vraag.persoon.actor,
        )
    except Ongeldig as fout:
        return _toon(vraag, fout=fout, gekozen=gekozen)
    except AlAfgerekend as eerder:
        return _al_afgerekend(vraag, eerder)
    return vraag.naar(_hier(vraag), Melding(tekst=vraag.t("Te weigeren lijnen bijgezet: {n}.", n=aantal)))


@schermen.post("/afrekenen/{bericht_id}/terugnemen", Recht.FACTUUR_WEIGEREN)
@van_wie
def terugnemen(vraag: Vraag) -> Response:
    try:
        neem_terug(vraag.gateway, str(vraag.persoon.zorgkas), vraag.pad["bericht_id"], _sleutels(vraag))
    except AlAfgerekend as eerder:
        return _al_afgerekend(vraag, eerder)
    return vraag.naar(_hier(vraag), Melding(tekst=vraag.t("De lijn wordt niet geweigerd.")))


@schermen.get("/afrekenen/{bericht_id}/bevestigen", Recht.FACTUUR_WEIGEREN)
@van_wie
def bevestigen(vraag: Vraag) -> Response:
    return _bevestig_pagina(vraag)


@schermen.post("/afrekenen/{bericht_id}/bevestigen", Recht.FACTUUR_WEIGEREN)
@van_wie
def bevestig_nu(vraag: Vraag) -> Response:
    if not vraag.veld("geweigerd").isdecimal():
        raise Onverwerkbaar("De bedragen ontbreken; begin opnieuw op de pagina van de zending.")
    bevestiging = Bevestiging(
        bericht_id=vraag.pad["bericht_id"],
        zorgkas=str(vraag.persoon.zorgkas),
        persoon=vraag.persoon.actor,
        betaalreferentie=vraag.veld("betaalreferentie"),
        stand=vraag.veld("stand"),
        geweigerd=int(vraag.veld("geweigerd")[:15]),
    )
    try:
        bevestig(vraag.gateway, bevestiging)
    except Ongeldig as fout:
        return _bevestig_pagina(vraag, fout=fout)
    except VoorstelGewijzigd:
        gewijzigd = "Iemand wijzigde de te weigeren lijnen terwijl u keek. Er is niets afgerekend; kijk de bedragen opnieuw na."
        return _bevestig_pagina(vraag, status=409, waarschuwing=vraag.t(gewijzigd))
    except AlAfgerekend as eerder:
        return _al_afgerekend(vraag, eerder)
    except Refusal as refusal:
        if refusal.code is not Code.AMOUNTS:
            raise
        return _bevestig_pagina(vraag, status=409, waarschuwing=" ".join(f.nl for f in refusal.findings[:3]))
    gedaan = "Afgerekend. De voorziening krijgt de afrekening in haar postbus."
    return vraag.naar(f"/console/afrekeningen/{bevestiging.bericht_id}", Melding(tekst=vraag.t(gedaan)))


@schermen.get("/afrekeningen", Recht.AFREKENING_ZIEN, menu=Menu(titel="Afrekeningen", volgorde=40, toets="r"))
def afgerekend(vraag: Vraag) -> Response:
    na = lees_moment_sleutel(vraag.zoek.get("na"))
    with vraag.gateway.store.reading() as conn:
        rows = werklijst.afrekeningen(conn, str(vraag.persoon.zorgkas), na=na, limit=PAGINA)
    volgende = None
    if len(rows) == PAGINA:
        volgende = adres("/console/afrekeningen", na=sleutel(rows[-1].afgerekend_op, rows[-1].bericht_id))
    return vraag.toon("zorgkas/afrekeningen.html", rows=rows, volgende=volgende)


@schermen.get("/afrekeningen/{bericht_id}", Recht.AFREKENING_ZIEN)
@van_wie
def een_afrekening(vraag: Vraag) -> Response:
    with vraag.gateway.store.reading() as conn:
        row, handeling = afgerekend_op(conn, str(vraag.persoon.zorgkas), vraag.pad["bericht_id"])
        lijnen = geweigerde_lijnen(conn, row.bericht_id, _GEWEIGERD)
    return vraag.toon("zorgkas/afrekening.html", row=row, handeling=handeling, lijnen=lijnen, meest=_GEWEIGERD)


def _sleutels(vraag: Vraag) -> list[Sleutel]:
    gevonden = []
    for waarde in vraag.velden.getlist("lijn"):
        nummer, _, volgnummer = str(waarde).rpartition("/")
        if nummer and volgnummer.isdecimal() and len(volgnummer) <= 9:
            gevonden.append((nummer[:12], int(volgnummer)))
    return gevonden


def _hier(vraag: Vraag) -> str:
    vanaf = vraag.veld("vanaf") or vraag.zoek.get("vanaf", "")
    return adres(f"/console/afrekenen/{vraag.pad['bericht_id']}", vanaf=vanaf if vanaf.isdecimal() else None)


def _beeld(vraag: Vraag) -> Zendingbeeld:
    with vraag.gateway.store.reading() as conn:
        return beeld(vraag.gateway, conn, str(vraag.persoon.zorgkas), vraag.pad["bericht_id"])


def _toon(vraag: Vraag, fout: Ongeldig | None = None, gekozen: Sequence[Sleutel] = ()) -> Response:
    nu = _beeld(vraag)
    if nu.row.afgerekend is not None or nu.row.ingetrokken_op is not None:
        return vraag.naar(f"/console/afrekeningen/{nu.row.bericht_id}")
    vraag.inzage(f"bericht:{nu.row.bericht_id}", "facturen")
    ruw = vraag.veld("vanaf") or vraag.zoek.get("vanaf", "")
    vanaf = int(ruw[:9]) if ruw.isdecimal() else 0
    facturen, volgende = _pagina(vraag, nu, vanaf)
    return vraag.toon(
        "zorgkas/zending.html",
        422 if fout else 200,
        beeld=nu,
        facturen=facturen,
        aantal=len({r.factuur.factuurnummer for r in nu.records}),
        vanaf=vanaf,
        volgende=None if volgende is None else adres(f"/console/afrekenen/{nu.row.bericht_id}", vanaf=str(volgende)),
        fout=fout,
        gekozen=set(gekozen),
        code=vraag.veld("code"),
        motivering=vraag.veld("motivering"),
    )


def _pagina(vraag: Vraag, nu: Zendingbeeld, vanaf: int) -> tuple[list[Factuurbeeld], int | None]:
    per_factuur: dict[int, list[Record]] = {}
    for record in nu.records:
        per_factuur.setdefault(id(record.factuur), []).append(record)
    alle = list(per_factuur.values())
    gekozen: list[list[Record]] = []
    for records in alle[vanaf:]:
        if len(gekozen) == _FACTUREN or (gekozen and sum(map(len, gekozen)) + len(records) > _LIJNEN):
            break
        gekozen.append(records)
    with vraag.gateway.store.reading() as conn:
        personen = lookup.personen(conn, {records[0].factuur.insz for records in gekozen})
    beelden = []
    for records in gekozen:
        factuur = records[0].factuur
        persoon = personen.get(factuur.insz)
        naam = "" if persoon is None else f"{persoon.voornaam} {persoon.naam}"
        beelden.append(Factuurbeeld(factuur=factuur, records=tuple(records), naam=naam))
    einde = vanaf + len(gekozen)
    return beelden, einde if einde < len(alle) else None


def _bevestig_pagina(vraag: Vraag, *, fout: Ongeldig | None = None, status: int = 200, waarschuwing: str = "") -> Response:
    nu = _beeld(vraag)
    if nu.row.afgerekend is not None or nu.row.ingetrokken_op is not None:
        return vraag.naar(f"/console/afrekeningen/{nu.row.bericht_id}")
    return vraag.toon(
        "zorgkas/bevestigen.html",
        422 if fout else status,
        beeld=nu,
        mee=[r for r in nu.records if r.gekoppeld],
        fout=fout,
        waarschuwing=waarschuwing,
        betaalreferentie=vraag.veld("betaalreferentie"),
    )


def _al_afgerekend(vraag: Vraag, eerder: AlAfgerekend) -> Response:
    return vraag.toon("zorgkas/al_afgerekend.html", 409, row=eerder.row, handeling=eerder.handeling)
