"""A copy made while senders send, and a gateway that goes on from it: nothing acknowledged before it is lost, the chain is whole."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from lxml import etree

from gateway.berichten.names import ZORGKAS
from tests.server.test_main_job import wait_for
from tests.support import PERSONS, RunningGateway

pytestmark = pytest.mark.both_engines


def command(gateway: RunningGateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments], env=gateway.environment, capture_output=True, text=True, check=False
    )


class Sender(threading.Thread):
    """Notifies and annuls stays, one after the other, and remembers what was acknowledged."""

    def __init__(self, gateway: RunningGateway) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.stopped = threading.Event()
        self._gateway = gateway

    def run(self) -> None:
        facility = self._gateway.facility()
        day = self._gateway.today() - timedelta(days=1)
        while not self.stopped.is_set():
            start = {"Startdatum": day, "TypeVerblijf": "regulier"}
            made = facility.indienen(str(uuid4()), PERSONS["els"], StartVerblijf=start)
            self.acknowledged.append(made.MessageId)
            annul = {"Dossiernummer": made.Dossiernummer, "Motivering": "oefening"}
            self.acknowledged.append(facility.indienen(str(uuid4()), PERSONS["els"], Annulering=annul).MessageId)


def test_a_copy_made_under_load_holds_all_that_was_acknowledged_before_it_began(
    start_gateway: Callable[..., AbstractContextManager[RunningGateway]], tmp_path: Path
) -> None:
    copy = tmp_path / "kopie"
    with start_gateway() as gateway:
        sender = Sender(gateway)
        sender.start()
        wait_for(lambda: len(sender.acknowledged) >= 10)
        before = list(sender.acknowledged)
        made = command(gateway, "database", "backup", str(copy))
        assert made.returncode == 0, made.stderr
        assert copy.stat().st_mode & 0o777 == 0o600
        sender.stopped.set()
        sender.join()
        refused = command(gateway, "database", "restore", str(copy), "--yes")
        assert refused.returncode == 2
        assert "stop eerst elke gateway" in refused.stderr
        gateway.stop()
        refused = command(gateway, "database", "restore", str(copy))
        assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
        assert command(gateway, "database", "restore", str(copy), "--yes").returncode == 0
        gateway.start()
        facility = gateway.facility()
        known = {m for m in before if facility.raadplegen(MessageId=m).MessageId == m}
        assert known == set(before)
        checked = command(gateway, "audit", "verify")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        given: list[str] = []

        def drained() -> bool:
            kas = gateway.kas("180")
            found = kas.get()
            given.extend(etree.fromstring(c).findtext(f"{{{ZORGKAS}}}MessageId") or "" for _, c, _ in found)
            kas.confirm([digest for _, _, digest in found])
            return set(before) <= set(given)

        wait_for(drained)
        assert len(given) == len(set(given)), "each message once, as the zorgkas counts by MessageId"


def test_a_file_that_is_no_whole_copy_is_not_put_back(
    start_gateway: Callable[..., AbstractContextManager[RunningGateway]], tmp_path: Path
) -> None:
    with start_gateway() as gateway:
        copy = tmp_path / "kopie"
        assert command(gateway, "database", "backup", str(copy)).returncode == 0
        gateway.stop()
        octets = copy.read_bytes()
        copy.write_bytes(octets[: len(octets) // 2])
        done = command(gateway, "database", "restore", str(copy), "--yes")
        assert done.returncode == 2, done.stdout
        gateway.start()
        assert gateway.facility().dossiers(Insz=PERSONS["els"]) == []
