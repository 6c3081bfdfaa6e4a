"""deploy/verify_archive.py says yes to an archive that holds, and where it breaks to any other; it needs no gateway."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from gateway.paths import data_dir
from gateway.store.archief import archiveer, gesloten_voor
from gateway.store.archief_bestand import ARCHIEF
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import upgrade
from gateway.trust.signing import Signer, seal
from tests.store.maanden import FEB, JAN, MRT, NU, kast, sample, vul

PROGRAM = Path(__file__).parents[2] / "deploy" / "verify_archive.py"
CERTS = data_dir("certs-sample")
PINNED = ("--certificate", CERTS / "gateway.pem")
ISSUED = ("--ca", CERTS / "ca-bundle.pem", "--signer", "CBE=0900100117")
DS = "{http://www.w3.org/2000/09/xmldsig#}"

Say = tuple[int, list[str]]


def verify(folder: Path, *options: object) -> Say:
    """Exit status and lines of the program, run without the checkout on its path."""
    command = [sys.executable, "-I", str(PROGRAM), str(folder), *map(str, options or PINNED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """What the program reads does not depend on the engine (test_archief)."""
    engine = make_engine(f"sqlite:///{tmp_path}/gateway.sqlite")
    upgrade(engine)
    yield Store(engine)
    engine.dispose()


@pytest.fixture
def folder(sqlite_store: Store, tmp_path: Path) -> Path:
    """Three archived months."""
    for maand in (JAN, FEB, MRT):
        vul(sqlite_store, maand, 2)
    box = kast(sqlite_store, tmp_path / "archive")
    assert len(list(archiveer(box, gesloten_voor(NU, 23)))) == 3
    return box.folder


def names(folder: Path, end: str = "jsonl.gz") -> list[Path]:
    return sorted(folder.glob(f"2024-*.{end}"))


def rewrite(folder: Path, number: int, change: Callable[[list[bytes]], list[bytes]], signer: Signer | None = None) -> Path:
    """Change the lines of a file and give it the name that fits; with a signer, a manifest that fits too."""
    old = names(folder)[number]
    lines = change(gzip.decompress(old.read_bytes()).splitlines(keepends=True))
    octets = gzip.compress(b"".join(lines), mtime=0)
    digest = hashlib.sha256(octets).hexdigest()
    new = folder / f"{old.name[:7]}-{digest[:16]}.jsonl.gz"
    manifest = folder / old.name.replace(".jsonl.gz", ".xml")
    old.unlink()
    new.write_bytes(octets)
    if signer is None:
        manifest.rename(folder / new.name.replace(".jsonl.gz", ".xml"))
        return new
    resign(manifest, signer, Bestand=new.name, SHA256=digest)
    manifest.rename(folder / new.name.replace(".jsonl.gz", ".xml"))
    return new


def resign(manifest: Path, signer: Signer, when: timedelta = timedelta(0), **values: str) -> None:
    root = etree.fromstring(manifest.read_bytes())
    root.remove(root[-1])
    for name, value in values.items():
        root.find(f"{{{ARCHIEF}}}{name}").text = value
    manifest.write_bytes(seal(root, signer, NU + when))


@pytest.mark.parametrize("options", [PINNED, ISSUED])
def test_an_archive_that_holds_is_whole(folder: Path, options: tuple[object, ...]) -> None:
    assert verify(folder, *options, "--last", names(folder)[-1].name) == (0, ["whole: 3 file(s), 0 problem(s)"])


def test_a_file_that_was_taken_away_is_missed(folder: Path) -> None:
    _first, second, third = names(folder)
    second.unlink()
    assert verify(folder) == (
        1,
        [
            f"{second.name.replace('.jsonl.gz', '.xml')}: the file of this manifest is missing",
            f"{third.name}: the file before it is missing or changed: {second.name} with SHA-256 "
            + json.loads(gzip.decompress(third.read_bytes()).splitlines()[0])["vorige"],
            "BROKEN: 2 file(s), 2 problem(s)",
        ],
    )


@pytest.mark.parametrize("number", [0, 1])
def test_a_month_that_went_with_its_manifest_is_missed(folder: Path, number: int) -> None:
    names(folder)[number].unlink()
    names(folder, "xml")[number].unlink()
    status, lines = verify(folder)
    assert status == 1
    assert any("the file before it is missing or changed" in line for line in lines)


def test_the_newest_month_that_went_is_missed_by_who_knows_its_name(folder: Path) -> None:
    last = names(folder)[-1]
    last.unlink()
    names(folder, "xml")[-1].unlink()
    assert verify(folder)[0] == 0
    status, lines = verify(folder, *PINNED, "--last", last.name)
    assert (status, lines[0]) == (1, f"the chain must end in {last.name} and ends in {names(folder)[-1].name}")


def test_a_manifest_that_went_is_missed(folder: Path) -> None:
    names(folder, "xml")[1].unlink()
    assert verify(folder)[1][0].endswith(".xml: the manifest is missing")


def test_a_changed_byte_shows_in_digest_and_content(folder: Path) -> None:
    path = names(folder)[1]
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)
    status, lines = verify(folder)
    assert status == 1
    assert any(line.startswith(f"{path.name}: the digest in the name is not the file's") for line in lines)


def test_a_file_that_was_changed_and_named_anew_does_not_fit_its_manifest_or_the_next(folder: Path) -> None:
    new = rewrite(folder, 1, lambda lines: [line.replace(b'"aanvaard"', b'"geweigerd"') for line in lines])
    status, lines = verify(folder)
    assert status == 1
    assert f"{new.name.replace('.jsonl.gz', '.xml')}: the manifest says something else than the file" in lines
    assert any("the file before it is missing or changed" in line for line in lines)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: lines[:-1], "there are fewer or more rows or bytes than the first line counts"),
        (lambda lines: [*lines, lines[-1]], "there are fewer or more rows or bytes than the first line counts"),
        (lambda lines: [lines[0], *lines[2:], lines[1]], "line 2 does not follow the row that its bytes belong to"),
        (lambda lines: [*lines, b'{"rij":{},"tabel":"ander"}\n'], "is of a table that the first line does not name"),
        (lambda lines: [line.replace(b'"octetten":"PGJlcmljaHQ', b'"octetten":"PGJlcmljaHR') for line in lines], "the bytes in line 3 are not those of bericht"),
        (lambda lines: [lines[0].replace(b'"versie":1', b'"versie":2'), *lines[1:]], "format 2 is not known to this program"),
    ],
)  # fmt: skip
def test_even_the_gateways_key_makes_no_month_whole_that_is_not(folder: Path, change: Callable, expected: str) -> None:
    new = rewrite(folder, 2, change, sample())
    status, lines = verify(folder)
    assert status == 1
    assert any(line.startswith(f"{new.name}: ") and expected in line for line in lines), lines


def test_a_manifest_that_another_signed_is_refused(folder: Path) -> None:
    manifest = names(folder, "xml")[0]
    resign(manifest, sample("facility-ibw-1"))
    assert "whose certificate was not given" in verify(folder)[1][0]
    assert "not by CBE=0900100117" in verify(folder, *ISSUED)[1][0]


def test_a_signer_whose_issuer_is_not_given_is_refused(folder: Path) -> None:
    status, lines = verify(folder, "--ca", CERTS / "other-root-ca.pem", "--signer", "CBE=0900100117")
    assert status == 1
    assert all("no given issuer stands for" in line for line in lines[:3])


def test_a_manifest_signed_before_its_certificate_began_is_refused(folder: Path) -> None:
    resign(names(folder, "xml")[0], sample(), timedelta(days=-900))
    assert verify(folder)[1][0].endswith("was signed while its certificate was not valid")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"<Berichten>2<", b"<Berichten>3<", "the signature does not fit"),
        (b"SigningTime>2026", b"SigningTime>2025", "the signature does not fit"),
        (b"</ds:Signature>", b"</ds:Signature>x", "must have one signature, as its last element"),
        (b"<Maand>", b"<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/><Maand>", "must have one signature"),
        (b"<Archiefmanifest", b"<!DOCTYPE Archiefmanifest><Archiefmanifest", "has a DOCTYPE"),
        (b"<ds:X509Certificate>", b"<ds:X509Certificate>AAAA", "does not bring the certificate"),
    ],
)
def test_a_manifest_that_was_touched_is_refused(folder: Path, old: bytes, new: bytes, expected: str) -> None:
    manifest = names(folder, "xml")[0]
    octets = manifest.read_bytes()
    assert old in octets
    manifest.write_bytes(octets.replace(old, new))
    status, lines = verify(folder)
    assert (status, lines[0].startswith(f"{manifest.name}: ")) == (1, True)
    assert expected in lines[0]


def test_a_second_file_after_the_same_one_is_a_fork(folder: Path) -> None:
    path = names(folder)[1]
    manifest = names(folder, "xml")[1]
    kept, kept_manifest = path.read_bytes(), manifest.read_bytes()
    rewrite(folder, 1, lambda lines: [line.replace(b'"aanvaard"', b'"geweigerd"') for line in lines], sample())
    path.write_bytes(kept)
    manifest.write_bytes(kept_manifest)
    status, lines = verify(folder)
    assert status == 1
    assert any("more than one file says to come after the same one" in line for line in lines)


def test_a_file_that_does_not_belong_there_is_named(folder: Path) -> None:
    shutil.copy(names(folder)[0], folder / "copy.jsonl.gz")
    assert verify(folder) == (1, ["copy.jsonl.gz: not a name of the archive", "BROKEN: 3 file(s), 1 problem(s)"])


def test_what_can_not_be_looked_at_is_not_a_no(tmp_path: Path) -> None:
    assert verify(tmp_path / "nothing")[0] == 2
    assert verify(tmp_path, "--certificate", tmp_path / "nothing.pem")[0] == 2
    assert verify(tmp_path)[0] == 0


def test_help_teaches() -> None:
    done = subprocess.run([sys.executable, "-I", str(PROGRAM), "--help"], capture_output=True, text=True, check=True)
    for word in ("What is checked", "Examples", "Exit status", "--last", "--certificate", "--ca"):
        assert word in done.stdout


def test_it_imports_nothing_of_the_gateway() -> None:
    source = PROGRAM.read_text(encoding="utf-8")
    assert "import gateway" not in source
    assert "from gateway" not in source
