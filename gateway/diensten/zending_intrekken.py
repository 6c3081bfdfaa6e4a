"""A facility takes an accepted zending back before its zorgkas settled it: every record is refused at its own wish (202430)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from gateway.berichten.factuur import Factuur, Lijn
from gateway.berichten.intrekking import Intrekking
from gateway.central.dagen import is_credit, sleutels
from gateway.diensten.beslissen import deel_mee
from gateway.diensten.kern import Gateway
from gateway.diensten.zending_lezen import lees
from gateway.refusal import Code, Refusal
from gateway.store import berichten, zendingen
from gateway.store.berichten import Stap

LABEL, CODE = "INHOUD-INGETROKKEN", "202430"


@dataclass(frozen=True, kw_only=True)
class Terug:
    """An accepted zending that may be taken back."""

    row: Row[Any]
    """As it is stored now."""
    lijnen: list[tuple[Factuur, Lijn]]
    """What of it still counts."""

    @property
    def bedragen(self) -> dict[str, Any]:
        """What the answer says of it."""
        row = self.row
        namen = {"zendingnummer": row.nummer, "maand": row.maand, "zorgkas": row.zorgkas}
        return {**namen, "gevraagd": row.gevraagd, "aanvaard": 0, "geweigerd": row.gevraagd}


def beoordeel(gateway: Gateway, conn: Connection, intrekking: Intrekking, voorziening: str) -> Terug:
    """Whether a zending can be taken back; nothing changes.

    Args:
        voorziening: RIZIV number of who asks it.

    Raises:
        Refusal: NOT_RETURNABLE.
    """
    if intrekking.derdebetalende != voorziening:
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
    al = zendingen.geweigerd_van(conn, row.bericht_id)
    telt = [(f, x) for f in zending.facturen for x in f.lijnen if (f.factuurnummer, x.volgnummer) not in al]
    if any(is_credit(f) for f, _ in telt):
        raise _niet("/Intrekking/Zendingnummer", "een zending zonder aanvaarde creditnota", "een creditnota")
    if zendingen.dagen_van(conn, row.bericht_id) != frozenset(s for f, x in telt for s in sleutels(f, x)):
        raise _niet("/Intrekking/Zendingnummer", "een zending waarvan niets gecrediteerd is", "gecrediteerde dagen")
    return Terug(row=row, lijnen=telt)


def trek_in(conn: Connection, terug: Terug, motivering: str, door: str, now: datetime) -> None:
    """Take a zending back, in the transaction that judged it.

    Args:
        door: who asks it.
    """
    row = terug.row
    zendingen.geef_dagen_vrij(conn, row.derdebetalende, [s for f, x in terug.lijnen for s in sleutels(f, x)])
    rijen = ((f.factuurnummer, x.volgnummer, x.prestatiecode, x.bedrag, CODE, motivering or None) for f, x in terug.lijnen)
    zendingen.bewaar_geweigerd(conn, row.bericht_id, door, rijen)
    zendingen.trek_in(conn, row.bericht_id, now)
    bericht = berichten.zoek(conn, row.bericht_id)
    if bericht is not None:
        berichten.stappen(conn, bericht.id, [(Stap.INGETROKKEN, motivering[:200])], now, actor=door)
        deel_mee(conn, bericht, "intrekking", now, volgorde=f"{row.derdebetalende}/facturen")


def _niet(plaats: str, verwacht: str, gevonden: str) -> Refusal:
    return Refusal(Code.NOT_RETURNABLE, place=plaats, expected=verwacht, found=gevonden)
