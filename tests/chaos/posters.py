"""A facility that posts blobs; a TAck says that one is on disk, and then its result must come, once."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from itertools import count
from random import Random

from conformance.client import FacilityClient, GenericAsyncClient
from tests.chaos.senders import Tally

_REFERENCE = re.compile(rb"<(?:\w+:)?InputReference>([^<]+)<")
_MESSAGE_ID = re.compile(rb"<(?:\w+:)?MessageId>([^<]+)<")


class Poster(threading.Thread):
    """Posts one blob after the other, each until it has its TAck."""

    def __init__(self, clients: list[Callable[[], FacilityClient]], tally: Tally, stop: threading.Event, seed: int) -> None:
        super().__init__(daemon=True)
        self._clients, self._tally, self._stop_event, self._random = clients, tally, stop, Random(seed)
        self.tacked: list[str] = []
        """References of what was acknowledged."""

    def run(self) -> None:
        for n in count(1):
            reference = f"CHAOS{n:08d}"
            content = b"<x>" + b"y" * self._random.randint(1, 50_000) + b"</x>"
            while not self._stop_event.is_set():
                try:
                    self._random.choice(self._clients)().facturatie.post(content, reference)
                except Exception:
                    self._tally.count("broken line (post)")
                    time.sleep(0.3)
                    continue
                self.tacked.append(reference)
                break
            if self._stop_event.is_set():
                return
            time.sleep(0.5)


def reference_of(content: bytes) -> str:
    """The InputReference that a result names."""
    return _first(_REFERENCE, content)


def message_id_of(content: bytes) -> str:
    """The MessageId of a Levering."""
    return _first(_MESSAGE_ID, content)


def _first(pattern: re.Pattern[bytes], content: bytes) -> str:
    found = pattern.search(content)
    return "" if found is None else found[1].decode()


def mailbox(make: Callable[[], FacilityClient]) -> Callable[[], GenericAsyncClient]:
    """A maker of the facility's own mailbox client."""
    return lambda: make().facturatie
