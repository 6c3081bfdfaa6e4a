"""Fetch CRLs from configured addresses into files, in the background; every process then sees the file change."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import requests
import structlog
from cryptography import x509

log = structlog.get_logger("crl")
_MAX_CRL = 64 * 1024 * 1024
_EVERY = 30.0
"""Seconds between fetches: a revocation works within a minute of its CRL."""


class CrlFetcher:
    """Keeps files up to date with the CRLs at fixed addresses.

    Args:
        sources: address to file.
    """

    def __init__(self, sources: Mapping[str, Path]) -> None:
        self._sources = dict(sources)
        self.failures: dict[str, int] = dict.fromkeys(self._sources, 0)
        """Fetches in a row that failed, per address."""

    def refresh(self) -> None:
        """Fetch everything once; what fails leaves its file as it was."""
        for address, target in self._sources.items():
            try:
                _store(_fetch(address), target)
                self.failures[address] = 0
            except (requests.RequestException, OSError, ValueError) as error:
                self.failures[address] += 1
                log.warning("crl_unavailable", url=address, reason=type(error).__name__, times=self.failures[address])

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.refresh()
            stop.wait(_EVERY)


def _fetch(address: str) -> bytes:
    deadline = time.monotonic() + 30
    with requests.get(address, timeout=(3, 10), stream=True, allow_redirects=False) as reply:
        if reply.status_code != 200:
            raise ValueError(f"HTTP {reply.status_code}")
        parts, size = [], 0
        for chunk in reply.iter_content(65536):
            size += len(chunk)
            if size > _MAX_CRL or time.monotonic() > deadline:
                raise ValueError("too large or too slow")
            parts.append(chunk)
    return b"".join(parts)


def _store(data: bytes, target: Path) -> None:
    if target.exists() and target.read_bytes() == data:
        return
    load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
    load(data)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid4().hex}")
    temporary.write_bytes(data)
    os.replace(temporary, target)
