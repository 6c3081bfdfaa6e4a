"""Run the hostile corpus against a real server process: `python -m tests.hostile.run [--only CLASS] [--list]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.hostile.arena import Arena, Verdict, arena
from tests.hostile.case import ACCEPTED, Case, Twin
from tests.hostile.corpus import CORPUS
from tests.hostile.twins import TWINS


def main() -> int:
    arguments = _arguments()
    chosen = [c for c in CORPUS if arguments.only.lower() in f"{c.kind} {c.id}".lower()]
    if arguments.list:
        for case in chosen:
            print(f"{case.kind:40} {case.id:44} {' '.join(sorted(case.expect)):32} {case.title}")
        return 0
    with tempfile.TemporaryDirectory() as folder, arena(Path(folder)) as field:
        started = time.monotonic()
        verdicts = attack_all(field, chosen, show=print)
        print(f"{time.monotonic() - started:.0f} s; {memory(field)}; {field.restarts} restarts")
        greeting = field.honest(TWINS[0])
        print(f"a good message afterwards: {greeting}")
    print(summary(verdicts))
    return 0 if all(v.ok for v in verdicts) and greeting == ACCEPTED else 1


def attack_all(field: Arena, corpus: Sequence[Case], *, show: Callable[[str], None] = lambda _: None) -> list[Verdict]:
    """Send everything, one after the other; shows what goes wrong, and a count per class."""
    verdicts: list[Verdict] = []
    for number, case in enumerate(corpus, 1):
        verdicts.append(verdict := field.attack(case))
        if not verdict.ok:
            show(f"  WRONG {verdict}")
        if number == len(corpus) or corpus[number].kind != case.kind:
            mine = [v for v in verdicts if v.case.kind == case.kind]
            show(f"{number:4}/{len(corpus)} {case.kind}: {sum(v.ok for v in mine)} of {len(mine)}")
    return verdicts


def honest_all(field: Arena, twins: Sequence[Twin]) -> dict[str, str]:
    """Twins that were not accepted, with what they got."""
    answers = {twin.id: field.honest(twin) for twin in twins}
    return {id: answer for id, answer in answers.items() if answer != ACCEPTED}


def summary(verdicts: Sequence[Verdict]) -> str:
    count = Counter(
        accepted=sum(v.accepted for v in verdicts),
        errors=sum(bool(v.server_errors) for v in verdicts),
        wrong=sum(v.wrong is not None and not v.accepted for v in verdicts),
    )
    return (
        f"hostile: {len(verdicts)} inputs, {count['accepted']} accepted, {count['errors']} server errors, "
        f"{count['wrong']} wrong answers"
    )


def memory(field: Arena) -> str:
    field.measure()
    peaks = ", ".join(f"{name} {kb / 1024:.0f} MB" for name, kb in sorted(field.peak.items()))
    top = sorted(field.greedy.items(), key=lambda item: -item[1])[:3]
    return f"peak memory {peaks} (most by {', '.join(f'{id} +{kb / 1024:.0f}' for id, kb in top) or 'none'})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.run", description=__doc__)
    parser.add_argument("--only", metavar="CLASS", default="", help="only inputs whose class or id contains this")
    parser.add_argument("--list", action="store_true", help="show the inputs and their answers, send nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
