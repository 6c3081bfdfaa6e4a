"""A facility takes an accepted zending back before its zorgkas settled it: every record is refused at its own wish (202430)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from gateway.berichten.factuur import Zending
from gateway.berichten.intrekking import Intrekking
from gateway.central.dagen import is_credit, sleutels
from gateway.diensten.beslissen import deel_mee
from gateway.diensten.kern import Gateway
from gateway.diensten.zending_lezen import lees
from gateway.refusal import Code, Refusal
from gateway.store import berichten, zendingen
from gateway.store.berichten import Stap

LABEL, CODE = "INHOUD-INGETROKKEN", "202430"


def trek_in(gateway: Gateway, conn: Connection, intrekking: Intrekking, afzender: Row[Any], now: datetime) -> Row[Any]:
    """Take a zending back, in the caller's transaction.

    Args:
        afzender: the message that asks it.

    Returns:
        The zending as it was.

    Raises:
        Refusal: NOT_RETURNABLE, and nothing has changed.
    """
    if intrekking.derdebetalende != str(afzender.voorziening):
        raise _niet("/Intrekking/Derdebetalende", "de voorziening die dit bericht stuurt", intrekking.derdebetalende)
    row = zendingen.zending_met(conn, intrekking.derdebetalende, intrekking.maand.year, intrekking.zendingnummer)
    if row is None or row.maand != intrekking.maand:
        gevonden = f"geen aanvaarde zending {intrekking.zendingnummer} van {intrekking.maand:%Y-%m}"
        raise _niet("/Intrekking/Zendingnummer", "een aanvaarde zending van deze maand", gevonden)
    if row.afgerekend is not None or row.ingetrokken_op is not None:
        stand = "al afgerekend" if row.afgerekend is not None else "al ingetrokken"
        raise _niet("/Intrekking/Zendingnummer", "een zending die nog niet afgerekend is", stand)
    zending = lees(gateway, conn, row.bericht_id).zending
    if zending is None:
        raise LookupError(f"accepted zending {row.bericht_id} can not be read")
    _neem_terug(conn, zending, row.bericht_id, f"{afzender.afzender}")
    zendingen.trek_in(conn, row.bericht_id, now)
    bericht = berichten.zoek(conn, row.bericht_id)
    if bericht is not None:
        berichten.stappen(conn, bericht.id, [(Stap.INGETROKKEN, intrekking.motivering[:200])], now, actor=str(afzender.afzender))
        deel_mee(conn, bericht, "intrekking", now, volgorde=f"{zending.derdebetalende}/facturen")
    return row


def _neem_terug(conn: Connection, zending: Zending, bericht_id: str, door: str) -> None:
    al = zendingen.geweigerd_van(conn, bericht_id)
    telt = [(f, x) for f in zending.facturen for x in f.lijnen if (f.factuurnummer, x.volgnummer) not in al]
    if any(is_credit(f) for f, _ in telt):
        raise _niet("/Intrekking/Zendingnummer", "een zending zonder aanvaarde creditnota", "een creditnota")
    dagen = [s for f, x in telt for s in sleutels(f, x)]
    if zendingen.dagen_van(conn, bericht_id) != frozenset(dagen):
        raise _niet("/Intrekking/Zendingnummer", "een zending waarvan niets gecrediteerd is", "gecrediteerde dagen")
    zendingen.geef_dagen_vrij(conn, zending.derdebetalende, dagen)
    rijen = ((f.factuurnummer, x.volgnummer, x.prestatiecode, x.bedrag, CODE) for f, x in telt)
    zendingen.bewaar_geweigerd(conn, bericht_id, door, rijen)


def _niet(plaats: str, verwacht: str, gevonden: str) -> Refusal:
    return Refusal(Code.NOT_RETURNABLE, place=plaats, expected=verwacht, found=gevonden)
