"""What a hostile input may use when it is made: the clock, sample keys, certificates minted on the spot, and the traps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path

from conformance.walkthrough import sample_signer
from gateway.clock import BRUSSELS
from gateway.trust.signing import Signer
from tests.hostile.mint import Mint

VICTIM, ATTACKER = "facility-ibw-1", "facility-ibw-2"


@cache
def signer(name: str) -> Signer:
    """A sample signer, read from disk once."""
    return sample_signer(name)


@dataclass(frozen=True, kw_only=True)
class Context:
    """The world of one run."""

    clock: Callable[[], datetime]
    canary: str
    """Address of an HTTP listener that nobody may ever call."""
    secret: Path
    """A file that no answer may quote."""
    mint: Mint = field(default_factory=Mint)

    def now(self) -> datetime:
        return self.clock()

    def today(self) -> date:
        return self.clock().astimezone(BRUSSELS).date()

    def signer(self, name: str = VICTIM) -> Signer:
        return signer(name)
