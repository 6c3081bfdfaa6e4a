"""Keeps refusals without holding up an answer: a bounded queue in memory, and one thread that writes it in batches.

A flood costs no disk: past a number of rows a minute only counts are kept. A database that is full, locked or away costs no
answer: what waits is tried again, and what no longer fits is counted and logged as not kept.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.observe import metrics
from gateway.refusal import Refusal
from gateway.store.deur import Deurweigering, Teller, bewaar
from gateway.store.engine import Store

log = structlog.get_logger("deur")
_Tellers = dict[tuple[datetime, str, str], tuple[int, int]]
"""Minute, service and code to faults answered, and how many of them have no row."""


@dataclass(frozen=True, kw_only=True)
class Grenzen:
    """How much one process keeps; beyond it there are counts only."""

    per_afzender: int = 60
    """Rows a minute of one proven sender."""
    per_adres: int = 30
    """Rows a minute of one address when nobody is proven."""
    bewezen: int = 600
    """Rows a minute of all proven senders."""
    onbewezen: int = 120
    """Rows a minute of all that is not proven, from however many addresses."""
    wachtrij: int = 2_000
    """Rows that wait for the database; what is not proven fills half of them."""
    tellers: int = 5_000
    """Counts that wait; beyond them they are of hours, not minutes."""
    bundel: int = 200
    """Rows in one transaction."""
    ritme: float = 0.5
    """Seconds in which refusals gather before they are written."""
    geduld: float = 30.0
    """Longest pause in seconds between two tries at a database that does not answer."""


class Deurboek:
    """The refusals of one process on their way to the database. Its thread starts with the first one."""

    def __init__(self, store: Store, grenzen: Grenzen | None = None) -> None:
        self._store = store
        self._grenzen = grenzen or Grenzen()
        self._slot = threading.Condition()
        self._rijen: deque[Deurweigering] = deque()
        self._tellers: _Tellers = {}
        self._minuut: datetime | None = None
        self._in_minuut: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._sluit = False
        self._verloren = 0
        """Found no room in the queue, and not yet told in the log."""

    def noteer(self, weigering: Deurweigering, adres: str) -> None:
        """Keep a refusal, or count it when there is no room; returns at once.

        Args:
            adres: of the client; it stands in no row.
        """
        with self._slot:
            bewaard = self._past(weigering, adres)
            if bewaard:
                self._rijen.append(weigering)
            self._tel(weigering.op, weigering.dienst, weigering.code, 1, 0 if bewaard else 1)
            self._wek()

    def tel(self, op: datetime, dienst: str, code: str) -> None:
        """Count a refusal that gets no row."""
        with self._slot:
            self._tel(op, dienst, code, 1, 1)
            self._wek()

    def sluit(self, timeout: float = 8.0) -> None:
        """Write out what waits; what the database does not take by then is logged as not kept."""
        with self._slot:
            self._sluit = True
            self._slot.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
        with self._slot:
            over = len(self._rijen)
            self._rijen.clear()
        _niet_bewaard(over, "stopped")

    def _past(self, weigering: Deurweigering, adres: str) -> bool:
        grenzen, bewezen = self._grenzen, weigering.identiteit is not None
        minuut = _minuut(weigering.op)
        if minuut != self._minuut:
            self._minuut, self._in_minuut = minuut, Counter()
        soort = "bewezen" if bewezen else "onbewezen"
        bron = f"{soort}/{weigering.identiteit if bewezen else adres}"
        per_bron = grenzen.per_afzender if bewezen else grenzen.per_adres
        totaal = grenzen.bewezen if bewezen else grenzen.onbewezen
        if self._in_minuut[soort] >= totaal or self._in_minuut[bron] >= per_bron:
            return False
        if len(self._rijen) >= grenzen.wachtrij // (1 if bewezen else 2):
            self._verloren += 1
            return False
        self._in_minuut[soort] += 1
        self._in_minuut[bron] += 1
        return True

    def _tel(self, op: datetime, dienst: str, code: str, aantal: int, los: int) -> None:
        sleutel = (_minuut(op), dienst, code)
        if sleutel not in self._tellers and len(self._tellers) >= self._grenzen.tellers:
            sleutel = (sleutel[0].replace(minute=0), dienst, code)
        al, al_los = self._tellers.get(sleutel, (0, 0))
        self._tellers[sleutel] = (al + aantal, al_los + los)

    def _wek(self) -> None:
        if self._thread is None and not self._sluit:
            self._thread = threading.Thread(target=self._schrijf, name="deurboek", daemon=True)
            self._thread.start()
        self._slot.notify_all()

    def _schrijf(self) -> None:
        pauze = self._grenzen.ritme
        while True:
            with self._slot:
                self._slot.wait_for(lambda: self._sluit or self._rijen or self._tellers)
                # A notice of more does not end the pause, a closing does.
                self._slot.wait_for(lambda: self._sluit, timeout=pauze)
                laatste = self._sluit
            gelukt = self._leeg()
            with self._slot:
                verloren, self._verloren = self._verloren, 0
            _niet_bewaard(verloren, "queue full")
            pauze = self._grenzen.ritme if gelukt else min(pauze * 2, self._grenzen.geduld)
            if laatste:
                return

    def _leeg(self) -> bool:
        """Write all that waits now; whether the database took it."""
        while True:
            with self._slot:
                bundel = [self._rijen[i] for i in range(min(len(self._rijen), self._grenzen.bundel))]
                tellers, self._tellers = self._tellers, {}
            if not bundel and not tellers:
                return True
            try:
                with self._store.writing() as conn:
                    bewaar(conn, bundel, _als_tellers(tellers))
            except Refusal as refusal:
                log.warning("refusals_wait", code=refusal.code.info.code, count=len(bundel))
                with self._slot:
                    for (minuut, dienst, code), (aantal, los) in tellers.items():
                        self._tel(minuut, dienst, code, aantal, los)
                return False
            except Exception:
                # What our own code can not write is not tried for ever.
                log.exception("refusals_not_written")
                _niet_bewaard(len(bundel), "error")
            with self._slot:
                for _ in bundel[: len(self._rijen)]:
                    self._rijen.popleft()


def _als_tellers(tellers: _Tellers) -> Iterator[Teller]:
    for (minuut, dienst, code), (aantal, los) in tellers.items():
        yield Teller(minuut=minuut, dienst=dienst, code=code, aantal=aantal, los=los)


def _minuut(op: datetime) -> datetime:
    return op.replace(second=0, microsecond=0)


def _niet_bewaard(aantal: int, waarom: str) -> None:
    if aantal:
        metrics.NOT_KEPT.inc(aantal)
        log.error("refusals_not_kept", count=aantal, reason=waarom)
