"""Which transports there are, and where each zorgkas is reached."""

from __future__ import annotations

import time
from collections.abc import Mapping

from gateway.clock import Clock
from gateway.exchange.map import DirectoryDrop
from gateway.exchange.push import SoapPush, Tls
from gateway.exchange.s3 import S3Drop
from gateway.exchange.sftp import SftpDrop
from gateway.exchange.transport import Drop, Transport
from gateway.reference import lookup
from gateway.reference.model import Levering, Zorgkas
from gateway.settings import Settings
from gateway.store.engine import Store
from gateway.trust.chain import TrustStore
from gateway.trust.signing import Signer

_FRESH = 5.0
"""Seconds that an address is believed before the register is asked again."""


class Adressen:
    """The zorgkassen as registered now; safe to call from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Zorgkas] = {}
        self._asked = float("-inf")

    def endpoint(self, bestemming: str) -> str | None:
        zorgkas = self._all().get(bestemming)
        return None if zorgkas is None else zorgkas.endpoint

    def kbo(self, bestemming: str) -> str | None:
        zorgkas = self._all().get(bestemming)
        return None if zorgkas is None else zorgkas.kbo

    def bestemmingen(self) -> list[str]:
        """Destinations that have a lane; also a zorgkas that now fetches, for what was routed before."""
        return sorted(self._all())

    def met(self, transport: str) -> list[tuple[str, str]]:
        """Destination and endpoint of every zorgkas with this transport."""
        return [(name, z.endpoint) for name, z in self._all().items() if z.levering.value == transport and z.endpoint]

    def _all(self) -> Mapping[str, Zorgkas]:
        if time.monotonic() - self._asked > _FRESH:
            with self._store.reading() as conn:
                self._known = {f"zorgkas:{z.code}": z for z in lookup.zorgkassen(conn)}
            self._asked = time.monotonic()
        return self._known


def transports(
    settings: Settings, signer: Signer, trust: TrustStore, clock: Clock, adressen: Adressen, places: Mapping[str, Drop]
) -> Mapping[str, Transport]:
    """Every transport that pushes, by the name that the register uses."""
    soap = SoapPush(
        signer,
        clock,
        trust,
        adressen.kbo,
        signed_receipts=settings.push_signed_receipts,
        tls=Tls(certificate=settings.push_cert, key=settings.push_key, ca=settings.push_ca),
    )
    return {Levering.SOAP.value: soap, **places}


def drops(settings: Settings) -> Mapping[str, Drop]:
    """The transports to a place where receipts are left."""
    return {
        Levering.MAP.value: DirectoryDrop(),
        Levering.SFTP.value: SftpDrop(settings.sftp_key, settings.sftp_known_hosts),
        Levering.S3.value: S3Drop(settings.s3_endpoint, settings.s3_region),
    }
