"""The evidence of a run in one file: the sealed statement, the record, the whole traffic, and the list that binds them."""

from __future__ import annotations

import hashlib
import hmac
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from conformance.store import RECORD

STATEMENT, LIST, TRAFFIC = "attestatie.xml", "bewijs.sha256", "bewijs"
_FILES, _OCTETS = 50_000, 1 << 30
_EPOCH = (1980, 1, 1, 0, 0, 0)


class EvidenceProblem(ValueError):
    """The evidence is not whole; the text says which file and why, in Dutch."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that was read, and whose files are what its list says."""

    statement: bytes
    record: bytes
    list_digest: str
    """SHA-256 of the list, hex."""
    files: frozenset[str]


def evidence_list(folder: Path) -> bytes:
    """Every file of the evidence with its SHA-256, as sha256sum writes it, sorted by name."""
    names = [RECORD, *(f"{TRAFFIC}/{p.name}" for p in (folder / TRAFFIC).glob("*") if p.is_file())]
    return "".join(f"{_digest(folder / name)}  {name}\n" for name in sorted(names)).encode()


def _digest(path: Path) -> str:
    with path.open("rb") as octets:
        return hashlib.file_digest(octets, "sha256").hexdigest()


def pack(folder: Path, statement: bytes, path: Path) -> Path:
    """Write the package; the same evidence gives the same octets."""
    listed = evidence_list(folder)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in ((STATEMENT, statement), (LIST, listed)):
            package.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
        for _, name in _lines(listed):
            package.writestr(zipfile.ZipInfo(name, _EPOCH), (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
    return path


def unpack(octets: bytes) -> Package:
    """Read a package and compare every file with the list.

    Raises:
        EvidenceProblem: it is no package, too large, or a file is missing, changed or not listed.
    """
    try:
        package = zipfile.ZipFile(BytesIO(octets))
        infos = package.infolist()
        _bounds(infos)
        listed = package.read(LIST)
        expected = {name: digest for digest, name in _lines(listed)}
        found = {i.filename for i in infos} - {STATEMENT, LIST}
        if odd := sorted(found ^ set(expected)):
            raise EvidenceProblem(f"{odd[0]} staat {'niet in de lijst' if odd[0] in found else 'niet in het pakket'}")
        for name, digest in expected.items():
            with package.open(name) as file:
                right = hmac.compare_digest(hashlib.file_digest(file, "sha256").hexdigest(), digest)  # type: ignore[arg-type]
            if not right:
                raise EvidenceProblem(f"{name} is gewijzigd")
        return Package(
            statement=package.read(STATEMENT),
            record=package.read(RECORD),
            list_digest=hashlib.sha256(listed).hexdigest(),
            files=frozenset(expected),
        )
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise EvidenceProblem(f"dit is geen pakket van een attestatie ({type(error).__name__})") from error


def _bounds(infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > _FILES or sum(i.file_size for i in infos) > _OCTETS:
        raise EvidenceProblem(f"het pakket is te groot: hoogstens {_FILES} bestanden en {_OCTETS} octetten")
    names = [i.filename for i in infos]
    if len(names) != len(set(names)):
        raise EvidenceProblem("een bestand staat tweemaal in het pakket")
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or len(path.parts) > 2:
            raise EvidenceProblem("een naam wijst buiten het pakket")


def _lines(listed: bytes) -> Iterator[tuple[str, str]]:
    for line in listed.decode().splitlines():
        digest, _, name = line.partition("  ")
        yield digest, name
