"""Reference files sent by screen or API: kept on disk, checked, shown, and loaded when somebody agrees to what was shown.

The checking and the loading are steps of a process of their own (`vsb-gateway reference step`), so that a file of a million rows
holds up no page and takes none of the server's memory. What a step does and how far it is stands in the table `invoer`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.reference.laden import AndersDanGezien, Gezien, Laadverslag, Voortgang, kijk_vooruit, laad
from gateway.reference.schrijven import Verschil, Voorbeelden
from gateway.reference.soorten import SOORTEN
from gateway.reference.tables import invoer
from gateway.reference.tonen import toon_rij
from gateway.store.engine import Store

GROOTSTE = 256 * 1024 * 1024
"""Octets of all files of one import together: a members file of two million."""
HOOGSTENS = 12
"""Files of one import: one of each kind."""
STIL = timedelta(seconds=60)
"""Without a sign of life for so long, a step is taken to have died."""
_BEWAARD = timedelta(days=7)
_BROK = 1024 * 1024
_NAAM = re.compile(r"[^A-Za-z0-9._-]+")
_SOORT = {s.naam: s for s in SOORTEN}


class Toestand(StrEnum):
    """Of an import, with what may follow."""

    NAKIJKEN = "nakijken"
    """A step checks it: KLAAR, FOUT or MISLUKT."""
    KLAAR = "klaar"
    """Somebody may agree: LADEN, or VERWORPEN."""
    FOUT = "fout"
    """Rows are wrong; nothing of it is loaded."""
    LADEN = "laden"
    """A step loads it: GELADEN, VEROUDERD or MISLUKT."""
    GELADEN = "geladen"
    VEROUDERD = "verouderd"
    """The data changed since it was checked: NAKIJKEN again, or VERWORPEN."""
    MISLUKT = "mislukt"
    """A step broke off: NAKIJKEN again, or VERWORPEN."""
    VERWORPEN = "verworpen"


BEZIG = (Toestand.NAKIJKEN, Toestand.LADEN)
_OPNIEUW = (Toestand.FOUT, Toestand.VEROUDERD, Toestand.MISLUKT)
_WEG = (Toestand.KLAAR, *_OPNIEUW)


_ANDERS = {
    b"PK\x03\x04": "een ZIP- of Excelbestand",
    b"\x1f\x8b": "een gzip-bestand",
    b"\xd0\xcf\x11\xe0": "een Excelbestand",
    b"%PDF": "een PDF",
    b"\xff\xfe": "tekst in UTF-16",
    b"\xfe\xff": "tekst in UTF-16",
}
"""What people send instead of CSV, by its first octets."""


class Ongeldig(Exception):
    """Files that are no import; says why, in Dutch."""


class NietNu(Exception):
    """This can not be done with an import as it stands: somebody else was first, or it is being worked on."""


@dataclass(frozen=True, kw_only=True)
class Stuk:
    """One file as it was sent."""

    naam: str
    octetten: int
    sha256: str


def ontvang(map_: Path, invoer_id: str, stromen: Sequence[tuple[str, BinaryIO]]) -> tuple[Stuk, ...]:
    """Put what was sent in a folder of its own, piece by piece.

    Args:
        stromen: the name that the sender gave each file, and its octets.

    Raises:
        Ongeldig: none, too many, too large, empty, or two with one name.
    """
    if not 0 < len(stromen) <= HOOGSTENS:
        raise Ongeldig(f"Kies een tot {HOOGSTENS} bestanden.")
    folder, stukken, over = map_ / invoer_id, list[Stuk](), GROOTSTE
    folder.mkdir(parents=True)
    try:
        for gegeven, stroom in stromen:
            naam = _NAAM.sub("_", Path(gegeven.replace("\\", "/")).name)[:200].lstrip(".")
            if not naam or naam in {s.naam for s in stukken}:
                raise Ongeldig("Elk bestand heeft een eigen naam nodig.")
            if (ander := _geen_csv(stroom)) is not None:
                raise Ongeldig(f"{naam} is {ander}. Stuur elk bestand als CSV: tekst in UTF-8, met ; tussen de velden.")
            digest, gelezen = hashlib.sha256(), 0
            with (folder / naam).open("xb") as doel:
                while brok := stroom.read(_BROK):
                    gelezen += len(brok)
                    if gelezen > over:
                        raise Ongeldig(f"Samen mogen de bestanden {GROOTSTE // 1024**2} MB groot zijn.")
                    digest.update(brok)
                    doel.write(brok)
            if not gelezen:
                raise Ongeldig(f"{naam} is leeg.")
            over -= gelezen
            stukken.append(Stuk(naam=naam, octetten=gelezen, sha256=digest.hexdigest()))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return tuple(stukken)


def _geen_csv(stroom: BinaryIO) -> str | None:
    begin = stroom.read(8)
    stroom.seek(0)
    return next((wat for teken, wat in _ANDERS.items() if begin.startswith(teken)), None)


def begin(conn: Connection, map_: Path, invoer_id: str, stukken: Sequence[Stuk], door: str, nu: datetime) -> None:
    """Keep an import whose files were received; those of long ago go."""
    oud = conn.execute(select(invoer.c.id).where(invoer.c.gemaakt_op < nu - _BEWAARD)).scalars().all()
    for weg in oud:
        shutil.rmtree(map_ / weg, ignore_errors=True)
    conn.execute(
        update(invoer).where(invoer.c.id.in_(oud), invoer.c.toestand.in_(_WEG)).values(toestand=Toestand.VERWORPEN.value)
    )
    conn.execute(delete(invoer).where(invoer.c.gemaakt_op < nu - 50 * _BEWAARD))
    bestanden = [{"naam": s.naam, "octetten": s.octetten, "sha256": s.sha256} for s in stukken]
    vast = {"gelezen": 0, "door": door, "gemaakt_op": nu, "bijgewerkt_op": nu}
    conn.execute(insert(invoer).values(id=invoer_id, bestanden=bestanden, toestand=Toestand.NAKIJKEN.value, **vast))


def zoek(conn: Connection, invoer_id: str) -> Row[Any] | None:
    return conn.execute(select(invoer).where(invoer.c.id == invoer_id)).first()


def lijst(conn: Connection, na: str | None = None, hoogstens: int = 50) -> list[Row[Any]]:
    """Imports, the newest first; ids sort by time."""
    vraag = select(invoer).order_by(invoer.c.id.desc()).limit(hoogstens)
    return list(conn.execute(vraag if na is None else vraag.where(invoer.c.id < na)))


def bevestig(conn: Connection, invoer_id: str, sha256: Sequence[str], nu: datetime) -> None:
    """Agree to what was shown: exactly these files will be loaded, unless the data changed since.

    Args:
        sha256: of each file, as it was shown.

    Raises:
        NietNu: it does not wait for an answer, or these are not its files.
    """
    rij = zoek(conn, invoer_id)
    if rij is None or [b["sha256"] for b in rij.bestanden] != list(sha256):
        raise NietNu
    _ga_naar(conn, invoer_id, (Toestand.KLAAR,), Toestand.LADEN, nu, gelezen=0)


def opnieuw(conn: Connection, invoer_id: str, nu: datetime) -> None:
    """Check it once more; also what a step left that died.

    Raises:
        NietNu: it is being worked on, or it is done.
    """
    rij = zoek(conn, invoer_id)
    van = (*_OPNIEUW, *BEZIG) if rij is not None and onderbroken(rij, nu) else _OPNIEUW
    _ga_naar(conn, invoer_id, van, Toestand.NAKIJKEN, nu, gelezen=0, verslag=None, probleem=None)


def verwerp(conn: Connection, map_: Path, invoer_id: str, nu: datetime) -> None:
    """Throw it away, with its files.

    Raises:
        NietNu: it is being worked on, or it is done.
    """
    _ga_naar(conn, invoer_id, _WEG, Toestand.VERWORPEN, nu, verslag=None)
    shutil.rmtree(map_ / invoer_id, ignore_errors=True)


def mislukt(store: Store, invoer_id: str, probleem: str, nu: datetime) -> None:
    """A step broke off."""
    with store.writing() as conn:
        nog_bezig = (invoer.c.id == invoer_id) & invoer.c.toestand.in_([b.value for b in BEZIG])
        values = {"toestand": Toestand.MISLUKT.value, "probleem": probleem[:500], "bijgewerkt_op": nu}
        conn.execute(update(invoer).where(nog_bezig).values(**values))


def onderbroken(rij: Row[Any], nu: datetime) -> bool:
    """Whether the step that works on it gave no sign of life for long."""
    return rij.toestand in BEZIG and nu - rij.bijgewerkt_op > STIL


def _ga_naar(conn: Connection, invoer_id: str, van: Sequence[Toestand], naar: Toestand, nu: datetime, **verder: Any) -> None:
    # One statement, so that of two people who agree at once only one starts a step.
    gevonden = update(invoer).where(invoer.c.id == invoer_id, invoer.c.toestand.in_([t.value for t in van]))
    if conn.execute(gevonden.values(toestand=naar.value, bijgewerkt_op=nu, **verder)).rowcount != 1:
        raise NietNu


def doe_stap(store: Store, map_: Path, invoer_id: str, vandaag: date, nu: datetime, door: str, voortgang: Voortgang) -> None:
    """Check or load an import, as its state says.

    Args:
        door: who agreed, for the audit chain.
    """
    with store.reading() as conn:
        rij = zoek(conn, invoer_id)
    if rij is None or rij.toestand not in BEZIG:
        return
    folder = map_ / invoer_id
    bestanden = [folder / b["naam"] for b in rij.bestanden]
    values: dict[str, Any]
    if rij.toestand == Toestand.NAKIJKEN:
        verslag = kijk_vooruit(store.engine, bestanden, vandaag, voortgang=voortgang)
        # With a fault the rest of a file may be unread, and nothing can be loaded.
        if not verslag.fouten and {b.sha256 for b in verslag.bestanden} - {b["sha256"] for b in rij.bestanden}:
            mislukt(store, invoer_id, "een bestand is niet meer wat er gestuurd werd", nu)
            return
        toestand = Toestand.FOUT if verslag.fouten else Toestand.KLAAR
        values = {"toestand": toestand.value, "verslag": _als_json(verslag)}
    else:
        gezien = Gezien(stand=rij.verslag["stand"], sha256=tuple(rij.verslag["sha256"]))
        try:
            verslag = laad(store.engine, bestanden, vandaag, voortgang=voortgang, op=nu, door=door, gezien=gezien)
            values = {"toestand": Toestand.GELADEN.value, "verslag": _als_json(verslag)}
        except AndersDanGezien:
            values = {"toestand": Toestand.VEROUDERD.value, "verslag": None}
    with store.writing() as conn:
        conn.execute(update(invoer).where(invoer.c.id == invoer_id).values(bijgewerkt_op=nu, **values))
    if values["toestand"] == Toestand.GELADEN.value:
        shutil.rmtree(folder, ignore_errors=True)


def meld_voortgang(store: Store, invoer_id: str, gelezen: int, nu: datetime) -> None:
    """A sign of life."""
    with store.writing() as conn:
        conn.execute(update(invoer).where(invoer.c.id == invoer_id).values(gelezen=gelezen, bijgewerkt_op=nu))


@contextmanager
def voortgang_van(store: Store, invoer_id: str, klok: Any, seconden: float = 1.0) -> Iterator[Voortgang]:
    """Tells at most once every so many seconds how far a step is."""
    gelezen: dict[Path, int] = {}
    laatst = klok()

    def verder(bestand: Path, octetten: int, _grootte: int) -> None:
        nonlocal laatst
        gelezen[bestand] = octetten
        if klok() - laatst >= timedelta(seconds=seconden):
            laatst = klok()
            meld_voortgang(store, invoer_id, sum(gelezen.values()), laatst)

    yield verder


def _als_json(verslag: Laadverslag) -> dict[str, Any]:
    """What the page shows: masked as people may see it. Once loaded no row is kept."""
    return {
        "stand": verslag.stand,
        "sha256": [b.sha256 for b in verslag.bestanden],
        "bestanden": [{"naam": b.bestand.name, "soort": b.soort, "rijen": b.rijen} for b in verslag.bestanden],
        "fouten": [
            {"bestand": f.bestand.name, "regel": f.regel, "kolom": f.kolom, "gevonden": f.gevonden, "verwacht": f.verwacht}
            for f in verslag.fouten
        ],
        "fouten_meer": verslag.fouten_meer,
        "verschillen": {soort: _verschil(v) for soort, v in verslag.verschillen.items()},
        "voorbeelden": {soort: _voorbeelden(soort, v) for soort, v in verslag.voorbeelden.items()},
    }


def _verschil(v: Verschil) -> Mapping[str, int]:
    return {"nieuw": v.nieuw, "gewijzigd": v.gewijzigd, "ongewijzigd": v.ongewijzigd, "weg": v.weg}


def _voorbeelden(naam: str, v: Voorbeelden) -> Mapping[str, Any]:
    soort = _SOORT[naam]
    return {
        "kolommen": [k.naam for k in soort.kolommen if not k.verzwegen],
        "sleutel": list(soort.sleutel),
        "nieuw": [toon_rij(soort, r) for r in v.nieuw],
        "gewijzigd": [[toon_rij(soort, oud), toon_rij(soort, nieuw)] for oud, nieuw in v.gewijzigd],
        "weg": [toon_rij(soort, r) for r in v.weg],
    }
