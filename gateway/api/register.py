"""The register: attests, declarations, recognitions, mandates; the same checks as the screens and `vsb-gateway register`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import Connection, Row

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import (
    TEKST,
    Attest,
    Bladzijde,
    Einde,
    Gedaan,
    MetReden,
    NieuwAttest,
    NieuwePeriode,
    Periode,
    Periodeinde,
)
from gateway.api.problemen import Fout as Veldfout
from gateway.api.problemen import Probleem, Soort
from gateway.api.toegang import Toegang
from gateway.console import bladwijzer
from gateway.console.beheer.register_periode import EINDRECHT
from gateway.console.bladwijzer import GeenBladwijzer
from gateway.console.rechten import Recht
from gateway.reference.register import (
    Door,
    Fout,
    Periodelijst,
    Registerfout,
    Wijziging,
    beeindig_periode,
    voeg_periode_toe,
)
from gateway.reference.register_attesten import beeindig_attest, hervat_attest, schors_attest, voeg_attest_toe
from gateway.reference.register_lijst import attest_met, attesten, perioden, sleutel_van

ingangen = Ingangen("register")
_PAGINA = 200
_SAMEN = (Soort.NIET_GEVONDEN, Soort.NU_NIET)
Zoek = Annotated[str | None, Query(max_length=64, pattern=TEKST)]
Na = Annotated[str | None, Query(max_length=400, description="`volgende` of the page before.")]
Nummer = Annotated[str, Query(max_length=32, pattern=r"^[A-Za-z0-9._/-]{1,32}$")]


@ingangen.get("/register/attesten", Recht.REGISTER_ZIEN, response_model=Bladzijde[Attest])
def lijst(wie: Wie, zoek: Zoek = None, na: Na = None) -> Any:
    """Attested packages; `zoek` is a part of the number, the vendor or the product."""
    with wie.gateway.store.reading() as conn:
        rijen = attesten(conn, zoek or None, na=_na(na, (str,)), hoogstens=_PAGINA + 1)
    return _bladzijde(rijen, lambda r: [r.nummer])


@ingangen.get("/register/attest", Recht.REGISTER_ZIEN, Soort.NIET_GEVONDEN, response_model=Attest)
def een_attest(wie: Wie, nummer: Nummer) -> Any:
    """One attest; its number may have a slash, so it is in the query."""
    with wie.gateway.store.reading() as conn:
        rij = attest_met(conn, nummer)
    if rij is None:
        raise Probleem(Soort.NIET_GEVONDEN)
    return rij


@ingangen.post("/register/attesten", Recht.REGISTER_WIJZIGEN, *_SAMEN, response_model=Gedaan)
def nieuw_attest(wie: Wie, attest: NieuwAttest) -> Any:
    """Register an attested package; it counts at once."""
    tekst = {n: getattr(attest, n) for n in ("nummer", "leverancier", "product", "versie_van", "versie_tot")}
    tekst |= {"pijlers": ",".join(attest.pijlers), "licentie_gebruiker": attest.licentie_gebruiker}
    tekst["licentie_hash"] = attest.licentie_hash
    return _doe(wie, attest.reden, lambda conn, door: voeg_attest_toe(conn, tekst, attest.van, attest.tot, door))


@ingangen.post("/register/attest/schorsing", Recht.ATTEST_SCHORSEN, *_SAMEN, response_model=Gedaan)
def schors(wie: Wie, nummer: Nummer, daad: MetReden) -> Any:
    """Refuse messages of a package until it is resumed."""
    return _doe(wie, daad.reden, lambda conn, door: schors_attest(conn, nummer, door))


@ingangen.post("/register/attest/hervatting", Recht.ATTEST_SCHORSEN, *_SAMEN, response_model=Gedaan)
def hervat(wie: Wie, nummer: Nummer, daad: MetReden) -> Any:
    """Take messages of a suspended package again."""
    return _doe(wie, daad.reden, lambda conn, door: hervat_attest(conn, nummer, door))


@ingangen.post("/register/attest/einde", Recht.REGISTER_WIJZIGEN, *_SAMEN, response_model=Gedaan)
def beeindig(wie: Wie, nummer: Nummer, daad: Einde) -> Any:
    """Give an attest its last day."""
    return _doe(wie, daad.reden, lambda conn, door: beeindig_attest(conn, nummer, daad.tot, door))


def _ingangen_van(naam: str, lijst: Periodelijst) -> None:
    soorten = tuple(date if k == "van" else str for k in sleutel_van(lijst))

    @ingangen.get(f"/register/{naam}", Recht.REGISTER_ZIEN, response_model=Bladzijde[Periode], operation_id=f"lijst_{naam}")
    def toon(wie: Wie, zoek: Zoek = None, geldig_op: date | None = None, na: Na = None) -> Any:
        """Periods, past and future ones too; `zoek` is how a facility's number begins, or a part of its name."""
        with wie.gateway.store.reading() as conn:
            rijen = perioden(conn, lijst, zoek or None, geldig_op=geldig_op, na=_na(na, soorten), hoogstens=_PAGINA + 1)
        bladzijde = _bladzijde(rijen, lambda r: [r._mapping[n] for n in sleutel_van(lijst)])
        return {**bladzijde, "items": [_periode(lijst, r) for r in bladzijde["items"]]}

    @ingangen.post(f"/register/{naam}", Recht.REGISTER_WIJZIGEN, *_SAMEN, response_model=Gedaan, operation_id=f"nieuw_{naam}")
    def nieuw(wie: Wie, periode: NieuwePeriode) -> Any:
        """Add a period; it counts at once."""
        sleutel = _sleutel(lijst, periode)
        return _doe(wie, periode.reden, lambda conn, door: voeg_periode_toe(conn, lijst, sleutel, periode.van, periode.tot, door))

    @ingangen.post(f"/register/{naam}/einde", EINDRECHT[lijst], *_SAMEN, response_model=Gedaan, operation_id=f"einde_{naam}")
    def einde(wie: Wie, periode: Periodeinde) -> Any:
        """Give the period that runs on a day that day as its last."""
        sleutel = _sleutel(lijst, periode)
        return _doe(wie, periode.reden, lambda conn, door: beeindig_periode(conn, lijst, sleutel, periode.tot, door))


for _lijst in Periodelijst:
    _ingangen_van(_lijst.soort.naam, _lijst)


def _sleutel(lijst: Periodelijst, periode: NieuwePeriode | Periodeinde) -> dict[str, str]:
    gegeven = {"pijler": periode.pijler, "gemachtigde_riziv": periode.gemachtigde, lijst.voorziening: periode.voorziening}
    anders = [n for n, w in gegeven.items() if (w is None) is (n in lijst.soort.sleutel)]
    if anders:
        fouten = [Veldfout(plaats=f"body/{n.removesuffix('_riziv')}", verwacht=_nodig(lijst, n)) for n in anders]
        raise Probleem(Soort.VORM, fouten=fouten)
    return {n: w for n, w in gegeven.items() if w is not None}


def _nodig(lijst: Periodelijst, naam: str) -> str:
    return "een waarde" if naam in lijst.soort.sleutel else f"geen waarde: een {lijst.naam} heeft die niet"


def _periode(lijst: Periodelijst, rij: Row[Any]) -> dict[str, Any]:
    waarden = rij._mapping
    return {
        "voorziening": waarden[lijst.voorziening],
        "naam": rij.naam,
        "pijler": waarden.get("pijler"),
        "gemachtigde": waarden.get("gemachtigde_riziv"),
        "van": rij.van,
        "tot": rij.tot,
    }


def _doe(wie: Toegang, reden: str, daad: Callable[[Connection, Door], Wijziging]) -> Mapping[str, str]:
    door = Door(actor=wie.persoon.actor, tijdstip=wie.nu, reden=reden)
    try:
        with wie.gateway.store.writing() as conn:
            wijziging = daad(conn, door)
    except Registerfout as fout:
        veld = Veldfout(plaats=f"body/{fout.veld}", verwacht=fout.verwacht or fout.fout.value, gevonden=fout.gevonden or None)
        match fout.fout:
            case Fout.ONBEKEND:
                raise Probleem(Soort.NIET_GEVONDEN) from None
            case Fout.WAARDE | Fout.ONBEKENDE_VOORZIENING | Fout.EINDE_VOOR_BEGIN:
                raise Probleem(Soort.VORM, detail=fout.fout.value, fouten=[veld]) from None
            case _:
                raise Probleem(Soort.NU_NIET, detail=fout.fout.value, fouten=[veld]) from None
    return {"gedaan": wijziging.onderwerp}


def _bladzijde(rijen: Sequence[Row[Any]], sleutel: Callable[[Row[Any]], list[Any]]) -> dict[str, Any]:
    volgende = bladwijzer.maak(sleutel(rijen[_PAGINA - 1])) if len(rijen) > _PAGINA else None
    return {"items": rijen[:_PAGINA], "volgende": volgende}


def _na(tekst: str | None, soorten: Sequence[type]) -> tuple[Any, ...] | None:
    if tekst is None:
        return None
    try:
        return bladwijzer.lees(tekst, soorten)
    except GeenBladwijzer:
        raise Probleem(Soort.VORM, detail="na: dit is geen bladwijzer van deze lijst.") from None
