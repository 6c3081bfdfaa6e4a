"""CONTRIBUTING proves itself: a pillar is added by a folder outside the package, without a line of Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from tests.support import IBW1, PERSONS, running_gateway

_COOKBOOK = """
pijler = "espeel"
prefix = "SPEEL"
naam = "Speelgoedpijler"
versie = "1.0"
ingangsdatum = 2024-01-01
kwaliteiten = ["NIHII-PROT_ACC"]
soorten = ["StartVerblijf", "EindeVerblijf", "Annulering"]
beraad = { maanden = 1, herinneringen = [7] }
belofte_minuten = 60
gebruikt = ["basis", "dossier", "verblijf"]
aannames = ["Deze pijler bestaat niet."]

[lijsten.types_verblijf]
blok = "Blokken"

[lijsten.redenen_einde]
moe = "Moe"

[[regel]]
id = "SPEEL_START_201"
familie = "aanvraag"
soorten = ["StartVerblijf"]
als = { TypeVerblijf = ["blok"] }
controle = "veld_verplicht"
effect = "in_beraad"
parameters = { veld = "Startuur" }
tekst = "Het uur ontbreekt."
tekst_en = "The hour is missing."
remedie = "Geef het uur."
bron = "verzonnen"
"""


def test_a_pillar_from_a_folder_outside_the_package_takes_messages(tmp_path: Path) -> None:
    folder = tmp_path / "cookbooks" / "espeel"
    folder.mkdir(parents=True)
    (folder / "cookbook.toml").write_text(_COOKBOOK, encoding="utf-8")
    (tmp_path / "erkenningen.csv").write_text(f"riziv;pijler;van;tot\n{IBW1};espeel;2024-01-01;\n", encoding="utf-8")
    head = "nummer;leverancier;product;versie_van;versie_tot;pijlers;van;tot;geschorst;licentie_gebruiker;licentie_hash"
    row = "VSB-2024-0001;Zorgsoft NV (voorbeeld);ZorgSoft;1.0;9.99;espeel;2023-06-01;;nee;;"
    (tmp_path / "attesten.csv").write_text(f"{head}\n{row}\n", encoding="utf-8")
    with running_gateway(tmp_path / "g", VSB_COOKBOOKS=str(tmp_path / "cookbooks")) as gateway:
        files = [str(tmp_path / "erkenningen.csv"), str(tmp_path / "attesten.csv")]
        load = [sys.executable, "-m", "gateway", "reference", "load", *files]
        subprocess.run(load, env=gateway.environment, check=True, capture_output=True)
        facility = gateway.facility(pijler="espeel")
        outcomes = {}
        for name, fields in {
            "with hour": {"TypeVerblijf": "blok", "Startuur": "10:00:00"},
            "without": {"TypeVerblijf": "blok"},
            "unknown": {"TypeVerblijf": "pop", "Startuur": "10:00:00"},
        }.items():
            person = {"with hour": "els", "without": "griet", "unknown": "wout"}[name]
            answer = facility.indienen(str(uuid4()), PERSONS[person], StartVerblijf={"Startdatum": gateway.today(), **fields})
            outcomes[name] = (answer.Uitkomst, [r.Code for r in answer.Reden])
        page = gateway_page(gateway.base)
    assert outcomes == {
        "with hour": ("aanvaard", []),
        "without": ("in_beraad", ["SPEEL_START_201"]),
        "unknown": ("geweigerd", ["SPEEL_START_104"]),
    }
    assert "Speelgoedpijler" in page


def gateway_page(base: str) -> str:
    import requests

    index = requests.get(f"{base}/cookbooks/", timeout=10)
    assert "script" not in index.headers["Content-Security-Policy"]
    assert requests.get(f"{base}/cookbooks/schema/aanvraag.html", timeout=10).text.count("StartVerblijf") >= 1
    return index.text
