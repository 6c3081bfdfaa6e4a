"""What the cookbooks demand, and which scenario proves which of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from conformance.derived import COMMON
from conformance.plan import PlanError, Scenario
from gateway.cookbook.laden import load_cookbooks
from gateway.paths import data_dir

_PARAGRAPH = re.compile(r"^(\d+\.\d+) (?:\*\*(.+?)\*\*|(.{1,60}))", re.M)
_SECTION = re.compile(r"^## (\d+)\. (.+)$", re.M)
_TELLS_ONLY = frozenset({"1", "2", "11", "12", "13"})
"""Sections of the common cookbook that demand nothing by themselves."""


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One thing that a cookbook demands."""

    id: str
    """`<pillar> §<number>`, `<pillar> <rule>` or `<pillar> <kind of message>`."""
    text: str
    kind: str
    """`paragraaf`, `regel` or `soort`."""


def requirements() -> list[Requirement]:
    """Everything that the cookbooks demand, pillar by pillar."""
    found = _paragraphs()
    for name, book in sorted(load_cookbooks(data_dir("cookbooks")).items()):
        found += [Requirement(id=f"{name} {soort}", text=f"Bericht {soort}", kind="soort") for soort in book.soorten]
        found += [Requirement(id=f"{name} {regel.id}", text=regel.tekst, kind="regel") for regel in book.regels]
    return found


def _paragraphs() -> list[Requirement]:
    text = (data_dir("cookbooks") / COMMON / "cookbook.md").read_text(encoding="utf-8")
    numbered = [(m[1], (m[2] or m[3]).strip(" .*")) for m in _PARAGRAPH.finditer(text)]
    split = {number.partition(".")[0] for number, _ in numbered}
    whole = [(m[1], m[2]) for m in _SECTION.finditer(text) if m[1] not in split | _TELLS_ONLY]
    return [Requirement(id=f"{COMMON} §{n}", text=t, kind="paragraaf") for n, t in sorted(numbered + whole, key=_order)]


def _order(row: tuple[str, str]) -> tuple[int, ...]:
    return tuple(int(part) for part in row[0].split("."))


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """A requirement and the scenarios that prove it."""

    requirement: Requirement
    scenarios: tuple[str, ...]


def coverage(scenarios: Iterable[Scenario]) -> list[Coverage]:
    """Every requirement with what proves it, nothing left out.

    Raises:
        PlanError: a scenario proves what no cookbook demands.
    """
    known = requirements()
    by: dict[str, list[str]] = {r.id: [] for r in known}
    for scenario in scenarios:
        for eis in scenario.eis:
            if eis not in by:
                raise PlanError(f"scenario {scenario.id} proves {eis!r}, which no cookbook demands")
            by[eis].append(scenario.id)
    return [Coverage(requirement=r, scenarios=tuple(by[r.id])) for r in known]


def texts() -> dict[str, str]:
    """Requirement to its text."""
    return {r.id: r.text for r in requirements()}
