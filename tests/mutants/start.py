"""Starts broken programs by the dozen: a fork server has read the gateway's modules once, and each program is a fork of it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import requests

from conformance.server.reference import free_port
from conformance.server.runner import Target, Targets, month_before
from gateway.clock import system_clock

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.mutants.server", "tests.mutants.zorgkas", "gateway.commands.serve"])


def start(work: Callable[..., None], *arguments: Any, log: Path) -> BaseProcess:
    """Run a function of a module in a process of its own, with its output in a file."""
    process = _CONTEXT.Process(target=_run, args=(work, arguments, log), daemon=False)
    process.start()
    return process


def _run(work: Callable[..., None], arguments: Sequence[Any], log: Path) -> None:
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    work(*arguments)


def stop(process: BaseProcess) -> None:
    process.terminate()
    process.join(timeout=20)
    if process.is_alive():
        process.kill()
        process.join()


def serve_mutant(name: str, settings: Mapping[str, str]) -> None:
    """The gateway's server with the fault of a name in it; `echt` has none."""
    from gateway.commands import serve
    from gateway.settings import Settings
    from tests.mutants.server import INGREPEN

    os.environ.update(settings)
    INGREPEN.get(name, lambda: None)()
    read = Settings()
    with serve.metrics.shared_between_processes():
        serve._serve(read, serve.make_gateway(read), with_worker=False)


def work_mutant(name: str, settings: Mapping[str, str]) -> None:
    """Its worker, with the same fault."""
    from gateway.commands import serve
    from tests.mutants.server import INGREPEN

    os.environ.update(settings)
    INGREPEN.get(name, lambda: None)()
    with contextlib.suppress(SystemExit):
        serve.worker(parent=os.getppid())


def targets(name: str, folder: Path, seed: Path) -> Targets:
    """A broken central application for each track, on a copy of a database with the sample data."""

    @contextmanager
    def broken(track: str, clock: str) -> Iterator[Target]:
        place = folder / (track or "alle").replace("/", "-")
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(seed, place / "gateway.sqlite")
        moment, port = month_before(int(clock)) if clock else None, free_port()
        settings = {
            "VSB_HOST": "127.0.0.1",
            "VSB_PORT": str(port),
            "VSB_DATABASE_URL": f"sqlite:///{place}/gateway.sqlite",
            "VSB_POLL_SECONDS": "0",
            "VSB_RATE_ADDRESS": "0",
            "VSB_RATE_SENDER": "0",
            **({} if moment is None else {"VSB_CLOCK": moment.isoformat()}),
        }
        offset = timedelta() if moment is None else moment - datetime.now(UTC)
        log = place / "log"
        running = [start(serve_mutant, name, settings, log=log)]
        # Only what is treated after it was acknowledged needs a worker.
        if track:
            running.append(start(work_mutant, name, settings, log=log))
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", running[0], log)
            yield Target(base=f"http://127.0.0.1:{port}", clock=lambda: system_clock() + offset)
        finally:
            for process in running:
                stop(process)

    return broken


def wait_for(address: str, process: BaseProcess, log: Path) -> None:
    """Wait until a program answers at an address.

    Raises:
        RuntimeError: it ended, or did not come up in time.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.is_alive():
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            requests.get(address, timeout=2)
            return
        time.sleep(0.05)
    raise RuntimeError(f"the mutant did not come up:\n{log.read_text(errors='replace')[-2000:]}")


def seeded(folder: Path, push_base: str = "http://127.0.0.1:9") -> Path:
    """A SQLite database with the sample data, to be copied."""
    path = folder / "seed.sqlite"
    environment = {**os.environ, "VSB_DATABASE_URL": f"sqlite:///{path}"}
    command = [sys.executable, "-m", "gateway", "reference", "sample", "--push-base", push_base]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return path


_KEPT = """
import pathlib, sys
found = list(pathlib.Path({folder!r}).rglob(sys.argv[1] + ".xml"))
sys.exit({{0: 1, 1: 0}}.get(len(found), 2))
"""


@contextmanager
def receivers(name: str, folder: Path) -> Iterator[tuple[str, str]]:
    """A broken receiver of zorgkas 280; yields its address, and the program that says how often it keeps a message."""
    from tests.mutants.zorgkas import serve

    folder.mkdir(parents=True)
    port, log, hook = free_port(), folder / "log", folder / "kept.py"
    hook.write_text(_KEPT.format(folder=str(folder / "received")))
    process = start(serve, name, folder / "received", port, log=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}/zorgkas/280", f"{sys.executable} {hook}"
    finally:
        stop(process)
