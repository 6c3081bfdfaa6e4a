"""Is the archive whole: every registered file and manifest, and the links between them; and where it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from gateway.refusal import Refusal
from gateway.store.archief import geregistreerd
from gateway.store.archief_bestand import Beschadigd, Voortgang, controleer, lees_manifest, manifest_naam
from gateway.store.audit import BEGIN
from gateway.trust.identity import read_identity
from gateway.trust.sealed import AcceptCertificate, verify_sealed


@dataclass(frozen=True, kw_only=True)
class Breuk:
    """One place where the archive does not hold."""

    maand: date
    wat: str
    """In Dutch, for the report."""


def verifieer(
    conn: Connection, folder: Path, accept: AcceptCertificate, now: datetime, *, ondertekenaar: str, voortgang: Voortgang
) -> tuple[int, list[Breuk]]:
    """Walk the chain of registered files and read each of them whole.

    Args:
        ondertekenaar: TYPE=number of who must have signed the manifests.

    Returns:
        How many files were looked at, and what does not hold.
    """
    rijen = geregistreerd(conn)
    breuken: list[Breuk] = []
    vorige: Row[Any] | None = None
    for rij in rijen:
        teksten = [
            *_schakel(rij, vorige),
            *_bestand(rij, vorige, folder, voortgang),
            *_manifest(rij, vorige, folder, accept, now, ondertekenaar),
        ]
        breuken += [Breuk(maand=rij.maand, wat=tekst) for tekst in teksten]
        vorige = rij
    return len(rijen), breuken


def _schakel(rij: Row[Any], vorige: Row[Any] | None) -> Iterator[str]:
    if rij.vorige != (BEGIN if vorige is None else vorige.sha256):
        yield "de rij verwijst naar een bestand dat niet in de tabel staat"


def _bestand(rij: Row[Any], vorige: Row[Any] | None, folder: Path, voortgang: Voortgang) -> Iterator[str]:
    try:
        kop = controleer(folder / rij.bestand, rij.sha256, voortgang)
    except Beschadigd as fout:
        yield f"{rij.bestand}: {fout}"
        return
    if (kop.maand, kop.vorig_bestand, kop.vorige, kop.aantallen["bericht"], kop.octetten) != _verwacht(rij, vorige):
        yield f"{rij.bestand}: de kop zegt iets anders dan de tabel"


def _manifest(
    rij: Row[Any], vorige: Row[Any] | None, folder: Path, accept: AcceptCertificate, now: datetime, ondertekenaar: str
) -> Iterator[str]:
    naam = manifest_naam(rij.bestand)
    try:
        sealed = verify_sealed((folder / naam).read_bytes(), accept, now)
        m = lees_manifest(sealed.content)
        wie = read_identity(sealed.certificate).label
    except OSError as fout:
        yield f"{naam}: niet te lezen: {fout.strerror}"
    except Refusal as fout:
        yield f"{naam}: {fout.findings[0].nl}"
    except ValueError:
        yield f"{naam}: is geen Archiefmanifest"
    else:
        if wie != ondertekenaar:
            yield f"{naam}: is door iemand anders ondertekend (verwacht {ondertekenaar}; gevonden {wie})"
        gezegd = (m.maand, m.vorig_bestand, m.vorige, m.berichten, m.octetten)
        if (m.bestand, m.sha256, *gezegd) != (rij.bestand, rij.sha256, *_verwacht(rij, vorige)):
            yield f"{naam}: het manifest zegt iets anders dan de tabel"


def _verwacht(rij: Row[Any], vorige: Row[Any] | None) -> tuple[object, ...]:
    return rij.maand, None if vorige is None else vorige.bestand, rij.vorige, rij.berichten, rij.octetten
