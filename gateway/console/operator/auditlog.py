"""The audit chain on screen, newest first: who did what, and who looked at whom for which purpose."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import select
from starlette.responses import Response

from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vraag import Vraag
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit_tables import audit

schermen = Schermen()
PAGINA = 100
STUK = 5_000
"""Records that one page looks at when it is asked for one kind."""


@schermen.get("/audit", Recht.AUDIT_ZIEN, menu=Menu(titel="Auditlogboek", volgorde=60, toets="u"))
def lijst(vraag: Vraag) -> Response:
    soort = vraag.zoek.get("soort", "")
    voor = int(n) if (n := vraag.zoek.get("voor", "")).isdecimal() and len(n) < 19 else None
    a = audit.c
    query = select(a.volgnr, a.tijdstip, a.gebeurtenis, a.actor, a.onderwerp, a.gegevens).order_by(a.volgnr.desc())
    if voor is not None:
        query = query.where(a.volgnr < voor)
    with vraag.gateway.store.reading() as conn:
        if soort in set(Gebeurtenis):
            stuk = query.limit(STUK).subquery()
            gevraagd = select(stuk).where(stuk.c.gebeurtenis == soort).order_by(stuk.c.volgnr.desc()).limit(PAGINA + 1)
            rijen = conn.execute(gevraagd).all()
            laatste = conn.execute(select(stuk.c.volgnr).order_by(stuk.c.volgnr).limit(1)).scalar()
        else:
            rijen, laatste = conn.execute(query.limit(PAGINA + 1)).all(), None
    volgende = rijen[PAGINA - 1].volgnr if len(rijen) > PAGINA else laatste if laatste and laatste > 1 else None
    return vraag.toon(
        "operator/audit.html",
        rijen=[(r, datetime.fromisoformat(r.tijdstip), _gegevens(r.gegevens)) for r in rijen[:PAGINA]],
        woorden={g.value: g.woorden for g in Gebeurtenis},
        soort=soort,
        soorten=[("", "alle"), *((g.value, g.woorden) for g in Gebeurtenis)],
        volgende=None if volgende is None else f"?{urlencode({'soort': soort, 'voor': volgende})}",
    )


def _gegevens(tekst: str) -> list[tuple[str, str]]:
    return [
        (naam, ", ".join(waarde) if isinstance(waarde, list) else str(waarde))
        for naam, waarde in json.loads(tekst).items()
        if waarde is not None
    ]
