"""Deliveries and lines: how they stand, and what can be done with them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import Connection, Row, select

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import Bladzijde, Gedaan, Levering, Lijn, MetReden
from gateway.api.problemen import Probleem, Soort
from gateway.api.toegang import Toegang
from gateway.console.operator import toestand as toestand_van
from gateway.console.operator.toestand import Lijnstand
from gateway.console.rechten import Recht
from gateway.exchange import beheer, lijn
from gateway.exchange.beheer import Onmogelijk
from gateway.exchange.foutwoorden import in_woorden
from gateway.exchange.toestand import Toestand
from gateway.reference import lookup
from gateway.reference.tables import zorgkas
from gateway.store.tables import levering

ingangen = Ingangen("leveringen")
_PAGINA = 100


@ingangen.get("/leveringen", Recht.BERICHTEN_ZIEN, response_model=Bladzijde[Levering])
def leveringen(
    wie: Wie,
    bestemming: Annotated[
        str | None, Query(pattern=r"^(riziv:[0-9]{8}|zorgkas:[0-9]{3})$", description="Every zorgkas when left out.")
    ] = None,
    toestand: Annotated[Toestand, Query()] = Toestand.WACHTEND,
    na: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description="`volgende` of the page before.")] = None,
) -> Any:
    """What goes to a receiver, or to any zorgkas, and stands in one state, the oldest first."""
    le, vanaf = levering.c, 0 if na is None else int(na)
    with wie.gateway.store.reading() as conn:
        kassen = [f"zorgkas:{k.code}" for k in lookup.zorgkassen(conn)] if bestemming is None else [bestemming]
        rijen: list[Row[Any]] = []
        # One look for each receiver, so that the index gives them in order.
        for een in kassen:
            vraag = select(levering).where(le.bestemming == een, le.toestand == toestand.value, le.nr > vanaf)
            rijen += conn.execute(vraag.order_by(le.nr).limit(_PAGINA + 1)).all()
    rijen = sorted(rijen, key=lambda r: r.nr)[: _PAGINA + 1]
    volgende = str(rijen[_PAGINA - 1].nr) if len(rijen) > _PAGINA else None
    return {"items": rijen[:_PAGINA], "volgende": volgende}


@ingangen.post(
    "/leveringen/{levering_id}/opnieuw", Recht.LEVERING_OPNIEUW, Soort.NIET_GEVONDEN, Soort.NU_NIET, response_model=Gedaan
)
def opnieuw(wie: Wie, levering_id: str, daad: MetReden) -> Any:
    """Send a dead letter, or what got no receipt, again."""
    beleid = wie.gateway.settings.delivery_policy()

    def werk(conn: Connection) -> None:
        if not beheer.bied_opnieuw_aan(conn, [levering_id], wie.persoon.actor, wie.nu, beleid, reden=daad.reden):
            raise Onmogelijk("Deze levering is niet in een toestand om ze opnieuw aan te bieden.")

    return _doe(wie, levering_id, werk)


@ingangen.post(
    "/leveringen/{levering_id}/opgeven", Recht.LEVERING_OPGEVEN, Soort.NIET_GEVONDEN, Soort.NU_NIET, response_model=Gedaan
)
def opgeven(wie: Wie, levering_id: str, daad: MetReden) -> Any:
    """Give a delivery up for good; what waits behind it goes on."""
    return _doe(wie, levering_id, lambda conn: beheer.geef_op(conn, levering_id, wie.persoon.actor, daad.reden, wie.nu))


@ingangen.get("/lijnen", Recht.OVERZICHT_ZIEN, response_model=list[Lijn])
def lijnen(wie: Wie) -> Any:
    """The line to each zorgkas: how it is, and what waits or failed."""
    with wie.gateway.store.reading() as conn:
        return [_lijn(conn, stand) for stand in toestand_van.lijnen(conn)]


def _lijn(conn: Connection, stand: Lijnstand) -> dict[str, Any]:
    fout = lijn.laatste_fout(conn, stand.lijn.bestemming) if stand.lijn.fouten else None
    return {
        "bestemming": stand.lijn.bestemming,
        "zorgkas": stand.kas.code,
        "naam": stand.kas.naam,
        "stand": stand.woord,
        "toestand": stand.lijn.toestand.value,
        "gepauzeerd_door": stand.lijn.gepauzeerd_door,
        "gepauzeerd_reden": stand.lijn.gepauzeerd_reden,
        "wachtend": stand.wachtend.aantal,
        "oudste": stand.oudste,
        "mislukt": stand.mislukt.aantal,
        "laatste_fout": None if fout is None else in_woorden(fout.melding),
        "laatste_fout_op": None if fout is None else fout.op,
    }


@ingangen.post("/lijnen/{code}/pauze", Recht.LIJN_PAUZEREN, Soort.NIET_GEVONDEN, Soort.NU_NIET, response_model=Gedaan)
def pauzeer(wie: Wie, code: str, daad: MetReden) -> Any:
    """Stop the deliveries to a zorgkas."""
    return _op_lijn(wie, code, lambda conn, naar: beheer.pauzeer(conn, naar, wie.persoon.actor, daad.reden, wie.nu))


@ingangen.post("/lijnen/{code}/hervatting", Recht.LIJN_PAUZEREN, Soort.NIET_GEVONDEN, Soort.NU_NIET, response_model=Gedaan)
def hervat(wie: Wie, code: str, daad: MetReden) -> Any:
    """Let the deliveries to a zorgkas go on."""
    return _op_lijn(wie, code, lambda conn, naar: beheer.hervat(conn, naar, wie.persoon.actor, wie.nu, reden=daad.reden))


def _op_lijn(wie: Toegang, code: str, werk: Any) -> dict[str, str]:
    with wie.gateway.store.writing() as conn:
        if conn.execute(select(zorgkas.c.code).where(zorgkas.c.code == code[:8].replace("\x00", ""))).first() is None:
            raise Probleem(Soort.NIET_GEVONDEN)
        try:
            werk(conn, f"zorgkas:{code}")
        except Onmogelijk as problem:
            raise Probleem(Soort.NU_NIET, detail=str(problem)) from None
    return {"gedaan": f"zorgkas:{code}"}


def _doe(wie: Toegang, levering_id: str, werk: Any) -> dict[str, str]:
    with wie.gateway.store.writing() as conn:
        if "\x00" in levering_id or conn.execute(select(levering.c.id).where(levering.c.id == levering_id)).first() is None:
            raise Probleem(Soort.NIET_GEVONDEN)
        try:
            werk(conn)
        except Onmogelijk as problem:
            raise Probleem(Soort.NU_NIET, detail=str(problem)) from None
    return {"gedaan": levering_id}
