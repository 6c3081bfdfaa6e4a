"""The registry of reason codes: every code of today in it, and none that ever was leaves it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from gateway.cookbook.laden import load_cookbooks
from gateway.cookbook.redenen import BESTAND, codes_van, lees_redenen, schrijf_redenen, verschillen, werk_bij
from gateway.paths import data_dir

FOLDER = data_dir("cookbooks")
VANDAAG, LATER = date(2026, 6, 20), date(2027, 1, 1)
NU = codes_van(load_cookbooks(FOLDER), VANDAAG)


def test_the_registry_tells_every_code_that_can_be_given_and_its_text() -> None:
    assert verschillen(lees_redenen(FOLDER / BESTAND), NU) == []


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    (tmp_path / BESTAND).write_text(schrijf_redenen(NU.values()), encoding="utf-8")
    assert lees_redenen(tmp_path / BESTAND) == NU


def test_a_code_that_nothing_gives_stays_with_the_day_it_was_withdrawn_and_can_not_come_back() -> None:
    zonder = {c: r for c, r in NU.items() if c != "IBW_START_103"}
    assert verschillen(NU, zonder) == [f"IBW_START_103 is in {BESTAND} and nothing gives it"]
    later = werk_bij(NU, zonder, LATER)
    assert (later["IBW_START_103"].ingetrokken, later["IBW_START_103"].tekst) == ("2027-01-01", NU["IBW_START_103"].tekst)
    assert verschillen(later, zonder) == []
    assert verschillen(werk_bij(later, NU, LATER), NU) == [
        "IBW_START_103 was withdrawn on 2027-01-01: take a code that was never used"
    ]


def test_a_text_that_changes_is_dated_and_the_day_the_code_came_is_kept() -> None:
    anders = NU | {"VSB_ID_001": replace(NU["VSB_ID_001"], tekst="Anders.", sinds="2027-01-01")}
    assert verschillen(NU, anders) == [f"VSB_ID_001 has another text, place or pillar than in {BESTAND}"]
    bij = werk_bij(NU, anders, LATER)["VSB_ID_001"]
    assert (bij.sinds, bij.gewijzigd, bij.tekst) == ("2026-06-20", "2027-01-01", "Anders.")
    nog_eens = werk_bij({"VSB_ID_001": bij}, {"VSB_ID_001": replace(bij, sinds="2028-01-01")}, date(2028, 1, 1))
    assert nog_eens["VSB_ID_001"].gewijzigd == "2027-01-01"


def test_the_check_of_the_cookbooks_fails_when_the_registry_lacks_a_code(tmp_path: Path) -> None:
    folder = tmp_path / "cookbooks"
    folder.mkdir()
    for name in ("_regels", "eibwfin"):
        (folder / name).symlink_to(FOLDER / name)
    check = [sys.executable, "-m", "gateway", "cookbook", "check", "--folder", str(folder)]
    before = subprocess.run(check, capture_output=True, text=True, check=False)
    assert before.returncode == 1
    assert f"IBW_START_103 is not in {BESTAND}" in before.stdout
    write = [sys.executable, "-m", "gateway", "cookbook", "reasons", "--write", "--folder", str(folder)]
    subprocess.run(write, check=True, capture_output=True)
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
