"""Who works here, and what a worker that is gone left behind."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path


def werker_naam() -> str:
    """Name of this process in leases: host, process and start, so that another process on this host can tell whether it lives."""
    return f"{socket.gethostname()[:24]}:{os.getpid()}:{_start(os.getpid()) or uuid.uuid4().hex[:12]}"


def weg(werker: str) -> bool:
    """Whether a worker of this host is certainly gone; of another host only the end of its lease tells."""
    host, _, rest = werker.partition(":")
    number, _, start = rest.partition(":")
    if host != socket.gethostname()[:24] or not number.isdecimal():
        return False
    return _start(int(number)) != start


def _start(number: int) -> str | None:
    # A process number is used again; its start, in ticks since boot, is not (proc(5), field 22).
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
    except (OSError, IndexError, UnicodeDecodeError):
        return None
