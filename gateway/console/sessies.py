"""Sessions of people, in the database so that every server process knows them; of the cookie only its SHA-256 is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from gateway.console.rechten import OngeldigePersoon, Persoon, Rol
from gateway.store.console_tables import console_concept, console_sessie

_KEPT = timedelta(hours=24)
"""How long an ended session is remembered, so that what is sent with it can be told from a forgery."""
_TOUCH = timedelta(minutes=1)
_CONCEPT = timedelta(hours=2)
_CONCEPT_OCTETS = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Termijn:
    """How long a session lasts."""

    stil: timedelta
    """Without a click; refreshing by itself does not count."""
    totaal: timedelta
    """At most, whatever one does."""


@dataclass(frozen=True, kw_only=True)
class Melding:
    """What happened, told on the next page."""

    tekst: str
    soort: str = "goed"
    """goed, let_op or fout."""
    ongedaan: str | None = None
    """Address of a page that undoes it."""


@dataclass(frozen=True, kw_only=True)
class Sessie:
    """One logged-in browser."""

    sleutel: str
    """SHA-256 of the cookie, hex."""
    persoon: Persoon
    personen: tuple[Persoon, ...]
    """Every role this person may take."""
    csrf: str
    """Token that every unsafe request must repeat."""
    verlopen: bool
    begonnen_op: datetime
    gezien_op: datetime
    doel: str | None = None
    doel_verwijzing: str | None = None
    melding: Melding | None = None


def digest(waarde: str) -> str:
    return hashlib.sha256(waarde.encode()).hexdigest()


def csrf_van(cookie: str) -> str:
    """The token that belongs to a cookie; who can not read the cookie can not make it."""
    return hmac.new(cookie.encode(), b"vsb-console-csrf", hashlib.sha256).hexdigest()


def begin(conn: Connection, personen: Sequence[Persoon], persoon: Persoon, nu: datetime) -> str:
    """Start a session; returns the cookie's value, which is nowhere else."""
    conn.execute(delete(console_sessie).where(console_sessie.c.gezien_op < nu - _KEPT))
    cookie = secrets.token_urlsafe(32)
    conn.execute(
        insert(console_sessie).values(
            sleutel=digest(cookie),
            account=persoon.account,
            naam=persoon.naam[:128],
            rol=persoon.rol.value,
            personen=[asdict(p) for p in personen],
            begonnen_op=nu,
            gezien_op=nu,
        )
    )
    return cookie


def wissel(conn: Connection, sessie: Sessie, rol: Rol, nu: datetime) -> str | None:
    """Go on in another role, under a new cookie; None when the person does not have it."""
    persoon = next((p for p in sessie.personen if p.rol is rol), None)
    if persoon is None:
        return None
    eindig(conn, sessie)
    cookie = begin(conn, sessie.personen, persoon, nu)
    conn.execute(update(console_sessie).where(console_sessie.c.sleutel == digest(cookie)).values(begonnen_op=sessie.begonnen_op))
    return cookie


def lees(conn: Connection, cookie: str, termijn: Termijn, nu: datetime) -> Sessie | None:
    """The session of a cookie, also one that ended not long ago (`verlopen`)."""
    row = conn.execute(select(console_sessie).where(console_sessie.c.sleutel == digest(cookie))).first()
    if row is None or nu - row.gezien_op > _KEPT:
        return None
    try:
        personen = tuple(_persoon(p) for p in row.personen)
    except (ValueError, OngeldigePersoon):
        # A role that this release no longer has: log in again.
        return None
    persoon = next((p for p in personen if p.rol.value == row.rol), None)
    if persoon is None:
        return None
    return Sessie(
        sleutel=row.sleutel,
        persoon=persoon,
        personen=personen,
        csrf=csrf_van(cookie),
        verlopen=nu - row.gezien_op > termijn.stil or nu - row.begonnen_op > termijn.totaal,
        doel=row.doel,
        doel_verwijzing=row.doel_verwijzing,
        melding=None if row.melding is None else Melding(**row.melding),
        begonnen_op=row.begonnen_op,
        gezien_op=row.gezien_op,
    )


def _persoon(velden: dict[str, Any]) -> Persoon:
    lijsten = {n: tuple(velden[n]) for n in ("voorzieningen", "attesten")}
    return Persoon(**{**velden, **lijsten, "rol": Rol(velden["rol"])})


def raak_aan(conn: Connection, sessie: Sessie, nu: datetime) -> None:
    conn.execute(update(console_sessie).where(console_sessie.c.sleutel == sessie.sleutel).values(gezien_op=nu))


def moet_aangeraakt(sessie: Sessie, nu: datetime) -> bool:
    """A write for every click would be too many."""
    return nu - sessie.gezien_op > _TOUCH


def eindig(conn: Connection, sessie: Sessie) -> None:
    """Log out: the cookie means nothing from now on."""
    conn.execute(delete(console_sessie).where(console_sessie.c.sleutel == sessie.sleutel))


def zet_doel(conn: Connection, sessie: Sessie, doel: str, verwijzing: str | None) -> None:
    values = {"doel": doel, "doel_verwijzing": verwijzing}
    conn.execute(update(console_sessie).where(console_sessie.c.sleutel == sessie.sleutel).values(**values))


def zet_melding(conn: Connection, sessie: Sessie, melding: Melding | None) -> None:
    value = None if melding is None else asdict(melding)
    conn.execute(update(console_sessie).where(console_sessie.c.sleutel == sessie.sleutel).values(melding=value))


def gelijk(gegeven: str, verwacht: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(gegeven.encode(), verwacht.encode())


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A form that was sent when the session had ended; nothing of it was done."""

    pad: str
    velden: tuple[tuple[str, str], ...]


def bewaar_concept(conn: Connection, account: str, concept: Concept, nu: datetime) -> str | None:
    """Keep a form for the same account; returns its id, or None when it is too large to keep."""
    conn.execute(delete(console_concept).where(console_concept.c.tot < nu))
    velden = [list(v) for v in concept.velden]
    if len(json.dumps(velden)) > _CONCEPT_OCTETS or len(concept.pad) > 512:
        return None
    name = secrets.token_urlsafe(24)
    values = {"sleutel": digest(name), "account": account, "pad": concept.pad, "velden": velden, "tot": nu + _CONCEPT}
    conn.execute(insert(console_concept).values(**values))
    return name


def neem_concept(conn: Connection, name: str, account: str, nu: datetime) -> Concept | None:
    """Give a kept form back, once, to the account that sent it."""
    c = console_concept.c
    mine = (c.sleutel == digest(name)) & (c.account == account) & (c.tot >= nu)
    row = conn.execute(select(c.pad, c.velden).where(mine)).first()
    if row is None:
        return None
    conn.execute(delete(console_concept).where(mine))
    return Concept(pad=row.pad, velden=tuple((n, v) for n, v in row.velden))
