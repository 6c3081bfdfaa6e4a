"""Certificates on file: each one that a sender proved, so that later messages may only name theirs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.exc import IntegrityError

from gateway.store.engine import Store
from gateway.store.tables import certificaat
from gateway.trust.names import same_name
from gateway.trust.tokens import key_identifier, thumbprint

_MAX_REMEMBERED = 50_000


class CertificateFile:
    """Certificates in the database; what this process has filed is not written again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._filed: set[bytes] = set()
        self._lock = threading.Lock()

    def file(self, certificate: x509.Certificate, fingerprint: bytes, label: str, now: datetime) -> None:
        """Keep a certificate whose holder has just been proven.

        Args:
            fingerprint: its SHA-256.
            label: its identity, as logs show it.
        """
        with self._lock:
            if fingerprint in self._filed:
                return
            if len(self._filed) >= _MAX_REMEMBERED:
                self._filed.clear()
            self._filed.add(fingerprint)
        with self._store.reading() as conn:
            known = conn.execute(select(certificaat.c.sha256).where(certificaat.c.sha256 == fingerprint.hex())).first()
        if known is not None:
            return
        try:
            with self._store.writing() as conn:
                conn.execute(
                    insert(certificaat).values(
                        sha256=fingerprint.hex(),
                        sha1=thumbprint(certificate).hex(),
                        ski=key_identifier(certificate).hex(),
                        serienummer=format(certificate.serial_number, "x"),
                        identiteit=label,
                        geldig_tot=certificate.not_valid_after_utc,
                        eerst_gezien=now,
                        der=certificate.public_bytes(Encoding.DER),
                    )
                )
        except IntegrityError:
            # Another process filed it in between.
            return

    def by_issuer_serial(self, issuer: str, serial: int) -> x509.Certificate | None:
        found = [c for c in self._find(certificaat.c.serienummer == format(serial, "x")) if same_name(issuer, c.issuer)]
        return found[0] if len(found) == 1 else None

    def by_ski(self, identifier: bytes) -> x509.Certificate | None:
        # After a renewal with the same key the one that lives longest answers.
        found = self._find(certificaat.c.ski == identifier.hex())
        return found[0] if len({c.subject.public_bytes() for c in found}) == 1 else None

    def by_thumbprint(self, sha1: bytes) -> x509.Certificate | None:
        found = self._find(certificaat.c.sha1 == sha1.hex())
        return found[0] if len(found) == 1 else None

    def _find(self, condition: ColumnElement[bool]) -> Sequence[x509.Certificate]:
        query = select(certificaat.c.der).where(condition).order_by(certificaat.c.geldig_tot.desc()).limit(20)
        with self._store.reading() as conn:
            return [x509.load_der_x509_certificate(row[0]) for row in conn.execute(query)]
