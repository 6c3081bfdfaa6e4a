"""A worker knows which of its neighbours are gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from gateway.exchange.herstel import weg, werker_naam


def test_this_process_is_here() -> None:
    assert not weg(werker_naam())


def test_a_process_that_ended_is_gone_also_when_its_number_is_used_again() -> None:
    command = [sys.executable, "-c", "from gateway.exchange.herstel import werker_naam; print(werker_naam())"]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert weg(name)
    assert weg(f"{socket.gethostname()[:24]}:{os.getpid()}:1")


def test_of_another_host_only_the_lease_tells() -> None:
    assert not weg("elders:1:1")
    assert not weg("onleesbaar")
