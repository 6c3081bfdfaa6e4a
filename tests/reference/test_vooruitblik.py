"""What a load would change is told before it is done, whatever is in the file; what was shown is what is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.reference.fouten import HOOGSTENS
from gateway.reference.laden import AndersDanGezien, Gezien, kijk_vooruit, laad
from gateway.reference.voorbeeld import voorbeeldnamen

from .conftest import VANDAAG, Schrijver
from .test_laadfouten import AANSLUITINGEN, PERSONEN
from .test_laden import inhoud

ELS, BERT = (voorbeeldnamen().personen[n] for n in ("els", "bert"))
NIEUW = f"111111995{97 - 111111995 % 97:02d}"


@pytest.fixture
def bestanden(schrijf: Schrijver) -> list[Path]:
    """One new person, one with another name; of her affiliations one ended, one that changed zorgkas, one new."""
    personen = [PERSONEN, f"{NIEUW};Nieuw;Nora;;;;;ja", f"{ELS};Anders;Els;;;;;ja"]
    perioden = [AANSLUITINGEN, f"{ELS};280;officieel;2019-01-01;2020-12-31", f"{ELS};380;officieel;2021-01-01;"]
    return [schrijf("personen.csv", "\n".join(personen)), schrijf("aansluitingen.csv", "\n".join(perioden))]


def test_a_preview_tells_what_the_load_then_does_and_changes_nothing(geladen: Engine, bestanden: list[Path]) -> None:
    voor = inhoud(geladen)
    gezien = kijk_vooruit(geladen, bestanden, VANDAAG)
    assert inhoud(geladen) == voor
    assert gezien.verschillen["personen"].nieuw == gezien.verschillen["personen"].gewijzigd == 1
    personen = gezien.voorbeelden["personen"]
    assert [r["insz"] for r in personen.nieuw] == [NIEUW]
    ((oud, nieuw),) = personen.gewijzigd
    assert oud["naam"] != nieuw["naam"] == "Anders"
    assert laad(geladen, bestanden, VANDAAG).verschillen == gezien.verschillen


def test_a_period_that_the_file_no_longer_tells_and_an_end_that_moved_are_shown(geladen: Engine, schrijf: Schrijver) -> None:
    twee = [AANSLUITINGEN, f"{ELS};180;officieel;2019-01-01;2019-12-31", f"{ELS};280;officieel;2021-01-01;"]
    laad(geladen, [schrijf("aansluitingen.csv", "\n".join(twee))], VANDAAG)
    een = [AANSLUITINGEN, f"{ELS};180;officieel;2019-01-01;"]
    gezien = kijk_vooruit(geladen, [schrijf("aansluitingen-2.csv", "\n".join(een))], VANDAAG)
    voorbeelden = gezien.voorbeelden["aansluitingen"]
    ((oud, nieuw),) = voorbeelden.gewijzigd
    assert (str(oud["tot"]), nieuw["tot"]) == ("2019-12-31", None)
    assert [r["zorgkas"] for r in voorbeelden.weg] == ["280"]
    assert (gezien.verschillen["aansluitingen"].gewijzigd, gezien.verschillen["aansluitingen"].weg) == (1, 1)


def test_only_the_first_rows_are_shown_and_all_are_counted(geladen: Engine, schrijf: Schrijver) -> None:
    nummers = [f"{n:09d}{97 - n % 97:02d}" for n in range(110101001, 110101051)]
    bestand = schrijf("personen.csv", "\n".join([PERSONEN, *(f"{n};N;V;;;;;ja" for n in nummers)]))
    gezien = kijk_vooruit(geladen, [bestand], VANDAAG, eerste=7)
    assert gezien.verschillen["personen"].nieuw == 50
    assert [r["insz"] for r in gezien.voorbeelden["personen"].nieuw] == nummers[:7]


def test_what_changed_since_it_was_seen_is_not_loaded(geladen: Engine, bestanden: list[Path], schrijf: Schrijver) -> None:
    verslag = kijk_vooruit(geladen, bestanden, VANDAAG)
    gezien = Gezien(stand=verslag.stand, sha256=tuple(b.sha256 for b in verslag.bestanden))
    voor = inhoud(geladen)
    goed = bestanden[0].read_text()
    bestanden[0].write_text(goed.replace("Nora", "Noor"))
    with pytest.raises(AndersDanGezien):
        laad(geladen, bestanden, VANDAAG, gezien=gezien)
    assert inhoud(geladen) == voor
    bestanden[0].write_text(goed)
    assert laad(geladen, bestanden, VANDAAG, gezien=gezien).geschreven
    with pytest.raises(AndersDanGezien):
        laad(geladen, bestanden, VANDAAG, gezien=gezien)


def test_a_file_with_more_wrong_rows_than_anyone_reads_gets_a_bounded_answer(geladen: Engine, schrijf: Schrijver) -> None:
    rijen = [f"{n};;V;;;;;misschien" for n in range(30_000)]
    verslag = kijk_vooruit(geladen, [schrijf("personen.csv", "\n".join([PERSONEN, *rijen]))], VANDAAG)
    per_rij = 3
    assert [f.regel for f in verslag.fouten] == [2 + n // per_rij for n in range(HOOGSTENS)]
    assert verslag.fouten_meer == 30_000 * per_rij - HOOGSTENS
    assert verslag.verschillen == {}


def test_the_command_shows_old_beside_new_and_masks_a_person(geladen: Engine, bestanden: list[Path]) -> None:
    adres = geladen.url.render_as_string(hide_password=False)
    opdracht = [sys.executable, "-m", "gateway", "reference", "load", "--preview", *map(str, bestanden), "--database", adres]
    gedaan = subprocess.run(opdracht, capture_output=True, text=True, check=True, timeout=60)
    assert "→ Anders" in gedaan.stdout
    assert NIEUW not in gedaan.stdout
    assert "Er is niets geladen" in gedaan.stdout


_MILJOEN = """
import resource, sys
from datetime import date
from pathlib import Path
from gateway.reference.laden import kijk_vooruit
from gateway.store.engine import make_engine
voor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
verslag = kijk_vooruit(make_engine(sys.argv[1]), [Path(sys.argv[2])], date(2026, 3, 15))
print(verslag.fouten_meer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - voor)
"""


def test_bad_rows_take_no_memory_each(geladen: Engine, tmp_path: Path) -> None:
    bestand = tmp_path / "personen.csv"
    kosten = {}
    for aantal in (20_000, 200_000):
        bestand.write_text("\n".join([PERSONEN, *(f"{n:011d};N;V;;;;;ja" for n in range(aantal))]))
        opdracht = [sys.executable, "-c", _MILJOEN, geladen.url.render_as_string(hide_password=False), str(bestand)]
        gedaan = subprocess.run(opdracht, capture_output=True, text=True, check=True, timeout=120)
        meer, kosten[aantal] = map(int, gedaan.stdout.split())
        assert meer > 0.9 * aantal - HOOGSTENS - 20_000
    assert kosten[200_000] < kosten[20_000] + 8_000, kosten
