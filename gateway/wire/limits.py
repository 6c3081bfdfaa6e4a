"""How much one address or one sender may ask of a process; a flood from one leaves the others served."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network

from starlette.requests import Request

from gateway.refusal import Code, Refusal

_MAX_KEYS = 100_000


def abonnee(adres: str) -> str:
    """An address as limits count it: of IPv6 the /64, all of which one subscriber has."""
    try:
        ip = ip_address(adres)
    except ValueError:
        return adres
    if isinstance(ip, IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip_network((int(ip), 64), strict=False))


def adres_van(request: Request) -> str:
    """Who is at the other end, as limits count; empty when the connection does not say."""
    return abonnee(request.client.host if request.client else "")


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """Token buckets per key, in memory of one process.

    Args:
        per_second: sustained requests per second for one key; 0 switches the limit off.
        burst: requests that may come at once.
        what: how the key is called in the refusal.
    """

    def __init__(self, per_second: float, burst: int, what: str) -> None:
        self._rate, self._burst, self._what = per_second, float(burst), what
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now: float) -> None:
        """Take one request from a key's bucket.

        Args:
            now: monotonic seconds.

        Raises:
            Refusal: BUSY with the seconds to wait.
        """
        if self._rate <= 0:
            return
        with self._lock:
            bucket = self._buckets.pop(key, None) or _Bucket(self._burst, now)
            bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._rate)
            bucket.at = now
            self._buckets[key] = bucket
            if len(self._buckets) > _MAX_KEYS:
                self._buckets.popitem(last=False)
            if bucket.tokens < 1:
                wait = (1 - bucket.tokens) / self._rate
                raise Refusal(
                    Code.BUSY, place=self._what, expected=f"hoogstens {self._rate:g} per seconde", retry_after=int(wait) + 1
                )
            bucket.tokens -= 1
