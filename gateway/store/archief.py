"""The archive: the payload bytes of a closed month go to a signed file that names the file before it, then leave the database.

Until the file is on disk, read back whole and registered, every byte stays in the database, and the database itself holds
that (bewaking.py). The rows of messages, lives, decisions and deliveries stay; the file has a copy of them.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from gateway.observe.audit_events import Gebeurtenis
from gateway.store.archief_bestand import (
    Kop,
    Manifest,
    Voortgang,
    controleer,
    lees,
    manifest_naam,
    schrijf,
    schrijf_manifest,
    schrijf_naast,
)
from gateway.store.archief_rijen import aantallen_inhoud, een_moment, maanden_met_inhoud, niet_klaar, rijen, tel
from gateway.store.archief_tables import archief
from gateway.store.audit import BEGIN, noteer
from gateway.store.engine import Store
from gateway.store.partities import INHOUD, laat_vallen, maak_partities
from gateway.store.slot import slot
from gateway.trust.signing import Signer, seal
from gateway.wire.build import moment

BATCH = 500
"""Rows that leave SQLite in one transaction."""


class ArchiefProbleem(Exception):
    """A month can not be archived or put back now; the text says in Dutch why."""


@dataclass(frozen=True, kw_only=True)
class Archiefkast:
    """Where archiving happens and on whose behalf."""

    store: Store
    folder: Path
    signer: Signer
    klok: Callable[[], datetime]
    actor: str
    voortgang: Voortgang = lambda _gedaan, _totaal: None


@dataclass(frozen=True, kw_only=True)
class Uitslag:
    """What became of one month."""

    maand: date
    bestand: str | None
    """None: it stays, since something of it is not final."""
    niet_klaar: int = 0
    berichten: int = 0
    octetten: int = 0


def gesloten_voor(now: datetime, bewaarmaanden: int) -> date:
    """The first month that is not closed: of every earlier one each message is older than so many whole months."""
    nu = now.astimezone(UTC)
    nummer = nu.year * 12 + nu.month - 1 - bewaarmaanden
    return date(nummer // 12, nummer % 12 + 1, 1)


def archiveer(kast: Archiefkast, voor: date) -> Iterator[Uitslag]:
    """Archive every month before `voor` whose bytes are in the database, oldest first.

    Safe to kill at any moment: done again, it finishes what was begun. A month that was put back leaves again.

    Raises:
        ArchiefProbleem: another run is at it, or the month changed under way.
        Beschadigd: what was written can not be read back whole, or a registered file no longer is.
        OSError: the folder can not be written.
    """
    with alleen(kast.folder):
        with kast.store.reading() as conn:
            maanden = maanden_met_inhoud(conn, voor)
        for maand in maanden:
            yield _archiveer(kast, maand)


def geregistreerd(conn: Connection) -> list[Row[Any]]:
    """The rows of `archief`, in the order of the chain; what hangs on no other comes last."""
    rijen_ = {r.vorige: r for r in conn.execute(select(archief).order_by(archief.c.op, archief.c.maand))}
    keten, vorige = [], BEGIN
    while vorige in rijen_:
        keten.append(rijen_.pop(vorige))
        vorige = keten[-1].sha256
    return [*keten, *rijen_.values()]


def maak_plaats(store: Store, maand: date) -> None:
    """Give a month its own partitions."""
    for tabel in INHOUD:
        with store.writing() as conn:
            maak_partities(conn, tabel, [maand])


def rij_van(conn: Connection, maand: date) -> Row[Any] | None:
    return conn.execute(select(archief).where(archief.c.maand == maand)).first()


def _archiveer(kast: Archiefkast, maand: date) -> Uitslag:
    with kast.store.reading() as conn:
        eerder = rij_van(conn, maand)
        wachten = niet_klaar(conn, maand)
    if wachten:
        return Uitslag(maand=maand, bestand=None, niet_klaar=wachten)
    maak_plaats(kast.store, maand)
    if eerder is not None:
        return _haal_weer_weg(kast, eerder)
    with kast.store.reading() as conn:
        een_moment(conn)
        keten = geregistreerd(conn)
        vorig_bestand, vorige = (keten[-1].bestand, keten[-1].sha256) if keten else (None, BEGIN)
        aantallen, octetten = tel(conn, maand)
        kop = Kop(maand=maand, vorig_bestand=vorig_bestand, vorige=vorige, aantallen=aantallen, octetten=octetten)
        bestand, sha256 = schrijf(kast.folder, kop, rijen(conn, maand), kast.voortgang)
    controleer(kast.folder / bestand, sha256, kast.voortgang)
    _onderteken(kast, kop, bestand, sha256)
    values = {"maand": maand, "bestand": bestand, "sha256": sha256, "vorige": vorige, "octetten": octetten}
    values["berichten"] = aantallen["bericht"]
    _haal_weg(kast, maand, [aantallen[t.name] for t in INHOUD], values)
    _leg_opzij(kast.folder, maand, bestand)
    return Uitslag(maand=maand, bestand=bestand, berichten=aantallen["bericht"], octetten=octetten)


def _haal_weer_weg(kast: Archiefkast, eerder: Row[Any]) -> Uitslag:
    """Take out what was put back, or what a killed run left, once it is sure that the file holds all of it."""
    pad = kast.folder / eerder.bestand
    controleer(pad, eerder.sha256, kast.voortgang)
    with kast.store.reading() as conn:
        een_moment(conn)
        er_zijn = aantallen_inhoud(conn, eerder.maand)
        in_bestand = _ook_in_databank(conn, pad, eerder.maand)
    if er_zijn != in_bestand:
        raise ArchiefProbleem(f"Van maand {eerder.maand:%Y-%m} staan octetten in de databank die {eerder.bestand} niet heeft.")
    _haal_weg(kast, eerder.maand, er_zijn, None)
    return Uitslag(maand=eerder.maand, bestand=eerder.bestand, berichten=eerder.berichten, octetten=eerder.octetten)


def _ook_in_databank(conn: Connection, pad: Path, maand: date) -> list[int]:
    """How many rows of each table of INHOUD stand in the file and in the database."""
    gevonden = []
    for tabel in INHOUD:
        sleutel = tabel.primary_key.columns[0]
        ids = (rij[sleutel.name] for naam, rij in lees(pad)[1] if naam == tabel.name)
        aantal = 0
        while deel := [i for _, i in zip(range(BATCH), ids, strict=False)]:
            aantal += len(conn.execute(select(sleutel).where(sleutel.in_(deel), tabel.c.maand == maand)).all())
        gevonden.append(aantal)
    return gevonden


def _haal_weg(kast: Archiefkast, maand: date, verwacht: list[int], nieuw: dict[str, Any] | None) -> None:
    """Register the month and take its bytes out: on PostgreSQL in one transaction, on SQLite begun in it.

    Args:
        nieuw: values of its row in `archief`; None when it has one.
    """
    now = kast.klok()
    with kast.store.writing() as conn:
        slot(conn, "archief")
        if nieuw is not None:
            laatste = geregistreerd(conn)
            if nieuw["vorige"] != (laatste[-1].sha256 if laatste else BEGIN):
                raise ArchiefProbleem("Intussen is een andere maand gearchiveerd; begin opnieuw.")
            conn.execute(insert(archief).values(**nieuw, op=now))
        if niet_klaar(conn, maand) or not _verwijder(conn, maand, verwacht):
            raise ArchiefProbleem(f"Van maand {maand:%Y-%m} is intussen iets gewijzigd; begin opnieuw.")
        rij = rij_van(conn, maand)
        noteer(
            conn,
            Gebeurtenis.ARCHIEF_GEMAAKT,
            actor=kast.actor,
            onderwerp=f"maand:{maand:%Y-%m}",
            gegevens={} if rij is None else {"bestand": rij.bestand, "sha256": rij.sha256, "opnieuw": nieuw is None},
            tijdstip=now,
        )
    gedaan = True
    while gedaan:
        with kast.store.writing() as conn:
            gedaan = _verwijder_deel(conn, maand)


def _verwijder(conn: Connection, maand: date, verwacht: list[int]) -> bool:
    if conn.dialect.name == "postgresql":
        return laat_vallen(conn, maand, verwacht)
    if aantallen_inhoud(conn, maand) != verwacht:
        return False
    _verwijder_deel(conn, maand)
    return True


def _verwijder_deel(conn: Connection, maand: date) -> bool:
    """Delete some rows of the month; False when there were none."""
    if conn.dialect.name == "postgresql":
        return False
    for tabel in INHOUD:
        sleutel = tabel.primary_key.columns[0]
        deel = select(sleutel).where(tabel.c.maand == maand).order_by(sleutel).limit(BATCH)
        if conn.execute(delete(tabel).where(tabel.c.maand == maand, sleutel.in_(deel))).rowcount:
            return True
    return False


def _onderteken(kast: Archiefkast, kop: Kop, bestand: str, sha256: str) -> None:
    now = kast.klok()
    manifest = Manifest(
        maand=kop.maand,
        bestand=bestand,
        sha256=sha256,
        vorig_bestand=kop.vorig_bestand,
        vorige=kop.vorige,
        berichten=kop.aantallen["bericht"],
        octetten=kop.octetten,
        gemaakt_op=moment(now),
    )
    schrijf_naast(kast.folder / manifest_naam(bestand), seal(schrijf_manifest(manifest), kast.signer, now))


def _leg_opzij(folder: Path, maand: date, bestand: str) -> None:
    """Move what a killed run left of the month to a folder of its own: it was never registered, and no file names it."""
    for oud in folder.glob(f"{maand:%Y-%m}-*"):
        if oud.name not in (bestand, manifest_naam(bestand)):
            (folder / "niet-geregistreerd").mkdir(exist_ok=True, mode=0o700)
            oud.replace(folder / "niet-geregistreerd" / oud.name)


@contextmanager
def alleen(folder: Path) -> Iterator[None]:
    """Hold the archive's folder; a second program does not wait for it.

    Raises:
        ArchiefProbleem: another holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".bezig").open("wb") as slotbestand:
        try:
            fcntl.flock(slotbestand, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiefProbleem(f"Er loopt al een archivering naar {folder}.") from None
        yield
