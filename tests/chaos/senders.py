"""Facilities under load: each sends, on a broken line, the very same bytes again until it has an answer, as a vendor should."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import requests
from lxml import etree

from bench.running import RIZIV
from conformance.messages import envelope, head, start
from conformance.walkthrough import sample_signer
from gateway.berichten.names import ANTWOORD
from gateway.wire.http import XML_CONTENT_TYPE

_FACILITY = "facility-ibw-1"
_AGAIN = ("VSB-SYS-", "VSB-TRUST-040")
"""Faults that say: the same message, later."""


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """One aanvraag and the answer that its sender has in hand."""

    insz: str
    order: int
    """Of the person's messages, from 0."""
    bericht_id: str
    sha256: str
    message_id: str
    uitkomst: str
    dossiernummer: str | None


@dataclass
class Tally:
    """What the senders met; shared by their threads."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that nobody should get."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self.lock:
            self.met[what] += 1


class Sender(threading.Thread):
    """One facility's queue: for each of its persons a start, then most of the time an end or an annulment."""

    def __init__(self, bases: list[str], persons: list[str], tally: Tally, stop: threading.Event, seed: int) -> None:
        super().__init__(daemon=True)
        self._bases, self._persons, self._tally, self._stop_event, self._random = bases, persons, tally, stop, Random(seed)
        self._signer = sample_signer(_FACILITY)
        self._session = requests.Session()

    def run(self) -> None:
        for insz in self._persons:
            if self._stop_event.is_set():
                return
            day = datetime.now(UTC).date() - timedelta(days=self._random.randint(1, 20))
            # Now and then a start that must be refused, so that refusals are in the count too.
            first = self._submit(
                insz, 0, start(RIZIV, insz, day, "{head}", soort="hotel" if self._random.random() < 0.1 else "regulier")
            )
            if first is None or first.uitkomst != "aanvaard" or first.dossiernummer is None or self._random.random() < 0.2:
                continue
            self._submit(insz, 1, _second(insz, first.dossiernummer, self._random))

    def _submit(self, insz: str, order: int, payload: str) -> Acknowledged | None:
        now, bericht_id = datetime.now(UTC), str(uuid4())
        raw = envelope(payload.replace("{head}", head(RIZIV, now, bericht_id=bericht_id)), self._signer, now)
        answer = self._until_answered(raw)
        if answer is None:
            return None
        found = _read(answer)
        made = Acknowledged(
            insz=insz,
            order=order,
            bericht_id=bericht_id,
            sha256=hashlib.sha256(raw).hexdigest(),
            message_id=found["MessageId"],
            uitkomst=found["Uitkomst"],
            dossiernummer=found.get("Dossiernummer"),
        )
        with self._tally.lock:
            self._tally.acknowledged.append(made)
        if self._random.random() < 0.1:
            self._again(raw, made)
        return made

    def _again(self, raw: bytes, made: Acknowledged) -> None:
        """The same message once more gets the same answer."""
        answer = self._until_answered(raw)
        found = {} if answer is None else _read(answer)
        self._tally.count("sent twice")
        if answer is not None and (found["MessageId"], found["Uitkomst"]) != (made.message_id, made.uitkomst):
            with self._tally.lock:
                self._tally.wrong.append(f"{made.bericht_id}: another answer to the same message")

    def _until_answered(self, raw: bytes) -> bytes | None:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            try:
                base = self._random.choice(self._bases)
                reply = self._session.post(
                    f"{base}/soap/aanvraag/v1", data=raw, headers={"Content-Type": XML_CONTENT_TYPE}, timeout=(2, 30)
                )
            except requests.RequestException:
                self._tally.count("broken line")
                time.sleep(self._random.uniform(0.1, 0.5))
                continue
            if reply.status_code == 200:
                return reply.content
            codes = _codes(reply.content)
            if codes and all(c.startswith(_AGAIN) for c in codes):
                self._tally.count(f"told to retry ({codes[0]})")
                time.sleep(self._random.uniform(0.2, 1))
                continue
            with self._tally.lock:
                self._tally.wrong.append(f"HTTP {reply.status_code} {codes}")
            return None
        with self._tally.lock:
            self._tally.wrong.append("no answer in four minutes")
        return None


def _second(insz: str, dossier: str, random: Random) -> str:
    today = datetime.now(UTC).date()
    what = (
        f"<EindeVerblijf><Dossiernummer>{dossier}</Dossiernummer><Einddatum>{today}</Einddatum><Reden>andere</Reden></EindeVerblijf>"
        if random.random() < 0.7
        else f"<Annulering><Dossiernummer>{dossier}</Dossiernummer><Motivering>{'x' * random.randint(1, 1500)}</Motivering></Annulering>"
    )
    return (
        '<IndienenRequest xmlns="urn:vsb-gateway:aanvraag:v1" xmlns:c="urn:vsb-gateway:common:v1"><Aanvraag>'
        f"<Hoofding>{{head}}</Hoofding><Voorziening>{RIZIV}</Voorziening><Gebruiker><Insz>{insz}</Insz></Gebruiker>"
        f"{what}</Aanvraag></IndienenRequest>"
    )


def _read(answer: bytes) -> dict[str, str]:
    root = etree.fromstring(answer)
    return {
        name: text
        for name in ("MessageId", "Uitkomst", "Dossiernummer")
        if (text := root.findtext(f".//{{{ANTWOORD}}}{name}")) is not None
    }


def _codes(answer: bytes) -> list[str]:
    try:
        return [e.text or "" for e in etree.fromstring(answer).iter(f"{{{ANTWOORD}}}Code")]
    except etree.XMLSyntaxError:
        return []
