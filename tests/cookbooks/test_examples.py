"""Every example of every cookbook, sent through a real server in its order, gets exactly the answer it says it gets."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from conformance.derived import derived
from conformance.server.runner import Options, fixed_target, new_run, run_server
from conformance.verdict import Verdict
from gateway.berichten.voorbeelden import VoorbeeldError, render
from gateway.cookbook.laden import load_cookbooks
from tests.support import RunningGateway

ROOT = Path(__file__).parents[2]
MAANDEN = sorted(p.parent for p in (ROOT / "cookbooks").glob("*/examples/maand/maand.toml"))
Start = Callable[..., AbstractContextManager[RunningGateway]]
COOKBOOKS = sorted(p.parent for p in (ROOT / "cookbooks").glob("*/cookbook.toml"))


def send_all(gateway: RunningGateway, track: str, out: Path) -> list[str]:
    """Send every example of a track in its order, as the conformance suite does; what went otherwise than stated."""
    plan = [s for s in derived() if s.spoor == track]
    target = fixed_target(gateway.base, offset=timedelta(seconds=gateway.offset))
    run = run_server(new_run(plan), plan, target, Options(out=out))
    return [
        f"{r.scenario}: {c.name}: expected {c.expected}, got {c.got} ({c.where})"
        for r in run.results.values()
        for c in r.checks
        if c.verdict is not Verdict.PASS
    ]


@pytest.mark.both_engines
@pytest.mark.parametrize("folder", COOKBOOKS, ids=lambda p: p.name)
def test_every_example_gets_exactly_the_answer_it_states(folder: Path, start_gateway: Start, tmp_path: Path) -> None:
    data = tomllib.loads((folder / "examples/examples.toml").read_text(encoding="utf-8"))
    assert len(data["voorbeeld"]) >= 12
    with start_gateway() as gateway:
        assert not (wrong := send_all(gateway, f"{folder.name}/voorbeelden", tmp_path)), "\n".join(wrong)


@pytest.mark.parametrize("folder", MAANDEN, ids=lambda p: p.parts[-3])
def test_a_month_of_invoices_gets_exactly_the_answers_it_states(folder: Path, start_gateway: Start, tmp_path: Path) -> None:
    data = tomllib.loads((folder / "maand.toml").read_text(encoding="utf-8"))
    assert {e["naam"] for e in data["voorbeeld"]} == {p.stem for p in folder.glob("*.xml")}
    month_before = datetime.now(UTC).replace(day=1, hour=9) - timedelta(days=1)
    with start_gateway(VSB_CLOCK=month_before.replace(day=28).isoformat()) as gateway:
        assert not (wrong := send_all(gateway, f"{folder.parts[-3]}/maand", tmp_path)), "\n".join(wrong)


def test_every_pillar_that_invoices_shows_a_month() -> None:
    factureren = {n for n, c in load_cookbooks(ROOT / "cookbooks").items() if c.type_factuur is not None}
    assert {p.parts[-3] for p in MAANDEN} == factureren


@pytest.mark.parametrize("folder", COOKBOOKS, ids=lambda p: p.name)
def test_no_example_lies_around_unstated(folder: Path) -> None:
    stated = {e["naam"] for e in tomllib.loads((folder / "examples/examples.toml").read_text(encoding="utf-8"))["voorbeeld"]}
    assert stated == {p.stem for p in (folder / "examples").glob("*.xml")}


def test_an_unknown_placeholder_is_named() -> None:
    with pytest.raises(VoorbeeldError, match="onzin"):
        render("<a>{{onzin}}</a>", date(2026, 1, 1), {})


def test_days_months_and_values_are_filled_in() -> None:
    text = render(
        "{{vandaag-1}} {{maand:vandaag-1}} {{x}} {{som:a:vandaag}}", date(2026, 3, 1), {"x": "y"}, {"som": lambda q: f"<{q}>"}
    )
    assert text == "2026-02-28 2026-02 y <a:2026-03-01>"
