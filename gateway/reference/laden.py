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
from gateway.reference.fouten import Fouten
from gateway.reference.lezen import Bron, Laadfout, Rij, herken, lees
from gateway.reference.samenhang import Samenhang
from gateway.reference.schrijven import Apart, Verschil, Voorbeelden
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
class Gezien:
    """What a preview was of."""

    stand: int
    """The load that the files were compared after."""
    sha256: tuple[str, ...]
    """Of each file, in their order of loading."""


@dataclass(frozen=True, kw_only=True)
class Laadverslag:
    """What a load did."""

    bestanden: tuple[GeladenBestand, ...]
    fouten: tuple[Laadfout, ...]
    """The first ones, at most one a row, in the order of files and lines."""
    fouten_meer: int = 0
    """How many more there are."""
    geschreven: bool
    """Whether the data are now in the database: never when there are faults."""
    verschillen: Mapping[str, Verschil] = field(default_factory=dict)
    """What was written, or would be, by kind."""
    voorbeelden: Mapping[str, Voorbeelden] = field(default_factory=dict)
    """By kind, of a preview: some rows that would change."""
    stand: int = 0
    """Of a preview: the load that the files were compared after."""


class AndersDanGezien(Exception):
    """What was previewed is not what would be loaded: the file, or what the database knows, is another by now."""


def laad(
    engine: Engine,
    bestanden: Sequence[Path],
    vandaag: date,
    *,
    voortgang: Voortgang | None = None,
    op: datetime | None = None,
    door: str = "gateway",
    gezien: Gezien | None = None,
) -> Laadverslag:
    """Check the files and, when nothing is wrong with any, put them in the database in one transaction.

    A row replaces the row with the same key. Periods replace every period that was known of the same person, facility
    or price: files that tell about the same ones belong in one load.

    `op` is the moment that the record of this load shows; the start of `vandaag` when left out. `door` stands in the audit
    chain as who loaded. `gezien` is what somebody saw and agreed to: nothing else is loaded.

    Raises:
        OSError: a file cannot be read.
        AndersDanGezien: these are not the files, or this is not the database, of the preview.
    """
    with engine.connect() as conn:
        while True:
            stand, gelezen, fouten, apart = _zet_apart(conn, bestanden, vandaag, voortgang)
            if gezien is not None and gezien != Gezien(stand=stand, sha256=tuple(g.sha256 for g in gelezen)):
                conn.rollback()
                raise AndersDanGezien
            if fouten.aantal:
                conn.rollback()
                return Laadverslag(bestanden=gelezen, fouten=fouten.eerste, fouten_meer=fouten.meer, geschreven=False)
            conn.commit()
            verschillen = _schrijf(conn, apart, stand, gelezen, op or datetime.combine(vandaag, time(), BRUSSELS), door)
            if verschillen is not None:
                return Laadverslag(bestanden=gelezen, fouten=(), geschreven=True, verschillen=verschillen)


def kijk_vooruit(
    engine: Engine, bestanden: Sequence[Path], vandaag: date, *, eerste: int = 20, voortgang: Voortgang | None = None
) -> Laadverslag:
    """What `laad` would change, and nothing of it done.

    Args:
        eerste: at most so many rows of each sort of change are shown.

    Raises:
        OSError: a file cannot be read.
    """
    with engine.connect() as conn:
        stand, gelezen, fouten, apart = _zet_apart(conn, bestanden, vandaag, voortgang)
        verschillen = {} if fouten.aantal else {a.naam: a.verschil() for a in apart}
        voorbeelden = {} if fouten.aantal else {a.naam: a.voorbeelden(eerste) for a in apart}
        conn.rollback()
    return Laadverslag(
        bestanden=gelezen,
        fouten=fouten.eerste,
        fouten_meer=fouten.meer,
        geschreven=False,
        verschillen=verschillen,
        voorbeelden=voorbeelden,
        stand=stand,
    )


def _zet_apart(
    conn: Connection, bestanden: Sequence[Path], vandaag: date, voortgang: Voortgang | None
) -> tuple[int, tuple[GeladenBestand, ...], Fouten, list[Apart]]:
    """Rows set apart and compared, in a transaction of the caller; without comparing when there are faults."""
    if conn.dialect.name == "sqlite":
        # A million rows set apart need not fit in memory.
        conn.connection.cursor().execute("PRAGMA temp_store=FILE")
    stand = _stand(conn)
    apart: list[Apart] = []
    gelezen, fouten = _verwerk(conn, bestanden, vandaag, voortgang, apart)
    for soort in apart if not fouten.aantal else ():
        soort.vergelijk()
    return stand, gelezen, fouten, apart


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
    return Laadverslag(bestanden=gelezen, fouten=fouten.eerste, fouten_meer=fouten.meer, geschreven=False)


def _verwerk(
    conn: Connection, bestanden: Sequence[Path], vandaag: date, voortgang: Voortgang | None, apart: list[Apart] | None
) -> tuple[tuple[GeladenBestand, ...], Fouten]:
    uniek = list({b.resolve(): b for b in bestanden}.values())
    soort_van = {b: herken(b) for b in uniek}
    fouten = Fouten({b: n for n, b in enumerate(uniek)})
    fouten.erbij(s for s in soort_van.values() if isinstance(s, Laadfout))
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
                    fouten.erbij(mis)
                    rijen += len(goed)
                    # After a fault the rest is only checked, since nothing will stay.
                    if bak is not None and not fouten.aantal:
                        bak.zet(goed)
                    if voortgang is not None:
                        voortgang(bestand, bron.gelezen, grootte)
                gelezen.append(GeladenBestand(bestand=bestand, soort=soort.naam, rijen=rijen, sha256=bron.sha256))
        fouten.erbij(samenhang.overlappingen(soort))
    return tuple(gelezen), fouten


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
