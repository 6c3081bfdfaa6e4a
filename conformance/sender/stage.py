"""Runs a session's scenarios in a thread of its own, as the page, the terminal or a program asks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from conformance.plan import Scenario
from conformance.report import write_reports
from conformance.sender.conductor import Abandoned, Conductor, Stopped
from conformance.sender.session import Session, SessionError, utc
from conformance.verdict import Result, Verdict

log = structlog.get_logger("suite")
WORDS = frozenset({"klaar", "overslaan", "opnieuw"})
"""What a person can say of a step that is under way."""


@dataclass(kw_only=True)
class Stage:
    """What is played now, what waits, and what a person may say.

    Args:
        careful: stop after a scenario that failed, so that a person can mend and do it again.
    """

    conductor: Conductor
    careful: bool
    queue: deque[Scenario] = field(default_factory=deque)
    paused: str = ""
    """Scenario after which it stopped."""
    busy: bool = False
    """A scenario is under way."""
    _ending: bool = False

    @property
    def session(self) -> Session:
        return self.conductor.session

    def start(self, ids: Iterable[str] | None = None) -> list[str]:
        """Put scenarios in the queue: these, or all that have no result.

        Raises:
            SessionError: there is no such scenario.
        """
        plan = {s.id: s for s in self.session.plan()}
        wanted = [s.id for s in self.session.pending()] if ids is None else list(ids)
        for one in wanted:
            if one not in plan:
                raise SessionError(f"er is geen scenario {one[:120]!r} in dit plan")
        with self._lock():
            waiting = {s.id for s in self.queue}
            self.queue.extend(plan[i] for i in wanted if i not in waiting)
            self.paused = ""
        return wanted

    def again(self, one: str) -> None:
        """Do a scenario next. The one that waits for a person now is left without a result, and done later if others wait too.

        Raises:
            SessionError: there is no such scenario.
        """
        plan = {s.id: s for s in self.session.plan()}
        if one not in plan:
            raise SessionError(f"er is geen scenario {one[:120]!r} in dit plan")
        now = self.conductor.now.scenario
        with self._lock():
            rest = [s for s in self.queue if s.id != one]
            if self.conductor.hook is None and now is not None:
                self.conductor.control.word = "weg"
                rest = [now, *rest] if rest and now.id != one else rest
            self.queue = deque([plan[one], *rest])
            self.paused = ""

    def say(self, word: str) -> None:
        """A person's word about the step that is under way.

        Raises:
            SessionError: no such word, or no step is under way.
        """
        if word not in WORDS:
            raise SessionError(f"{word[:40]!r} is geen opdracht; er zijn {', '.join(sorted(WORDS))}")
        now = self.conductor.now.scenario
        if now is None:
            raise SessionError("er is geen stap bezig")
        if word == "opnieuw":
            self.again(now.id)
            return
        with self._lock():
            self.conductor.control.word = word

    def hold(self) -> None:
        """Play nothing more after the scenario that is under way."""
        with self._lock():
            self.queue.clear()

    def override(self, one: str, verdict: str, by: str, comment: str) -> Result:
        """A person's judgement.

        Raises:
            SessionError: it can not be given.
        """
        try:
            chosen = Verdict(verdict)
        except ValueError:
            raise SessionError(f"{verdict[:40]!r} is geen oordeel; er zijn {', '.join(Verdict)}") from None
        with self._lock():
            return self.session.override(one, chosen, by, comment)

    def work(self) -> None:
        """Play the queue until the session ends."""
        while True:
            scenario = self._next()
            if scenario is None:
                return
            try:
                result = self.conductor.play(scenario)
            except Stopped:
                return
            except Abandoned:
                self._rest()
                continue
            except Exception:
                # One scenario that trips over our own code must not end the session.
                log.exception("scenario_failed", scenario=scenario.id)
                self._rest()
                continue
            self._finished(result)
            self._rest()

    def _rest(self) -> None:
        with self._lock():
            self.busy = False

    def _next(self) -> Scenario | None:
        with self.conductor.tap.changed:
            while not self.queue or self.paused:
                if self._ending:
                    return None
                self.conductor.tap.changed.wait(1.0)
            if self._ending:
                return None
            self.busy = True
            return self.queue.popleft()

    def _finished(self, result: Result) -> None:
        session = self.session
        with self._lock():
            if self.careful and result.verdict is Verdict.FAIL and not any(s.id == result.scenario for s in self.queue):
                self.paused = result.scenario
            if not session.pending() and not self.queue:
                session.run.finished = utc()
                session.save()
        write_reports(session.run, session.folder)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self.conductor.tap.changed:
            yield
            self.conductor.version += 1
            self.conductor.tap.changed.notify_all()

    @contextmanager
    def open(self) -> Iterator[Stage]:
        """Work in a thread until the context ends; what is under way is done again when the session goes on."""
        thread = threading.Thread(target=self.work, name="scenarios", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            with self._lock():
                self._ending = True
                self.conductor.control.stop = True
            thread.join(timeout=15)

    def shown(self, timeout: float) -> bool:
        """Until there is a step to look at, or nothing to do."""
        changed, tap = self.conductor.tap.changed, self.conductor.tap
        with changed:
            return changed.wait_for(lambda: tap.watch is not None or not (self.busy or self.queue), timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Until nothing is under way and nothing will be without a word; False when the time is up first."""
        changed = self.conductor.tap.changed
        with changed:
            return changed.wait_for(lambda: (not self.queue or bool(self.paused)) and not self.busy, timeout)
