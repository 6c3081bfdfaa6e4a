"""Embedded accounts, for `make run` and for installations without an OpenID provider that are not production."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.console.rechten import OngeldigePersoon, Persoon, Rol
from gateway.refusal import Code, Refusal

# argon2-cffi's defaults: RFC 9106 §4, second recommended option (64 MiB), so few at once.
_HASHER = PasswordHasher()
_AT_ONCE = BoundedSemaphore(2)
_PATIENCE = 3.0
"""Seconds that a login waits for its turn; a flood of logins may not hold the threads of the others."""
_NIEMAND = _HASHER.hash("nobody has this password")


class AccountsProbleem(Exception):
    """The file of accounts cannot be used; says where and why."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody who logs in with a password kept here as an Argon2id hash."""

    naam: str
    hash: str
    personen: tuple[Persoon, ...]
    """One for each role."""


def hash_van(wachtwoord: str) -> str:
    return _HASHER.hash(wachtwoord)


def laad_accounts(pad: Path) -> Mapping[str, Account]:
    """Read accounts: a list [[account]] with naam, wachtwoord (its hash), volledige_naam, rollen, and what these are bound to.

    Raises:
        AccountsProbleem: the file is not there, not TOML, or an account in it is not right.
    """
    try:
        rijen = tomllib.loads(pad.read_text(encoding="utf-8"))["account"]
        accounts = [_account(rij) for rij in rijen]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, OngeldigePersoon) as error:
        raise AccountsProbleem(f"{pad}: {type(error).__name__} {error}") from error
    return {a.naam: a for a in accounts}


def _account(rij: Mapping[str, Any]) -> Account:
    if not str(rij["wachtwoord"]).startswith("$argon2id$"):
        raise ValueError(f"the password of {rij['naam']} is not an Argon2id hash: vsb-gateway console password")
    personen = tuple(
        Persoon(
            account=f"account:{rij['naam']}",
            naam=rij.get("volledige_naam", rij["naam"]),
            rol=Rol(rol),
            zorgkas=rij.get("zorgkas") if rol == Rol.ZORGKAS else None,
            voorzieningen=tuple(rij.get("voorzieningen", ())) if rol == Rol.VOORZIENING else (),
            attesten=tuple(rij.get("attesten", ())) if rol == Rol.LEVERANCIER else (),
        )
        for rol in rij["rollen"]
    )
    return Account(naam=rij["naam"], hash=rij["wachtwoord"], personen=personen)


def controleer(accounts: Mapping[str, Account], naam: str, wachtwoord: str) -> Account | None:
    """The account when name and password fit; as slow for a name that nobody has.

    Raises:
        Refusal: BUSY, when too many log in at once.
    """
    account = accounts.get(naam)
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise Refusal(Code.BUSY, place="aanmelden", retry_after=5)
    try:
        _HASHER.verify(_NIEMAND if account is None else account.hash, wachtwoord)
    except (VerificationError, InvalidHashError):
        return None
    finally:
        _AT_ONCE.release()
    return account
