"""Looking in the audit chain so that it never dies: a subject's index or the number leads, the rest is a bounded stretch.

The chain has no index on its moments, but they rise with the numbers; so the first number of a period is found by halving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, or_, select

from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import KOLOMMEN, Record, tijdstip_tekst
from gateway.store.audit_tables import audit

PAGINA = 100
STUK = 5_000
"""Records that one page looks at, at most, of each way to write its subject."""
_VOOR = ("", "bericht:", "attest:", "zorgkas:", "riziv:", "dossier:", "steekproef:", "persoon:")
"""What may stand before a subject's number, that people leave out."""
_SPELING = timedelta(minutes=10)
"""So far the clocks of processes may differ: at the edges of a period so much more is looked at."""


@dataclass(frozen=True, kw_only=True)
class Auditvraag:
    """What records must be; None: anything."""

    soort: Gebeurtenis | None = None
    actor: str | None = None
    """The account, with or without its kind, its role or the account of the operating system behind it."""
    onderwerp: str | None = None
    """A message, delivery, attest, facility, zorgkas or dossier, with or without its kind."""
    van: datetime | None = None
    tot: datetime | None = None
    """Before this moment."""
    voor: int | None = None
    """Numbers before this one: the key of the page."""


@dataclass(frozen=True, kw_only=True)
class Bladzijde:
    """One page, newest first."""

    rijen: Sequence[Record]
    volgende: int | None
    """Key of the next page; None: this is all."""


def blader(conn: Connection, vraag: Auditvraag, *, pagina: int = PAGINA) -> Bladzijde:
    """One page of the records that fit."""
    a = audit.c
    grenzen: list[ColumnElement[bool]] = [] if vraag.voor is None else [a.volgnr < vraag.voor]
    if vraag.van is not None:
        grenzen.append(a.volgnr >= _nummer_op(conn, vraag.van - _SPELING))
    if vraag.tot is not None:
        grenzen.append(a.volgnr < _nummer_op(conn, vraag.tot + _SPELING))
    leiders = [[]] if vraag.onderwerp is None else [[a.onderwerp == o] for o in _onderwerpen(vraag.onderwerp)]
    gevonden: dict[int, Record] = {}
    tot = 0
    for leider in leiders:
        rijen, einde = _stuk(conn, [*grenzen, *leider], _rest(vraag), pagina)
        gevonden |= {r.volgnr: r for r in rijen}
        tot = max(tot, einde)
    # What lies beyond the stretch that was looked at comes on a later page.
    nummers = [n for n in sorted(gevonden, reverse=True) if n >= tot]
    volgende = nummers[pagina - 1] if len(nummers) > pagina else tot if tot > 1 else None
    return Bladzijde(rijen=[gevonden[n] for n in nummers[:pagina]], volgende=volgende)


def _stuk(
    conn: Connection, waar: Sequence[ColumnElement[bool]], rest: Sequence[ColumnElement[bool]], pagina: int
) -> tuple[list[Record], int]:
    """The newest that fit, and the last number that was looked at when there may be more; else 0."""
    a = audit.c
    binnen = select(a.volgnr).where(*waar).order_by(a.volgnr.desc()).limit(STUK).subquery()
    vraag = select(*KOLOMMEN).join(binnen, binnen.c.volgnr == a.volgnr).where(*rest).order_by(a.volgnr.desc()).limit(pagina + 1)
    rijen = [Record(**r._mapping) for r in conn.execute(vraag)]
    if len(rijen) > pagina:
        return rijen, 0
    aantal, laatste = conn.execute(select(func.count(), func.min(binnen.c.volgnr))).one()
    return rijen, int(laatste) if aantal == STUK else 0


def _rest(vraag: Auditvraag) -> list[ColumnElement[bool]]:
    a, rest = audit.c, []
    if vraag.soort is not None:
        rest.append(a.gebeurtenis == vraag.soort.value)
    if vraag.actor is not None:
        namen = [vraag.actor, f"account:{vraag.actor}", f"os:{vraag.actor}", f"zorgkas:{vraag.actor}"]
        rest.append(or_(a.actor.in_(namen), *(func.substr(a.actor, 1, len(n) + 2) == f"{n} (" for n in namen)))
    if vraag.van is not None:
        rest.append(a.tijdstip >= tijdstip_tekst(vraag.van))
    if vraag.tot is not None:
        rest.append(a.tijdstip < tijdstip_tekst(vraag.tot))
    return rest


def _onderwerpen(onderwerp: str) -> list[str]:
    return [f"{voor}{onderwerp}" for voor in _VOOR]


def _nummer_op(conn: Connection, moment: datetime) -> int:
    """The first number of which the moment is not before this one; one more than the last when there is none."""
    tekst = tijdstip_tekst(moment)
    laag, hoog = 1, (conn.execute(select(func.max(audit.c.volgnr))).scalar() or 0) + 1
    while laag < hoog:
        midden = (laag + hoog) // 2
        gevonden = conn.execute(select(audit.c.tijdstip).where(audit.c.volgnr == midden)).scalar()
        if gevonden is not None and gevonden < tekst:
            laag = midden + 1
        else:
            hoog = midden
    return laag
