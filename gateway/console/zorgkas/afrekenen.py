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
from gateway.diensten.niet_betaald import met_leden
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
_GEWIJZIGD = "Iemand wijzigde de te weigeren lijnen terwijl u keek. Er is niets afgerekend; kijk de bedragen opnieuw na."


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
    aangevinkt, gekozen = _sleutels(vraag), _gekozen(vraag)
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
        return _toon(vraag, fout=fout, gekozen=aangevinkt)
    except AlAfgerekend as eerder:
        return _al_afgerekend(vraag, eerder)
    gedaan = vraag.t("Te weigeren lijnen bijgezet: {n}.", n=aantal)
    return _met_de_rest(vraag, gedaan, [s for s in aangevinkt if s not in gekozen])


@schermen.post("/afrekenen/{bericht_id}/terugnemen", Recht.FACTUUR_WEIGEREN)
@van_wie
def terugnemen(vraag: Vraag) -> Response:
    try:
        neem_terug(vraag.gateway, str(vraag.persoon.zorgkas), vraag.pad["bericht_id"], _sleutels(vraag, "terug"))
    except AlAfgerekend as eerder:
        return _al_afgerekend(vraag, eerder)
    return _met_de_rest(vraag, vraag.t("De lijn wordt niet geweigerd."), _sleutels(vraag))


@schermen.post("/afrekenen/{bericht_id}/verder", Recht.FACTUUR_WEIGEREN)
@van_wie
def verder(vraag: Vraag) -> Response:
    """To the next invoices or to the settlement, unless lines are ticked that nobody refused yet: those would be lost."""
    aangevinkt, naar = _sleutels(vraag), vraag.veld("naar")
    if aangevinkt:
        uitleg = "U vinkte {n} lijnen aan zonder ze te weigeren. Weiger ze, of vink ze uit."
        if len(aangevinkt) == 1:
            uitleg = "U vinkte 1 lijn aan zonder ze te weigeren. Weiger ze, of vink ze uit."
        return _toon(vraag, fout=Ongeldig("lijnen", uitleg, n=len(aangevinkt)), gekozen=aangevinkt)
    hier = f"/console/afrekenen/{vraag.pad['bericht_id']}"
    return vraag.naar(adres(hier, vanaf=naar) if naar.isdecimal() else f"{hier}/bevestigen")


@schermen.post("/afrekenen/{bericht_id}/hernemen", Recht.FACTUUR_WEIGEREN)
@van_wie
def hernemen(vraag: Vraag) -> Response:
    """The zending with what was ticked and typed when a session ended; nothing is refused yet."""
    return _toon(vraag, gekozen=_gekozen(vraag))


@schermen.post("/afrekenen/{bericht_id}/nakijken", Recht.FACTUUR_WEIGEREN)
@van_wie
def nakijken(vraag: Vraag) -> Response:
    """The confirm page with the reference that was typed when a session ended; nothing is settled yet."""
    nu = _beeld(vraag)
    gezien = vraag.veld("stand"), vraag.veld("geweigerd")
    gelijk = gezien == (nu.voorstellen.stand, str(nu.geweigerd))
    return _bevestig_pagina(vraag, waarschuwing="" if gelijk else vraag.t(_GEWIJZIGD))


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
        return _bevestig_pagina(vraag, status=409, waarschuwing=vraag.t(_GEWIJZIGD))
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
        begunstigde = lookup.voorziening(conn, row.derdebetalende)
    vraag.inzage(f"bericht:{row.bericht_id}", "afrekening")
    with vraag.gateway.store.reading() as conn:
        lijnen = met_leden(vraag.gateway, conn, row.bericht_id, geweigerde_lijnen(conn, row.bericht_id, _GEWEIGERD))
    return vraag.toon(
        "zorgkas/afrekening.html", row=row, begunstigde=begunstigde, handeling=handeling, lijnen=lijnen, meest=_GEWEIGERD
    )


def _sleutels(vraag: Vraag, veld: str = "lijn") -> list[Sleutel]:
    gevonden = []
    for waarde in vraag.velden.getlist(veld):
        nummer, _, volgnummer = str(waarde).rpartition("/")
        if nummer and volgnummer.isdecimal() and len(volgnummer) <= 9:
            gevonden.append((nummer[:12], int(volgnummer)))
    return gevonden


def _gekozen(vraag: Vraag) -> list[Sleutel]:
    """What is ticked, or every record of the invoice whose button was pressed."""
    if factuurnummer := vraag.veld("factuur"):
        return [r.sleutel for r in _beeld(vraag).records if r.factuur.factuurnummer == factuurnummer and r.kan_geweigerd]
    return _sleutels(vraag)


def _met_de_rest(vraag: Vraag, gedaan: str, rest: Sequence[Sleutel]) -> Response:
    """The zending after an act; what is ticked and was no part of it stays ticked."""
    return _toon(vraag, gekozen=rest, gedaan=gedaan) if rest else vraag.naar(_hier(vraag), Melding(tekst=gedaan))


def _hier(vraag: Vraag) -> str:
    vanaf = vraag.veld("vanaf") or vraag.zoek.get("vanaf", "")
    return adres(f"/console/afrekenen/{vraag.pad['bericht_id']}", vanaf=vanaf if vanaf.isdecimal() else None)


def _beeld(vraag: Vraag) -> Zendingbeeld:
    with vraag.gateway.store.reading() as conn:
        return beeld(vraag.gateway, conn, str(vraag.persoon.zorgkas), vraag.pad["bericht_id"])


def _toon(vraag: Vraag, fout: Ongeldig | None = None, gekozen: Sequence[Sleutel] = (), gedaan: str = "") -> Response:
    nu = _beeld(vraag)
    if nu.row.afgerekend is not None or nu.row.ingetrokken_op is not None:
        return vraag.naar(f"/console/afrekeningen/{nu.row.bericht_id}")
    vraag.inzage(f"bericht:{nu.row.bericht_id}", "facturen")
    ruw = vraag.veld("vanaf") or vraag.zoek.get("vanaf", "")
    vanaf = int(ruw[:9]) if ruw.isdecimal() else 0
    facturen, volgende = _pagina(vraag, nu, vanaf)
    with vraag.gateway.store.reading() as conn:
        begunstigde = lookup.voorziening(conn, nu.row.derdebetalende)
    return vraag.toon(
        "zorgkas/zending.html",
        422 if fout else 200,
        beeld=nu,
        begunstigde=begunstigde,
        facturen=facturen,
        aantal=len({r.factuur.factuurnummer for r in nu.records}),
        vanaf=vanaf,
        volgende=volgende,
        fout=fout,
        gedaan=gedaan,
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
    vraag.inzage(f"bericht:{nu.row.bericht_id}", "facturen")
    geweigerd = [r for r in nu.records if r.voorstel is not None or r.gekoppeld]
    with vraag.gateway.store.reading() as conn:
        personen = lookup.personen(conn, {r.factuur.insz for r in geweigerd})
        begunstigde = lookup.voorziening(conn, nu.row.derdebetalende)
    return vraag.toon(
        "zorgkas/bevestigen.html",
        422 if fout else status,
        beeld=nu,
        begunstigde=begunstigde,
        geweigerd=geweigerd,
        personen=personen,
        fout=fout,
        waarschuwing=waarschuwing,
        betaalreferentie=vraag.veld("betaalreferentie"),
    )


def _al_afgerekend(vraag: Vraag, eerder: AlAfgerekend) -> Response:
    return vraag.toon("zorgkas/al_afgerekend.html", 409, row=eerder.row, handeling=eerder.handeling)
