"""Which transports there are, and where each zorgkas is reached."""

from __future__ import annotations

import time
from collections.abc import Mapping

from gateway.diensten.kern import Gateway
from gateway.exchange.push import SoapPush, Tls
from gateway.exchange.transport import Transport
from gateway.reference import lookup
from gateway.reference.model import Zorgkas
from gateway.store.engine import Store

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

    def met(self, transport: str) -> list[Zorgkas]:
        return [z for z in self._all().values() if z.levering == transport]

    def _all(self) -> Mapping[str, Zorgkas]:
        if time.monotonic() - self._asked > _FRESH:
            with self._store.reading() as conn:
                self._known = {f"zorgkas:{z.code}": z for z in lookup.zorgkassen(conn)}
            self._asked = time.monotonic()
        return self._known


def transports(gateway: Gateway, adressen: Adressen) -> Mapping[str, Transport]:
    """Every transport that pushes, by the name that the register uses."""
    settings = gateway.settings
    return {
        "soap": SoapPush(
            gateway.signer,
            gateway.clock,
            gateway.trust,
            adressen.kbo,
            signed_receipts=settings.push_signed_receipts,
            tls=Tls(certificate=settings.push_cert, key=settings.push_key, ca=settings.push_ca),
        )
    }
