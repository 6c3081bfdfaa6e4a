"""`vsb-gateway reference` as an operator uses it."""

import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select
from typer.testing import CliRunner, Result

from gateway.commands.reference import app
from gateway.reference import tables as t
from gateway.reference.soorten import SOORTEN
from gateway.reference.voorbeeld import voorbeeldbestanden, voorbeeldnamen

from .conftest import Schrijver

NAMEN = voorbeeldnamen()
INSZ = re.compile(r"(?<!\d)\d{11}(?!\d)")


@pytest.fixture
def databank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where VSB_DATABASE_URL points; there is no file yet."""
    bestand = tmp_path / "map" / "vsb.sqlite"
    monkeypatch.setenv("VSB_DATABASE_URL", f"sqlite:///{bestand}")
    return bestand


@pytest.fixture
def adres(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where VSB_DATABASE_URL points: a database on either engine."""
    monkeypatch.setenv("VSB_DATABASE_URL", database_url)
    return database_url


def voer_uit(*woorden: str) -> Result:
    return CliRunner().invoke(app, [*woorden], env={"COLUMNS": "200"})


def aantal_personen(databank: Path) -> int:
    engine = create_engine(f"sqlite:///{databank}")
    with engine.connect() as conn:
        gevonden: int = conn.execute(select(func.count()).select_from(t.persoon)).scalar_one()
    engine.dispose()
    return gevonden


def test_sample_makes_the_database_and_fills_it(databank: Path) -> None:
    klaar = voer_uit("sample")
    assert klaar.exit_code == 0, klaar.output
    assert str(databank) in klaar.output
    assert aantal_personen(databank) >= 50
    assert voer_uit("sample").exit_code == 0


def test_load_names_each_bad_row_and_exits_with_1(adres: str, schrijf: Schrijver) -> None:
    voer_uit("sample")
    els = NAMEN.personen["els"]
    bestand = schrijf("personen.csv", f"insz;naam;voornaam;aansluiting_mogelijk\n{els};[bold]N;V;yes\n{els[:-1]};N;V;ja\n")
    mislukt = voer_uit("load", str(bestand))
    assert mislukt.exit_code == 1
    assert f"{bestand}, regel 2, kolom aansluiting_mogelijk: gevonden “yes”, verwacht ja of nee" in mislukt.stderr
    assert "regel 3, kolom insz" in mislukt.stderr
    assert "2 fout(en)" in mislukt.stderr
    assert els[:-1] not in mislukt.output


def test_load_takes_another_database_by_option(databank: Path, tmp_path: Path) -> None:
    andere = tmp_path / "andere.sqlite"
    bestanden = [str(b) for b in voorbeeldbestanden()]
    assert voer_uit("load", *bestanden, "--database", f"sqlite:///{andere}").exit_code == 0
    assert aantal_personen(andere) >= 50
    assert not databank.exists()


def test_check_of_whole_files_needs_no_database_and_makes_none(databank: Path) -> None:
    assert voer_uit("check", *(str(b) for b in voorbeeldbestanden())).exit_code == 0
    assert not databank.exists()


def test_check_looks_up_references_in_the_database(adres: str, schrijf: Schrijver) -> None:
    bestand = schrijf("aansluitingen.csv", f"insz;zorgkas;type;van\n{NAMEN.personen['lena']};180;officieel;2026-01-01\n")
    assert voer_uit("check", str(bestand)).exit_code == 1
    voer_uit("sample")
    assert voer_uit("check", str(bestand)).exit_code == 0
    assert "aansluitingen (58)" in voer_uit("show", "aansluitingen").output


@pytest.mark.parametrize("soort", [*(s.naam for s in SOORTEN), "laadbeurten"])
def test_show_shows_every_kind_and_no_insz_or_licence_hash(adres: str, soort: str) -> None:
    voer_uit("sample")
    klaar = voer_uit("show", soort)
    assert klaar.exit_code == 0, klaar.output
    assert not set(INSZ.findall(klaar.output)) & set(NAMEN.personen.values())
    if soort in ("personen", "aansluitingen"):
        assert INSZ.findall(klaar.output) == []
        assert re.search(r"\d\d\*{7}\d\d", klaar.output)
    if soort == "attesten":
        assert not re.search(r"[0-9a-f]{64}", klaar.output)


def test_show_says_how_many_more_there_are(adres: str) -> None:
    voer_uit("sample")
    assert "en nog" in voer_uit("show", "personen", "--limit", "5").output
    assert "en nog" not in voer_uit("show", "zorgkassen").output


def test_show_without_a_database_says_how_to_get_one(databank: Path) -> None:
    leeg = voer_uit("show", "zorgkassen")
    assert leeg.exit_code == 2
    assert "vsb-gateway reference sample" in leeg.stderr
    assert not databank.exists()


@pytest.mark.parametrize("url", ["geen-adres", "postgresql+psycopg://wie:geheim@127.0.0.1:1/vsb?connect_timeout=2"])
def test_a_database_that_cannot_be_reached_is_one_line_without_the_password(url: str) -> None:
    mislukt = voer_uit("sample", "--database", url)
    assert mislukt.exit_code == 2
    assert isinstance(mislukt.exception, SystemExit)
    assert "databank" in mislukt.stderr
    assert "geheim" not in mislukt.output


@pytest.mark.parametrize("opdracht", ["load", "check"])
def test_help_names_every_kind_and_every_column(opdracht: str) -> None:
    hulp = voer_uit(opdracht, "--help").output
    for soort in SOORTEN:
        assert soort.naam in hulp
        assert all(kolom.naam in hulp for kolom in soort.kolommen)


def test_kinds_says_what_may_stand_in_each_column() -> None:
    alles = voer_uit("kinds").output
    assert all(kolom.verwacht.split(";")[0].split(",")[0] in alles for soort in SOORTEN for kolom in soort.kolommen)
    assert "bedrag" not in voer_uit("kinds", "personen").output
