"""Put the payload bytes of an archived month back in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from gateway.observe.audit_events import Gebeurtenis
from gateway.store.archief import Archiefkast, ArchiefProbleem, alleen, maak_plaats, rij_van
from gateway.store.archief_bestand import Voortgang, controleer, lees, octetten_van
from gateway.store.audit import noteer
from gateway.store.partities import INHOUD

_RIJEN = 200
_OCTETTEN = 16 * 1024 * 1024
_TABELLEN = {t.name: t for t in INHOUD}

_Deel = list[tuple[Table, dict[str, Any]]]


def zet_terug(kast: Archiefkast, maand: date) -> int:
    """Put back what the month's file holds and the database does not; the month stays registered.

    Safe to kill at any moment: done again, it finishes.

    Returns:
        Rows that were put back now.

    Raises:
        ArchiefProbleem: the month was never archived, or an archive run is at it.
        Beschadigd: the file is not the one that was registered; nothing is put back.
    """
    with alleen(kast.folder):
        with kast.store.reading() as conn:
            rij = rij_van(conn, maand)
        if rij is None:
            raise ArchiefProbleem(f"Maand {maand:%Y-%m} staat niet in het archief.")
        pad = kast.folder / rij.bestand
        controleer(pad, rij.sha256, kast.voortgang)
        maak_plaats(kast.store, maand)
        terug = 0
        for deel in _delen(pad, kast.voortgang):
            with kast.store.writing() as conn:
                terug += sum(_voeg_toe(conn, tabel, waarden, maand) for tabel, waarden in deel)
        now = kast.klok()
        with kast.store.writing() as conn:
            gegevens = {"bestand": rij.bestand, "sha256": rij.sha256, "rijen": terug}
            noteer(
                conn,
                Gebeurtenis.ARCHIEF_TERUGGEZET,
                actor=kast.actor,
                onderwerp=f"maand:{maand:%Y-%m}",
                gegevens=gegevens,
                tijdstip=now,
            )
        return terug


def _delen(pad: Path, voortgang: Voortgang) -> Iterator[_Deel]:
    """The payload rows of a file, in parts of bounded size."""
    kop, regels = lees(pad)
    deel: _Deel = []
    octetten = 0
    for nummer, (naam, rij) in enumerate(regels, 1):
        if naam in _TABELLEN:
            inhoud = octetten_van(rij)
            deel.append((_TABELLEN[naam], {**rij, "octetten": inhoud}))
            octetten += len(inhoud)
        if len(deel) >= _RIJEN or octetten >= _OCTETTEN:
            yield deel
            deel, octetten = [], 0
        if nummer % 100 == 0:
            voortgang(nummer, kop.regels)
    yield deel


def _voeg_toe(conn: Connection, tabel: Table, waarden: dict[str, Any], maand: date) -> int:
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    opdracht = insert(tabel).values({**waarden, "maand": maand}).on_conflict_do_nothing()
    return conn.execute(opdracht, execution_options={"preserve_rowcount": True}).rowcount
