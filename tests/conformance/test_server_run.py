"""The suite judges our own gateway, keeps what it saw, and reports it in forms that people and programs read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from conformance.plan import Level, PlanError, load_file
from conformance.plans import whole_plan
from conformance.requirements import coverage
from conformance.server.runner import Options, choose, fixed_target, new_run, run_server, server_plan
from conformance.store import load
from conformance.verdict import Run, Verdict
from gateway.central.identificatie import geldig_insz
from tests.support import RunningGateway

PART = ["ENV-001", "ENV-010", "WSS-003", "WSS-010", "CER-003"]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "conformance", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ran(gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    chosen = [a for s in PART for a in ("--scenario", s)]
    done = command("run", "--target", gateway.base, *chosen, "--out", str(out), "--mask")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "geslaagd: 5 van 5" in done.stdout
    return out


def test_the_plan_is_large_enough_and_proves_only_what_a_cookbook_demands() -> None:
    plan = whole_plan()
    assert len(plan) >= 150
    assert sum(s.niveau is Level.MUST for s in plan) > 100
    proven = coverage(plan)
    paragraphs = [c for c in proven if c.requirement.kind == "paragraaf"]
    # SAML needs a token service, which the target must be told of; §10.4 comes by itself when a term passes.
    without = {c.requirement.id for c in paragraphs if not c.scenarios}
    assert without <= {"eibwfin §4.2", "eibwfin §6.9", "eibwfin §7.9", "eibwfin §10.4"}
    assert all(c.scenarios for c in proven if c.requirement.kind == "soort")


def test_every_report_names_the_session_and_keeps_its_file_name(ran: Path) -> None:
    run = load(ran)
    assert {"verslag.html", "junit.xml", "verslag.json"} <= {p.name for p in ran.iterdir()}
    for name in ("verslag.html", "junit.xml", "verslag.json"):
        assert run.id in (ran / name).read_text(encoding="utf-8"), name
    junit = etree.parse(ran / "junit.xml").getroot()
    assert (junit.get("tests"), junit.get("failures")) == ("5", "0")
    page = (ran / "verslag.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "Geslaagd" in page


def test_the_whole_traffic_is_kept_and_masked_on_request(ran: Path) -> None:
    run = load(ran)
    for result in run.results.values():
        assert result.traffic
        for name in result.traffic:
            octets = (ran / "bewijs" / name).read_bytes()
            numbers = re.findall(rb"(?<![0-9])[0-9]{11}(?![0-9])", octets)
            assert not [n for n in numbers if geldig_insz(n.decode())], name


def test_what_was_expected_and_what_came_is_told_when_it_differs(gateway: RunningGateway, tmp_path: Path) -> None:
    scenario = next(s for s in server_plan() if s.id == "WSS-003")
    wrong = replace(scenario, stappen=(replace(scenario.stappen[0], verwacht={"uitkomst": "AANGESLOTEN", "codes": ["180"]}),))
    run = run_server(new_run([wrong]), [wrong], fixed_target(gateway.base), Options(out=tmp_path))
    result = run.results["WSS-003"]
    assert (result.verdict, run.passed) == (Verdict.FAIL, False)
    failed = {c.name: c for c in result.checks if c.verdict is Verdict.FAIL}
    assert failed["uitkomst"].expected == "AANGESLOTEN"
    assert failed["uitkomst"].got == "fout (VSB-TRUST-005)"
    assert failed["uitkomst"].where == "/Envelope/Body"


def test_a_run_goes_on_where_it_stopped(gateway: RunningGateway, tmp_path: Path) -> None:
    plan = choose(server_plan(), ids=PART)
    run = new_run(plan)
    heard: list[str] = []
    first = run_server(run, plan[:2], fixed_target(gateway.base), Options(out=tmp_path))
    assert len(load(tmp_path).results) == 2
    again = run_server(
        load(tmp_path), plan, fixed_target(gateway.base), Options(out=tmp_path), lambda r, *_: heard.append(r.scenario)
    )
    assert again.id == first.id
    assert [s.id for s in plan] == list(again.results)
    assert again.finished


def test_one_scenario_brings_what_stands_before_it_in_its_track() -> None:
    ids = [s.id for s in choose(server_plan(), ids=["FAC-030"])]
    assert ids[0] == "FAC-001"
    assert ids[-1] == "FAC-030"
    assert all(i.startswith("FAC") for i in ids)
    with pytest.raises(KeyError, match="XYZ"):
        choose(server_plan(), ids=["XYZ"])


def test_a_known_deviation_is_allowed_and_one_that_no_longer_fires_fails_the_run(gateway: RunningGateway, tmp_path: Path) -> None:
    file = tmp_path / "verwacht.toml"
    file.write_text('[[verwacht]]\nscenario = "ENV-001"\nreden = "nog te bouwen"\n', encoding="utf-8")
    arguments = (
        "run",
        "--target",
        gateway.base,
        "--scenario",
        "ENV-001",
        "--out",
        str(tmp_path),
        "--expected-failures",
        str(file),
    )
    done = command(*arguments)
    assert done.returncode == 1
    assert "ENV-001: mislukt niet meer" in done.stdout.replace("\n", " ")
    file.write_text('[[verwacht]]\nscenario = "ENV-001"\nreden = ""\n', encoding="utf-8")
    assert command(*arguments).returncode == 2


def test_a_person_may_judge_otherwise_and_every_report_shows_it(ran: Path) -> None:
    done = command("override", "ENV-001", "fail", "--comment", "de klok liep fout", "--by", "An", "--out", str(ran))
    assert done.returncode == 0, done.stdout
    try:
        run = load(ran)
        assert (run.results["ENV-001"].verdict, run.results["ENV-001"].found, run.passed) == (Verdict.FAIL, Verdict.PASS, False)
        assert "de klok liep fout" in (ran / "verslag.html").read_text(encoding="utf-8")
        assert json.loads((ran / "verslag.json").read_text(encoding="utf-8"))["results"]
    finally:
        command("override", "ENV-001", "pass", "--comment", "hersteld", "--out", str(ran))


def test_a_scenario_that_the_suite_can_not_carry_out_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('familie = "x"\n[[scenario]]\nid = "X-1"\ntitel = "x"\neis = []\nonzin = 1\n', encoding="utf-8")
    with pytest.raises(PlanError, match=r"X-1: unknown onzin"):
        load_file(file)


def test_a_record_is_read_as_it_was_written(ran: Path) -> None:
    run = load(ran)
    assert isinstance(run, Run)
    assert {r.scenario for r in run.results.values()} == set(PART)
