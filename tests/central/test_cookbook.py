"""A cookbook that is wrong does not load, and says where and what was expected; a new pillar needs a folder only."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.central.aanvraag import beoordeel_aanvraag
from gateway.central.bevinding import CONTROLES, soort_van
from gateway.central.model import Uitkomst
from gateway.cookbook.laden import CookbookError, load_cookbook, load_cookbooks
from tests.central.build import COOKBOOK, aanvraag, context, start

ROOT = Path(__file__).parents[2]
TEXT = (Path(__file__).parent / "volledig.toml").read_text(encoding="utf-8")

WRONG: dict[str, tuple[str, str, str, str]] = {
    # what is wrong: old text, new text, text of the line that must be named, what must be said
    "unknown key": ('versie = "1.0"', 'versie = "1.0"\nversion = 1', "version = 1", "unknown key"),
    "unknown key in a rule": ('bron = "EF 300444"', 'brn = "EF 300444"', 'brn = "EF 300444"', "expected one of als, bron"),
    "missing key": ('naam = "Initiatieven beschut wonen"\n', "", "", "naam: is missing"),
    "other pillar": ('pijler = "eibwfin"', 'pijler = "epvtfin"', 'pijler = "epvtfin"', "the folder is 'eibwfin'"),
    "name": ('pijler = "eibwfin"', 'pijler = "IBW"', 'pijler = "IBW"', "small letters"),
    "day as text": ("ingangsdatum = 2024-01-01", 'ingangsdatum = "x"', 'ingangsdatum = "x"', "a day such as"),
    "moment": ("ingangsdatum = 2024-01-01", "ingangsdatum = 2024-01-01T00:00:00", "ingangsdatum", "not datetime"),
    "percentage": ("drempel = 5.0", "drempel = 500", "drempel = 500", "from 0 to 100"),
    "boolean": ("drempel = 5.0", "drempel = true", "drempel = true", "not bool"),
    "qualities": ('["NIHII-PROT_ACC"]', "[1]", "kwaliteiten = [1]", "list of 1 or more texts"),
    "invoice type": ('type_factuur = "4"', 'type_factuur = "IV"', 'type_factuur = "IV"', "one digit"),
    "description": ('regulier = "Gewoon verblijf"', 'regulier = ""', "[lijsten.types_verblijf]", "regulier has none"),
    "assumptions": ('  "De verhuisdag mag bij twee voorzieningen tellen.",\n', "  7,\n", "aannames = [", "texts"),
    "code": ('code = "763070"', 'code = "7630"', 'code = "7630"', "six digits"),
    "unit": ('eenheid = "dag"', 'eenheid = "uur"', 'eenheid = "uur"', "one of dag"),
    "upside down": ("van = 2024-01-01\n", "van = 2024-01-01\ntot = 2023-12-31\n", "tot = 2023-12-31", "2024-01-01 or later"),
    "before entry": ("van = 2024-01-01\n", "van = 2023-01-01\n", "van = 2023-01-01", "before the pillar's ingangsdatum"),
    "overlap": ('code = "763070"', 'code = "763055"', "", "periods apart"),
    "id": ('id = "VSB_ID_002"', 'id = "vsb id"', 'id = "vsb id"', "capitals and digits"),
    "id twice": ('id = "VSB_ID_002"', 'id = "VSB_ID_001"', "", "stands 2 times"),
    "family": ('familie = "zending-afgeleid"', 'familie = "zending"', 'familie = "zending"', "one of aanvraag"),
    "check": ('controle = "aangesloten"', 'controle = "verzekerd"', 'controle = "verzekerd"', "no check 'verzekerd'"),
    "effect": ('effect = "in_beraad"', 'effect = "misschien"', 'effect = "misschien"', "geweigerd, in_beraad, signaal"),
    "effect on a zending": ('ernst = "E"', 'effect = "signaal"', 'effect = "signaal"', "expected ernst"),
    "technical that refuses nothing": ('ernst = "B"', 'ernst = "S"', 'ernst = "S"', "one of B, F"),
    "kind": ('soorten = ["StartVerblijf"]', 'soorten = ["Start"]', 'soorten = ["Start"]', "StartVerblijf, Wijziging"),
    "kind that the pillar does not have": (
        'soorten = ["StartVerblijf"]\ncontrole = "aangesloten"',
        'soorten = ["Aflevering"]\ncontrole = "aangesloten"',
        'soorten = ["Aflevering"]',
        "the pillar has none of these",
    ),
    "condition": (
        'effect = "in_beraad"',
        'als = { TypeVerblijf = "regulier" }\neffect = "in_beraad"',
        "als = {",
        "fields with a list of values",
    ),
    "list": (
        'lijst = "types_verblijf"',
        'lijst = "types"',
        "parameters = {",
        "there is no list 'types'; expected one of types_verblijf",
    ),
    "code that ends before it begins": (
        'proef = "Proefverblijf"',
        'proef = { tekst = "Proefverblijf", van = 2025-01-01, tot = 2024-01-01 }',
        "[lijsten.types_verblijf]",
        "tot not before van",
    ),
    "beraad": ("maanden = 2", "maanden = 0", "beraad = {", "a whole number above 0"),
    "promise": ("belofte_minuten = 60", "belofte_minuten = 0", "belofte_minuten = 0", "a whole number of minutes above 0"),
    "kinds of message": (
        '["StartVerblijf", "EindeVerblijf", "Annulering"]',
        '["StartVerblijf", "Verhuis"]',
        "soorten = [",
        "one or more of StartVerblijf",
    ),
    "rule set": (
        "beraad = {",
        'prefix = "IBW"\ngebruikt = ["basic"]\nberaad = {',
        "gebruikt = [",
        "there is no rule set 'basic'",
    ),
    "rule set without prefix": ("beraad = {", 'gebruikt = ["dossier"]\nberaad = {', "", "prefix: is missing"),
    "rule dropped that is not there": (
        "beraad = {",
        'schrap = ["VSB_X_1"]\nberaad = {',
        "schrap = [",
        "VSB_X_1 is in no rule set",
    ),
    "kind on a zending": ('ernst = "E"', 'ernst = "E"\nsoorten = ["StartVerblijf"]', "", "only a rule of aanvraag"),
    "parameter absent": ('parameters = { veld = "Startdatum", dagen = 0 }\n', "", "", "dagen (a whole number of 0 or more)"),
    "parameter unknown": ("dagen = 0 }", "dagen = 0, uren = 1 }", "parameters = {", "exactly veld"),
    "parameter type": ("dagen = 0 }", "dagen = -1 }", "parameters = {", "dagen is -1"),
    "parameter list": ('{ pijlers = ["*"] }', '{ pijlers = "*" }', 'parameters = { pijlers = "*"', "list of one or more"),
    "blank text": ('tekst_en = "The notification is late."', 'tekst_en = " "', 'tekst_en = " "', "not empty"),
    "text absent": ('remedie = "Neem het volgende nummer."\n', "", "", "remedie: is missing"),
    "not TOML": ("versie = ", "versie : ", "", "not TOML"),
}


def folder_with(tmp_path: Path, text: str, name: str = "eibwfin") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "cookbook.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_cookbook_names_its_place_and_what_was_expected(what: str, tmp_path: Path) -> None:
    old, new, marker, said = WRONG[what]
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    folder = folder_with(tmp_path, text)
    with pytest.raises(CookbookError) as caught:
        load_cookbook(folder)
    error = caught.value
    assert error.path == folder / "cookbook.toml"
    assert said in error.problem
    if marker:
        assert error.line is not None
        assert text.splitlines()[error.line - 1].strip().startswith(marker)
        assert str(error).startswith(f"{error.path}:{error.line}: ")


def test_a_missing_text_names_the_rule_and_where_it_begins(tmp_path: Path) -> None:
    text = TEXT.replace('remedie = "Neem het volgende nummer."\n', "", 1)
    with pytest.raises(CookbookError, match=r"\[\[regel\]\] 100721, remedie: is missing") as caught:
        load_cookbook(folder_with(tmp_path, text))
    assert text.splitlines()[(caught.value.line or 0)] == 'id = "100721"'


def test_a_cookbook_without_rules_is_told(tmp_path: Path) -> None:
    with pytest.raises(CookbookError, match=r"1 or more \[\[regel\]\] tables"):
        load_cookbook(folder_with(tmp_path, TEXT[: TEXT.index("[[regel]]")]))


def test_an_id_that_stands_twice_is_named_at_the_second(tmp_path: Path) -> None:
    text = TEXT.replace('id = "VSB_ID_002"', 'id = "VSB_ID_001"')
    with pytest.raises(CookbookError) as caught:
        load_cookbook(folder_with(tmp_path, text))
    assert [n for n, x in enumerate(text.splitlines(), 1) if x == 'id = "VSB_ID_001"'][1] == caught.value.line


def test_a_file_that_is_absent_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(CookbookError, match="can not be read"):
        load_cookbook(tmp_path / "epvtfin")
    folder = folder_with(tmp_path, "")
    (folder / "cookbook.toml").write_bytes(b"\xff")
    with pytest.raises(CookbookError, match="not UTF-8"):
        load_cookbook(folder)


def test_no_cookbooks_at_all_is_told(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "absent"):
        with pytest.raises(CookbookError, match=r"no \*/cookbook.toml"):
            load_cookbooks(root)


def test_a_folder_without_its_file_is_told_and_a_hidden_one_is_left_alone(tmp_path: Path) -> None:
    folder_with(tmp_path, TEXT)
    (tmp_path / ".cache").mkdir()
    assert set(load_cookbooks(tmp_path)) == {"eibwfin"}
    (tmp_path / "epvtfin").mkdir()
    with pytest.raises(CookbookError, match="epvtfin"):
        load_cookbooks(tmp_path)


def test_a_pillar_is_added_by_a_folder_alone(tmp_path: Path) -> None:
    folder_with(tmp_path, TEXT)
    other = TEXT.replace('pijler = "eibwfin"', 'pijler = "epvtfin"').replace("kalenderdagen = 30", "kalenderdagen = 5")
    folder_with(tmp_path, other.replace("IBW_", "PVT_"), "epvtfin")
    cookbooks = load_cookbooks(tmp_path)
    assert set(cookbooks) == {"eibwfin", "epvtfin"}
    late = aanvraag(start(date(2026, 6, 10)))
    assert beoordeel_aanvraag(late, context(), cookbooks["eibwfin"]).uitkomst is Uitkomst.AANVAARD
    decision = beoordeel_aanvraag(late, context(), cookbooks["epvtfin"])
    assert (decision.uitkomst, [r.code for r in decision.redenen]) == (Uitkomst.IN_BERAAD, ["PVT_START_103"])


def test_every_generic_check_is_used_by_a_cookbook_and_none_names_a_pillar() -> None:
    used = {(soort_van(r.familie), r.controle) for c in load_cookbooks(ROOT / "cookbooks").values() for r in c.regels}
    assert used == set(CONTROLES)
    for path in (ROOT / "gateway" / "central").glob("*.py"):
        assert COOKBOOK.pijler not in path.read_text(encoding="utf-8"), path.name
