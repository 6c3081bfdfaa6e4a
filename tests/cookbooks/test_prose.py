"""The cookbook's prose names every code there is, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.cookbooks import load_cookbook
from gateway.refusal import Code

FOLDER = Path(__file__).parents[2] / "cookbooks" / "eibwfin"
PROSE = (FOLDER / "cookbook.md").read_text(encoding="utf-8")


def test_every_refusal_code_and_every_rule_is_in_the_tables() -> None:
    told = set(re.findall(r"^\| `([A-Z0-9_-]+)` \|", PROSE, re.M))
    rules = {r.id for r in load_cookbook(FOLDER).regels}
    codes = {c.info.code for c in Code}
    listed = {p.code for p in load_cookbook(FOLDER).prestatiecodes}
    assert rules | codes | listed == told


def test_refusal_codes_are_used_once() -> None:
    codes = [c.info.code for c in Code]
    assert sorted(codes) == sorted(set(codes))
