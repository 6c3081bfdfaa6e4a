"""A short run of the chaos harness on each engine; `make chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import Plan, chaos


@pytest.mark.timeout(900)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_killed_under_load_nothing_acknowledged_is_lost_delivered_twice_or_out_of_order(engine: str, tmp_path: Path) -> None:
    outcome = chaos(Plan(kills=12, engine=engine, seed=11, pause=1.6, patience=300), tmp_path, print)
    if outcome.verdict.notes:
        _show_logs(tmp_path)
    assert (outcome.verdict.notes, outcome.chain) == ([], "")
    assert outcome.killed.total() == 12
    assert outcome.verdict.acknowledged > 50


def _show_logs(folder: Path) -> None:
    # The folder is soon gone; what every process said last tells which one stood still.
    for log in sorted(folder.rglob("*.log")):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        print(f"--- {log.name}: {len(lines)} lines, the last:", *(line[:300] for line in lines[-15:]), sep="\n")
