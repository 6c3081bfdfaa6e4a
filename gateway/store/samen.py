"""Group commit: callers that come while a transaction runs share the next one, so that one flush to disk serves them all.

Each caller gets its answer only after the commit. A piece of work that raises is undone alone, with a savepoint.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
_MOST = 32
"""Pieces of work in one transaction; the first waits for the last."""


@dataclass(eq=False)
class _Job:
    work: Callable[[Connection], Any]
    ready: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    error: BaseException | None = None


class GroupCommit:
    """One of the waiting callers leads: it does everyone's work, in the order of arrival.

    Args:
        writing: opens a write transaction that is on disk when it ends.
    """

    def __init__(self, writing: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._writing = writing
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._led = False

    def do(self, work: Callable[[Connection], T]) -> T:
        """Do `work` together with whatever else waits.

        Raises:
            Whatever `work` or the commit raised; then nothing of this work is kept.
        """
        job = _Job(work)
        with self._lock:
            self._waiting.append(job)
            lead = not self._led
            self._led = True
        if lead:
            self._lead()
        job.ready.wait()
        if job.error is not None:
            raise job.error
        answer: T = job.answer
        return answer

    def _lead(self) -> None:
        while True:
            with self._lock:
                jobs = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
                if not jobs:
                    self._led = False
                    return
            self._commit(jobs)

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            with self._writing() as conn:
                for job in jobs:
                    _run(conn, job)
        except BaseException as error:
            # The whole transaction is gone, also for those whose own work went well.
            for job in jobs:
                job.error = job.error or error
        finally:
            for job in jobs:
                job.ready.set()


def _run(conn: Connection, job: _Job) -> None:
    # On the driver's own connection: a savepoint for each piece of work is too small for the engine's ceremony.
    driver: Any = conn.connection.driver_connection
    driver.execute("SAVEPOINT job")
    try:
        job.answer = job.work(conn)
    except Exception as error:
        driver.execute("ROLLBACK TO job")
        job.error = error
    driver.execute("RELEASE job")
