"""States of a delivery, and what each means for those who look for work."""

from __future__ import annotations

from enum import StrEnum


class Toestand(StrEnum):
    """States of a delivery; the sets below say what may be done in each."""

    WACHTEND = "wachtend"
    """Not handed over yet: not fetched, not pushed with success."""
    OPGEHAALD = "opgehaald"
    """Fetched from its mailbox and not confirmed: it is given again."""
    AFGELEVERD = "afgeleverd"
    """Put where the receiver finds it; the receiver's own receipt has not come yet."""
    BEVESTIGD = "bevestigd"
    """The receiver's own receipt closed it."""
    MISLUKT = "mislukt"
    """A dead letter: tried until the policy gave up; a person must look."""
    OPGEGEVEN = "opgegeven"
    """A person gave it up; it will not be delivered."""


FINAL = frozenset({Toestand.BEVESTIGD, Toestand.OPGEGEVEN})
"""Nothing happens to it any more."""
PENDING = frozenset({Toestand.WACHTEND, Toestand.OPGEHAALD, Toestand.AFGELEVERD})
"""The gateway or the receiver still has something to do."""
RETRYABLE = frozenset({Toestand.MISLUKT, Toestand.AFGELEVERD})
"""A person may send it again."""
BLOCKING = frozenset({Toestand.WACHTEND, Toestand.MISLUKT})
"""What comes after it for the same person and facility waits: order is kept, also behind a dead letter."""
IN_MAILBOX = frozenset({Toestand.WACHTEND, Toestand.OPGEHAALD})
"""Given by `get`."""
