"""What a hostile input is: how it is made, and the one answer (or few) that it may get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.hostile.context import Context

CLOSED = "closed"
"""The connection was closed without an answer; only right where no whole request ever came."""
ACCEPTED = "accepted"
SILENT = "no answer in time"

STATUS = {
    **dict.fromkeys(("VSB-WIRE-001", "VSB-WIRE-005", "VSB-WIRE-012", "VSB-SYS-004"), 400),
    "VSB-WIRE-003": 413,
    "VSB-WIRE-007": 415,
    "VSB-WIRE-008": 405,
    "VSB-SYS-003": 429,
}
"""HTTP status of a code, where it is not the 500 of a SOAP fault."""

Piece = bytes | float
"""Octets to send, or seconds to wait before the next ones."""


@dataclass(frozen=True, kw_only=True)
class Raw:
    """Octets for the socket itself, where no HTTP client could make them."""

    pieces: Callable[[], Iterable[Piece]]
    half_close: bool = False
    """Say that nothing more will come."""

    @classmethod
    def of(cls, *pieces: Piece, half_close: bool = False) -> Raw:
        return cls(pieces=lambda: pieces, half_close=half_close)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Honest messages first, each of which must be answered, then the hostile one."""

    first: tuple[Sent, ...]
    last: Sent


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message within an exchange."""

    service: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Made = bytes | Raw | Exchange


@dataclass(frozen=True, kw_only=True)
class Case:
    """One hostile input."""

    id: str
    title: str
    """What the attacker tries."""
    kind: str
    """Attack class, with the number of a published case where there is one."""
    make: Callable[[Context], Made]
    expect: frozenset[str]
    """Acceptable answers: our codes, `HTTP <status>` for what is not SOAP, or CLOSED."""
    service: str = "verzekerbaarheid"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Besides Content-Type, which an empty value removes."""
    within: float = 10.0
    """Seconds in which the answer must be there; an attacker may not buy more with one message."""

    def __post_init__(self) -> None:
        if not self.expect or ACCEPTED in self.expect:
            raise ValueError(f"{self.id}: a hostile input is never accepted")


@dataclass(frozen=True, kw_only=True)
class Twin:
    """The honest neighbour of a hostile input, which must be accepted."""

    id: str
    title: str
    make: Callable[[Context], Made]
    service: str = "verzekerbaarheid"
    headers: Mapping[str, str] = field(default_factory=dict)


def cases(kind: str, *rows: tuple[str, str, Callable[[Context], Made], str], **shared: object) -> tuple[Case, ...]:
    """Cases of one kind.

    Args:
        rows: id, title, maker, and the acceptable answers separated by spaces ("HTTP 400" is written HTTP:400).
        shared: further fields of every case.
    """
    return tuple(
        Case(id=id, title=title, kind=kind, make=make, expect=answers(expect), **shared)  # type: ignore[arg-type]
        for id, title, make, expect in rows
    )


def answers(text: str) -> frozenset[str]:
    """Acceptable answers from their short form: `WIRE-001 TRUST-005 HTTP:400 closed`."""
    return frozenset(_answers(text))


def _answers(text: str) -> Iterator[str]:
    for word in text.split():
        if word == CLOSED:
            yield word
        elif word.startswith("HTTP:"):
            yield f"HTTP {word[5:]}"
        else:
            yield f"VSB-{word}"


def status_of(answer: str) -> int | None:
    """HTTP status that goes with an answer."""
    if answer.startswith("HTTP "):
        return int(answer[5:])
    return None if answer in (CLOSED, SILENT, ACCEPTED) else STATUS.get(answer, 500)
