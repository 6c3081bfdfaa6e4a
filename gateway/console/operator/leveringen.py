"""Deliveries on their way, and each zorgkas's line."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Row, select
from starlette.responses import Response

from gateway.console.operator.daden import zorgkas_van
from gateway.console.operator.toestand import lijnstand
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vraag import Vraag
from gateway.exchange.toestand import FINAL, PENDING, RETRYABLE, Toestand
from gateway.reference import lookup
from gateway.store.tables import levering, poging

schermen = Schermen()
PAGINA = 50
_OPEN = [t.value for t in (*PENDING, Toestand.MISLUKT)]


@schermen.get("/leveringen", Recht.BERICHTEN_ZIEN, menu=Menu(titel="Leveringen", volgorde=30, toets="l"))
def lijst(vraag: Vraag) -> Response:
    """What is not closed, oldest first; by zorgkas and state."""
    zorgkas, toestand = vraag.zoek.get("zorgkas", ""), vraag.zoek.get("toestand", "")
    na = int(n) if (n := vraag.zoek.get("na", "")).isdecimal() and len(n) < 19 else 0
    c = levering.c
    toestanden = [toestand] if toestand in set(Toestand) else _OPEN
    with vraag.gateway.store.reading() as conn:
        kassen = lookup.zorgkassen(conn)
        rijen: list[Row[Any]] = []
        # One look for each receiver and state, so that the index gives them in order.
        for bestemming in [f"zorgkas:{zorgkas}"] if zorgkas else [f"zorgkas:{k.code}" for k in kassen]:
            for een in toestanden:
                query = select(levering).where(c.bestemming == bestemming, c.toestand == een, c.nr > na)
                rijen += conn.execute(query.order_by(c.nr).limit(PAGINA + 1)).all()
        rijen = sorted(rijen, key=lambda r: r.nr)[: PAGINA + 1]
        laatste = {
            r.id: conn.execute(
                select(poging.c.melding).where(poging.c.levering_id == r.id).order_by(poging.c.id.desc()).limit(1)
            ).scalar()
            for r in rijen[:PAGINA]
        }
    kern = {k: w for k, w in (("zorgkas", zorgkas), ("toestand", toestand)) if w}
    volgende = f"?{urlencode({**kern, 'na': rijen[PAGINA - 1].nr})}" if len(rijen) > PAGINA else None
    return vraag.toon(
        "operator/leveringen.html",
        rijen=rijen[:PAGINA],
        laatste=laatste,
        volgende=volgende,
        zorgkas=zorgkas,
        toestand=toestand,
        kassen=[("", "alle"), *((k.code, f"{k.code} {k.naam}") for k in kassen)],
        toestanden=[("", "niet afgesloten"), *((t.value, t.value) for t in Toestand)],
        opnieuw={t.value for t in RETRYABLE},
        afgesloten={t.value for t in FINAL},
    )


@schermen.get("/lijnen/{code}", Recht.OVERZICHT_ZIEN)
def lijn(vraag: Vraag) -> Response:
    """One zorgkas's line, with what lately went over it."""
    kas = zorgkas_van(vraag)
    with vraag.gateway.store.reading() as conn:
        stand = lijnstand(conn, kas)
        leveringen = select(levering).where(levering.c.bestemming == f"zorgkas:{kas.code}")
        recent: list[Row[Any]] = []
        for toestand in Toestand:
            query = leveringen.where(levering.c.toestand == toestand.value).order_by(levering.c.nr.desc()).limit(20)
            recent += conn.execute(query).all()
    recent.sort(key=lambda r: r.nr, reverse=True)
    return vraag.toon("operator/lijn.html", stand=stand, recent=recent[:20])
