"""The audit chain: who did what to the gateway, each record bound to the one before by its hash.

A record's hash is SHA-256 over the canonical JSON (RFC 8785) of all its columns, the previous record's hash among them, so
that nobody changes, inserts, removes or reorders a record without every later hash changing. The seals that sign the chain
day by day are in audit_zegels.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit_tables import audit
from gateway.store.slot import slot

BEGIN = "0" * 64
"""What the first record has as hash of the one before."""

Waarde = str | int | bool | None | Sequence[str]
"""What `gegevens` may hold; numbers with a fraction have no one canonical form."""

_LANGST = 128
# As people write it, 85.07.30-033.28 or bare; `riziv:` tells a RIZIV number apart, hexadecimal neighbours an id or a hash.
_INSZ = re.compile(r"(?<![0-9A-Fa-f])(?<!riziv:)\d{2}\.? ?\d{2}\.? ?\d{2}[- ]?\d{3}[. ]?\d{2}(?![0-9A-Fa-f])", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of the chain, with every character that its hash covers."""

    volgnr: int
    tijdstip: str
    gebeurtenis: str
    actor: str
    onderwerp: str
    gegevens: str
    vorige_hash: str

    @property
    def bedoelde_hash(self) -> str:
        """The hash that belongs to this content, hex.

        Raises:
            TypeError, ValueError: a column holds what no record can hold.
        """
        return hashlib.sha256(canoniek(asdict(self)).encode()).hexdigest()


def canoniek(velden: Mapping[str, object]) -> str:
    """Canonical JSON (RFC 8785) of strings, whole numbers, truth values, null and lists of these, under ASCII names."""
    return json.dumps(velden, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def noteer(
    conn: Connection,
    gebeurtenis: Gebeurtenis,
    *,
    actor: str,
    onderwerp: str,
    gegevens: Mapping[str, Waarde],
    tijdstip: datetime,
) -> int:
    """Append a record in the caller's write transaction: the event and its effect are on disk together, or neither is.

    Call it as the last thing the transaction does: on PostgreSQL every other writer of the chain waits for its end.

    Args:
        actor: who did it: gateway, os:<user>, zorgkas:<code>, or an identity's label.
        onderwerp: what it was done to, for example a message id, riziv:<number> or attest:<number>.
        gegevens: what else an auditor must know. A number in the shape of an INSZ is masked here, in `actor` and in
            `onderwerp`, unless `riziv:` stands right before it.

    Returns:
        The record's number.

    Raises:
        ValueError: `tijdstip` has no time zone.
        TypeError: a value in `gegevens` is of another kind.
    """
    if tijdstip.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    slot(conn, "audit")
    laatste = conn.execute(select(audit.c.volgnr, audit.c.hash).order_by(audit.c.volgnr.desc()).limit(1)).first()
    record = Record(
        volgnr=1 if laatste is None else laatste.volgnr + 1,
        tijdstip=tijdstip_tekst(tijdstip),
        gebeurtenis=gebeurtenis.value,
        actor=_tekst(actor)[:_LANGST],
        onderwerp=_tekst(onderwerp)[:_LANGST],
        gegevens=canoniek({_tekst(naam): _waarde(waarde) for naam, waarde in gegevens.items()}),
        vorige_hash=BEGIN if laatste is None else laatste.hash,
    )
    conn.execute(insert(audit).values(**asdict(record), hash=record.bedoelde_hash))
    return record.volgnr


def laatste_records(conn: Connection, aantal: int) -> tuple[Record, ...]:
    """The newest records, oldest of them first."""
    rijen = conn.execute(select(*KOLOMMEN).order_by(audit.c.volgnr.desc()).limit(aantal)).all()
    return tuple(Record(**rij._mapping) for rij in reversed(rijen))


def laatste_over(conn: Connection, onderwerp: str, *gebeurtenissen: Gebeurtenis) -> Record | None:
    """The newest record about a subject that is one of these events."""
    soorten = [g.value for g in gebeurtenissen]
    vraag = select(*KOLOMMEN).where(audit.c.onderwerp == onderwerp, audit.c.gebeurtenis.in_(soorten))
    rij = conn.execute(vraag.order_by(audit.c.volgnr.desc()).limit(1)).first()
    return None if rij is None else Record(**rij._mapping)


KOLOMMEN = [k for k in audit.c if k.name != "hash"]
"""The columns of a Record."""


def tijdstip_tekst(tijdstip: datetime) -> str:
    """A moment as the chain writes it; texts of two moments sort as the moments do."""
    return f"{tijdstip.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _waarde(waarde: Waarde) -> object:
    match waarde:
        case None | bool():
            return waarde
        case int():
            # An INSZ may come as a number too.
            return waarde if _tekst(str(waarde)) == str(waarde) else _tekst(str(waarde))
        case str():
            return _tekst(waarde)
        case list() | tuple():
            return [_tekst(deel) for deel in waarde]
        case _:
            raise TypeError(f"not a value for the audit chain: {type(waarde).__name__}")


def _tekst(tekst: str) -> str:
    leesbaar = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in tekst)
    return _INSZ.sub("***********", leesbaar)
