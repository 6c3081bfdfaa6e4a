"""Processes start and stop apart: what was taken is finished or handed back, whoever stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import requests
from sqlalchemy import select

from conformance.client import FacilityClient
from gateway.store.engine import make_engine
from gateway.store.tables import bericht, levering
from tests.server.test_main_job import wait_for
from tests.support import PERSONS, RunningGateway, free_port, running_gateway, running_receiver

WORKER = [sys.executable, "-m", "gateway", "worker"]


def notify(facility: FacilityClient, gateway: RunningGateway, person: str) -> str:
    answer = facility.indienen(
        str(uuid4()), PERSONS[person], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
    )
    return str(answer.MessageId)


def states(gateway: RunningGateway) -> dict[str, str]:
    engine = make_engine(gateway.environment["VSB_DATABASE_URL"])
    with engine.connect() as conn:
        found = {r[0]: r[1] for r in conn.execute(select(levering.c.id, levering.c.toestand))}
    engine.dispose()
    return found


def test_a_worker_that_must_stop_finishes_what_it_is_handing_over(tmp_path: Path) -> None:
    port = free_port()
    with running_gateway(tmp_path / "g", push_base=f"http://127.0.0.1:{port}", options=("--no-worker",)) as gateway:
        name = notify(gateway.facility(), gateway, "piet")
        worker = subprocess.Popen(WORKER, env=gateway.environment)
        with running_receiver(tmp_path / "in", port):
            wait_for((tmp_path / "in" / "280" / f"{name}.xml").exists)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(40) == 0
        assert states(gateway)[name] == "bevestigd"


def test_a_worker_that_must_stop_hands_back_what_does_not_end(tmp_path: Path) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{silent.getsockname()[1]}"
    with running_gateway(tmp_path / "g", push_base=base, options=("--no-worker",)) as gateway:
        name = notify(gateway.facility(), gateway, "piet")
        worker = subprocess.Popen(WORKER, env=gateway.environment)
        silent.accept()
        worker.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        assert worker.wait(60) == 0
        assert time.monotonic() - begin < 60
        engine = make_engine(gateway.environment["VSB_DATABASE_URL"])
        with engine.connect() as conn:
            row = conn.execute(select(levering.c.toestand, levering.c.lease_van).where(levering.c.id == name)).one()
        engine.dispose()
        assert tuple(row) == ("wachtend", None)
    silent.close()


def test_a_worker_killed_in_the_middle_is_followed_up_at_once_by_the_next(tmp_path: Path) -> None:
    port = free_port()
    with running_gateway(tmp_path / "g", push_base=f"http://127.0.0.1:{port}", options=("--no-worker",)) as gateway:
        with socket.create_server(("127.0.0.1", port)) as silent:
            name = notify(gateway.facility(), gateway, "piet")
            worker = subprocess.Popen(WORKER, env=gateway.environment)
            silent.accept()
            worker.kill()
            worker.wait()
        with running_receiver(tmp_path / "in", port):
            worker = subprocess.Popen(WORKER, env=gateway.environment)
            # Far less than the lease: the next worker sees that the first is gone.
            wait_for(lambda: states(gateway)[name] == "bevestigd", 60)
            worker.terminate()
            assert worker.wait(40) == 0


def test_a_server_that_must_stop_answers_what_it_took_and_takes_no_more(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "g", options=("--no-worker",)) as gateway:
        answered: list[str] = []
        refused: list[Exception] = []

        def send(person: str) -> None:
            for _ in range(200):
                try:
                    answered.append(notify(gateway.facility(), gateway, person))
                except requests.ConnectionError as error:
                    refused.append(error)
                    return

        threads = [threading.Thread(target=send, args=(p,)) for p in ("els", "piet", "griet")]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answered) >= 10)
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
        for thread in threads:
            thread.join(30)
        # Also a refused notification is answered; only accepted ones have a delivery.
        assert len(refused) == 3
        engine = make_engine(gateway.environment["VSB_DATABASE_URL"])
        with engine.connect() as conn:
            kept = set(conn.execute(select(bericht.c.id)).scalars())
        engine.dispose()
        assert set(answered) <= kept
