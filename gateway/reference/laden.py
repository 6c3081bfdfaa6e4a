"""Load reference files: every row is checked, and with one fault anywhere nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from gateway.clock import BRUSSELS
from gateway.observe.audit_events import Gebeurtenis
from gateway.reference.lezen import Bron, Laadfout, Rij, herken, lees
from gateway.reference.samenhang import Samenhang
from gateway.reference.schrijven import Apart, Verschil
from gateway.reference.soorten import SOORTEN
from gateway.reference.tables import laadbeurt
from gateway.store.audit import noteer

_BATCH = 1000

Voortgang = Callable[[Path, int, int], None]
"""File, bytes read, bytes in all."""


@dataclass(frozen=True, kw_only=True)
class GeladenBestand:
    """One file that was read."""

    bestand: Path
    soort: str
    rijen: int
    """Rows without a fault."""
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Laadverslag:
    """What a load did."""

    bestanden: tuple[GeladenBestand, ...]
    fouten: tuple[Laadfout, ...]
    """At most one a row, in the order of files and lines."""
    geschreven: bool
    """Whether the data are now in the database: never when there are faults."""
    verschillen: Mapping[str, Verschil] = field(default_factory=dict)
    """What was written, by kind."""


def laad(
    engine: Engine,
    bestanden: Sequence[Path],
    vandaag: date,
    *,
    voortgang: Voortgang | None = None,
    op: datetime | None = None,
    door: str = "gateway",
) -> Laadverslag:
    """Check the files and, when nothing is wrong with any, put them in the database in one transaction.

    A row replaces the row with the same key. Periods replace every period that was known of the same person, facility
    or price: files that tell about the same ones belong in one load.

    `op` is the moment that the record of this load shows; the start of `vandaag` when left out. `door` stands in the audit
    chain as who loaded.

    Raises:
        OSError: a file cannot be read.
    """
    with engine.connect() as conn:
        while True:
            if conn.dialect.name == "sqlite":
                # A million rows set apart need not fit in memory.
                conn.connection.cursor().execute("PRAGMA temp_store=FILE")
            stand = _stand(conn)
            apart: list[Apart] = []
            gelezen, fouten = _verwerk(conn, bestanden, vandaag, voortgang, apart)
            if fouten:
                conn.rollback()
                return Laadverslag(bestanden=gelezen, fouten=fouten, geschreven=False)
            for soort in apart:
                soort.vergelijk()
            conn.commit()
            verschillen = _schrijf(conn, apart, stand, gelezen, op or datetime.combine(vandaag, time(), BRUSSELS), door)
            if verschillen is not None:
                return Laadverslag(bestanden=gelezen, fouten=(), geschreven=True, verschillen=verschillen)


def _schrijf(
    conn: Connection, apart: Sequence[Apart], stand: int, gelezen: Sequence[GeladenBestand], op: datetime, door: str
) -> dict[str, Verschil] | None:
    """None when somebody else loaded since the files were checked: what they were checked against is gone."""
    conn.execution_options(vsb_write=True)
    try:
        with conn.begin():
            if conn.dialect.name == "postgresql":
                conn.exec_driver_sql("LOCK TABLE laadbeurt IN SHARE ROW EXCLUSIVE MODE")
            anders = _stand(conn) != stand
            verschillen = {} if anders else {a.naam: a.voeg_in() for a in apart}
            if not anders:
                _noteer(conn, gelezen, op, door)
    finally:
        conn.execution_options(vsb_write=False)
    with conn.begin():
        for soort in apart:
            soort.ruim_op()
    return None if anders else verschillen


def _stand(conn: Connection) -> int:
    return int(conn.execute(select(func.max(laadbeurt.c.id))).scalar() or 0)


def controleer(engine: Engine, bestanden: Sequence[Path], vandaag: date, *, voortgang: Voortgang | None = None) -> Laadverslag:
    """Check the files as `laad` does, against the same database, and write nothing."""
    with engine.connect() as conn:
        gelezen, fouten = _verwerk(conn, bestanden, vandaag, voortgang, None)
    return Laadverslag(bestanden=gelezen, fouten=fouten, geschreven=False)


def _verwerk(
    conn: Connection, bestanden: Sequence[Path], vandaag: date, voortgang: Voortgang | None, apart: list[Apart] | None
) -> tuple[tuple[GeladenBestand, ...], tuple[Laadfout, ...]]:
    uniek = list({b.resolve(): b for b in bestanden}.values())
    soort_van = {b: herken(b) for b in uniek}
    fouten = [s for s in soort_van.values() if isinstance(s, Laadfout)]
    gelezen: list[GeladenBestand] = []
    samenhang = Samenhang(conn)
    for soort in SOORTEN:
        van_soort = [b for b in uniek if soort_van[b] is soort]
        bak = Apart(conn, soort) if apart is not None and van_soort else None
        if apart is not None and bak is not None:
            apart.append(bak)
        for bestand in van_soort:
            with bestand.open("rb") as stroom:
                bron, grootte, rijen = Bron(stroom), bestand.stat().st_size, 0
                for groep in _groepen(lees(bestand, soort, bron, vandaag)):
                    goed, mis = samenhang.bekijk(soort, bestand, groep)
                    fouten += mis
                    rijen += len(goed)
                    # After a fault the rest is only checked, since nothing will stay.
                    if bak is not None and not fouten:
                        bak.zet(goed)
                    if voortgang is not None:
                        voortgang(bestand, bron.gelezen, grootte)
                gelezen.append(GeladenBestand(bestand=bestand, soort=soort.naam, rijen=rijen, sha256=bron.sha256))
        fouten += samenhang.overlappingen(soort)
    volgorde = {b: n for n, b in enumerate(uniek)}
    return tuple(gelezen), tuple(sorted(fouten, key=lambda f: (volgorde[f.bestand], f.regel)))


def _groepen(rijen: Iterator[Rij]) -> Iterator[list[Rij]]:
    while groep := list(islice(rijen, _BATCH)):
        yield groep


def _noteer(conn: Connection, gelezen: Sequence[GeladenBestand], op: datetime, door: str) -> None:
    beurten: list[Mapping[str, Any]] = [
        {"bestand": g.bestand.name, "soort": g.soort, "rijen": g.rijen, "sha256": g.sha256, "wanneer": op} for g in gelezen
    ]
    if beurten:
        conn.execute(insert(laadbeurt), beurten)
    for g in gelezen:
        noteer(
            conn,
            Gebeurtenis.REFERENTIE_GELADEN,
            actor=door,
            onderwerp=g.bestand.name,
            gegevens={"soort": g.soort, "rijen": g.rijen, "sha256": g.sha256},
            tijdstip=op,
        )
