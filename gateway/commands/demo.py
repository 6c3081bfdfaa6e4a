"""`vsb-gateway demo`: the main job, end to end, on the sample data."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import requests
import typer
from rich.console import Console
from sqlalchemy.engine import make_url

from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS
from gateway.settings import Settings

console = Console()
_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies, also by SIGKILL."""


class _Stopped(SystemExit):
    """Somebody asked to stop; the processes that were started end on the way out."""


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the table; the exit status says whether every message arrived.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where database, log and delivered messages are kept; emptied first.")] = Path(
        "run/demo"
    ),
) -> None:
    """Start a gateway with sample data and six sample zorgkassen, and send real messages through it.

    A sheltered-housing facility asks whether a person is insured, notifies the start of a stay and invoices a month; each
    accepted message arrives at the zorgkas that insures that person on that date, and the answers return. Honours VSB_PORT
    and VSB_DATABASE_URL. Without --once the gateway stays up until Ctrl-C.
    """
    from conformance.walkthrough import Walkthrough

    settings = Settings()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    base = f"http://127.0.0.1:{settings.port}"
    _check_free(settings.port)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    receiver_port = _free_port()
    environment = {
        **os.environ,
        "VSB_HOST": "127.0.0.1",
        "VSB_CONSOLE": "true",
        "VSB_CONSOLE_ACCOUNTS": os.environ.get("VSB_CONSOLE_ACCOUNTS", str(SAMPLE_ACCOUNTS)),
        "VSB_CONSOLE_SAMPLE_HINT": str("VSB_CONSOLE_ACCOUNTS" not in os.environ).lower(),
        "VSB_DATABASE_URL": os.environ.get("VSB_DATABASE_URL", f"sqlite:///{folder}/gateway.sqlite"),
    }
    console.print("[bold]Sample data[/] …")
    _run(environment, "gateway", "reference", "sample", "--push-base", f"http://127.0.0.1:{receiver_port}")
    with (
        _process(
            environment, folder / "receiver.log", "conformance", "receiver", "--port", str(receiver_port), "--folder", str(folder)
        ),
        _process(environment, folder / "gateway.log", "gateway", "serve") as gateway,
    ):
        _wait_until_up(base, gateway, folder / "gateway.log")
        walk = Walkthrough(base=base, delivered=folder, console=console)
        arrived = walk.run()
        if once:
            raise typer.Exit(0 if arrived else 1)
        walk.show_next_steps(commands=_for_commands(environment, settings.port))
        try:
            gateway.wait()
        except _Stopped:
            console.print("Stopping …")
            return
    console.print(f"[red]The gateway stopped by itself:[/] see {folder / 'gateway.log'}")
    raise typer.Exit(1)


def _stop(number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second signal may not break off the end of the processes.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise _Stopped(128 + number)


def _for_commands(environment: Mapping[str, str], port: int) -> list[str]:
    """What to set so that commands beside this gateway look into its database and post to its port."""
    url = make_url(environment["VSB_DATABASE_URL"])
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(Path(url.database).absolute()))
    chosen = [f"export VSB_DATABASE_URL='{url.render_as_string(hide_password=False)}'"]
    return [*chosen, f"export VSB_PORT={port}"] if port != Settings.model_fields["port"].default else chosen


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            console.print(f"[red]Port {port} is in use.[/] Stop what listens there, or choose another: VSB_PORT=8090 make run")
            raise typer.Exit(2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(environment: dict[str, str], module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], env=environment, check=True)  # noqa: S603


@contextmanager
def _process(environment: dict[str, str], log: Path, module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *arguments],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent,
        )
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(timeout=40)
            except subprocess.TimeoutExpired:
                child.kill()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_up(base: str, child: subprocess.Popen[bytes], log: Path) -> None:
    with console.status("Starting the gateway …"):
        for _ in range(300):
            if child.poll() is not None:
                console.print(f"[red]The gateway stopped:[/] see {log}")
                console.print(log.read_text()[-2000:], markup=False)
                raise typer.Exit(1)
            try:
                if requests.get(f"{base}/healthz", timeout=1).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.1)
    console.print(f"[red]The gateway did not come up within 30 s:[/] see {log}")
    raise typer.Exit(1)
