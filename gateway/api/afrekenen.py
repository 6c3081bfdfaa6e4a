"""What a zorgkas does with zendingen: refuse records by hand, settle, and what was settled; as its screens do."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from gateway.api.ingangen import Ingangen, Na, Wie, geen_bladwijzer, vanaf, verkeerd, zonder_nul
from gateway.api.modellen import Bladzijde, Gedaan, Model
from gateway.api.modellen_afrekenen import (
    TEGELIJK,
    Afrekening,
    Afrekeningdossier,
    NieuweAfrekening,
    Voorgesteld,
    Voorstel,
    Weigering,
    Zendingdossier,
    Zendingregel,
)
from gateway.api.problemen import Fout, Probleem, Soort
from gateway.api.toegang import Toegang
from gateway.console import bladwijzer
from gateway.console.rechten import Recht
from gateway.diensten import kas_afrekenen
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kas_afrekenen import AlAfgerekend, Bevestiging, Record, VoorstelGewijzigd, Zendingbeeld
from gateway.diensten.niet_betaald import met_leden
from gateway.reference import lookup
from gateway.refusal import Code, Refusal
from gateway.store import werklijst
from gateway.store.eigen import geweigerde_lijnen

ingangen = Ingangen("afrekenen")
_PAGINA = 50
_RECORDS = 400
"""Records on a page of one zending."""
_SAMEN = (Soort.NIET_GEVONDEN, Soort.NU_NIET, Soort.ARCHIEF)


@ingangen.get("/afrekenen", Recht.FACTUUR_WEIGEREN, response_model=Bladzijde[Zendingregel])
def open_zendingen(wie: Wie, na: Na = None) -> Any:
    """Zendingen that wait for the zorgkas's settlement, the oldest first; no personal data."""
    begin = vanaf(na, str)
    with wie.gateway.store.reading() as conn:
        rijen = werklijst.open_zendingen(conn, _kas(wie), na=None if begin is None else begin[0], limit=_PAGINA + 1)
    volgende = bladwijzer.maak([rijen[_PAGINA - 1].bericht_id]) if len(rijen) > _PAGINA else None
    return {"items": [_velden(Zendingregel, r) for r in rijen[:_PAGINA]], "volgende": volgende}


@ingangen.get("/afrekenen/{bericht_id}", Recht.FACTUUR_WEIGEREN, *_SAMEN, Soort.DOEL, response_model=Zendingdossier)
def one_open(wie: Wie, bericht_id: str, na: Na = None) -> Any:
    """A zending that waits, with its records in the order of the file, what is ticked, and what there is to pay."""
    begin = vanaf(na, str, int)
    nu = _beeld(wie, zonder_nul(bericht_id))
    if nu.row.afgerekend is not None or nu.row.ingetrokken_op is not None:
        raise _al_afgerekend(AlAfgerekend(nu.row, None))
    wie.inzage(f"bericht:{nu.row.bericht_id}", "facturen")
    records, volgende = _bladzijde(nu, begin)
    with wie.gateway.store.reading() as conn:
        personen = lookup.personen(conn, {r.factuur.insz for r in records})
    namen = {insz: f"{p.voornaam} {p.naam}" for insz, p in personen.items()}
    return {
        **_velden(Zendingregel, nu.row),
        "stand": nu.voorstellen.stand,
        "te_weigeren": nu.geweigerd,
        "te_betalen": nu.te_betalen,
        "items": [_record(r, namen.get(r.factuur.insz)) for r in records],
        "volgende": volgende,
    }


@ingangen.put("/afrekenen/{bericht_id}/voorstel", Recht.FACTUUR_WEIGEREN, *_SAMEN, response_model=Voorgesteld)
def propose(wie: Wie, bericht_id: str, voorstel: Voorstel) -> Any:
    """Tick records to refuse, or give ticked ones another reason; what else is ticked stays. Nothing is settled yet."""
    sleutels = [(x.factuurnummer, x.volgnummer) for x in voorstel.lijnen]
    gevraagd = zonder_nul(bericht_id)
    try:
        aantal = kas_afrekenen.stel_voor(
            wie.gateway,
            _kas(wie),
            gevraagd,
            sleutels,
            reden=voorstel.code,
            motivering=voorstel.motivering,
            persoon=wie.persoon.actor,
        )
    except NietGevonden:
        raise wie.vreemd(f"/afrekenen/{gevraagd}") from None
    except Ongeldig as fout:
        raise verkeerd(fout) from None
    except AlAfgerekend as eerder:
        raise _al_afgerekend(eerder) from None
    return {"gedaan": gevraagd, "lijnen": aantal}


_Lijn = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,12}/[0-9]{1,9}$")]


@ingangen.delete(
    "/afrekenen/{bericht_id}/voorstel", Recht.FACTUUR_WEIGEREN, Soort.NIET_GEVONDEN, Soort.NU_NIET, response_model=Voorgesteld
)
def take_back(
    wie: Wie,
    bericht_id: str,
    lijn: Annotated[
        list[_Lijn] | None, Query(max_length=TEGELIJK, description="factuurnummer/volgnummer; left out: all that is ticked.")
    ] = None,
) -> Any:
    """Untick records, or everything."""
    gevraagd = zonder_nul(bericht_id)
    paren = None if lijn is None else [x.rpartition("/") for x in lijn]
    sleutels = None if paren is None else [(nummer, int(volgnummer)) for nummer, _, volgnummer in paren]
    try:
        aantal = kas_afrekenen.neem_terug(wie.gateway, _kas(wie), gevraagd, sleutels)
    except NietGevonden:
        raise wie.vreemd(f"/afrekenen/{gevraagd}") from None
    except AlAfgerekend as eerder:
        raise _al_afgerekend(eerder) from None
    return {"gedaan": gevraagd, "lijnen": aantal}


@ingangen.post("/afrekenen/{bericht_id}/afrekening", Recht.FACTUUR_WEIGEREN, *_SAMEN, Soort.GEWIJZIGD, response_model=Gedaan)
def settle(wie: Wie, bericht_id: str, afrekening: NieuweAfrekening) -> Any:
    """Settle with what is ticked, and pay the rest; once. When what is ticked is not what was seen, nothing is settled."""
    bevestiging = Bevestiging(
        bericht_id=zonder_nul(bericht_id),
        zorgkas=_kas(wie),
        persoon=wie.persoon.actor,
        betaalreferentie=afrekening.betaalreferentie,
        stand=afrekening.stand,
        geweigerd=afrekening.te_weigeren,
    )
    try:
        kas_afrekenen.bevestig(wie.gateway, bevestiging)
    except NietGevonden:
        raise wie.vreemd(f"/afrekenen/{bevestiging.bericht_id}") from None
    except Ongeldig as fout:
        raise verkeerd(fout) from None
    except VoorstelGewijzigd:
        raise Probleem(Soort.GEWIJZIGD, detail="Iemand wijzigde de te weigeren lijnen. Er is niets afgerekend.") from None
    except AlAfgerekend as eerder:
        raise _al_afgerekend(eerder) from None
    except Refusal as refusal:
        if refusal.code is not Code.AMOUNTS:
            raise
        raise _bedragen(refusal) from None
    return {"gedaan": bevestiging.bericht_id}


@ingangen.get("/afrekeningen", Recht.AFREKENING_ZIEN, response_model=Bladzijde[Afrekening])
def settlements(wie: Wie, na: Na = None) -> Any:
    """What the zorgkas settled, the newest first."""
    begin = vanaf(na, datetime, str)
    with wie.gateway.store.reading() as conn:
        rijen = werklijst.afrekeningen(conn, _kas(wie), na=None if begin is None else (begin[0], begin[1]), limit=_PAGINA + 1)
    volgende = None
    if len(rijen) > _PAGINA:
        volgende = bladwijzer.maak([rijen[_PAGINA - 1].afgerekend_op, rijen[_PAGINA - 1].bericht_id])
    return {"items": [_velden(Afrekening, r) for r in rijen[:_PAGINA]], "volgende": volgende}


@ingangen.get(
    "/afrekeningen/{bericht_id}", Recht.AFREKENING_ZIEN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Afrekeningdossier
)
def settlement(wie: Wie, bericht_id: str, na: Na = None) -> Any:
    """One settlement, who made it, and the records that are not paid: of whom, and why."""
    begin, gevraagd = vanaf(na, str, int, int), zonder_nul(bericht_id)
    try:
        with wie.gateway.store.reading() as conn:
            row, handeling = kas_afrekenen.afgerekend_op(conn, _kas(wie), gevraagd)
    except NietGevonden:
        raise wie.vreemd(f"/afrekeningen/{gevraagd}") from None
    wie.inzage(f"bericht:{row.bericht_id}", "afrekening")
    vanaf_lijn = None if begin is None else (begin[0], begin[1], begin[2])
    with wie.gateway.store.reading() as conn:
        lijnen = geweigerde_lijnen(conn, row.bericht_id, _RECORDS + 1, vanaf_lijn)
        items = met_leden(wie.gateway, conn, row.bericht_id, lijnen[:_RECORDS])
    laatste = lijnen[_RECORDS - 1] if len(lijnen) > _RECORDS else None
    return {
        **_velden(Afrekening, row),
        "door": None if handeling is None else handeling.persoon,
        "items": items,
        "volgende": None if laatste is None else bladwijzer.maak([laatste.factuurnummer, laatste.volgnummer, laatste.id]),
    }


def _kas(wie: Toegang) -> str:
    return str(wie.persoon.zorgkas)


def _beeld(wie: Toegang, bericht_id: str) -> Zendingbeeld:
    try:
        with wie.gateway.store.reading() as conn:
            return kas_afrekenen.beeld(wie.gateway, conn, _kas(wie), bericht_id)
    except NietGevonden:
        raise wie.vreemd(f"/afrekenen/{bericht_id}") from None


def _bladzijde(nu: Zendingbeeld, na: tuple[Any, ...] | None) -> tuple[list[Record], str | None]:
    """The records after one, and the key of the page after these: what was sent never changes."""
    rest = iter(nu.records)
    if na is not None and not any(r.sleutel == na for r in rest):
        raise geen_bladwijzer()
    records = list(islice(rest, _RECORDS))
    volgende = bladwijzer.maak(records[-1].sleutel) if next(rest, None) is not None else None
    return records, volgende


def _velden(model: type[Model], row: Any) -> dict[str, Any]:
    return {n: getattr(row, n) for n in model.model_fields}


def _record(record: Record, naam: str | None) -> dict[str, Any]:
    uit_lijn = ("volgnummer", "prestatiecode", "van", "tot", "aantal", "bedrag", "aandeel")
    return {
        **{n: getattr(record.lijn, n) for n in uit_lijn},
        "factuurnummer": record.factuur.factuurnummer,
        "dossiernummer": record.factuur.dossiernummer,
        "naam": naam,
        "toestand": record.stand,
        "voorstel": None if record.voorstel is None else _velden(Weigering, record.voorstel),
        "mee": record.gekoppeld,
    }


def _al_afgerekend(eerder: AlAfgerekend) -> Probleem:
    row = eerder.row
    if row.ingetrokken_op is not None:
        return Probleem(Soort.NU_NIET, detail=f"De voorziening trok deze zending in op {row.ingetrokken_op:%Y-%m-%d %H:%M} UTC.")
    wanneer = "" if row.afgerekend_op is None else f" op {row.afgerekend_op:%Y-%m-%d %H:%M} UTC"
    return Probleem(Soort.NU_NIET, detail=f"Al afgerekend{wanneer}; zie /afrekeningen/{row.bericht_id}.")


def _bedragen(refusal: Refusal) -> Probleem:
    """What does not agree to the cent, as a settlement by message would hear it."""
    fouten = [Fout(plaats=f.place or "", verwacht=f.expected or "", gevonden=f.found) for f in refusal.findings[:50]]
    return Probleem(Soort.NU_NIET, detail=" ".join(f.nl for f in refusal.findings[:3]), fouten=fouten)
