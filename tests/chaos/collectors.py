"""Zorgkassen that fetch, and a facility that fetches its results: get, keep, confirm, also while everything around them dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.client import GenericAsyncClient, zorgkas_client
from conformance.walkthrough import sample_signer
from gateway.trust.identity import read_identity


@dataclass
class Box:
    """What one mailbox gave."""

    first: list[str] = field(default_factory=list)
    """Ids in the order of their first arrival."""
    content: dict[str, bytes] = field(default_factory=dict)
    """Id to the hash of what came under it."""
    confirmed: set[str] = field(default_factory=set)
    again: list[str] = field(default_factory=list)
    """Given again after a confirm that was answered."""
    changed: list[str] = field(default_factory=list)
    """Same id, other content."""


class Collector(threading.Thread):
    """Polls one mailbox.

    Args:
        clients: makes a client for each gateway; made again after a failure.
        id_of: id in a message's content.
    """

    def __init__(
        self, clients: list[Callable[[], GenericAsyncClient]], id_of: Callable[[bytes], str], stop: threading.Event
    ) -> None:
        super().__init__(daemon=True)
        self._clients, self._id_of, self._stop_event = clients, id_of, stop
        self.box = Box()
        self._turn = 0
        self._client: GenericAsyncClient | None = None

    def run(self) -> None:
        while not self._stop_event.is_set():
            try:
                if self._client is None:
                    self._turn += 1
                    self._client = self._clients[self._turn % len(self._clients)]()
                self._collect(self._client)
            except Exception:
                # Whatever broke, the mailbox still has what was not confirmed.
                self._client = None
            time.sleep(0.3)

    def _collect(self, client: GenericAsyncClient) -> None:
        mail = client.fetch(50)
        new = []
        for _, content, digest in mail.messages:
            number = self._id_of(content)
            if number in self.box.confirmed:
                self.box.again.append(number)
            if self.box.content.setdefault(number, digest) != digest:
                self.box.changed.append(number)
            elif number not in self.box.first:
                self.box.first.append(number)
            new.append((number, digest))
        if mail.messages or mail.tacks:
            client.confirm([d for _, d in new], tacks=[t._value_1 for t in mail.tacks])
            self.box.confirmed.update(n for n, _ in new)


def kas_client(base: str, code: str) -> GenericAsyncClient:
    """A client of a fetching zorgkas on one gateway."""
    signer = sample_signer(f"zorgkas-{code}")
    return zorgkas_client(base, signer, read_identity(signer.certificate).number)
