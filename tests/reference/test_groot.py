"""A large file beside a working gateway: nobody waits while it is read, only what differs is written, and a kill leaves all as it was."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from bench.running import members
from gateway.reference import tables as t
from gateway.reference.laden import laad
from gateway.store.engine import Store, make_engine
from tests.reference.conftest import VANDAAG
from tests.server.test_main_job import wait_for

COUNT = 3_000


@pytest.fixture
def bestanden(tmp_path: Path) -> list[Path]:
    members(tmp_path, COUNT, ("180", "280"))
    return [tmp_path / "personen.csv", tmp_path / "aansluitingen.csv"]


def persons(engine: Engine) -> int:
    with engine.connect() as conn:
        return int(conn.execute(select(func.count()).select_from(t.persoon)).scalar_one())


def test_the_same_file_again_writes_nothing_and_one_changed_row_writes_one(geladen: Engine, bestanden: list[Path]) -> None:
    first = laad(geladen, bestanden, VANDAAG).verschillen["personen"]
    assert (first.nieuw, first.gewijzigd, first.ongewijzigd) == (COUNT, 0, 0)
    again = laad(geladen, bestanden, VANDAAG).verschillen
    assert [(v.nieuw, v.gewijzigd, v.ongewijzigd, v.weg) for v in again.values()] == [(0, 0, COUNT, 0), (0, 0, COUNT, 0)]
    personen, aansluitingen = bestanden
    personen.write_text(personen.read_text().replace("Meting;Persoon", "Meting;Anders", 1))
    rows = aansluitingen.read_text().replace("180;officieel;2019-01-01;", "180;officieel;2019-01-01;2023-12-31", 1)
    insz = rows.splitlines()[1].partition(";")[0]
    aansluitingen.write_text(f"{rows}{insz};380;officieel;2024-01-01;\r\n")
    changed = laad(geladen, bestanden, VANDAAG).verschillen
    assert (changed["personen"].gewijzigd, changed["personen"].ongewijzigd) == (1, COUNT - 1)
    assert (changed["aansluitingen"].gewijzigd, changed["aansluitingen"].nieuw) == (1, 1)
    with geladen.connect() as conn:
        found = conn.execute(select(t.aansluiting.c.zorgkas, t.aansluiting.c.tot).where(t.aansluiting.c.insz == insz)).all()
    assert {(kas, str(tot)) for kas, tot in found} == {("180", "2023-12-31"), ("380", "None")}


def test_a_period_that_the_file_no_longer_tells_is_taken_out(geladen: Engine, bestanden: list[Path]) -> None:
    personen, aansluitingen = bestanden
    insz = personen.read_text().splitlines()[1].partition(";")[0]
    twice = f"{insz};180;officieel;2019-01-01;2023-12-31\n{insz};280;officieel;2024-01-01;\n"
    aansluitingen.write_text(f"insz;zorgkas;type;van;tot\n{twice}")
    laad(geladen, bestanden, VANDAAG)
    aansluitingen.write_text(f"insz;zorgkas;type;van;tot\n{twice.splitlines()[1]}\n")
    assert laad(geladen, [aansluitingen], VANDAAG).verschillen["aansluitingen"].weg == 1


def test_senders_write_while_a_file_is_read(geladen: Engine, bestanden: list[Path], database_url: str) -> None:
    other = Store(make_engine(database_url))
    seen = []

    def write(_file: Path, _read: int, _size: int) -> None:
        with other.writing() as conn:
            conn.execute(t.zorgkas.update().where(t.zorgkas.c.code == "180").values(naam=f"CM {len(seen)}"))
        seen.append(1)

    assert laad(geladen, bestanden, VANDAAG, voortgang=write).geschreven
    assert len(seen) >= 4
    other.engine.dispose()


def test_another_load_in_between_is_seen_and_the_files_are_checked_again(
    geladen: Engine, bestanden: list[Path], database_url: str, tmp_path: Path
) -> None:
    personen = bestanden[0]
    insz = personen.read_text().splitlines()[1].partition(";")[0]
    other, reads = make_engine(database_url), []
    between = tmp_path / "personen-anders.csv"
    between.write_text("\n".join([personen.read_text().splitlines()[0], f"{insz};Tussen;Door;;;;;ja"]))

    def load_between(file: Path, _read: int, _size: int) -> None:
        if not reads:
            assert laad(other, [between], VANDAAG).geschreven
        reads.append(file)

    found = laad(geladen, bestanden, VANDAAG, voortgang=load_between).verschillen["personen"]
    assert (found.nieuw, found.gewijzigd) == (COUNT - 1, 1), "judged against what the other load had written"
    assert reads.count(personen) == 2 * -(-COUNT // 1000), "read twice, a thousand rows at a time"
    other.dispose()


@pytest.mark.parametrize("after", [0.1, 0.9])
def test_a_kill_in_the_middle_leaves_everything_as_it_was(
    geladen: Engine, bestanden: list[Path], database_url: str, tmp_path: Path, after: float
) -> None:
    before = persons(geladen)
    text = bestanden[0].read_bytes()
    bestanden[0].unlink()
    os.mkfifo(bestanden[0])
    command = [sys.executable, "-m", "gateway", "reference", "load", "--database", database_url, str(bestanden[0])]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with bestanden[0].open("wb", buffering=0) as pipe:
        pipe.write(text[: int(len(text) * after)])
        wait_for(lambda: _emptied(pipe.fileno()))
        process.kill()
        process.wait()
    assert persons(geladen) == before
    bestanden[0].unlink()
    bestanden[0].write_bytes(text)
    assert laad(geladen, [bestanden[0]], VANDAAG).geschreven
    assert persons(geladen) == before + COUNT


def _emptied(descriptor: int) -> bool:
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4), sys.byteorder) == 0


def test_of_very_many_wrong_rows_the_first_thousand_are_shown_and_the_rest_counted(
    database_url: str, bestanden: list[Path]
) -> None:
    bestanden[0].write_text(bestanden[0].read_text().replace(";ja", ";misschien"))
    command = [sys.executable, "-m", "gateway", "reference", "load", "--database", database_url, str(bestanden[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    assert (done.returncode, sum("kolom aansluiting_mogelijk" in line for line in lines)) == (1, 1_000)
    assert f"… en nog {COUNT - 1_000} fouten" in lines
