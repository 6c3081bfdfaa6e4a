"""A production set-up in small: two gateways, two workers, one database, a broker when it is PostgreSQL, and a chaotic zorgkas."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import requests

from bench.running import members
from tests.databases import Nats, PostgreSQL, private_nats, private_postgresql
from tests.support import free_port

KASSEN = ("180", "280", "380", "480", "580", "680")
"""Three fetch, three are pushed to (the sample zorgkassen)."""
PUSHED = ("280", "480", "680")
_GATEWAY = [sys.executable, "-m", "gateway"]


@dataclass
class Member:
    """One process of the cluster, started again with the same command whenever it was killed."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def kill(self) -> None:
        """SIGKILL of the process and its children, then a new one."""
        self._end(signal.SIGKILL)
        self.kills += 1
        self.start()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        try:
            if number is signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
            self.process.wait(timeout=60)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass(kw_only=True)
class Cluster:
    """Everything that may be killed, and where it keeps things."""

    folder: Path
    database_url: str
    environment: dict[str, str]
    bases: list[str]
    """Addresses of the gateways."""
    gateways: list[Member]
    workers: list[Member]
    receiver: Member
    persons: list[str]
    kas_of: dict[str, str]
    """INSZ to zorgkas."""
    postgresql: PostgreSQL | None
    nats: Nats | None
    restarts: dict[str, int] = field(default_factory=dict)

    @property
    def received(self) -> Path:
        return self.folder / "received"

    def strike(self, random: Random) -> str:
        """Kill something; returns what."""
        if self.postgresql is not None and random.random() < 0.04:
            self.postgresql.stop("immediate")
            self.postgresql.start()
            return self._restarted("postgresql")
        if self.nats is not None and random.random() < 0.04:
            self.nats.stop(signal.SIGKILL)
            self.nats.start()
            return self._restarted("nats")
        victim = random.choice([*self.gateways, *self.workers])
        victim.kill()
        return victim.name

    def _restarted(self, name: str) -> str:
        self.restarts[name] = self.restarts.get(name, 0) + 1
        return name

    def calm(self) -> None:
        """From now on the receiver behaves."""
        (self.received / "calm").touch()

    def wait_until_up(self, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        for base in self.bases:
            while not _alive(base):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{base} did not come up; see {self.folder}")
                time.sleep(0.2)


def _alive(base: str) -> bool:
    try:
        return requests.get(f"{base}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def cluster(folder: Path, database: str, persons: int, seed: int) -> Iterator[Cluster]:
    """A running cluster with sample data and generated members.

    Args:
        database: sqlite, or postgres with NATS beside it.
    """
    received = folder / "received"
    received.mkdir(parents=True)
    numbers = members(folder, persons, KASSEN)
    with ExitStack() as stack:
        postgresql = stack.enter_context(private_postgresql()) if database == "postgres" else None
        nats = stack.enter_context(private_nats()) if database == "postgres" else None
        url = f"sqlite:///{folder}/gateway.sqlite" if postgresql is None else postgresql.new_database()
        port, ports = free_port(), [free_port(), free_port()]
        environment = {
            **os.environ,
            "VSB_HOST": "127.0.0.1",
            "VSB_DATABASE_URL": url,
            "VSB_RATE_ADDRESS": "0",
            "VSB_RATE_SENDER": "0",
            "VSB_POLL_SECONDS": "0",
            **({} if nats is None else {"VSB_NATS_URL": nats.url}),
        }
        files = [f"{folder}/personen.csv", f"{folder}/aansluitingen.csv"]
        for what in (["reference", "sample", "--push-base", f"http://127.0.0.1:{port}"], ["reference", "load", *files]):
            subprocess.run([*_GATEWAY, *what], env=environment, check=True, stdout=subprocess.DEVNULL)
        made = Cluster(
            folder=folder,
            database_url=url,
            environment=environment,
            bases=[f"http://127.0.0.1:{p}" for p in ports],
            gateways=[
                Member(
                    f"gateway-{n}",
                    [*_GATEWAY, "serve", "--no-worker"],
                    {**environment, "VSB_PORT": str(p)},
                    folder / f"gateway-{n}.log",
                )
                for n, p in enumerate(ports, 1)
            ],
            workers=[Member(f"worker-{n}", [*_GATEWAY, "worker"], environment, folder / f"worker-{n}.log") for n in (1, 2)],
            receiver=Member(
                "receiver",
                [sys.executable, "-m", "tests.chaos.receiver", str(port), str(received), str(seed)],
                environment,
                folder / "receiver.log",
            ),
            persons=numbers,
            kas_of={insz: KASSEN[n % len(KASSEN)] for n, insz in enumerate(numbers)},
            postgresql=postgresql,
            nats=nats,
        )
        processes = [made.receiver, *made.gateways, *made.workers]
        try:
            for process in processes:
                process.start()
            made.wait_until_up()
            yield made
        finally:
            for process in processes:
                process.stop()
