"""`python -m tests.mutants.run`: proves for each mutant that the scenario that should catch it does, and that the true one passes it.

Ends with the table of fault by scenario, and with one line of counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from conformance.plan import Scenario
from conformance.sender.server import judge_sender
from conformance.server.runner import Options, choose, new_run, run_server, server_plan
from conformance.verdict import Result, Run, Verdict
from conformance.zorgkas.role import zorgkas_plan
from conformance.zorgkas.run import run_zorgkas
from tests.mutants.afzender import BROKEN, hook
from tests.mutants.gegevens import KINDS, Mutant, mutants
from tests.mutants.start import receivers, seeded, targets

TRUE = "echt"
"""Name of the program without a fault."""
PILLAR = "eibwfin"
"""The pillar that senders are judged for."""
_AT_ONCE = 2
_ALONE = Lock()


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the suite made of one mutant."""

    mutant: Mutant
    caught: bool
    """The scenario failed on the mutant, for something that was looked at."""
    passes: bool
    """The true program passes it."""
    why: str
    """The check that failed: what was expected and what came."""


def wrong(result: Result | None) -> str:
    """What a result failed on; empty when it did not, or when nothing was looked at because nothing ran."""
    if result is None or result.verdict is not Verdict.FAIL:
        return ""
    failed = [c for c in result.checks if c.verdict is Verdict.FAIL and c.name != "doel"]
    return f"{failed[0].name}: verwacht {failed[0].expected}, gekregen {failed[0].got}" if failed else ""


def proof(mutant: Mutant, true: Run, broken: Run) -> Proof:
    result, whole = broken.results.get(mutant.scenario), true.results.get(mutant.scenario)
    passes = whole is not None and whole.verdict is Verdict.PASS
    if mutant.kind == "afzender" and mutant.name in BROKEN:
        return Proof(mutant=mutant, caught=False, passes=passes, why=f"the mutant itself failed: {BROKEN[mutant.name]}")
    return Proof(mutant=mutant, caught=bool(wrong(result)), passes=passes, why=wrong(result))


class Servers:
    """Central applications."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._seed = folder, seeded(folder)

    def run(self, name: str, ids: Sequence[str]) -> Run:
        plan: list[Scenario] = choose(server_plan(), ids=ids)
        place = self._folder / name
        return run_server(
            new_run(plan), plan, targets(name, place, self._seed), Options(out=place / "out", timeout=10, patience=10)
        )


class Receivers:
    """Zorgkas receivers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, name: str, ids: Sequence[str]) -> Run:
        plan = choose(zorgkas_plan(), ids=ids)
        with receivers(name, self._folder / name) as (address, kept):
            return run_zorgkas(address, plan=plan, kept=kept, timeout=10)


class Senders:
    """Vendors' software, driven by the suite's hook."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, name: str, ids: Sequence[str]) -> Run:
        # In this process, so one at a time: a fault may change what its modules share.
        with _ALONE:
            return judge_sender(PILLAR, hook(name), self._folder / name, scenarios=ids)


def prove(kinds: Iterable[str] = KINDS, names: Sequence[str] = (), told: Callable[[Proof], None] = lambda _: None) -> list[Proof]:
    """Prove every mutant of some kinds, or some by name."""
    found: list[Proof] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(_AT_ONCE) as pool:
        for kind in kinds:
            chosen = [m for m in mutants(kind) if not names or m.name in names]
            if not chosen:
                continue
            place = Path(folder) / kind
            place.mkdir()
            programs = PROGRAMS[kind](place)
            true = programs.run(TRUE, sorted({m.scenario for m in chosen}))

            def one(mutant: Mutant, programs: Programs = programs, true: Run = true) -> Proof:
                made = proof(mutant, true, programs.run(mutant.name, [mutant.scenario]))
                told(made)
                return made

            found += pool.map(one, chosen)
    return found


Programs = Servers | Receivers | Senders
PROGRAMS: dict[str, Callable[[Path], Programs]] = {"server": Servers, "zorgkas": Receivers, "afzender": Senders}


def main() -> int:
    """Exit status 0 when every mutant is caught by its scenario and the true programs pass it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", action="append", choices=KINDS)
    options.add_argument("names", nargs="*")
    given = options.parse_args()

    def told(made: Proof) -> None:
        word = "caught" if made.caught and made.passes else "MISSED" if made.passes else "FALSE ALARM"
        print(f"{word:8} {made.mutant.kind:8} {made.mutant.name:28} {made.mutant.scenario:40} {made.why[:110]}", flush=True)

    found = prove(given.kind or KINDS, given.names, told)
    good = sum(p.caught and p.passes for p in found)
    print(f"mutants: {good}/{len(found)} caught")
    return 0 if good == len(found) and found else 1


if __name__ == "__main__":
    sys.exit(main())
