"""docs/mutants.md, made from the data: `python -m tests.mutants.doc` writes it, a test holds it against the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conformance.plans import whole_plan
from tests.mutants.gegevens import KINDS, mutants

PAGE = Path(__file__).parents[2] / "docs" / "mutants.md"
_HEADS = {
    "server": (
        "Central applications",
        "The real gateway with one function changed ([tests/mutants/server](../tests/mutants/server)), asked by "
        "`vsb-conformance run`.",
    ),
    "zorgkas": (
        "Receivers of a zorgkas",
        "The reference receiver with one function changed ([tests/mutants/zorgkas](../tests/mutants/zorgkas)), asked by "
        "`vsb-conformance run --role zorgkas`.",
    ),
    "afzender": (
        "Senders",
        "The reference vendor with one method changed ([tests/mutants/afzender](../tests/mutants/afzender)), judged by "
        "`vsb-conformance serve --hook`.",
    ),
}
_INTRO = """# Mutants of the conformance suite

Who tests the tests? Below stand {count} deliberately broken programs. Each has one fault that real software has had, and the scenario
that must fail on it. `make conformance` starts every one of them, runs that scenario and what stands before it in its track, and proves two
things: the scenario fails on the mutant, and the program without the fault passes it. One line of counts ends it:

```
conformance: <scenarios> scenarios, <passed>/<must> must, <caught>/<mutants> mutants caught
```

`.venv/bin/python -m tests.mutants.run --kind server stale-timestamp` does it for one. A new one is an entry in
`tests/mutants/<kind>/mutanten.toml` and a function (of senders a class) of the same name. A mutant that no scenario catches is a scenario to write.
This page is made of that data: `.venv/bin/python -m tests.mutants.doc`.
"""


def page() -> str:
    return _INTRO.format(count=len(mutants())) + "".join(f"\n{line}" for kind in KINDS for line in _part(kind)) + "\n"


def _part(kind: str) -> Iterator[str]:
    titles = {s.id: s.titel for s in whole_plan()}
    head, text = _HEADS[kind]
    yield f"## {head}"
    yield ""
    yield text
    yield ""
    yield "| mutant | what it does wrong: it … | scenario that catches it | |"
    yield "|---|---|---|---|"
    for m in mutants(kind):
        yield f"| {m.name} | {m.fault} | `{m.scenario}` | {titles[m.scenario]} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
