"""`vsb-conformance serve` and `sessions`: a vendor's software is asked, step by step, and judged on what it sends."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from conformance.commands.run import show
from conformance.expected import ExpectedError, apply_expected, load_expected
from conformance.plan import PlanError
from conformance.report import write_reports
from conformance.report.html import WORDS
from conformance.sender.page import page_app
from conformance.sender.plans import pillars
from conformance.sender.server import NotServed, listening, on_stage
from conformance.sender.session import Options, Session, SessionError, new_session, open_session
from conformance.sender.session import sessions as all_sessions
from conformance.sender.stage import Stage
from conformance.verdict import Verdict
from gateway.observe import logs
from gateway.wire.server import BoundedProtocol

console = Console()
COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.WARNING: "yellow",
    Verdict.REVIEW: "magenta",
    Verdict.SKIPPED: "dim",
}
Folder = Annotated[Path, typer.Option(file_okay=False, help="Where sessions are kept, a folder each.")]
SESSIONS = Path("run/sessies")


def serve(
    pillar: Annotated[str, typer.Option(help="Pillar to judge for, for example eibwfin.", show_default=False)] = "",
    session: Annotated[str, typer.Option(help="Go on with this session where it stopped.", show_default=False)] = "",
    hook: Annotated[
        str,
        typer.Option(
            help="Your program, called for each step: the step is JSON on stdin and in VSB_* variables; nobody needs to look. "
            "It ends with 0 (done), 3 (the answer is not to be believed) or 4 (not supported).",
            show_default=False,
        ),
    ] = "",
    scenario: Annotated[list[str] | None, typer.Option(help="Only this scenario; repeat. With a hook, run it (again).")] = None,
    clock: Annotated[
        str,
        typer.Option(help="systeem: the time of day; volgt: your software takes its time from the step, so that days can pass."),
    ] = "systeem",
    host: Annotated[
        str | None, typer.Option(help="Address for your software; the page stays on this computer.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port for your software.", min=1, max=65535, show_default="8080")] = None,
    page_port: Annotated[int | None, typer.Option(help="Port of the page.", min=1, max=65535, show_default="8081")] = None,
    vendor: Annotated[str, typer.Option(help="Who makes the software; for the reports and an attestation.")] = "",
    product: Annotated[str, typer.Option(help="Its name; it is attested for the session as VSB-TEST-0001.")] = "",
    version: Annotated[str, typer.Option(help="Its version, for example 3.2.")] = "",
    patience: Annotated[float, typer.Option(help="Seconds of silence before the suite cuts the line.", min=0.1)] = 30.0,
    quiet: Annotated[
        float | None,
        typer.Option(help="Seconds that the suite goes on watching for what should not come.", min=0, show_default="5"),
    ] = None,
    step_timeout: Annotated[float, typer.Option(help="Seconds that a person has for a step.", min=1)] = 1800.0,
    mask: Annotated[bool, typer.Option("--mask", help="Keep no person's number in the evidence.")] = False,
    expected_failures: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="TOML, a table verwacht for each scenario with its reden; one that no longer fires fails.",
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow each step in the terminal.")] = False,
    folder: Folder = SESSIONS,
) -> None:
    """Stand up a reference central application and ask your software, step by step, to send; judge what arrives.

    Without --hook a page in your browser tells what to send now and shows what came. With --hook the session runs by itself and
    the exit status is 0 when every must-scenario passed, 1 when one did not, 2 when nothing could be judged.

    Reports are written in the session's folder: verslag.html, junit.xml, verslag.json, and the whole traffic in bewijs/.
    """
    logs.configure("ERROR")
    where = {"host": host, "port": port, "page_port": page_port}
    given: dict[str, Any] = {k: v for k, v in where.items() if v is not None}
    if hook:
        given["hook"] = hook
    if quiet is not None:
        given["quiet"] = quiet
    try:
        if session:
            opened = open_session(folder, session)
            opened.options = replace(opened.options, **given)
        else:
            opened = _new(
                folder,
                Options(
                    pijler=pillar, klok=clock, vendor=vendor, product=product, version=version, mask=mask, patience=patience,
                    step_timeout=step_timeout, **given,
                ),
            )  # fmt: skip
        raise typer.Exit(_hold(opened, scenario, watch, expected_failures))
    except (SessionError, PlanError, NotServed, ExpectedError, ValueError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None


def _new(folder: Path, options: Options) -> Session:
    if options.pijler not in pillars():
        raise SessionError(f"geef --pillar: {', '.join(pillars())}")
    if options.klok not in ("systeem", "volgt"):
        raise SessionError("--clock is systeem of volgt")
    return new_session(folder, options)


def _hold(session: Session, scenarios: list[str] | None, watch: bool, expected: Path | None) -> int:
    options, token = session.options, secrets.token_urlsafe(24)
    chosen = None if not scenarios else [s if s.startswith(f"{options.pijler}/") else f"{options.pijler}/{s}" for s in scenarios]
    with ExitStack() as stack:
        conductor = stack.enter_context(on_stage(session))
        stage = stack.enter_context(Stage(conductor=conductor, careful=not options.hook).open())
        page = page_app(stage, token, options.page_port)
        stack.enter_context(listening(page, "127.0.0.1", options.page_port, protocol=BoundedProtocol))
        _greet(session, conductor.base, token)
        if options.hook or chosen:
            stage.start(chosen)
        try:
            _follow(stage, watch, until_done=bool(options.hook))
        except KeyboardInterrupt:
            console.print("Gestopt. Ga verder met:")
            console.print(f"  vsb-conformance serve --session {session.run.id}", highlight=False)
    stale = apply_expected(session.run, {} if expected is None else load_expected(expected))
    files = write_reports(session.run, session.folder)
    show(session.run)
    for line in stale:
        console.print(f"verwachte mislukking: {line}", style="red", markup=False)
    for kind, path in files.items():
        console.print(f"{kind:6} {path}", highlight=False, markup=False, soft_wrap=True)
    good = session.run.passed if chosen else session.passed
    return 0 if good and not stale else 1


def _greet(session: Session, base: str, token: str) -> None:
    done = len(session.run.results)
    console.print(f"[bold]Sessie {session.run.id}[/]{f', {done} scenario(s) gedaan' if done else ''}", highlight=False)
    console.print(f"  uw software zendt naar  {base}/soap/aanvraag/v1, /verzekerbaarheid/v1, /facturatie/v1", highlight=False)
    console.print(f"  de pagina               http://127.0.0.1:{session.options.page_port}/", highlight=False)
    console.print(f"  API (X-VSB-Token)       {token}", highlight=False)
    console.print(f"  bewaard in              {session.folder}", highlight=False, soft_wrap=True)


def _follow(stage: Stage, watch: bool, *, until_done: bool) -> None:
    total = len(stage.session.plan())
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    told = {k: r.started for k, r in stage.session.run.results.items()}
    step: tuple[str, int] | None = None
    with bar:
        task = bar.add_task("scenario's", total=total, completed=len(told))
        while True:
            for key, result in list(stage.session.run.results.items()):
                if told.get(key) != result.started:
                    told[key] = result.started
                    _tell(stage, key, always=watch)
            now = stage.conductor.now
            if watch and now.scenario is not None and now.task is not None and step != (now.scenario.id, now.number):
                step = (now.scenario.id, now.number)
                console.print(f"[bold]{now.scenario.id}[/] stap {now.number}: {now.task.text.splitlines()[0]}", highlight=False)
            bar.update(task, completed=len(told), description=(now.scenario.id if now.scenario else "wacht")[:44])
            if until_done and stage.wait(0.2) and all(told.get(k) == r.started for k, r in stage.session.run.results.items()):
                return
            if not until_done:
                time.sleep(0.3)


def _tell(stage: Stage, key: str, *, always: bool) -> None:
    result = stage.session.run.results[key]
    if result.verdict is Verdict.PASS and not always:
        return
    colour = COLOURS[result.verdict]
    console.print(f"[{colour}]{WORDS[result.verdict]}[/] {key}: {result.title}", highlight=False)
    for check in (c for c in result.checks if c.verdict not in (Verdict.PASS, Verdict.SKIPPED)):
        console.print(f"   {check.name} ({check.where})", markup=False, highlight=False)
        console.print(f"      verwacht {check.expected}; gekregen {check.got}", markup=False, highlight=False)
        if check.remedy:
            console.print(f"      {check.remedy}", markup=False, highlight=False)


def sessions(folder: Folder = SESSIONS) -> None:
    """List the sessions of senders, newest first; `serve --session ID` goes on with one."""
    table = Table()
    for column in ("sessie", "pijler", "product", "begonnen", "gedaan", "geslaagd"):
        table.add_column(column)
    for one in all_sessions(folder):
        run = one.run
        product = f"{run.product} {run.version}".strip()
        plan = len(one.plan()) if one.options.pijler in pillars() else 0
        table.add_row(run.id, run.pillar, product, run.started, f"{len(run.results)}/{plan}", "ja" if one.passed else "nee")
    console.print(table, highlight=False)
