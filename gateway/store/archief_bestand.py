"""The file of one archived month: what stands in it, how it is written so that it is on disk, how it is checked.

Gzip (no name, no time) of lines of JSON, each with its names sorted. The first is the head; then one line a row:
`{"rij":{…},"tabel":"bericht"}`, with bytes in base64 and moments in UTC. The row of a message is followed by its bytes, and so
is the row of a delivery, so that a reader compares each with its digest without remembering any other.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from lxml import etree
from lxml.etree import _Element as Element
from sqlalchemy import Row, Table

from gateway.store.audit import canoniek, tijdstip_tekst
from gateway.wire.build import sub

ARCHIEF = "urn:vsb-gateway:archief:v1"
"""Namespace of the Archiefmanifest."""
VERSIE = 1

Voortgang = Callable[[int, int], None]
"""Called with how many rows were done and how many there are."""
Regel = tuple[str, dict[str, Any]]
"""A table's name and one of its rows."""

_DIGEST_VAN = {"bericht_inhoud": ("bericht", "bericht_id", "sha256"), "levering_inhoud": ("levering", "levering_id", "hash")}
_VELDEN = ("Maand", "Bestand", "SHA256", "VorigBestand", "VorigeSHA256", "Berichten", "Octetten", "GemaaktOp")
_ONLEESBAAR = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, binascii.Error)


class Beschadigd(Exception):
    """A file of the archive is not what it must be; the text says in Dutch how."""


@dataclass(frozen=True, kw_only=True)
class Kop:
    """The first line of a file."""

    maand: date
    vorig_bestand: str | None
    vorige: str
    """SHA-256 of the file archived before, hex; zeros in the first."""
    aantallen: Mapping[str, int]
    """Rows of each table that follow."""
    octetten: int
    """Payload bytes, before base64 and gzip."""

    @property
    def regels(self) -> int:
        return sum(self.aantallen.values())


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What the signed document beside a file says of it."""

    maand: date
    bestand: str
    sha256: str
    vorig_bestand: str | None
    vorige: str
    berichten: int
    octetten: int
    gemaakt_op: str


def als_rij(tabel: Table, rij: Row[Any]) -> dict[str, Any]:
    """A row as the file holds it."""
    return {k.name: _waarde(rij._mapping[k.name]) for k in tabel.columns}


def schrijf(folder: Path, kop: Kop, regels: Iterator[Regel], voortgang: Voortgang) -> tuple[str, str]:
    """Write a month's file; when this returns it is on disk under its name, and a half one never is.

    Returns:
        Its name and its SHA-256, hex.

    Raises:
        OSError: the folder can not be written, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    tijdelijk = folder / f".{kop.maand:%Y-%m}.deel"
    with _nieuw(tijdelijk) as bestand:
        teller = _Teller(bestand)
        with gzip.GzipFile(filename="", mode="wb", fileobj=teller, mtime=0) as zip_:
            zip_.write(_regel(_kop_als_json(kop)))
            for nummer, (tabel, rij) in enumerate(regels, 1):
                zip_.write(_regel({"tabel": tabel, "rij": rij}))
                if nummer % 100 == 0:
                    voortgang(nummer, kop.regels)
        _vast(bestand)
    sha256 = teller.hash.hexdigest()
    naam = f"{kop.maand:%Y-%m}-{sha256[:16]}.jsonl.gz"
    _hernoem(tijdelijk, folder / naam)
    return naam, sha256


def manifest_naam(bestand: str) -> str:
    """Name of the signed document that stands beside a file."""
    return f"{bestand.removesuffix('.jsonl.gz')}.xml"


def schrijf_naast(pad: Path, octetten: bytes) -> None:
    """Write a small file beside an archive file, on disk under its name or not at all."""
    tijdelijk = pad.with_name(f".{pad.name}.deel")
    with _nieuw(tijdelijk) as bestand:
        bestand.write(octetten)
        _vast(bestand)
    _hernoem(tijdelijk, pad)


def controleer(pad: Path, sha256: str, voortgang: Voortgang = lambda _gedaan, _totaal: None) -> Kop:
    """Read a whole file and compare: its digest, its name, the rows that its head counts, each payload with its own digest.

    Raises:
        Beschadigd: something differs, or the file is not there.
    """
    try:
        with pad.open("rb") as bestand:
            gevonden = hashlib.file_digest(bestand, "sha256").hexdigest()
    except OSError as error:
        raise Beschadigd(f"niet te lezen: {error.strerror}") from None
    if gevonden != sha256:
        raise Beschadigd(f"SHA-256 is {gevonden}, verwacht {sha256}")
    try:
        return _controleer_regels(pad, voortgang)
    except _ONLEESBAAR as error:
        raise Beschadigd(f"de inhoud is niet leesbaar ({type(error).__name__})") from None


def lees(pad: Path) -> tuple[Kop, Iterator[Regel]]:
    """The head and the rows of a file that `controleer` found whole; bytes stay base64."""
    regels = _json(pad)
    return _lees_kop(next(regels)), ((r["tabel"], r["rij"]) for r in regels)


def octetten_van(rij: Mapping[str, Any]) -> bytes:
    """The payload of a row of bericht_inhoud or levering_inhoud."""
    return base64.b64decode(rij["octetten"], validate=True)


def schrijf_manifest(manifest: Manifest) -> Element:
    element = etree.Element(f"{{{ARCHIEF}}}Archiefmanifest", nsmap={None: ARCHIEF})
    waarden = (
        f"{manifest.maand:%Y-%m}",
        manifest.bestand,
        manifest.sha256,
        manifest.vorig_bestand or "",
        manifest.vorige,
        str(manifest.berichten),
        str(manifest.octetten),
        manifest.gemaakt_op,
    )
    for naam, waarde in zip(_VELDEN, waarden, strict=True):
        sub(element, ARCHIEF, naam, waarde)
    return element


def lees_manifest(element: Element) -> Manifest:
    """Read the content of a verified Archiefmanifest.

    Raises:
        ValueError: it is not an Archiefmanifest as `schrijf_manifest` writes it.
    """
    if element.tag != f"{{{ARCHIEF}}}Archiefmanifest" or [c.tag for c in element] != [f"{{{ARCHIEF}}}{n}" for n in _VELDEN]:
        raise ValueError("not an Archiefmanifest")
    maand, bestand, sha256, vorig_bestand, vorige, berichten, octetten, gemaakt_op = (c.text or "" for c in element)
    return Manifest(
        maand=date.fromisoformat(f"{maand}-01"),
        bestand=bestand,
        sha256=sha256,
        vorig_bestand=vorig_bestand or None,
        vorige=vorige,
        berichten=int(berichten),
        octetten=int(octetten),
        gemaakt_op=gemaakt_op,
    )


@dataclass
class _Teller:
    """Passes bytes on and digests them."""

    bestand: IO[bytes]

    def __post_init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, octetten: bytes) -> int:
        self.hash.update(octetten)
        return self.bestand.write(octetten)

    def flush(self) -> None:
        self.bestand.flush()


def _nieuw(pad: Path) -> IO[bytes]:
    return os.fdopen(os.open(pad, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _vast(bestand: IO[bytes]) -> None:
    bestand.flush()
    os.fsync(bestand.fileno())


def _hernoem(van: Path, naar: Path) -> None:
    van.replace(naar)
    folder = os.open(naar.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _controleer_regels(pad: Path, voortgang: Voortgang) -> Kop:
    kop, regels = lees(pad)
    geteld = dict.fromkeys(kop.aantallen, 0)
    octetten = 0
    vorige: Regel = ("", {})
    for nummer, (tabel, rij) in enumerate(regels, 1):
        if tabel not in geteld:
            raise Beschadigd(f"rij {nummer} is van een tabel die de kop niet noemt")
        geteld[tabel] += 1
        if tabel in _DIGEST_VAN:
            inhoud = octetten_van(rij)
            octetten += len(inhoud)
            _vergelijk(tabel, rij, inhoud, vorige, nummer)
        vorige = (tabel, rij)
        if nummer % 100 == 0:
            voortgang(nummer, kop.regels)
    if geteld != kop.aantallen or octetten != kop.octetten:
        raise Beschadigd("de rijen zijn er niet allemaal, of er zijn er te veel")
    if not pad.name.startswith(f"{kop.maand:%Y-%m}-"):
        raise Beschadigd(f"in het bestand zit maand {kop.maand:%Y-%m}")
    return kop


def _vergelijk(tabel: str, rij: Mapping[str, Any], inhoud: bytes, vorige: Regel, nummer: int) -> None:
    ouder, verwijzing, digest = _DIGEST_VAN[tabel]
    if vorige[0] != ouder or vorige[1]["id"] != rij[verwijzing]:
        raise Beschadigd(f"rij {nummer} staat niet achter de rij waar de octetten bij horen")
    # What stands with a TAck is a keyed digest of the request that it answers, not of itself.
    sleutel = ouder == "levering" and vorige[1]["soort"] == "tack"
    if not sleutel and hashlib.sha256(inhoud).hexdigest() != vorige[1][digest]:
        raise Beschadigd(f"de octetten in rij {nummer} zijn niet die van het bericht of de levering")


def _json(pad: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(pad, "rb") as zip_:
        for regel in zip_:
            yield json.loads(regel)


def _lees_kop(gelezen: Mapping[str, Any]) -> Kop:
    if gelezen["versie"] != VERSIE:
        raise Beschadigd(f"versie {gelezen['versie']} van het formaat is niet gekend")
    return Kop(
        maand=date.fromisoformat(f"{gelezen['maand']}-01"),
        vorig_bestand=gelezen["vorig_bestand"],
        vorige=gelezen["vorige"],
        aantallen=gelezen["aantallen"],
        octetten=gelezen["octetten"],
    )


def _kop_als_json(kop: Kop) -> dict[str, Any]:
    return {
        "versie": VERSIE,
        "maand": f"{kop.maand:%Y-%m}",
        "vorig_bestand": kop.vorig_bestand,
        "vorige": kop.vorige,
        "aantallen": dict(kop.aantallen),
        "octetten": kop.octetten,
    }


def _regel(waarde: Mapping[str, Any]) -> bytes:
    return f"{canoniek(waarde)}\n".encode()


def _waarde(waarde: Any) -> Any:
    match waarde:
        case bytes() | memoryview():
            return base64.b64encode(waarde).decode()
        case datetime():
            return tijdstip_tekst(waarde)
        case date():
            return waarde.isoformat()
        case _:
            return waarde
