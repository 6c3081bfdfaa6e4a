"""Browsers that logged in to an account before: who guesses at its password does not lock these out.

The cookie is an HMAC under the account's password hash, which nobody outside has; a new password makes it worthless.
"""

from __future__ import annotations

import hmac
import secrets

from gateway.console.accounts import Account
from gateway.console.sessies import gelijk

COOKIE = "toestel"
SECONDEN = 180 * 24 * 3600


def nieuw(account: Account) -> str:
    """The cookie of a browser that logged in; it opens nothing."""
    toestel = secrets.token_urlsafe(16)
    return f"{toestel}.{_zegel(account, toestel)}"


def kent(account: Account | None, cookie: str | None) -> str | None:
    """Which browser of the account this is; None when it never logged in to it."""
    toestel, _, zegel = (cookie or "")[:200].partition(".")
    if account is None or not gelijk(zegel, _zegel(account, toestel)):
        return None
    return toestel


def _zegel(account: Account, toestel: str) -> str:
    return hmac.digest(account.hash.encode(), f"vsb-toestel/{account.naam}/{toestel}".encode(), "sha256").hex()
