"""What deploy/ and docs/operations.md say is what the program has: units, rules, dashboards, settings, commands, alarms."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import yaml

from gateway.settings import Settings
from tests.server.test_main_job import wait_for
from tests.support import PERSONS, RunningGateway

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
METRIC = re.compile(r"\bvsb_[a-z_]+")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def run(*command: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def is_a_command(arguments: list[str]) -> bool:
    """Whether the program knows this command, asked as its help."""
    words = [w for w in arguments if re.fullmatch(r"[a-z][a-z-]+", w)]
    return any(run(sys.executable, "-m", "gateway", *words[:end], "--help").returncode == 0 for end in range(len(words), 0, -1))


@pytest.mark.parametrize("unit", ["vsb-gateway.service", "vsb-worker@.service", "vsb-archive.service", "vsb-archive.timer"])
def test_systemd_finds_nothing_wrong_in_a_unit(unit: str, tmp_path: Path) -> None:
    for file in (DEPLOY / "systemd").iterdir():
        # The program stands elsewhere here; what is judged is the unit.
        text = file.read_text(encoding="utf-8").replace("/opt/vsb/bin/vsb-gateway", sys.executable)
        (tmp_path / file.name.replace("@.", "@1.")).write_text(text, encoding="utf-8")
    done = run("systemd-analyze", "verify", str(tmp_path / unit.replace("@.", "@1.")))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_and_the_containers_start_commands_that_exist() -> None:
    lines = [line for f in (DEPLOY / "systemd").iterdir() for line in f.read_text(encoding="utf-8").splitlines()]
    starts = [shlex.split(line.partition("=")[2])[1:] for line in lines if line.startswith("ExecStart=")]
    starts += [s["command"] for s in compose()["services"].values() if s.get("image") == "vsb-gateway" and "entrypoint" not in s]
    assert len(starts) >= 6
    assert [start for start in starts if not is_a_command(start)] == []


def test_the_graceful_stop_fits_in_the_time_that_the_machine_gives() -> None:
    bound = re.search(r"TimeoutStopSec=(\d+)", (DEPLOY / "systemd/vsb-worker@.service").read_text(encoding="utf-8"))
    given = re.match(r"(\d+)s", compose()["x-gateway"]["stop_grace_period"])
    grace = re.search(r"^GRACE = ([\d.]+)", (ROOT / "gateway/worker.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert bound is not None
    assert given is not None
    assert grace is not None
    assert min(int(bound[1]), int(given[1])) > float(grace[1])


def test_every_setting_that_a_deployment_gives_exists() -> None:
    names = {f"VSB_{name.upper()}" for name in Settings.model_fields} | {"VSB_DB_PASSWORD"}
    for file in [*DEPLOY.rglob("*.y*ml"), *DEPLOY.rglob("Dockerfile"), DEPLOY / "README.md", ROOT / "docs/operations.md"]:
        given = set(re.findall(r"\bVSB_[A-Z0-9_]*[A-Z0-9]\b", file.read_text(encoding="utf-8")))
        assert {g for g in given - names if not any(n.startswith(f"{g}_") for n in names)} == set(), file


def test_the_alert_rules_are_sound_and_fire_when_they_should() -> None:
    folder = DEPLOY / "prometheus"
    for command in (("check", "rules", "rules.yml"), ("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")):
        done = run("promtool", *command, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_ask_for_metrics_that_the_gateway_gives(start_gateway: Callable[..., Any]) -> None:
    dashboard = json.loads((DEPLOY / "grafana/dashboards/vsb.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text(encoding="utf-8"))
    asked += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    with start_gateway() as gateway:
        day = {"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
        gateway.facility().indienen(str(uuid4()), PERSONS["els"], StartVerblijf=day)
        gateway.post("aanvraag", b"<x/>")
        kas = gateway.kas("180")
        wait_for(lambda: kas.confirm([digest for _, _, digest in kas.get()]) or gateway_tells(gateway, "vsb_turnaround_seconds"))
        shown = requests.get(f"{gateway.base}/metrics", timeout=30).text
    known = set(re.findall(r"^# TYPE (vsb_\w+)", shown, re.MULTILINE))
    known |= {f"{name}_total" for name in known}
    known |= {f"{name}_bucket" for name in known}
    assert {name for expr in asked for name in METRIC.findall(expr)} - known == set()
    assert len(asked) > 20
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {d["uid"] for d in source["datasources"]}


def test_every_query_of_the_dashboard_can_be_read_by_prometheus(tmp_path: Path) -> None:
    dashboard = json.loads((DEPLOY / "grafana/dashboards/vsb.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    groups = [{"name": "dashboard", "rules": [{"record": f"x:{n}", "expr": q} for n, q in enumerate(queries)]}]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    done = run("promtool", "check", "rules", str(tmp_path / "rules.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def gateway_tells(gateway: RunningGateway, metric: str) -> bool:
    return f"{metric}_count" in requests.get(f"{gateway.base}/metrics", timeout=30).text


def alarm_kinds() -> set[str]:
    tree = ast.parse((ROOT / "gateway/observe/alarmen.py").read_text(encoding="utf-8"))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "Alarm"]
    return {str(k.value.value) for c in calls for k in c.keywords if k.arg == "soort" and isinstance(k.value, ast.Constant)}


def test_every_alarm_has_its_page_and_every_page_its_alarm() -> None:
    chapter = OPERATIONS.partition("## Alarms")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### (\w+)$", chapter, re.MULTILINE)) == alarm_kinds()


def test_every_runbook_that_an_alert_names_is_there() -> None:
    headings = {h.lower().replace(" ", "-") for h in re.findall(r"^### (.+)$", OPERATIONS, re.MULTILINE)}
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text(encoding="utf-8"))
    named = {rule["annotations"]["runbook"].partition("#")[2] for group in rules["groups"] for rule in group["rules"]}
    assert named - headings == {"{{ $labels.kind }}"}


def test_every_command_that_the_page_names_exists() -> None:
    named = {m.strip() for m in re.findall(r"`(?:vsb-gateway )((?:[a-z-]+ ?)+)", OPERATIONS)}
    assert len(named) >= 8
    unknown = [n for n in named if run(sys.executable, "-m", "gateway", *n.split(), "--help").returncode]
    assert unknown == []
