"""The first hour with the API: what the documentation prints works, and what is wrong is told in one language."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from gateway.api.app import MODULES, describe
from gateway.console.rechten import Rol
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS
from tests.api.conftest import Application, application_on
from tests.console.wereld import Wereld, wereld
from tests.support import IBW1, PERSONS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def w(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wereld]:
    settings = {"VSB_CONSOLE": "true", "VSB_CONSOLE_ACCOUNTS": str(SAMPLE_ACCOUNTS)}
    with wereld(tmp_path_factory.mktemp("begin"), new_database(), **settings) as opened:
        opened.meld("els", 20)
        opened.meld("lena")
        yield opened


@pytest.fixture(scope="module")
def application(w: Wereld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with application_on(w.running.environment["VSB_DATABASE_URL"], tmp_path_factory.mktemp("app")) as opened:
        yield opened


def get(a: Application, path: str, who: Rol = Rol.VOORZIENING) -> Any:
    return a.as_(who, "GET", f"/api/v1{path}")


def test_the_lines_of_the_documentation_work_as_they_are_printed(w: Wereld, tmp_path: Path) -> None:
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
    script = "\n".join(blocks).replace("http://127.0.0.1:8080", w.running.base).replace(".venv/bin/", f"{ROOT}/.venv/bin/")
    script = script.replace("curl -sS -b", "echo; curl -sS -b").replace("TOKEN=$(echo; ", "TOKEN=$(")
    done = subprocess.run(["sh", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    answers = [json.JSONDecoder().raw_decode(line)[0] for line in done.stdout.splitlines() if line.startswith("{")]
    me, refused, today, access, vendor, tried = answers
    assert (me["rol"], me["doelen"][0]) == ("voorziening", "eigen_bericht")
    assert [r["code"] for m in refused["items"] for r in m["redenen"]] == ["VSB_STATUS_002"]
    assert len(today["items"]) == 2
    assert access["voorzieningen"][0]["riziv"] == IBW1
    assert len(vendor["items"]) == 2
    assert (tried["soort"], tried["uitkomst"]) == ("aanvraag", "aanvaard"), tried


def test_an_act_without_the_token_is_told_which_header_is_missing_and_where_it_stands(application: Application) -> None:
    bare = application.as_(Rol.VOORZIENING, "POST", "/api/v1/proef", csrf=False, content=b"<x/>").json()
    assert bare["code"] == "VSB-API-003"
    assert "X-CSRF-Token ontbreekt" in bare["detail"]
    wrong = application.as_(
        Rol.VOORZIENING, "POST", "/api/v1/proef", csrf=False, content=b"<x/>", headers={"x-csrf-token": "x"}
    ).json()
    assert "niet dat van deze sessie" in wrong["detail"]


def test_own_messages_are_asked_by_dossier_kind_and_day(application: Application, w: Wereld) -> None:
    every = get(application, "/eigen").json()["items"]
    (mine,) = [m for m in every if m["dossiernummer"]]
    today, tomorrow = w.vandaag, w.vandaag + timedelta(days=1)
    for query, count in (
        (f"dossiernummer={mine['dossiernummer']}", 1),
        (f"referentie={mine['bedrijfs_id']}", 1),
        ("soort=StartVerblijf", 2),
        ("soort=facturatie", 0),
        (f"van={today}&tot={today}", 2),
        (f"van={tomorrow}", 0),
    ):
        assert len(get(application, f"/eigen?{query}").json()["items"]) == count, query
    assert {m["dossiernummer"] for m in get(application, "/eigen", Rol.LEVERANCIER).json()["items"]} == {None}
    assert get(application, f"/eigen?dossiernummer={mine['dossiernummer']}", Rol.LEVERANCIER).status_code == 422
    number = get(application, f"/eigen?referentie={PERSONS['els']}")
    assert number.status_code == 422
    assert PERSONS["els"] not in number.text


def test_access_says_what_the_screen_says(application: Application) -> None:
    mine = get(application, "/toegang").json()
    assert [(e["wat"], e["stand"]) for e in mine["erkenningen"]] == [("eibwfin", "geldt")]
    assert mine["certificaten"]
    vendor = get(application, "/toegang", Rol.LEVERANCIER).json()
    assert (vendor["voorzieningen"], {a["nummer"] for a in vendor["attesten"]}) == ([], {"VSB-2024-0001", "VSB-2018-0004"})
    assert get(application, "/toegang", Rol.OPERATOR).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/register/verklaringen", {}, {"body/voorziening": "een waarde: dit veld is verplicht"}),
        ("/register/verklaringen", {"van": "gisteren"}, {"body/van": "een dag zoals 2026-01-31"}),
        ("/register/verklaringen", {"x": 1}, {"body/x": "niets: dit veld bestaat niet"}),
        ("/register/verklaringen", {"voorziening": "12"}, {"body/voorziening": "een tekst van de vorm ^[0-9]{11}$"}),
        ("/register/verklaringen", {"reden": ""}, {"body/reden": "een tekst van minstens 1 tekens"}),
    ],
)
def test_what_is_wrong_with_a_request_is_told_in_dutch(
    application: Application, path: str, body: dict[str, object], told: dict[str, str]
) -> None:
    answer = application.as_(Rol.BEHEERDER, "POST", f"/api/v1{path}", json=body).json()
    found = {f["plaats"]: f["verwacht"] for f in answer["fouten"]}
    assert told.items() <= found.items()
    assert not any(re.search(r"\b(?:should|Field|Input|required)\b", text) for text in found.values())


def test_the_description_tells_what_fields_mean_and_gives_examples() -> None:
    app = FastAPI()
    for module in MODULES:
        app.include_router(module.router)
    schemas = describe(app)["components"]["schemas"]
    for name in ("Bericht", "Eigenbericht", "Opmerking", "Ik", "Probleemdetail"):
        bare = [field for field, s in schemas[name]["properties"].items() if "description" not in s]
        assert len(bare) < len(schemas[name]["properties"]) / 2, (name, bare)
    assert schemas["Eigenbericht"]["properties"]["redenen"]["items"] == {"$ref": "#/components/schemas/Opmerking"}
    for name in ("Besluit", "NieuwAttest", "NieuwePeriode", "Persoonsvraag"):
        assert schemas[name]["examples"], name
