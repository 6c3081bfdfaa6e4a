"""Deliveries and lines: how they stand, and what can be done with them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import Connection, select

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import Bladzijde, Gedaan, Levering, Lijn, MetReden
from gateway.api.problemen import Probleem, Soort
from gateway.api.toegang import Toegang
from gateway.console.rechten import Recht
from gateway.exchange import beheer
from gateway.exchange.beheer import Onmogelijk
from gateway.exchange.toestand import Toestand
from gateway.reference.tables import zorgkas
from gateway.store.tables import levering, lijn

ingangen = Ingangen("leveringen")
_PAGINA = 100


@ingangen.get("/leveringen", Recht.BERICHTEN_ZIEN, response_model=Bladzijde[Levering])
def leveringen(
    wie: Wie,
    bestemming: Annotated[str, Query(pattern=r"^(riziv:[0-9]{8}|zorgkas:[0-9]{3})$")],
    toestand: Annotated[Toestand, Query()] = Toestand.WACHTEND,
    na: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description="`volgende` of the page before.")] = None,
) -> Any:
    """What goes to a receiver and stands in one state, the oldest first."""
    le = levering.c
    vraag = select(levering).where(le.bestemming == bestemming, le.toestand == toestand.value)
    if na is not None:
        vraag = vraag.where(le.nr > int(na))
    with wie.gateway.store.reading() as conn:
        rijen = conn.execute(vraag.order_by(le.nr).limit(_PAGINA + 1)).all()
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
    """The line to each zorgkas."""
    with wie.gateway.store.reading() as conn:
        bekend = {r.bestemming: r for r in conn.execute(select(lijn))}
        kassen = conn.execute(select(zorgkas.c.code, zorgkas.c.naam).order_by(zorgkas.c.code)).all()
    gevonden = []
    for kas in kassen:
        bestemming = f"zorgkas:{kas.code}"
        rij = bekend.get(bestemming)
        gevonden.append(
            {
                "bestemming": bestemming,
                "zorgkas": kas.code,
                "naam": kas.naam,
                "toestand": "gesloten" if rij is None else rij.toestand,
                "gepauzeerd_door": None if rij is None else rij.gepauzeerd_door,
                "gepauzeerd_reden": None if rij is None else rij.gepauzeerd_reden,
            }
        )
    return gevonden


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
