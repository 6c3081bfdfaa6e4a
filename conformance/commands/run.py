"""`vsb-conformance run`: the whole catalogue at an endpoint, each answer judged, and reports of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from conformance.expected import ExpectedError, apply_expected, load_expected
from conformance.plan import PlanError, Role, Scenario, digest
from conformance.report import write_reports
from conformance.report.html import WORDS
from conformance.server.runner import Heard, Options, choose, fixed_target, new_run, own_targets, run_server, server_plan
from conformance.store import RecordError, load, save
from conformance.verdict import Result, Run, Verdict
from conformance.zorgkas.role import zorgkas_plan
from conformance.zorgkas.run import UsageError, run_zorgkas

console = Console()
_COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.WARNING: "yellow",
    Verdict.REVIEW: "magenta",
    Verdict.SKIPPED: "dim",
}


def run(
    target: Annotated[
        str | None,
        typer.Option(
            help="Address of the application to judge, with the sample data and nothing else in it, for example "
            "http://127.0.0.1:8080. Left out: a fresh reference application for each track.",
            show_default=False,
        ),
    ] = None,
    pillar: Annotated[list[str] | None, typer.Option(help="Only scenarios of this pillar and the common ones; repeat.")] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Only this scenario and what it leans on; `WSS-*` names several; repeat.")
    ] = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the record, the evidence and the reports.")] = Path(
        "run/conformance"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out where it stopped.")] = False,
    expected_failures: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="TOML, a table verwacht for each scenario with its reden; one that no longer fires fails.",
        ),
    ] = None,
    mask: Annotated[bool, typer.Option("--mask", help="Keep no person's number in the evidence.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that one answer may take.", min=0.1)] = 30.0,
    patience: Annotated[float, typer.Option(help="Seconds that the result of a zending may take.", min=1)] = 30.0,
    ca: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM issuers of the target's TLS certificate.")
    ] = None,
    issuers: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="PEM issuers of the certificate that seals receipts; none: the sample's."),
    ] = None,
    signer: Annotated[
        str | None, typer.Option(metavar="TYPE=NUMBER", help="Who must seal receipts; none: the sample gateway.")
    ] = None,
    clock: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%S"], help="What the target's clock says now (UTC), when not the time."),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Tracks at once, when the suite starts the applications itself.", min=1, max=16)] = 2,
    role: Annotated[
        Role, typer.Option(help="Whose software stands at --target: a central application, or a zorgkas's receiver.")
    ] = Role.SERVER,
    zorgkas: Annotated[
        str | None, typer.Option(help="With --role zorgkas: its code, when the address does not name it.", show_default=False)
    ] = None,
    kbo: Annotated[
        str | None, typer.Option(help="With --role zorgkas: number in the certificate of its receipts; none: the sample's.")
    ] = None,
    kept: Annotated[
        str,
        typer.Option(
            "--bewaard",
            help="With --role zorgkas: program called with a MessageId; exit 0: kept once, 1: not, 2: more often.",
        ),
    ] = "",
    vendor: Annotated[str, typer.Option(help="Who makes what is judged; for the reports and an attestation.")] = "",
    product: Annotated[str, typer.Option(help="Its name.")] = "",
    version: Annotated[str, typer.Option(help="Its version, for example 3.2.")] = "",
    watch: Annotated[
        Path | None, typer.Option(exists=True, help="Run again each time that something below this path changes, until Ctrl-C.")
    ] = None,
) -> None:
    """Send the whole catalogue, right and wrong messages, at an application and judge every answer.

    Writes verslag.html (for people), junit.xml (for your CI), verslag.json and the whole traffic in bewijs/ below --out.
    The exit status is 0 when no must-scenario failed, 1 when one did, 2 when nothing could be judged.

    Examples: `vsb-conformance run` judges this gateway; `vsb-conformance run --target https://mijn-server --pillar eibwfin`;
    `vsb-conformance run --scenario 'WSS-*'` runs a part again; `vsb-conformance run --role zorgkas --target
    https://vsb.kas.example/zorgkas/280` pushes deliveries at a receiver and judges its receipts.
    """
    if role is Role.SENDER or (role is Role.ZORGKAS and target is None):
        _stop("A sender is judged with `vsb-conformance serve`; a zorgkas's receiver needs --target.")
    offset = timedelta() if clock is None else clock.replace(tzinfo=UTC) - datetime.now(UTC)
    chosen = _plan(role, pillar or [], scenario or [])
    options = Options(
        out=out, mask=mask, timeout=timeout, patience=patience, ca_bundle=issuers, signer=signer, parallel=1 if target else jobs
    )

    def once() -> int:
        if role is Role.ZORGKAS:
            return for_zorgkas()
        targets = (
            own_targets(out / "doelen") if target is None else fixed_target(target, offset=offset, verify=str(ca) if ca else True)
        )
        record = begin()
        return _carry_out(
            record, len(chosen), lambda heard: run_server(record, chosen, targets, options, heard), options.out, expected_failures
        )

    def begin() -> Run:
        record = _record(out, chosen, target or "", resume, role)
        record.vendor, record.product, record.version = vendor, product, version
        record.pillar = (pillar or ["alle"])[0]
        return record

    def for_zorgkas() -> int:
        record = begin()

        def carry(heard: Heard) -> object:
            def tell(result: Result) -> None:
                save(record, out)
                heard(result, len(record.results), len(chosen))

            return run_zorgkas(
                target or "", kas=zorgkas, kbo=kbo, issuers=issuers, kept=kept, evidence=out / "bewijs", mask=mask,
                verify=str(ca) if ca else True, timeout=timeout, plan=chosen, tell=tell, record=record,
            )  # fmt: skip

        return _carry_out(record, len(chosen), carry, out, expected_failures)

    if watch is None:
        raise typer.Exit(once())
    for _ in _changes(watch):
        once()


def _plan(role: Role, pillars: list[str], ids: list[str]) -> list[Scenario]:
    try:
        chosen = choose(server_plan() if role is Role.SERVER else zorgkas_plan(), pillars=pillars, ids=ids)
    except KeyError as error:
        _stop(f"There is no scenario {error.args[0]}. `vsb-conformance scenarios` lists them.")
    except PlanError as error:
        _stop(str(error))
    if not chosen:
        _stop(f"No scenario is of {', '.join(pillars)}. `vsb-conformance scenarios` lists them.")
    return chosen


def _record(out: Path, plan: list[Scenario], target: str, resume: bool, role: Role) -> Run:
    if not resume:
        return new_run(plan, target=target, role=role)
    try:
        found = load(out)
    except RecordError as error:
        _stop(f"{error}; leave --resume out to begin anew.")
    if found.plan != digest(plan):
        _stop("The run in that folder is of another plan: begin anew, without --resume.")
    return found


def _carry_out(record: Run, total: int, carry: Callable[[Heard], object], out: Path, expected: Path | None) -> int:
    try:
        known = {} if expected is None else load_expected(expected)
        with _progress(total) as heard:
            carry(heard)
    except (PlanError, ExpectedError, UsageError) as error:
        console.print(str(error), style="red", markup=False)
        return 2
    stale = apply_expected(record, known)
    files = write_reports(record, out)
    show(record)
    for line in stale:
        console.print(f"verwachte mislukking: {line}", style="red", markup=False)
    for kind, path in files.items():
        console.print(f"{kind:6} {path}", highlight=False, markup=False, soft_wrap=True)
    return 1 if record.failed or stale or not record.results else 0


@contextmanager
def _progress(total: int) -> Iterator:  # type: ignore[type-arg]
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True
    )
    with bar:
        task = bar.add_task("scenario's", total=total)

        def heard(result: Result, done: int, whole: int) -> None:
            bar.update(task, completed=done, total=whole, description=result.scenario[:40])
            if result.verdict is Verdict.FAIL:
                wrong = next(c for c in result.checks if c.verdict is Verdict.FAIL)
                console.print(f"[red]mislukt[/] {result.scenario}: {result.title}", highlight=False)
                console.print(f"   {wrong.name}: verwacht {wrong.expected}, gekregen {wrong.got}", markup=False, highlight=False)

        yield heard


def show(record: Run) -> None:
    """The short table of a run on stdout."""
    table = Table(title=f"sessie {record.id}")
    table.add_column("familie")
    for verdict in Verdict:
        table.add_column(WORDS[verdict], justify="right", style=_COLOURS[verdict])
    for family in sorted({r.family for r in record.results.values()}):
        part = [r for r in record.results.values() if r.family == family]
        table.add_row(family, *(str(sum(r.verdict is v for r in part) or "") for v in Verdict))
    console.print(table)
    must = [r for r in record.results.values() if r.level == "must"]
    colour = "green" if record.passed else "red" if record.failed else "yellow"
    word = f"[{colour}]{record.judgement.lower()}[/]"
    console.print(f"{word}: {sum(r.ok for r in must)} van {len(must)} verplichte scenario's", highlight=False)


def _changes(path: Path) -> Iterator[None]:
    seen: dict[Path, int] | None = None
    while True:
        now = {p: p.stat().st_mtime_ns for p in (path.rglob("*") if path.is_dir() else [path]) if p.is_file()}
        if now != seen:
            seen = now
            yield
        try:
            time.sleep(1)
        except KeyboardInterrupt:
            return


def _stop(text: str) -> NoReturn:
    console.print(text, style="red", markup=False, highlight=False)
    raise typer.Exit(2)
