"""A reference central application: the real gateway as a process of its own, on a fresh database with the sample data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from gateway.clock import Clock, system_clock

NOWHERE = "http://127.0.0.1:9"
_GATEWAY = (sys.executable, "-m", "gateway")


class NotUp(RuntimeError):
    """The reference application did not come up; the text ends with its last words."""


@dataclass(kw_only=True)
class Reference:
    """One running reference application."""

    base: str
    folder: Path
    clock: Clock
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        return (self.folder / "gateway.log").read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def reference_gateway(
    folder: Path,
    *,
    clock: datetime | None = None,
    push_base: str = NOWHERE,
    command: Sequence[str] = _GATEWAY,
    port: int | None = None,
    **env: str,
) -> Iterator[Reference]:
    """Run one until the context ends.

    Args:
        folder: database and log; made, and best empty.
        clock: moment at which its clock starts; now if left out.
        push_base: where the sample zorgkassen that are pushed to listen.
        command: the program that is the gateway, in place of ours: a deliberately broken one.
        env: further VSB_* settings.

    Raises:
        NotUp: it did not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    environment = {
        **os.environ,
        "VSB_HOST": "127.0.0.1",
        "VSB_PORT": str(port),
        "VSB_DATABASE_URL": f"sqlite:///{folder}/gateway.sqlite",
        "VSB_POLL_SECONDS": "0",
        **({} if clock is None else {"VSB_CLOCK": clock.isoformat()}),
        **env,
    }
    offset = timedelta() if clock is None else clock - datetime.now(UTC)
    load = subprocess.run(  # noqa: S603
        [*_GATEWAY, "reference", "sample", "--push-base", push_base], env=environment, capture_output=True, check=False
    )
    if load.returncode:
        raise NotUp(f"the sample data did not load:\n{load.stdout.decode()}{load.stderr.decode()}"[-3000:])
    with (folder / "gateway.log").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            [*command, "serve"], env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    running = Reference(base=f"http://127.0.0.1:{port}", folder=folder, clock=lambda: system_clock() + offset, process=process)
    try:
        _wait(running)
        yield running
    finally:
        _stop(process)


def _wait(running: Reference) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            if requests.get(f"{running.base}/healthz", timeout=1).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    raise NotUp(f"the reference application did not come up:\n{running.log()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
