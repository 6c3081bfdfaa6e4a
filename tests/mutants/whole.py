"""`make conformance`: the suite on our own gateway, receiver and vendor, then over the mutants; ends with one line of counts."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.examples.vendor_zeep import handle
from conformance.sender.plans import pillars
from conformance.sender.server import judge_sender
from conformance.server.runner import Options, new_run, own_targets, run_server, server_plan
from conformance.verdict import Result, Run, Verdict
from conformance.zorgkas.run import run_zorgkas
from tests.mutants.run import TRUE, Proof, prove
from tests.mutants.start import receivers

console = Console()


def own_runs(folder: Path) -> Iterator[tuple[str, Run]]:
    """Each part that we play ourselves, judged by the whole of its plan."""
    plan = list(server_plan())
    with console.status("the gateway"):
        options = Options(out=folder / "server", parallel=2)
        yield "gateway", run_server(new_run(plan), plan, own_targets(folder / "doelen"), options)
    with console.status("the reference receiver"), receivers(TRUE, folder / "zorgkas") as (address, kept):
        yield "receiver", run_zorgkas(address, kept=kept)
    with console.status("the reference vendor"), ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")) as pool:
        work = {pillar: pool.submit(judge_sender, pillar, handle, folder / pillar) for pillar in pillars()}
        for pillar, run in work.items():
            yield f"vendor {pillar}", run.result()


def wrong(result: Result) -> str:
    failed = next((c for c in result.checks if c.verdict is not Verdict.PASS), None)
    return "" if failed is None else f"{failed.name}: verwacht {failed.expected}, gekregen {failed.got}"[:160]


def show(proofs: list[Proof]) -> None:
    """The table of fault by scenario."""
    table = Table(title="Mutants: what is wrong with each, and the scenario that caught it")
    for column in ("part", "mutant", "fault", "scenario", "caught by"):
        table.add_column(column, overflow="fold")
    for p in proofs:
        why = escape(p.why[:120]) if p.caught else "[red]MISSED[/]"
        table.add_row(p.mutant.kind, p.mutant.name, escape(p.mutant.fault), p.mutant.scenario, why)
    console.print(table, markup=True, highlight=False)


def main() -> int:
    """Exit status 0 when every must-scenario passed on our own programs and every mutant was caught."""
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, run in own_runs(Path(folder)):
            must = [r for r in run.results.values() if r.level == "must"]
            console.print(f"{name}: {len(run.results)} scenarios, {sum(r.ok for r in must)}/{len(must)} must", highlight=False)
            for result in run.results.values():
                if not result.ok:
                    console.print(f"  {result.scenario}: {wrong(result)}", highlight=False, markup=False)
            results += run.results.values()
    with console.status("the mutants"):
        proofs = prove()
    show(proofs)
    must = [r for r in results if r.level == "must"]
    passed, caught = sum(r.ok for r in must), sum(p.caught and p.passes for p in proofs)
    print(
        f"conformance: {len(results)} scenarios, {passed}/{len(must)} must, {caught}/{len(proofs)} mutants caught",
        flush=True,
    )
    return 0 if passed == len(must) and caught == len(proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
