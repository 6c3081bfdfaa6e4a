"""Whether the gateway still keeps its own books: each day sealed, each old month archived."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from gateway.clock import BRUSSELS
from gateway.store.archief import gesloten_voor
from gateway.store.archief_tables import archief
from gateway.store.audit_tables import audit, audit_zegel
from gateway.store.identifiers import maand_van
from gateway.store.tables import bericht

_SEALING = timedelta(hours=2)
"""After midnight, before a day without seal is a failure."""
_MONTHS = 2
"""Further months that a closed month may wait for its archive; the command runs monthly."""


def zegel_te_laat(conn: Connection, now: datetime) -> date | None:
    """The last day of the audit chain that should have been sealed and was not."""
    klaar = (now - _SEALING).astimezone(BRUSSELS).date() - timedelta(days=1)
    laatste = conn.execute(select(func.max(audit_zegel.c.dag))).scalar()
    if laatste is None:
        eerste = conn.execute(select(audit.c.tijdstip).order_by(audit.c.volgnr).limit(1)).scalar()
        if eerste is None:
            return None
        laatste = datetime.fromisoformat(eerste).astimezone(BRUSSELS).date() - timedelta(days=1)
    return klaar if laatste < klaar else None


def archief_te_laat(conn: Connection, bewaarmaanden: int, now: datetime) -> date | None:
    """The oldest month whose bytes should have been archived and were not."""
    grens = gesloten_voor(now, bewaarmaanden + _MONTHS)
    oudste = conn.execute(select(bericht.c.id).order_by(bericht.c.id).limit(1)).scalar()
    if oudste is None:
        return None
    laatste: date | None = conn.execute(select(func.max(archief.c.maand))).scalar()
    maand = maand_van(oudste) if laatste is None else (laatste + timedelta(days=31)).replace(day=1)
    return maand if maand < grens else None
