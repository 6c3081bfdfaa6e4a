"""Everything that a step is judged on, in one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.plan import Step
from conformance.sender.answers import Script
from conformance.sender.arrival import Arrival, Mail, read_answer
from conformance.sender.hook import HookResult
from conformance.sender.task import Task


@dataclass(kw_only=True)
class Memory:
    """What the suite remembers of a whole session."""

    references: dict[str, str] = field(default_factory=dict)
    """Message id to the digest of its content."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything that a step is judged on."""

    step: Step
    number: int
    task: Task
    script: Script
    arrivals: Sequence[Arrival]
    decided: Mapping[str, Mail]
    """What the central application decided on the zendingen, by InputReference."""
    waiting: Sequence[Mail]
    """Still unconfirmed in the mailbox at the end."""
    waiting_tacks: int
    memory: Memory
    hook: HookResult | None
    """None: a person drives the software."""
    stopped: str = ""
    """Why the step ended without what was asked: time is up, or the vendor said so."""
    poll_seconds: float = 1.0
    earlier: Sequence[str] = ()
    """Message ids of earlier steps."""
    begun: float = 0.0

    @property
    def groups(self) -> list[list[Arrival]]:
        """The arrivals of what was asked, by message, in the order in which each first came."""
        found: dict[str, list[Arrival]] = {}
        for arrival in self.arrivals:
            if arrival.operation == self.task.operation:
                found.setdefault(arrival.reference or f"#{arrival.nr}", []).append(arrival)
        return list(found.values())


def given(seen: Seen) -> list[Mail]:
    """Messages that the sender really was given in a step, each time again."""
    replies = [read_answer(a.reply) for a in seen.arrivals if a.operation == "get" and a.status == 200]
    return [m for answer in replies for m in answer.mail]
