"""A controller draws a sample, looks, and takes the evidence along; each act stands in the audit chain with its purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from gateway.diensten.invoer import Ongeldig, tekst
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kern import Gateway
from gateway.observe.audit_events import Gebeurtenis
from gateway.store import steekproef
from gateway.store.audit import Waarde, noteer
from gateway.store.identifiers import message_id
from gateway.store.steekproef import MOST, Criteria, Trekking


@dataclass(frozen=True, kw_only=True)
class Herhaling:
    """A sample that was drawn again with its seed and criteria."""

    trekking: Trekking
    gelijk: bool
    """The same messages came out."""
    erbij: tuple[str, ...]
    """Drawn now and not then; the messages that fit have changed since."""
    weg: tuple[str, ...]


def trek_steekproef(gateway: Gateway, criteria: Criteria, *, aantal: int, zaad: str, doel: str, persoon: str) -> str:
    """Draw a sample and keep what is needed to draw it again; returns its id.

    Args:
        zaad: the seed; random at the edge, or given by who wants to choose beforehand.
        doel: why, in the controller's words.

    Raises:
        Ongeldig: a number, a period or the purpose can not be.
        Refusal: UNAVAILABLE.
    """
    doel = tekst("doel", doel, minstens=10, hoogstens=500)
    zaad = tekst("zaad", zaad, minstens=1, hoogstens=64)
    if not 1 <= aantal <= MOST:
        raise Ongeldig("aantal", "Een steekproef telt 1 tot {n} berichten.", n=MOST)
    if criteria.tot < criteria.van or (criteria.tot - criteria.van).days > 366:
        raise Ongeldig("tot", "De periode loopt van een dag tot een latere, hoogstens een jaar.")
    if criteria.minstens is not None and criteria.hoogstens is not None and criteria.hoogstens < criteria.minstens:
        raise Ongeldig("hoogstens", "Het hoogste bedrag ligt onder het laagste.")
    now = gateway.clock()
    nummer = message_id(now)
    # Drawn before it is written down: reading a million ids holds up no writer.
    with gateway.store.reading() as conn:
        getrokken = steekproef.trek(conn, criteria, zaad, aantal)
    with gateway.store.writing() as conn:
        steekproef.bewaar(
            conn,
            id=nummer,
            persoon=persoon,
            op=now,
            doel=doel,
            criteria=criteria.als_json(),
            zaad=zaad,
            aantal=aantal,
            populatie=getrokken.populatie,
            populatie_sha256=getrokken.populatie_sha256,
            berichten=list(getrokken.berichten),
        )
        gegevens: dict[str, Waarde] = {
            "doel": doel,
            "zaad": zaad,
            "getrokken": len(getrokken.berichten),
            "populatie": getrokken.populatie,
            "criteria": [f"{naam}={waarde}" for naam, waarde in criteria.als_json().items()],
        }
        noteer(
            conn,
            Gebeurtenis.STEEKPROEF_GETROKKEN,
            actor=persoon,
            onderwerp=f"steekproef:{nummer}",
            gegevens=gegevens,
            tijdstip=now,
        )
    return nummer


def trek_opnieuw(gateway: Gateway, row: Row[Any]) -> Herhaling:
    """The same draw again, to see that nobody picked; nothing is kept."""
    with gateway.store.reading() as conn:
        getrokken = steekproef.trek(conn, Criteria.uit_json(row.criteria), row.zaad, row.aantal)
    toen, nu = list(row.berichten), list(getrokken.berichten)
    return Herhaling(
        trekking=getrokken,
        gelijk=toen == nu,
        erbij=tuple(i for i in nu if i not in set(toen)),
        weg=tuple(i for i in toen if i not in set(nu)),
    )


def steekproef_van(gateway: Gateway, steekproef_id: str) -> tuple[Row[Any], list[Row[Any]]]:
    """A sample and its messages.

    Raises:
        NietGevonden: there is no such sample.
    """
    with gateway.store.reading() as conn:
        row = steekproef.lees(conn, steekproef_id)
        if row is None:
            raise NietGevonden
        return row, steekproef.rijen(conn, list(row.berichten))


def noteer_uitvoer(gateway: Gateway, ids: Sequence[str], *, wat: str, doel: str, persoon: str, sha256: str) -> None:
    """Write down that evidence leaves the house.

    Args:
        wat: steekproef:<id> or the message's id.
        sha256: of the manifest that went along, hex.
    """
    now = gateway.clock()
    with gateway.store.writing() as conn:
        noteer(
            conn,
            Gebeurtenis.ZAAKDOSSIER_UITGEVOERD,
            actor=persoon,
            onderwerp=wat,
            gegevens={"doel": doel, "berichten": list(ids[:MOST]), "manifest_sha256": sha256},
            tijdstip=now,
        )
