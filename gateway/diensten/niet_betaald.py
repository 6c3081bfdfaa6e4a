"""Records of a zending that are not paid, with whom and which days each is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row

from gateway.diensten.afrekenen import kaal_nummer
from gateway.diensten.kas_afrekenen import gelezen_zending
from gateway.diensten.kern import Gateway
from gateway.reference import lookup
from gateway.refusal import Code, Refusal


@dataclass(frozen=True, kw_only=True)
class NietBetaald:
    """One record; what only the bytes of the zending say is None once these are in the archive."""

    factuurnummer: str
    volgnummer: int
    prestatiecode: str
    bedrag: int
    """Cents."""
    code: str
    door: str
    """gateway, or zorgkas:<code> by manual control."""
    motivering: str | None
    """The words of who refused it by hand; a settlement by message may have none."""
    naam: str | None
    """Of the member."""
    dossiernummer: str | None
    van: date | None
    tot: date | None


def met_leden(gateway: Gateway, conn: Connection, bericht_id: str, rows: Sequence[Row[Any]]) -> list[NietBetaald]:
    """Refused records as geweigerde_lijnen gives them, each with its member and days.

    Raises:
        Refusal: UNAVAILABLE.
    """
    lijnen = _lijnen(gateway, conn, bericht_id) if rows else {}
    personen = lookup.personen(conn, {f.insz for f, _ in lijnen.values()})
    gevonden = []
    for row in rows:
        factuur, lijn = lijnen.get((kaal_nummer(row.factuurnummer), row.volgnummer), (None, None))
        lid = None if factuur is None else personen.get(factuur.insz)
        gevonden.append(
            NietBetaald(
                factuurnummer=row.factuurnummer,
                volgnummer=row.volgnummer,
                prestatiecode=row.prestatiecode,
                bedrag=row.bedrag,
                code=row.code,
                door=row.door,
                motivering=row.motivering,
                naam=None if lid is None else f"{lid.voornaam} {lid.naam}",
                dossiernummer=None if factuur is None else factuur.dossiernummer,
                van=None if lijn is None else lijn.van,
                tot=None if lijn is None else lijn.tot,
            )
        )
    return gevonden


def _lijnen(gateway: Gateway, conn: Connection, bericht_id: str) -> dict[tuple[str, int], Any]:
    try:
        zending = gelezen_zending(gateway, conn, bericht_id)
    except LookupError:
        return {}
    except Refusal as refusal:
        # What is not paid is on file also when the bytes are in the archive, or can no longer be read.
        if refusal.code is Code.UNAVAILABLE:
            raise
        return {}
    return {(kaal_nummer(f.factuurnummer), x.volgnummer): (f, x) for f in zending.facturen for x in f.lijnen}
