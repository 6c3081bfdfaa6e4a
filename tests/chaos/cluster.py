"""The cluster under test: two servers and two workers on one database, each started again at once when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import requests

from bench.running import members
from tests.databases import Nats, PostgreSQL, private_nats, private_postgresql
from tests.support import free_port

ZORGKASSEN = ("180", "280", "380", "480", "580", "680")
_GATEWAY = [sys.executable, "-m", "gateway"]
_SETTINGS = {
    "VSB_HOST": "127.0.0.1",
    "VSB_LOG_LEVEL": "INFO",
    "VSB_RATE_ADDRESS": "0",
    "VSB_RATE_SENDER": "0",
    "VSB_RATE_STATUS": "0",
    "VSB_POLL_SECONDS": "0",
}


@dataclass(kw_only=True)
class Seat:
    """One process of the cluster, whichever incarnation of it runs."""

    name: str
    kind: str
    """server or worker."""
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass(kw_only=True)
class Cluster:
    """Two servers, two workers, their database and perhaps a broker."""

    seats: list[Seat]
    bases: list[str]
    """Addresses of the servers."""
    environment: dict[str, str]
    persons: list[str]
    """INSZ numbers of generated members; those of ZORGKASSEN in turn."""
    postgresql: PostgreSQL | None
    nats: Nats | None
    ended: Counter[str] = field(default_factory=Counter)
    """Processes that ended by themselves, by kind: without a database there is nothing to start for."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kill(self, kind: str, random: Random) -> None:
        """Kill one of a kind and start it again at once; a database or broker is away for up to two seconds."""
        match kind:
            case "postgresql" if self.postgresql is not None:
                self.postgresql.stop("immediate")
                time.sleep(random.uniform(0, 2))
                self.postgresql.start()
            case "nats" if self.nats is not None:
                self.nats.stop(signal.SIGKILL)
                time.sleep(random.uniform(0, 2))
                self.nats.start()
            case _:
                with self._lock:
                    seat = random.choice([s for s in self.seats if s.kind == kind])
                    seat.kill()
                    seat.start()

    def keep(self, stop: threading.Event) -> None:
        """Start again what ended by itself, as systemd or Kubernetes would, until `stop` is set."""
        while not stop.wait(0.5):
            with self._lock:
                for seat in self.seats:
                    if seat.process is not None and seat.process.poll() is not None:
                        self.ended[seat.kind] += 1
                        seat.start()

    def wait_until_up(self, seconds: float = 90) -> None:
        """Wait until every server answers.

        Raises:
            TimeoutError: one of them does not.
        """
        end = time.monotonic() + seconds
        for base in self.bases:
            while not _answers(base):
                if time.monotonic() > end:
                    raise TimeoutError(f"no server at {base}")
                time.sleep(0.1)


def _answers(base: str) -> bool:
    try:
        return requests.get(f"{base}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def running_cluster(folder: Path, engine: str, push_base: str, persons: int) -> Iterator[Cluster]:
    """A cluster on the sample data and generated members, with a keeper that starts again what ends.

    Args:
        engine: sqlite or postgres; the latter with NATS.
        push_base: address of the receiver of the zorgkassen that are pushed to.
        persons: how many members.
    """
    with ExitStack() as stack:
        postgresql = stack.enter_context(private_postgresql()) if engine == "postgres" else None
        nats = stack.enter_context(private_nats()) if engine == "postgres" else None
        environment = {**os.environ, **_SETTINGS}
        environment["VSB_DATABASE_URL"] = (
            f"sqlite:///{folder}/gateway.sqlite" if postgresql is None else postgresql.new_database()
        )
        if nats is not None:
            environment["VSB_NATS_URL"] = nats.url
        numbers = members(folder, persons, ZORGKASSEN)
        files = [f"{folder}/personen.csv", f"{folder}/aansluitingen.csv"]
        for what in (["reference", "sample", "--push-base", push_base], ["reference", "load", *files]):
            subprocess.run([*_GATEWAY, *what], env=environment, check=True, stdout=subprocess.DEVNULL)
        ports = [free_port(), free_port()]
        seats = [_seat(folder, f"server-{n}", ["serve", "--no-worker"], environment, port) for n, port in enumerate(ports)]
        seats += [_seat(folder, f"worker-{n}", ["worker"], environment) for n in range(2)]
        cluster = Cluster(
            seats=seats,
            bases=[f"http://127.0.0.1:{port}" for port in ports],
            environment=environment,
            persons=numbers,
            postgresql=postgresql,
            nats=nats,
        )
        stop = threading.Event()
        keeper = threading.Thread(target=cluster.keep, args=(stop,))
        try:
            for seat in seats:
                seat.start()
            keeper.start()
            cluster.wait_until_up()
            yield cluster
        finally:
            stop.set()
            keeper.join()
            for seat in seats:
                seat.kill()


def _seat(folder: Path, name: str, command: list[str], environment: dict[str, str], port: int | None = None) -> Seat:
    own = environment if port is None else {**environment, "VSB_PORT": str(port)}
    return Seat(
        name=name, kind=name.partition("-")[0], command=[*_GATEWAY, *command], environment=own, log=folder / f"{name}.log"
    )
