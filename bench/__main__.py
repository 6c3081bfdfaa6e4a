"""`python -m bench [verify|accepted|soak|drain|members|invoice|console] [--quick]`: the figures of design.md §5 as a table."""

from __future__ import annotations

import sys

from bench import accepted, console, drain, invoice, members, verify
from bench.table import show

BENCHES = {
    "verify": verify.run,
    "accepted": accepted.run,
    "soak": accepted.soak,
    "drain": drain.run,
    "members": members.run,
    "invoice": invoice.run,
    "console": console.run,
}


def main(arguments: list[str]) -> int:
    names = [a for a in arguments if not a.startswith("-")] or list(BENCHES)
    unknown = [n for n in names if n not in BENCHES]
    if unknown:
        print(f"no bench {unknown[0]}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    rows = [row for name in names for row in BENCHES[name](quick="--quick" in arguments)]
    show(rows, "beside the floor of the same run")
    return 0


raise SystemExit(main(sys.argv[1:]))
