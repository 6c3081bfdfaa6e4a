"""`vsb-conformance scenarios`, `coverage`, `report`, `override`, `attest`: looking at the plan and at a finished run."""

from __future__ import annotations

import csv
import getpass
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from conformance.attestation import AttestationProblem
from conformance.attestation import attest as make_attestation
from conformance.commands.run import show
from conformance.plan import PlanError, Scenario
from conformance.plans import whole_plan
from conformance.report import write_reports
from conformance.requirements import Coverage, coverage, texts
from conformance.store import RecordError, load
from conformance.verdict import Override, Verdict
from conformance.walkthrough import sample_signer
from gateway.trust.signing import load_signer

console = Console()
Out = Annotated[Path, typer.Option(file_okay=False, help="Folder of the run.")]


def scenarios(
    pillar: Annotated[str | None, typer.Option(help="Only of this pillar.")] = None,
    text: Annotated[str, typer.Option("--search", help="Only with this in id, title or requirement.")] = "",
) -> None:
    """List the scenarios: id, level, what it is, which requirement of a cookbook it proves."""
    table = Table()
    for column in ("id", "rol", "niveau", "titel", "eis"):
        table.add_column(column, overflow="fold")
    plan = [s for s in _whole() if (pillar is None or s.pijler == pillar) and _holds(s, text)]
    for s in plan:
        table.add_row(s.id, s.rol.value, s.niveau.value, s.titel, ", ".join(s.eis))
    console.print(table, markup=False, highlight=False)
    console.print(f"{len(plan)} scenario's", highlight=False)


def _holds(scenario: Scenario, text: str) -> bool:
    return text.casefold() in " ".join((scenario.id, scenario.titel, *scenario.eis)).casefold()


def show_coverage(
    pillar: Annotated[str | None, typer.Option(help="Only requirements of this pillar.")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only what no scenario proves.")] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it as CSV instead.")] = None,
) -> None:
    """Say which requirement of the cookbooks is proven by which scenario, and which by none."""
    rows = [r for r in coverage(_whole()) if pillar is None or r.requirement.id.startswith(f"{pillar} ")]
    chosen = [r for r in rows if not (missing and r.scenarios)]
    if out is not None:
        with out.open("w", encoding="utf-8", newline="") as file:
            _write(csv.writer(file, delimiter=";"), chosen)
        console.print(f"Wrote {out}", highlight=False, markup=False)
    elif not sys.stdout.isatty():
        _write(csv.writer(sys.stdout, delimiter=";"), chosen)
        return
    else:
        table = Table()
        for column in ("eis", "soort", "tekst", "scenario's"):
            table.add_column(column, overflow="fold")
        for r in chosen:
            table.add_row(r.requirement.id, r.requirement.kind, r.requirement.text, ", ".join(r.scenarios) or "[red]geen[/]")
        console.print(table, highlight=False)
    proven = sum(bool(r.scenarios) for r in rows)
    console.print(f"{proven} van {len(rows)} eisen bewezen", highlight=False)


def _write(writer: object, rows: list[Coverage]) -> None:
    writer.writerow(["eis", "soort", "tekst", "scenarios"])  # type: ignore[attr-defined]
    for r in rows:
        line = [r.requirement.id, r.requirement.kind, r.requirement.text, " ".join(r.scenarios)]
        writer.writerow(line)  # type: ignore[attr-defined]


def report(out: Out = Path("run/conformance")) -> None:
    """Write the reports of a run again, and show its table."""
    try:
        record = load(out)
    except RecordError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    for path in write_reports(record, out).values():
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)
    show(record)


def override(
    scenario: Annotated[str, typer.Argument(help="Scenario to judge.")],
    verdict: Annotated[Verdict, typer.Argument(help="What it came to, in your judgement.")],
    comment: Annotated[str, typer.Option(help="Why; stands in every report beside what the suite found.")],
    by: Annotated[str | None, typer.Option(help="Who judges; the account if left out.")] = None,
    out: Out = Path("run/conformance"),
) -> None:
    """Put a person's judgement in place of the suite's; the reports show both, and an attestation shows that there is one."""
    try:
        record = load(out)
        result = record.results[scenario]
    except RecordError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    except KeyError:
        console.print(f"{scenario} is not in this run.", style="red", markup=False)
        raise typer.Exit(2) from None
    at = datetime.now(UTC).isoformat(timespec="seconds")
    judged = Override(verdict=verdict, by=by or getpass.getuser(), comment=comment, at=at)
    record.results[scenario] = replace(result, override=judged)
    write_reports(record, out)
    console.print(
        f"{scenario}: {result.found.value} wordt {verdict.value}; {texts().get(result.requirements[0], '')}", highlight=False
    )


def attest(
    out: Out = Path("run/conformance"),
    key: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="PEM private key; none: a sample's.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM eHealth certificate of --key, then its chain.")
    ] = None,
) -> None:
    """Sign a statement about a complete passing run, and pack it with its evidence as attestatie.zip for the central application.

    The exit status is 0 when it was written, 1 when the run does not prove it, with each reason, 2 when nothing could be read.
    """
    if (key is None) != (certificate is None):
        console.print("[red]--key and --certificate go together.[/]")
        raise typer.Exit(2)
    try:
        if key is None or certificate is None:
            signer = sample_signer("facility-ibw-1")
        else:
            signer = load_signer(certificate.read_bytes(), key_pem=key.read_bytes())
        path = make_attestation(out, signer, datetime.now(UTC))
    except AttestationProblem as problem:
        console.print("\n".join(problem.reasons), style="red", markup=False)
        raise typer.Exit(1) from None
    except (RecordError, ValueError, OSError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    console.print(f"Wrote {path}; the central application registers it with: vsb-gateway attestations register", highlight=False)


def _whole() -> list[Scenario]:
    try:
        return whole_plan()
    except PlanError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
