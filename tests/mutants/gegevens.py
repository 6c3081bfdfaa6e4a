"""The mutants as data: which there are, what is wrong with each, and the scenario that should catch it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

KINDS = ("server", "zorgkas", "afzender")
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One deliberately broken program."""

    name: str
    kind: str
    """Whose part it plays: `server`, `zorgkas` or `afzender`."""
    fault: str
    """What it does wrong, in words: "it ..."."""
    scenario: str
    """Id of the scenario that must fail on it."""


def mutants(kind: str | None = None) -> list[Mutant]:
    """All of them, or those of a kind, in the order of their files.

    Raises:
        ValueError: a file has unknown keys, or a name stands twice.
    """
    found: list[Mutant] = []
    for name in KINDS:
        data = tomllib.loads((_FOLDER / name / "mutanten.toml").read_text(encoding="utf-8"))
        if data["kind"] != name or set(data) != {"kind", "mutant"}:
            raise ValueError(f"{name}/mutanten.toml: kind = {name!r} and [[mutant]], nothing else")
        found += [Mutant(kind=name, **one) for one in data["mutant"]]
    if len({(m.kind, m.name) for m in found}) != len(found):
        raise ValueError("a mutant stands twice")
    return [m for m in found if kind in (None, m.kind)]
