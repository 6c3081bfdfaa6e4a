"""How a place where deliveries are put down is laid out; the same for a folder, an SFTP server and a bucket.

uit/<message name>_<id>.xml           a delivery; .sha256 beside it was there first
uit/test/                             the same, for test messages
uit/verwerkt/, uit/test/verwerkt/     where the receiver may move what it has taken in
ontvangst/<id>.xml                    a receipt that the receiver left
ontvangst/verwerkt/, …/geweigerd/     receipts that the gateway believed, or did not
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol

from gateway.exchange.transport import Delivery, HandedOver, Receipt, Refused

_ONTVANGST = "ontvangst"
BEZIG = "uit/.bezig"
"""Where files are written before they get their name: on the file system of `uit`, and out of every reader's sight."""
MAX_RECEIPT = 256 * 1024
"""Octets; a receipt is a few thousand. What is longer is read in part, and not believed."""
MAX_RECEIPTS = 500
"""Receipts read in one look."""

_RECEIPT = re.compile(r"([A-Za-z0-9-][A-Za-z0-9._-]{0,99})\.xml")
_UNSAFE = re.compile(r"[^A-Za-z0-9-]")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Place(Protocol):
    """The file operations of one place; paths are relative to its root and use `/`. Each raises Unreachable."""

    def digest(self, path: str) -> bytes | None:
        """SHA-256 of a file's content, None when it is not there."""
        ...

    def put(self, folder: str, name: str, content: bytes, checksum: bytes) -> None:
        """Write a file whole or not at all, with `<name>.sha256`, which a reader sees first."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, oldest first; none when there is no such folder."""
        ...

    def read(self, path: str, limit: int) -> bytes | None:
        """At most so many first octets of a plain file, None when it is not there."""
        ...

    def move(self, path: str, folder: str, name: str) -> None:
        """Give a file another name, over what may stand there."""
        ...


def bestandsnaam(delivery: Delivery) -> str:
    """The delivery's file name: the same at every attempt, in characters that every file system takes.

    Raises:
        ValueError: the id could not be a file name; ids of the gateway always can.
    """
    if not _ID.fullmatch(delivery.id):
        raise ValueError("a delivery's id is of letters, digits and hyphens")
    return f"{_UNSAFE.sub('-', delivery.message_name)[:40]}_{delivery.id}.xml"


def controlebestand(name: str, sha256: bytes) -> bytes:
    """A line as sha256sum writes it, so that `sha256sum --check` reads it."""
    return f"{sha256.hex()}  {name}\n".encode()


class PlaceDrop(ABC):
    """A `Drop` over any kind of place; safe to call from several threads."""

    @abstractmethod
    def _place(self, endpoint: str) -> AbstractContextManager[Place]:
        """The place at an endpoint, for as long as one operation takes. Raises Unreachable."""

    def deliver(self, delivery: Delivery) -> HandedOver:
        """Put a delivery down, unless it lies there already or the receiver moved it away.

        Raises:
            Unreachable: the place cannot be reached or written now.
            Refused: something else lies there under this name; it is never overwritten.
        """
        folder = "uit/test" if delivery.test else "uit"
        name = bestandsnaam(delivery)
        with self._place(delivery.endpoint) as place:
            for path in (f"{folder}/{name}", f"{folder}/verwerkt/{name}"):
                found = place.digest(path)
                if found is not None and found != delivery.sha256:
                    raise Refused(f"{path} holds other content")
                if found is not None:
                    break
            else:
                place.put(folder, name, delivery.content, controlebestand(name, delivery.sha256))
        return HandedOver(reference=f"{folder}/{name}", confirmed=False)

    def receipts(self, endpoint: str) -> list[Receipt]:
        """Receipts that lie there and were not taken before, oldest first, at most MAX_RECEIPTS.

        Raises:
            Unreachable: the place cannot be reached now.
        """
        found = []
        with self._place(endpoint) as place:
            for name in place.names(_ONTVANGST):
                match = _RECEIPT.fullmatch(name)
                content = place.read(f"{_ONTVANGST}/{name}", MAX_RECEIPT + 1) if match is not None else None
                if match is not None and content is not None:
                    found.append(Receipt(delivery_id=match[1], content=content))
                if len(found) == MAX_RECEIPTS:
                    break
        return found

    def taken(self, endpoint: str, receipt: Receipt, *, accepted: bool) -> None:
        """Move a receipt out of the way, believed or not; another one that was put away under that name stays.

        Raises:
            Unreachable: the place cannot be reached or written now.
        """
        name = f"{receipt.delivery_id}.xml"
        folder = f"{_ONTVANGST}/{'verwerkt' if accepted else 'geweigerd'}"
        digest = hashlib.sha256(receipt.content)
        with self._place(endpoint) as place:
            # The receiver may have put a better one there meanwhile, which nobody has judged yet.
            if place.read(f"{_ONTVANGST}/{name}", MAX_RECEIPT + 1) != receipt.content:
                return
            other = place.digest(f"{folder}/{name}") not in (None, digest.digest())
            put_as = f"{receipt.delivery_id}.{digest.hexdigest()[:16]}.xml" if other else name
            place.move(f"{_ONTVANGST}/{name}", folder, put_as)
