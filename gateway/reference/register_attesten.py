"""The part of the register about attested software packages (facts vsb.md §2.1); see register for what holds of every change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.observe.audit_events import Gebeurtenis
from gateway.reference import tables as t
from gateway.reference.register import Door, Fout, Registerfout, Wijziging, check_periode, lees_veld, leg_vast, periode
from gateway.reference.soorten import SOORTEN, Soort
from gateway.store.slot import slot

_SOORT = next(s for s in SOORTEN if s.naam == "attesten")


def voeg_attest_toe(conn: Connection, attest: Mapping[str, str | None], van: date, tot: date | None, door: Door) -> Wijziging:
    """Register an attested package.

    Args:
        attest: nummer, leverancier, product, versie_van, versie_tot, pijlers, licentie_gebruiker and licentie_hash, each as a
            reference file writes it.

    Raises:
        Registerfout: WAARDE, EINDE_VOOR_BEGIN or BESTAAT.
    """
    soort = _SOORT
    waarden: dict[str, Any] = {
        k.naam: lees_veld(soort, k.naam, attest.get(k.naam), verplicht=k.verplicht)
        for k in soort.kolommen
        if k.naam not in ("van", "tot", "geschorst")
    }
    waarden |= {"van": van, "tot": tot, "geschorst": False}
    check_periode(van, tot)
    for regel in soort.regels:
        if (mis := regel(waarden)) is not None:
            raise Registerfout(Fout.WAARDE, mis[0], gevonden=_toon(soort, mis[0], waarden[mis[0]]), verwacht=mis[1])
    slot(conn, f"attest/{waarden['nummer']}")
    for veld in ("nummer", "licentie_gebruiker"):
        zoek = select(t.attest.c.nummer).where(t.attest.c[veld] == waarden[veld])
        if waarden[veld] is not None and (bezet := conn.execute(zoek).scalar()) is not None:
            raise Registerfout(Fout.BESTAAT, veld, gevonden=str(waarden[veld]), verwacht=f"een andere dan bij attest {bezet}")
    conn.execute(insert(t.attest).values(**waarden))
    openbaar = {naam: waarde for naam, waarde in waarden.items() if naam != "licentie_hash"}
    return leg_vast(conn, Gebeurtenis.ATTEST_TOEGEVOEGD, "attest", f"attest:{waarden['nummer']}", {}, openbaar, door)


def schors_attest(conn: Connection, nummer: str, door: Door) -> Wijziging:
    """Stop admitting messages of a package, until `hervat_attest`.

    Raises:
        Registerfout: ONBEKEND or AL_ZO.
    """
    return _zet_geschorst(conn, nummer, True, door)


def hervat_attest(conn: Connection, nummer: str, door: Door) -> Wijziging:
    """Undo `schors_attest`.

    Raises:
        Registerfout: ONBEKEND or AL_ZO.
    """
    return _zet_geschorst(conn, nummer, False, door)


def beeindig_attest(conn: Connection, nummer: str, tot: date, door: Door) -> Wijziging:
    """Give an attest its last day, or an earlier one.

    Raises:
        Registerfout: ONBEKEND, EINDE_VOOR_BEGIN, AL_BEEINDIGD or AL_ZO.
    """
    rij = _attest(conn, nummer)
    check_periode(rij.van, tot)
    if rij.tot is not None and rij.tot <= tot:
        fout = Fout.AL_ZO if rij.tot == tot else Fout.AL_BEEINDIGD
        raise Registerfout(fout, "tot", gevonden=periode(rij.van, rij.tot))
    conn.execute(update(t.attest).where(t.attest.c.nummer == nummer).values(tot=tot))
    return leg_vast(conn, Gebeurtenis.ATTEST_BEEINDIGD, "attest", f"attest:{nummer}", {"tot": rij.tot}, {"tot": tot}, door)


def _zet_geschorst(conn: Connection, nummer: str, geschorst: bool, door: Door) -> Wijziging:
    rij = _attest(conn, nummer)
    if rij.geschorst is geschorst:
        raise Registerfout(Fout.AL_ZO, "geschorst", gevonden="ja" if geschorst else "nee")
    conn.execute(update(t.attest).where(t.attest.c.nummer == nummer).values(geschorst=geschorst))
    gebeurtenis = Gebeurtenis.ATTEST_GESCHORST if geschorst else Gebeurtenis.ATTEST_HERVAT
    return leg_vast(conn, gebeurtenis, "attest", f"attest:{nummer}", {"geschorst": rij.geschorst}, {"geschorst": geschorst}, door)


def _attest(conn: Connection, nummer: str) -> Row[Any]:
    slot(conn, f"attest/{nummer}")
    rij = conn.execute(select(t.attest).where(t.attest.c.nummer == nummer)).first()
    if rij is None:
        raise Registerfout(Fout.ONBEKEND, "nummer", gevonden=nummer[:60])
    return rij


def _toon(soort: Soort, naam: str, waarde: object) -> str:
    return next(k for k in soort.kolommen if k.naam == naam).toon("" if waarde is None else str(waarde))
