"""Open alarms, each with the way to where one acts, and what lately closed."""

from __future__ import annotations

from sqlalchemy import select
from starlette.responses import Response

from gateway.console.operator import toestand
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vraag import Vraag
from gateway.store.tables import alarm

schermen = Schermen()
GESLOTEN = 20


@schermen.get("/alarmen", Recht.OVERZICHT_ZIEN, menu=Menu(titel="Alarmen", volgorde=40, toets="m"))
def lijst(vraag: Vraag) -> Response:
    voorbij = select(alarm).where(alarm.c.gesloten_op.is_not(None)).order_by(alarm.c.geopend_op.desc()).limit(GESLOTEN)
    with vraag.gateway.store.reading() as conn:
        open_nu, gesloten = toestand.alarmen(conn), conn.execute(voorbij).all()
    return vraag.toon("operator/alarmen.html", alarmen=open_nu, gesloten=gesloten)
