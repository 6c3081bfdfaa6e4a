"""Scenarios as data: what is sent or asked, what must follow, and the paragraph of the cookbook that demands it.

A scenario stands in a file under scenarios/, or is derived from an example of a cookbook (derived.py), so that cookbook and
suite can not say different things.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

SUITE_VERSION = "1.0.0"
"""Grows with every scenario that is added, dropped or judged otherwise; frozen in an attestation."""
SCENARIOS = Path(__file__).parent / "scenarios"


class Level(StrEnum):
    """Whether a vendor must pass it."""

    MUST = "must"
    SHOULD = "should"


class Role(StrEnum):
    """Whose software is judged."""

    SERVER = "server"
    """A central application: the suite sends, and judges the answers."""
    SENDER = "afzender"
    """A vendor's software: the suite receives, and judges what is sent."""
    ZORGKAS = "zorgkas"
    """A zorgkas's receiver: the suite pushes, and judges the receipts."""


class PlanError(ValueError):
    """A scenario file that can not be used; the text names the file and the scenario."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to send (or to ask of the vendor), and what must follow; keys as in the files."""

    doe: str = ""
    """Name of a message or an instruction."""
    met: Mapping[str, Any] = field(default_factory=dict)
    """Its parameters."""
    misvorm: tuple[str, ...] = ()
    """Faults to put in, in this order."""
    antwoord: str = "gewoon"
    """To a sender: how the suite answers, when not as a central application does."""
    verwacht: Mapping[str, Any] = field(default_factory=dict)
    tekst: str = ""
    """What a person reads."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One case of the plan."""

    id: str
    titel: str
    pijler: str
    """Pillar, or `alle`."""
    familie: str
    niveau: Level
    rol: Role
    eis: tuple[str, ...]
    """What it proves: `<pillar> §<paragraph>` or `<pillar> <rule>`."""
    stappen: tuple[Step, ...]
    spoor: str = ""
    """Track: its scenarios run in their order on one fresh target."""
    klok: str = ""
    """`28`: the target's clock must stand on the 28th of a month."""
    voorbeeld: str = ""
    """Example of a cookbook that shows it."""


_FILE = frozenset({"scenario", "pijler", "familie", "rol", "niveau", "spoor"})
_STEP = frozenset({"doe", "met", "misvorm", "antwoord", "verwacht", "tekst"})
_SCENARIO = frozenset({"id", "titel", "niveau", "eis", "stap", "voorbeeld"}) | _STEP


def load_file(path: Path) -> list[Scenario]:
    """The scenarios of one file; keys of the file hold for each that says nothing else.

    Raises:
        PlanError: unknown or missing keys.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := set(data) - _FILE:
        raise PlanError(f"{path}: unknown {', '.join(sorted(unknown))}; expected {', '.join(sorted(_FILE))}")
    return [_scenario(path, data, one) for one in data.get("scenario", ())]


def _scenario(path: Path, shared: Mapping[str, Any], one: Mapping[str, Any]) -> Scenario:
    name = one.get("id", "?")
    if unknown := set(one) - _SCENARIO:
        raise PlanError(f"{path}, {name}: unknown {', '.join(sorted(unknown))}")
    steps = one.get("stap") or [{k: v for k, v in one.items() if k in _STEP}]
    try:
        return Scenario(
            id=one["id"],
            titel=one["titel"],
            pijler=shared.get("pijler", "alle"),
            familie=shared["familie"],
            niveau=Level(one.get("niveau", shared.get("niveau", "must"))),
            rol=Role(shared.get("rol", "server")),
            eis=tuple(one["eis"]),
            stappen=tuple(_step(path, name, s) for s in steps),
            spoor=shared.get("spoor", ""),
            voorbeeld=one.get("voorbeeld", ""),
        )
    except (KeyError, ValueError) as error:
        raise PlanError(f"{path}, {name}: {error}") from error


def _step(path: Path, name: str, step: Mapping[str, Any]) -> Step:
    if unknown := set(step) - _STEP:
        raise PlanError(f"{path}, {name}: unknown {', '.join(sorted(unknown))} in a step")
    return Step(**{**step, "misvorm": tuple(step.get("misvorm", ()))})


def load_folder(folder: Path = SCENARIOS) -> list[Scenario]:
    """Every scenario that stands in a file, by file name.

    Raises:
        PlanError: a file can not be used, or an id stands twice.
    """
    found = [s for path in sorted(folder.rglob("*.toml")) for s in load_file(path)]
    return unique(found)


def unique(scenarios: Iterable[Scenario]) -> list[Scenario]:
    """The same scenarios.

    Raises:
        PlanError: an id stands twice.
    """
    found: dict[str, Scenario] = {}
    for scenario in scenarios:
        if scenario.id in found:
            raise PlanError(f"scenario {scenario.id} stands twice")
        found[scenario.id] = scenario
    return list(found.values())


def for_pillar(scenario: Scenario, pijler: str) -> Scenario:
    """A common scenario of senders as it is asked for one pillar."""
    return replace(scenario, id=f"{pijler}/{scenario.id}", pijler=pijler)


def digest(scenarios: Iterable[Scenario]) -> str:
    """SHA-256 of a plan: another set, another order of steps or another expectation is another plan."""
    whole = [asdict(s) for s in sorted(scenarios, key=lambda s: s.id)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()
