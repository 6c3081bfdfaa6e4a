"""What every transport to a receiver promises: hand one delivery over, or say which of two things went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Unreachable(Exception):
    """The receiver did not answer, or answered that it cannot now; says nothing about the message. Counts for the breaker.

    The text goes into tables and, up to its first colon, into logs: never a part of the message.
    """


class Refused(Exception):
    """The receiver answered and did not take this message. Does not count for the breaker.

    The text goes into tables and, up to its first colon, into logs; a receiver's own words in it have numbers of persons masked.
    """


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One delivery as a transport sees it: octets that it does not understand, and a name that never changes."""

    id: str
    """Stable over every attempt; the receiver de-duplicates on it."""
    bestemming: str
    """zorgkas:<code>."""
    endpoint: str
    """Where to, as the zorgkas is registered."""
    message_name: str
    input_reference: str
    test: bool
    content: bytes
    sha256: bytes
    created: datetime


@dataclass(frozen=True, kw_only=True)
class HandedOver:
    """The delivery is in the receiver's hands."""

    reference: str
    """What the receiver, or the place it was put, calls it."""
    confirmed: bool
    """The receiver's own receipt came with it; if not, the delivery stays open until that comes."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A receipt that a receiver left for a delivery, not believed yet."""

    delivery_id: str
    content: bytes
    """The signed receipt, as it was found."""


class Transport(Protocol):
    """One way to a receiver. Safe to call from several threads."""

    def deliver(self, delivery: Delivery) -> HandedOver:
        """Hand over one delivery; to do so again under the same id changes nothing at the receiver.

        Raises:
            Unreachable: the receiver cannot be reached now.
            Refused: the receiver does not take it.
        """
        ...


class Drop(Transport, Protocol):
    """A transport to a place where the receiver leaves its receipts as files."""

    def receipts(self, endpoint: str) -> list[Receipt]:
        """Receipts that lie there and were not taken before, oldest first.

        Raises:
            Unreachable: the place cannot be reached now.
        """
        ...

    def taken(self, endpoint: str, receipt: Receipt, *, accepted: bool) -> None:
        """Put a receipt away: it was believed, or it was not and lies apart for a person to look at.

        Raises:
            Unreachable: the place cannot be reached now.
        """
        ...
