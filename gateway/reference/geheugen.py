"""Answers about the register, remembered until the register changes.

Every change of the register or the reference data is a record in the audit chain, written in the same transaction. So the chain's
last number, read in the transaction that asks, says whether an answer still holds: a change counts at once in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select

from gateway.store.audit_tables import audit

T = TypeVar("T")
_STAND = select(func.max(audit.c.volgnr))
_SIZE = 20_000


class Registergeheugen:
    """Safe to share between threads; an answer is kept with the state of the register that it was given on."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def nu(self, conn: Connection) -> Stand:
        """The register as this transaction sees it."""
        return Stand(self._known, conn.execute(_STAND).scalar())


class Stand:
    """The register at one moment."""

    def __init__(self, known: dict[Hashable, Any], nummer: int | None) -> None:
        self._known = known
        self._nummer = nummer

    def vraag(self, sleutel: Hashable, bereken: Callable[[], T]) -> T:
        """The remembered answer, or that of `bereken`; an exception is not remembered.

        Args:
            sleutel: everything that the answer depends on beside the register.
        """
        key = (self._nummer, sleutel)
        found: tuple[T] | None = self._known.get(key)
        if found is None:
            found = (bereken(),)
            if len(self._known) >= _SIZE:
                self._known.clear()
            self._known[key] = found
        return found[0]
