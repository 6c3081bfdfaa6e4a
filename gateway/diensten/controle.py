"""A controller draws a sample, looks, and takes the evidence along; each act stands in the audit chain with its purpose."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from sqlalchemy import Row

from gateway.clock import BRUSSELS
from gateway.cookbook.redenen import BESTAND, codes_van, lees_redenen
from gateway.diensten.invoer import Ongeldig, tekst
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kern import Gateway
from gateway.diensten.zaakdossier import schrijf_zaakdossier
from gateway.observe.audit_events import Gebeurtenis
from gateway.store import berichten, steekproef
from gateway.store.audit import Waarde, noteer
from gateway.store.identifiers import message_id
from gateway.store.steekproef import MOST, SOORTEN, Criteria, Trekking

UITKOMSTEN = ("aanvaard", "geweigerd", "in_beraad")
_EERSTE = date(2019, 1, 1)
_IN_GEHEUGEN = 16 * 1024 * 1024
"""Octets of a case file that are kept off the disk."""


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
    now = gateway.clock()
    _controleer(criteria, now.astimezone(BRUSSELS).date())
    if criteria.code is not None and not _bestaat(gateway, criteria.code):
        raise Ongeldig("code", "Deze code bestaat niet: geen regel geeft ze, en geen zorgkas weigerde er een lijn mee.")
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


def _controleer(criteria: Criteria, vandaag: date) -> None:
    for veld, dag in (("van", criteria.van), ("tot", criteria.tot)):
        if not _EERSTE <= dag <= vandaag:
            raise Ongeldig(veld, "Kies een dag vanaf 2019, hoogstens vandaag.")
    if criteria.tot < criteria.van or (criteria.tot - criteria.van).days > 366:
        raise Ongeldig("tot", "De periode loopt van een dag tot een latere, hoogstens een jaar.")
    riziv = criteria.voorziening
    if riziv is not None and not (riziv.isascii() and riziv.isdecimal() and len(riziv) in (8, 11)):
        raise Ongeldig("voorziening", "Een RIZIV-nummer heeft 8 of 11 cijfers.")
    if criteria.dienst not in (None, *SOORTEN) or criteria.uitkomst not in (None, *UITKOMSTEN):
        raise Ongeldig("dienst", "Kies een waarde uit de lijst.")
    if criteria.minstens is not None and criteria.hoogstens is not None and criteria.hoogstens < criteria.minstens:
        raise Ongeldig("hoogstens", "Het hoogste bedrag ligt onder het laagste.")


def _bestaat(gateway: Gateway, code: str) -> bool:
    """Whether a reason can have this code: now, before, or of a zorgkas that refused a record by hand."""
    vandaag = gateway.clock().astimezone(BRUSSELS).date()
    if code in codes_van(gateway.cookbooks, vandaag) or code in lees_redenen(gateway.settings.cookbooks / BESTAND):
        return True
    with gateway.store.reading() as conn:
        return steekproef.weigerde(conn, code)


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


def zaak_van(gateway: Gateway, bericht_id: str) -> Row[Any]:
    """A message that a controller may look at.

    Raises:
        NietGevonden: there is none, or it is of a service that is not controlled.
    """
    with gateway.store.reading() as conn:
        row = berichten.zoek(conn, bericht_id)
    if row is None or row.dienst not in SOORTEN:
        raise NietGevonden
    return row


def doel_van_uitvoer(doel: str) -> str:
    """Why evidence is taken along, in the controller's words.

    Raises:
        Ongeldig: too short or too long.
    """
    return tekst("doel", doel, minstens=10, hoogstens=500)


def voer_uit(
    gateway: Gateway, ids: Sequence[str], *, wat: str, doel: str, persoon: str, van_steekproef: Row[Any] | None = None
) -> IO[bytes]:
    """The case file of some messages, at its beginning; who gets it closes it.

    It stands in the audit chain before a single byte of it leaves.

    Args:
        wat: steekproef:<id> or the message's id.
        doel: as doel_van_uitvoer gave it.

    Raises:
        NietGevonden: one of the messages is not there.
    """
    bestand: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_GEHEUGEN)  # noqa: SIM115
    try:
        uit = schrijf_zaakdossier(gateway, bestand, ids, doel=doel, persoon=persoon, steekproef=van_steekproef)
        noteer_uitvoer(gateway, ids, wat=wat, doel=doel, persoon=persoon, sha256=uit.manifest_sha256)
    except BaseException:
        bestand.close()
        raise
    bestand.seek(0)
    return bestand


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
