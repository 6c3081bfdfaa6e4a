"""Who fetches from a mailbox: get, keep, confirm, and again whatever happens to the line."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from random import Random

import requests
import zeep
from lxml import etree

from conformance.client import GenericAsyncClient, Mail

_TROUBLE = (requests.RequestException, zeep.exceptions.Error, etree.XMLSyntaxError, OSError)


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A message that was given for the first time."""

    content: bytes
    sha256: str


@dataclass(kw_only=True)
class Postbus:
    """What came out of one mailbox, as its reader counts."""

    name: str
    fetched: dict[str, Fetched] = field(default_factory=dict)
    """By the SHA-256 of the content, in the order in which they were first given."""
    tacks: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    given_after_confirm: list[str] = field(default_factory=list)
    """Digests of what came again although its confirmation was answered."""
    gets: int = 0
    repeats: int = 0
    """Times that something not confirmed yet came again, as it should."""
    broken: int = 0


class Collector(threading.Thread):
    """Empties one mailbox over whichever server answers, until `stop` is set."""

    def __init__(self, postbus: Postbus, clients: list[GenericAsyncClient], seed: int, stop: threading.Event) -> None:
        super().__init__(name=f"collector-{postbus.name}", daemon=True)
        self.postbus = postbus
        self._clients = clients
        self._random = Random(f"{seed}/{postbus.name}")
        self._ending = stop

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                mail = self._random.choice(self._clients).fetch(self._random.randint(1, 40))
                self._take(mail)
                if not mail.messages and not mail.tacks:
                    self._ending.wait(self._random.uniform(0.2, 0.8))
            except _TROUBLE:
                self.postbus.broken += 1
                time.sleep(0.3)

    def _take(self, mail: Mail) -> None:
        box = self.postbus
        box.gets += 1
        for _, content, digest in mail.messages:
            name = digest.hex()
            if name in box.confirmed:
                box.given_after_confirm.append(name)
            elif name in box.fetched:
                box.repeats += 1
            else:
                box.fetched[name] = Fetched(content=content, sha256=hashlib.sha256(content).hexdigest())
        box.tacks |= {t.Reference for t in mail.tacks}
        if self._random.random() < 0.1:
            # A reader that dies before it confirms gets the same again.
            return
        hashes = [digest for _, _, digest in mail.messages]
        if hashes or mail.tacks:
            client = self._random.choice(self._clients)
            client.confirm(hashes, tack_references=[t.Reference for t in mail.tacks])
            box.confirmed |= {h.hex() for h in hashes}
