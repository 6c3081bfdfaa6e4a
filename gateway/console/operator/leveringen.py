"""Deliveries on their way, and each zorgkas's line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from gateway.console.operator.daden import zorgkas_van
from gateway.console.operator.toestand import lijnstand
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vraag import NietGevonden, Vraag
from gateway.exchange import lijn
from gateway.exchange.foutwoorden import in_woorden
from gateway.exchange.toestand import FINAL, PENDING, RETRYABLE, Toestand
from gateway.reference import lookup
from gateway.store.tables import bericht, levering, poging

schermen = Schermen()
PAGINA = 50
_OVER = (bericht.c.id, bericht.c.bedrijfs_id, bericht.c.voorziening)
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
        getoond = rijen[:PAGINA]
        laatste = {r.id: in_woorden(_laatste_melding(conn, r.id)) for r in getoond}
        over = {r.id: r for r in conn.execute(select(*_OVER).where(bericht.c.id.in_([r.bericht_id for r in getoond])))}
        stil = {stand.bestemming for stand in lijn.alle(conn) if not stand.bereikbaar}
    kern = {k: w for k, w in (("zorgkas", zorgkas), ("toestand", toestand)) if w}
    volgende = f"?{urlencode({**kern, 'na': rijen[PAGINA - 1].nr})}" if len(rijen) > PAGINA else None
    return vraag.toon(
        "operator/leveringen.html",
        rijen=getoond,
        laatste=laatste,
        over=over,
        stil=stil,
        daarna=_daarna(kern | ({"na": str(na)} if na else {}), getoond),
        volgende=volgende,
        zorgkas=zorgkas,
        toestand=toestand,
        kassen=[("", "alle"), *((k.code, f"{k.code} {k.naam}") for k in kassen)],
        toestanden=[("", "niet afgesloten"), *((t.value, t.value) for t in Toestand)],
        opnieuw={t.value for t in RETRYABLE},
        afgesloten={t.value for t in FINAL},
    )


def _laatste_melding(conn: Connection, levering_id: str) -> str | None:
    laatste = select(poging.c.melding).where(poging.c.levering_id == levering_id).order_by(poging.c.id.desc()).limit(1)
    return conn.execute(laatste).scalar()


def _daarna(kern: dict[str, str], rijen: Sequence[Row[Any]]) -> dict[str, str]:
    """By delivery the query that brings who acts on it back to this list, at the row after it."""
    volgende = [*(str(r.nr) for r in rijen[1:]), ""]
    # An empty list has no row for the last of these.
    return {r.id: urlencode({"lijst": "1", **kern, "dan": dan}) for r, dan in zip(rijen, volgende, strict=False)}


@schermen.get("/lijnen/{code}", Recht.OVERZICHT_ZIEN)
def een_lijn(vraag: Vraag) -> Response:
    """One zorgkas's line, with what lately went over it."""
    kas = zorgkas_van(vraag)
    with vraag.gateway.store.reading() as conn:
        stand, fout = lijnstand(conn, kas), lijn.laatste_fout(conn, f"zorgkas:{kas.code}")
        leveringen = select(levering).where(levering.c.bestemming == f"zorgkas:{kas.code}")
        recent: list[Row[Any]] = []
        for toestand in Toestand:
            query = leveringen.where(levering.c.toestand == toestand.value).order_by(levering.c.nr.desc()).limit(20)
            recent += conn.execute(query).all()
    recent.sort(key=lambda r: r.nr, reverse=True)
    fouttekst = "" if fout is None else in_woorden(fout.melding)
    return vraag.toon("operator/lijn.html", stand=stand, recent=recent[:20], fout=fout, fouttekst=fouttekst)


@schermen.get("/leveringen/{levering_id}", Recht.BERICHTEN_ZIEN)
def een_levering(vraag: Vraag) -> Response:
    """A delivery is shown on its message's page."""
    with vraag.gateway.store.reading() as conn:
        gevraagd = select(levering.c.bericht_id).where(levering.c.id == vraag.pad["levering_id"])
        bericht_id = conn.execute(gevraagd).scalar()
    if bericht_id is None:
        raise NietGevonden
    return vraag.naar(f"/console/berichten/{bericht_id}#leveringen")
