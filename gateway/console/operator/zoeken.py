"""Searching messages. What is typed goes by POST, because it may be an INSZ; what may stand in an address is then put there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection, select
from starlette.responses import RedirectResponse, Response

from gateway.central.identificatie import geldig_insz
from gateway.clock import BRUSSELS
from gateway.console.inzage import van_persoon
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vensters import Venster, venster_van
from gateway.console.vraag import Vraag
from gateway.observe.audit_events import Gebeurtenis
from gateway.reference import lookup
from gateway.store import berichten
from gateway.store.berichten import Stap
from gateway.store.identifiers import LAATSTE, eerste_id, moment_van
from gateway.store.tables import bericht
from gateway.store.zoeken import GEWEIGERD, Resultaat, Zoekvraag, zoek

schermen = Schermen()
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_ZENDING = re.compile(r"(\d{1,3})(?:\s*/\s*(\d{4}))?")
_NUMMER = re.compile(r"[\d. -]{8,15}")
_AFZENDER = re.compile(r"riziv:\d{8}|zorgkas:\d{3}")
_VELDEN = ("id", "bedrijfs_id", "hash", "dossiernummer", "voorziening", "afzender", "zendingnummer", "zorgkas", "pijler", "stap")
_ADRES = (*_VELDEN, "jaar", "uitkomst", "dienst", "venster", "van", "tot")
"""What may stand in the address of a search; an INSZ never."""
STAPPEN = (("", "alle"), (GEWEIGERD, "geweigerd"), *((s.value, s.value.replace("_", " ")) for s in Stap))
UITKOMSTEN = (("", "alle"), ("aanvaard", "aanvaard"), ("in_beraad", "in beraad"), ("geweigerd", "geweigerd"))


@schermen.get("/berichten", Recht.BERICHTEN_ZIEN, menu=Menu(titel="Berichten", volgorde=20, toets="b"))
def lijst(vraag: Vraag) -> Response:
    gezocht = _uit_adres(vraag)
    with vraag.gateway.store.reading() as conn:
        gevonden = zoek(conn, gezocht, _pijlers(vraag))
    kern = {k: v for k, v in vraag.zoek.items() if k in _ADRES and v}
    volgende = None if gevonden.volgende is None else f"?{urlencode({**kern, 'voor': gevonden.volgende})}"
    return _toon(vraag, gevonden, gezocht, volgende=volgende, kern=kern)


@schermen.post("/berichten/zoek", Recht.BERICHTEN_ZIEN)
def zoek_berichten(vraag: Vraag) -> Response:
    """Understand what was typed, and go to the list of it."""
    wat = vraag.veld("wat")
    insz = re.sub(r"\D", "", wat) if _NUMMER.fullmatch(wat) else ""
    with vraag.gateway.store.reading() as conn:
        if len(insz) == 11 and geldig_insz(insz) and lookup.voorziening(conn, insz) is None:
            return _persoon(vraag, insz, LAATSTE)
        gekozen = _herken(conn, wat)
    if "id" in gekozen:
        return RedirectResponse(f"/console/berichten/{gekozen['id']}", status_code=303)
    filters = ("pijler", "stap", "uitkomst", "zorgkas", "dienst", "venster", "van", "tot")
    kern = {k: w for k in filters if (w := vraag.veld(k))}
    if (zending := _ZENDING.fullmatch(vraag.veld("zending"))) is not None:
        kern |= {"zendingnummer": zending[1].zfill(3)} | ({"jaar": zending[2]} if zending[2] else {})
    return RedirectResponse(f"/console/berichten?{urlencode(kern | gekozen)}", status_code=303)


@schermen.post("/berichten/persoon", Recht.PERSOON_ZOEKEN)
def zoek_persoon(vraag: Vraag) -> Response:
    """A further page of one person's messages."""
    return _persoon(vraag, re.sub(r"\D", "", vraag.veld("insz")), vraag.veld("voor") or LAATSTE)


def _persoon(vraag: Vraag, insz: str, voor: str) -> Response:
    vraag.eis(Recht.PERSOON_ZOEKEN)
    gezocht = Zoekvraag(insz=insz, voor=voor)
    onderwerp = van_persoon(insz, vraag.gateway.settings.pseudonym_key())
    vraag.inzage(onderwerp, "berichten van een persoon", Gebeurtenis.PERSOON_GEZOCHT)
    with vraag.gateway.store.reading() as conn:
        gevonden = zoek(conn, gezocht, _pijlers(vraag))
    return _toon(vraag, gevonden, gezocht, volgende=None, kern={})


def _herken(conn: Connection, wat: str) -> dict[str, str]:
    """What somebody typed, as the field that it is."""
    cijfers = re.sub(r"\D", "", wat)
    if not wat:
        return {}
    if _HASH.fullmatch(wat):
        return {"hash": wat.lower()}
    if _AFZENDER.fullmatch(wat):
        return {"afzender": wat}
    if _NUMMER.fullmatch(wat) and len(cijfers) in (8, 11):
        return {"voorziening": cijfers}
    try:
        naam = str(UUID(wat))
    except ValueError:
        naam = ""
    if naam and berichten.zoek(conn, naam) is not None:
        return {"id": naam}
    dossier = select(bericht.c.id).where(bericht.c.dossiernummer == wat).limit(1)
    return {"dossiernummer": wat} if conn.execute(dossier).first() is not None else {"bedrijfs_id": wat[:64]}


def _uit_adres(vraag: Vraag) -> Zoekvraag:
    q = vraag.zoek
    velden = {naam: q[naam].strip()[:128] for naam in (*_VELDEN, "uitkomst", "dienst") if q.get(naam, "").strip()}
    jaar = int(q["jaar"]) if q.get("jaar", "").isdecimal() and len(q["jaar"]) == 4 else None
    gezocht = Zoekvraag(**velden, jaar=jaar, voor=q.get("voor") or LAATSTE)
    if gezocht.precies:
        return gezocht
    van, tot = _dag(q.get("van")), _dag(q.get("tot"))
    vanaf = venster_van(q.get("venster")).eerste_id(vraag.nu) if van is None else eerste_id(_middernacht(van))
    einde = LAATSTE if tot is None else eerste_id(_middernacht(tot + timedelta(days=1)))
    return replace(gezocht, vanaf=vanaf, voor=min(gezocht.voor, einde))


def _toon(vraag: Vraag, gevonden: Resultaat, gezocht: Zoekvraag, *, volgende: str | None, kern: Mapping[str, str]) -> Response:
    venster = None if gezocht.precies or kern.get("van") else venster_van(kern.get("venster"))
    verder = [] if venster is None else [w for w in Venster if _groter(w, venster)]
    with vraag.gateway.store.reading() as conn:
        kassen = [("", "alle"), *((k.code, f"{k.code} {k.naam}") for k in lookup.zorgkassen(conn))]
    return vraag.toon(
        "operator/zoeken.html",
        gevonden=gevonden,
        gezocht=gezocht,
        wat=next((w for n, w in asdict(gezocht).items() if w and n in ("id", "bedrijfs_id", "hash", "dossiernummer")), "")
        or gezocht.voorziening
        or gezocht.afzender
        or "",
        volgende=volgende,
        venster=venster,
        verder=[(w, f"?{urlencode({**kern, 'venster': w.sleutel})}") for w in verder],
        gezocht_tot=gevonden.gezocht_tot and moment_van(gevonden.gezocht_tot),
        vensters=[(w.sleutel, w.naam) for w in Venster],
        pijlers=[("", "alle"), *((p, p) for p in sorted(vraag.gateway.cookbooks))],
        kassen=kassen,
        stappen=STAPPEN,
        uitkomsten=UITKOMSTEN,
        van=kern.get("van", ""),
        tot=kern.get("tot", ""),
    )


def _groter(een: Venster, ander: Venster) -> bool:
    return ander.lengte is not None and (een.lengte is None or een.lengte > ander.lengte)


def _pijlers(vraag: Vraag) -> list[str]:
    return ["", *sorted(vraag.gateway.cookbooks)]


def _dag(tekst: str | None) -> date | None:
    try:
        dag = date.fromisoformat(tekst or "")
    except ValueError:
        return None
    # Near the ends of the calendar a day has no UTC, and no id.
    return dag if 1980 <= dag.year <= 2200 else None


def _middernacht(dag: date) -> datetime:
    return datetime.combine(dag, time(), BRUSSELS)
