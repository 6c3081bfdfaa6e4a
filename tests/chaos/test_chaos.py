"""The short form of `make chaos`: what is acknowledged is never lost and never delivered twice, whatever is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import run


@pytest.mark.timeout(900)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_what_is_acknowledged_is_delivered_once_and_in_order_whatever_is_killed(database: str, tmp_path: Path) -> None:
    line, verdict = run(database, kills=12, seed=20261123, folder=tmp_path / "chaos")
    print(line)
    assert (verdict.lost, verdict.duplicated, verdict.disorder, verdict.wrong) == ([], [], [], [])
