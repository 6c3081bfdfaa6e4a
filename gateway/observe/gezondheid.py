"""Whether this process can do its work now: database, key, revocation data, broker, disk."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from sqlalchemy.engine import make_url

from gateway.diensten.kern import Gateway
from gateway.observe.alarmen import Bewaking
from gateway.refusal import Refusal
from gateway.store.migrate import Stage, stand

Deel = tuple[str, Callable[[Gateway], str | None]]
"""Name of a part, and what is wrong with it in Dutch, or None."""


def bewaking_van(gateway: Gateway) -> Bewaking:
    """What the alarms watch in this gateway."""
    settings = gateway.settings
    eigen = {"gateway": gateway.signer.certificate}
    for what, path in (("tls", settings.tls_cert), ("push", settings.push_cert), ("sts", settings.sts_certificates)):
        if path is not None:
            for n, certificate in enumerate(x509.load_pem_x509_certificates(path.read_bytes())):
                eigen[what if n == 0 else f"{what} {n + 1}"] = certificate
    return Bewaking(
        trust=gateway.trust,
        eigen=eigen,
        opslag=_opslag(gateway),
        wachtrij=timedelta(minutes=settings.alarm_queue_minutes),
        min_vrij=settings.min_free_mb * 2**20,
        clock_guard=gateway.clock_guard,
        bewaarmaanden=settings.retention_months,
    )


def klaar(gateway: Gateway) -> dict[str, str | None]:
    """Every part with what is wrong with it; all None means ready."""
    return {name: look(gateway) for name, look in DELEN}


def _databank(gateway: Gateway) -> str | None:
    try:
        with gateway.store.writing() as conn:
            found = stand(conn)
    except Refusal:
        return "antwoordt niet, of is niet te beschrijven"
    te_doen = [revisie for revisie, stage in found.missing if stage is Stage.PRE]
    return f"staat op schema {found.revision}, deze versie wil {te_doen[-1]}" if te_doen else None


def _sleutel(gateway: Gateway) -> str | None:
    certificate, now = gateway.signer.certificate, gateway.clock()
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= now <= end:
        return f"het certificaat geldt van {begin:%Y-%m-%d} tot {end:%Y-%m-%d}"
    try:
        key = gateway.signer.key
        if isinstance(key, rsa.RSAPrivateKey):
            key.sign(b"readyz", padding.PKCS1v15(), hashes.SHA256())
        else:
            key.sign(b"readyz", ec.ECDSA(hashes.SHA256()))
    except Exception as error:
        return f"tekent niet ({type(error).__name__})"
    return None


def _intrekking(gateway: Gateway) -> str | None:
    missing = gateway.trust.without_revocation_data(gateway.clock())
    return f"geen verse gegevens van {'; '.join(missing)}"[:300] if missing else None


def _broker(gateway: Gateway) -> str | None:
    if not gateway.settings.nats_url:
        return None
    for server in gateway.settings.nats_url.split(","):
        address = urlsplit(server.strip())
        try:
            with socket.create_connection((address.hostname or "", address.port or 4222), timeout=2):
                return None
        except OSError:
            continue
    return "geen enkele NATS-server antwoordt; leveringen gaan over de databank"


def _schijf(gateway: Gateway) -> str | None:
    folder = _opslag(gateway)
    if folder is None:
        return None
    free = shutil.disk_usage(folder).free
    return f"nog {free // 2**20} MiB vrij" if free < gateway.settings.min_free_mb * 2**20 else None


def _opslag(gateway: Gateway) -> Path | None:
    url = make_url(gateway.settings.database_url)
    on_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(str(url.database)).resolve().parent if on_file else None


def _klok(gateway: Gateway) -> str | None:
    jump = gateway.clock_guard.jump()
    later = "niets wordt beoordeeld tot ze terug is of een kwartier zo loopt"
    return None if jump is None else f"versprong {jump.total_seconds():+.0f} s; {later}"


DELEN: tuple[Deel, ...] = (
    ("databank", _databank),
    ("klok", _klok),
    ("sleutel", _sleutel),
    ("intrekking", _intrekking),
    ("broker", _broker),
    ("schijf", _schijf),
)
