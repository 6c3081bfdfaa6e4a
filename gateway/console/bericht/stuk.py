"""A message with all that a page shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from gateway.console.bericht.inhoud import Inhoud, lees
from gateway.diensten.eigen_zicht import voor_leverancier
from gateway.diensten.kern import Gateway
from gateway.diensten.lezen_scherm import woorden_van
from gateway.diensten.opmerkingen import Opmerking, van_bewaard
from gateway.reference import lookup
from gateway.store import berichten, dossiers


@dataclass(frozen=True, kw_only=True)
class Stukbeeld:
    """A message with all that a page shows of it."""

    row: Row[Any]
    stappen: list[Row[Any]]
    beslissingen: list[Row[Any]]
    opmerkingen: tuple[Opmerking, ...]
    inhoud: Inhoud | None
    """None when one may not see it."""
    woorden: list[tuple[str, str]]
    """What the facility itself says of why."""
    voorziening: str | None
    """Its name."""
    persoon: str | None
    """Name of the person it is about, when one may see that."""


def stukbeeld(gateway: Gateway, conn: Connection, row: Row[Any], *, persoon: bool = True) -> Stukbeeld:
    """Args:
    persoon: whether this person may see whom it is about, and with that the message itself.
    """
    beslissingen = dossiers.beslissingen(conn, row.id)
    redenen = [r for b in beslissingen for r in b.redenen]
    opmerkingen = van_bewaard(redenen if persoon else voor_leverancier(gateway.cookbooks, redenen))
    gevonden = lookup.persoon(conn, row.insz) if persoon and row.insz is not None else None
    faciliteit = None if row.voorziening is None else lookup.voorziening(conn, row.voorziening)
    return Stukbeeld(
        row=row,
        stappen=berichten.levensloop(conn, row.id),
        beslissingen=beslissingen,
        opmerkingen=opmerkingen,
        inhoud=lees(gateway, conn, row.id, in_het_kort(opmerkingen), row.octetten) if persoon else None,
        woorden=woorden_van(gateway, conn, row) if persoon else [],
        voorziening=None if faciliteit is None else faciliteit.naam,
        persoon=None if gevonden is None else f"{gevonden.voornaam} {gevonden.naam}",
    )


def in_het_kort(opmerkingen: Sequence[Opmerking]) -> list[dict[str, Any]]:
    """Remarks as the message's own lines show them; what to do about each stands in the list beside it."""
    namen = ("code", "tekst", "tekst_en", "plaats", "regel", "record", "zone")
    return [{naam: getattr(o, naam) for naam in namen} for o in opmerkingen]
