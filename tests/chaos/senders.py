"""Vendors' software under load: each message is sent until an answer comes, always the very same bytes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import requests

from conformance.walkthrough import sample_signer, zending
from gateway.clock import BRUSSELS
from tests.chaos import messages
from tests.chaos.messages import FACTURATIE, Answer, Fault, Request
from tests.support import IBW1, IBW2

FACILITIES = (("facility-ibw-1", IBW1), ("facility-ibw-2", IBW2))
_URL = "{base}/soap/{service}/v1"
_PATIENCE = (3.0, 20.0)
"""Seconds to connect, and for an answer."""


@dataclass(kw_only=True)
class Sent:
    """One message and all that its sender knows of it."""

    request: Request
    riziv: str
    insz: str | None
    """The person of an aanvraag."""
    answers: list[Answer] = field(default_factory=list)
    """Every answer; to a message that was sent twice, more than one."""
    unexpected: list[str] = field(default_factory=list)
    """Answers that no vendor should get."""
    attempts: int = 0

    @property
    def acknowledged(self) -> bool:
        return bool(self.answers)


@dataclass(kw_only=True)
class Book:
    """All that was sent, by every sender, in each sender's order."""

    sent: list[Sent] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    """What senders met on the line."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, sent: Sent) -> None:
        with self._lock:
            self.sent.append(sent)

    def count(self, what: str) -> None:
        with self._lock:
            self.met[what] += 1


class Sender(threading.Thread):
    """One sending thread: its own facility and persons, one message after the other.

    Args:
        number: which sender; even ones send for the first facility, odd ones for the second.
        persons: INSZ numbers that no other sender uses.
        think: mean seconds between an answer and the next message.
        stop: begin nothing new.
        give_up: also stop repeating what has no answer.
    """

    def __init__(
        self,
        number: int,
        bases: list[str],
        persons: list[str],
        kassen: dict[str, str],
        book: Book,
        *,
        seed: int,
        think: float,
        stop: threading.Event,
        give_up: threading.Event,
    ) -> None:
        super().__init__(name=f"sender-{number}", daemon=True)
        certificate, self._riziv = FACILITIES[number % 2]
        self._signer = sample_signer(certificate)
        self._bases, self._kassen, self._book = bases, kassen, book
        half = len(persons) // 2
        self._residents, self._fresh = persons[:half], persons[half:]
        self._dossiers: dict[str, str] = {}
        self._random = Random(f"{seed}/{number}")
        self._numbers = iter(range(1 + number // 2, 1000, 16))
        self._think, self._ending, self._give_up = think, stop, give_up
        self._session = threading.local()
        self._pool = ThreadPoolExecutor(1)

    def run(self) -> None:
        while not self._ending.is_set():
            for _ in self._next():
                self._ending.wait(self._random.expovariate(1 / self._think))
        self._pool.shutdown()

    def _next(self) -> Iterator[None]:
        chance = self._random.random()
        if chance < 0.10 and self._fresh:
            yield from self._invoice(self._fresh.pop())
        elif chance < 0.14 and self._fresh:
            # Held in beraad, since it comes late; the zorgkas gets it all the same.
            self._notify(self._fresh.pop(), messages.start(self._day(60)))
            yield
        elif chance < 0.18:
            self._notify("99999999999", messages.start(self._day(1)))
            yield
        else:
            yield from self._stay(self._random.choice(self._residents))

    def _stay(self, insz: str) -> Iterator[None]:
        # Start, sometimes a second start that is refused, annulment: the order of one person's messages matters.
        answer = self._notify(
            insz, messages.start(self._day(self._random.randint(0, 25)), self._random.choice(["regulier", "proef"]))
        )
        yield
        if answer is not None and answer.outcome == "aanvaard" and answer.dossier:
            self._dossiers[insz] = answer.dossier
        if self._random.random() < 0.15:
            self._notify(insz, messages.start(self._day(3)))
            yield
        if dossier := self._dossiers.pop(insz, None):
            self._notify(insz, messages.annulment(dossier))
            yield

    def _invoice(self, insz: str) -> Iterator[None]:
        first = self._day(20)
        stay = self._notify(insz, messages.start(first))
        yield
        if stay is None or not stay.dossier or self._ending.is_set():
            return
        last = min(self._day(1), (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        for _ in range(self._random.choice([1, 1, 2])):
            # A second one bills the same days and is refused.
            content = zending(
                riziv=self._riziv,
                insz=insz,
                dossier=stay.dossier,
                zorgkas=self._kassen[insz],
                number=next(self._numbers),
                start=first,
                end=last,
                today=self._day(0),
            )
            if self._random.random() < 0.1:
                content = b"<x/>"
            reference = UUID(int=self._random.getrandbits(128)).hex[:14]
            request = messages.zending_post(self._signer, self._riziv, content, datetime.now(UTC), reference, self._random)
            self._deliver(Sent(request=request, riziv=self._riziv, insz=None))
            yield

    def _day(self, ago: int) -> date:
        return datetime.now(BRUSSELS).date() - timedelta(days=ago)

    def _notify(self, insz: str, notification: str) -> Answer | None:
        name = str(UUID(int=self._random.getrandbits(128), version=4))
        request = messages.aanvraag(self._signer, self._riziv, insz, notification, datetime.now(UTC), name, self._random)
        return self._deliver(Sent(request=request, riziv=self._riziv, insz=insz))

    def _deliver(self, sent: Sent) -> Answer | None:
        self._book.add(sent)
        chance = self._random.random()
        # Some send twice at once, some send again what was answered: a duplicate must change nothing.
        twin = self._pool.submit(self._until_answered, sent, Random(chance)) if chance < 0.05 else None
        answer = self._until_answered(sent, self._random)
        if twin is not None:
            twin.result()
            self._book.count("sent twice at once")
        elif chance < 0.12 and answer is not None:
            self._until_answered(sent, self._random)
            self._book.count("sent again after the answer")
        return answer

    def _until_answered(self, sent: Sent, random: Random) -> Answer | None:
        while not self._give_up.is_set():
            sent.attempts += 1
            url = _URL.format(base=random.choice(self._bases), service=sent.request.service)
            # A few hang up before the answer can be there: it is lost, and the message perhaps not.
            patience = (3.0, 0.01) if random.random() < 0.02 else _PATIENCE
            try:
                reply = self._http().post(url, data=sent.request.body, headers={"Content-Type": "text/xml"}, timeout=patience)
                answer = messages.read_answer(reply.content)
            except (requests.RequestException, ValueError) as error:
                self._book.count(f"line broke: {type(error).__name__}")
                answer = self._ask(sent, random) if random.random() < 0.3 else None
            if isinstance(answer, Answer):
                sent.answers.append(answer)
                return answer
            if isinstance(answer, Fault):
                self._book.count(f"fault {answer.code}")
                if not answer.later:
                    sent.unexpected.append(answer.code)
            time.sleep(random.uniform(0.1, 0.8))
        return None

    def _ask(self, sent: Sent, random: Random) -> Answer | None:
        now = datetime.now(UTC)
        asked = messages.question(self._signer, self._riziv, sent.request, now, by_hash=random.random() < 0.5)
        url = _URL.format(base=random.choice(self._bases), service="aanvraag")
        try:
            reply = self._http().post(url, data=asked, headers={"Content-Type": "text/xml"}, timeout=_PATIENCE)
            answer = messages.read_answer(reply.content)
        except (requests.RequestException, ValueError):
            return None
        if not isinstance(answer, Answer):
            return None
        self._book.count("asked and found")
        # Half of them send again all the same, to get the answer itself.
        enough = answer.outcome is not None or sent.request.service == FACTURATIE
        return answer if enough and random.random() < 0.5 else None

    def _http(self) -> requests.Session:
        if not hasattr(self._session, "http"):
            self._session.http = requests.Session()
        http: requests.Session = self._session.http
        return http
