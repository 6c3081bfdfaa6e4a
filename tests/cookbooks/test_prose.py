"""The cookbooks' prose names every code there is, and none that there is not; no cookbook has holes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.cookbook.gaten import dekking, gaten, lees_voorbeelden
from gateway.cookbook.laden import load_cookbook, load_cookbooks
from gateway.refusal import Code

FOLDER = Path(__file__).parents[2] / "cookbooks" / "eibwfin"
PROSE = (FOLDER / "cookbook.md").read_text(encoding="utf-8")


def test_every_refusal_code_and_every_rule_is_in_the_tables() -> None:
    told = set(re.findall(r"^\| `([A-Z0-9_-]+)` \|", PROSE, re.M))
    rules = {r.id for r in load_cookbook(FOLDER).regels}
    codes = {c.info.code for c in Code}
    listed = {p.code for p in load_cookbook(FOLDER).prestatiecodes}
    assert rules | codes | listed == told


@pytest.mark.parametrize("pijler", load_cookbooks(FOLDER.parent))
def test_a_cookbook_has_no_holes(pijler: str) -> None:
    folder = FOLDER.parent / pijler
    assert [g.wat for g in gaten(load_cookbook(folder), folder) if g.ernstig] == []


def test_every_kind_of_message_that_a_cookbook_says_exists_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines, empty = [], []
    for pijler, cookbook in load_cookbooks(FOLDER.parent).items():
        geteld = dekking(lees_voorbeelden(FOLDER.parent / pijler)[0])
        for soort in cookbook.soorten:
            counts = [geteld[soort, u] for u in ("aanvaard", "geweigerd", "in_beraad")]
            lines.append(f"{pijler:10} {soort:22} aanvaard {counts[0]:3} geweigerd {counts[1]:3} in_beraad {counts[2]:3}")
            empty += [f"{pijler} {soort}"] if not counts[0] else []
        assert any(u == "geweigerd" for _, u in geteld), pijler
        assert any(u == "in_beraad" for _, u in geteld), pijler
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert empty == []


def test_refusal_codes_are_used_once() -> None:
    codes = [c.info.code for c in Code]
    assert sorted(codes) == sorted(set(codes))
