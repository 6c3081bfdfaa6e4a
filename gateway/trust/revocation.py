"""Revocation: our own index over CRLs, read from configured files only.

A CRL of 100,000 entries costs a general validator a second per certificate (facts anchors.md §D.3), so each CRL is indexed
once, when its file changes. URLs inside a sender's certificate are never followed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509


class RevocationMode(StrEnum):
    """What an absent or stale CRL means."""

    STRICT = "strict"
    """Neither a fresh CRL of the issuer nor a fresh OCSP answer: the certificate is not accepted."""
    GRACE = "grace"
    """A stale CRL is believed for a while longer, and the log says so; with no data at all nothing is accepted."""


class RevocationState(StrEnum):
    """Outcome of a look-up."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """No CRL of this issuer, or it is past its nextUpdate, or its thisUpdate is still to come."""


SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of an issuer may be."""


@dataclass(frozen=True, kw_only=True)
class _Index:
    serials: frozenset[int]
    this_update: datetime
    next_update: datetime | None

    def began(self, now: datetime) -> bool:
        """A CRL of the future tells nothing yet of who is good (RFC 5280 §5.1.2.4)."""
        return self.this_update <= now + SKEW

    def fresh(self, now: datetime) -> bool:
        return self.began(now) and (self.next_update is None or now <= self.next_update)


class CrlStore:
    """CRLs of the configured issuers, reloaded when a file changes.

    Args:
        files: DER or PEM CRLs.
        issuers: CA certificates that may have signed them; a CRL by anyone else is ignored.
    """

    def __init__(self, files: Sequence[Path], issuers: Sequence[x509.Certificate]) -> None:
        self._files = tuple(files)
        self._issuers = {c.subject.public_bytes(): c for c in issuers}
        self._lock = threading.Lock()
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._by_issuer: dict[bytes, _Index] = {}
        self.generation = 0
        """Rises when any CRL was reloaded; verdicts of an older generation are no longer believed."""

    def refresh(self) -> None:
        """Reload what changed on disk; cheap when nothing did."""
        for path in self._files:
            try:
                info = os.stat(path)
            except OSError:
                continue
            stamp = (info.st_mtime_ns, info.st_size)
            if self._stamps.get(path) == stamp:
                continue
            with self._lock:
                self._load(path)
                self._stamps[path] = stamp
                self.generation += 1

    def _load(self, path: Path) -> None:
        data = path.read_bytes()
        load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
        try:
            crl = load(data)
        except ValueError:
            return
        issuer = self._issuers.get(crl.issuer.public_bytes())
        if issuer is None or not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
            return
        self._by_issuer[crl.issuer.public_bytes()] = _Index(
            serials=frozenset(entry.serial_number for entry in crl),
            this_update=crl.last_update_utc,
            next_update=crl.next_update_utc,
        )

    def state(self, certificate: x509.Certificate, now: datetime) -> RevocationState:
        index = self._by_issuer.get(certificate.issuer.public_bytes())
        if index is not None and certificate.serial_number in index.serials:
            return RevocationState.REVOKED
        return RevocationState.GOOD if index is not None and index.fresh(now) else RevocationState.UNKNOWN

    def fresh_until(self, certificate: x509.Certificate, now: datetime) -> datetime | None:
        """Moment at which the data behind a verdict expires, or expired; None when there are none."""
        index = self._by_issuer.get(certificate.issuer.public_bytes())
        return index.next_update if index is not None and index.began(now) else None

    def next_update(self, issuer: x509.Certificate) -> datetime | None:
        """When an issuer's own CRL must be followed by the next."""
        index = self._by_issuer.get(issuer.subject.public_bytes())
        return None if index is None else index.next_update

    def is_fresh(self, issuer: x509.Certificate, now: datetime) -> bool:
        """Whether an issuer's own CRL is there, between its thisUpdate and its nextUpdate."""
        index = self._by_issuer.get(issuer.subject.public_bytes())
        return index is not None and index.fresh(now)
