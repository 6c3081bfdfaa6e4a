"""Attests that rest on a run of the conformance suite: registering the run, and which runs are due again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gateway.berichten.attestatie import Attestatie
from gateway.central.cookbook import Cookbook
from gateway.reference import tables as t
from gateway.reference.register import Door, Fout, Registerfout, Wijziging
from gateway.reference.register_attesten import voeg_attest_toe
from gateway.store.slot import slot

AFZENDER = "afzender"
"""Role of the runs that admit software; what a server or a zorgkas proves admits nobody."""
GELDIG = timedelta(days=730)
"""How long an attest holds when nobody says otherwise; an assumption."""
VOORAF = timedelta(days=60)
"""How long before its end an attest is told to be due."""


@dataclass(frozen=True, kw_only=True)
class Bewezen:
    """A statement that was verified, to be registered."""

    attestatie: Attestatie
    ondertekenaar: str
    verklaring: bytes
    """The sealed statement."""


def registreer(
    conn: Connection,
    bewezen: Bewezen,
    nummer: str,
    van: date,
    tot: date,
    door: Door,
    *,
    versie_van: str | None = None,
    **licentie: str | None,
) -> Wijziging:
    """Make an attest of a verified statement, for its pillar and its version; a run is registered once.

    Args:
        versie_van: lowest version that the operator covers too; the attested one when None.
        licentie: licentie_gebruiker and licentie_hash.

    Raises:
        Registerfout: WAARDE, EINDE_VOOR_BEGIN or BESTAAT.
    """
    a = bewezen.attestatie
    if a.rol != AFZENDER:
        raise Registerfout(Fout.WAARDE, "rol", gevonden=a.rol[:60], verwacht=f"{AFZENDER}: alleen wie zendt wordt geattesteerd")
    slot(conn, f"attestatie/{a.sessie}")
    eerder = conn.execute(select(t.attestatie.c.attest).where(t.attestatie.c.sessie == a.sessie)).scalar()
    if eerder is not None:
        raise Registerfout(Fout.BESTAAT, "sessie", gevonden=a.sessie[:60], verwacht=f"een andere dan die van attest {eerder}")
    attest: Mapping[str, str | None] = {
        "nummer": nummer,
        "leverancier": a.leverancier,
        "product": a.product,
        "versie_van": versie_van or a.versie,
        "versie_tot": a.versie,
        "pijlers": a.pijler,
        **licentie,
    }
    wijziging = voeg_attest_toe(conn, attest, van, tot, door)
    conn.execute(
        insert(t.attestatie).values(
            sessie=a.sessie,
            attest=nummer,
            pijler=a.pijler,
            cookbook=a.cookbook,
            suite=a.suite,
            plan=a.plan,
            bewijs=a.bewijs,
            ondertekenaar=bewezen.ondertekenaar,
            geregistreerd_op=door.tijdstip,
            verklaring=bewezen.verklaring,
        )
    )
    return wijziging


def attestaties(conn: Connection) -> list[Row[Any]]:
    """Every registered run with its attest, by attest."""
    samen = t.attestatie.join(t.attest, t.attest.c.nummer == t.attestatie.c.attest)
    kolommen = (t.attestatie, t.attest.c.product, t.attest.c.versie_tot, t.attest.c.van, t.attest.c.tot, t.attest.c.geschorst)
    return list(conn.execute(select(*kolommen).select_from(samen).order_by(t.attestatie.c.attest)))


def opnieuw_nodig(rij: Row[Any], cookbooks: Mapping[str, Cookbook], vandaag: date) -> str:
    """Why a run is due again, in Dutch; empty when it is not. Nothing ends by itself but the attest's own last day."""
    if rij.tot is not None and rij.tot < vandaag:
        return f"vervallen op {rij.tot}"
    if rij.pijler in cookbooks and cookbooks[rij.pijler].versie != rij.cookbook:
        return f"cookbook {rij.cookbook}, nu {cookbooks[rij.pijler].versie}"
    if rij.tot is not None and rij.tot - VOORAF <= vandaag:
        return f"vervalt op {rij.tot}"
    return ""
