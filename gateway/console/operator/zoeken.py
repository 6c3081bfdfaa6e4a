"""Searching messages. What is typed goes by POST, because it may be an INSZ; what may stand in an address is then put there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from gateway.central.identificatie import geldig_insz
from gateway.console.inzage import van_persoon
from gateway.console.operator import herkennen
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vensters import Venster, dag_van, middernacht, venster_van
from gateway.console.vraag import Vraag
from gateway.observe.audit_events import Gebeurtenis
from gateway.reference import lookup
from gateway.reference.model import Voorziening
from gateway.store import berichten, deur
from gateway.store.berichten import Stap
from gateway.store.identifiers import LAATSTE, eerste_id, moment_van
from gateway.store.zoeken import GEWEIGERD, Resultaat, Zoekvraag, zoek

schermen = Schermen()
_VELDEN = (
    "id",
    "bedrijfs_id",
    "hash",
    "dossiernummer",
    "voorziening",
    "afzender",
    "attest",
    "certificaat",
    "zendingnummer",
    "zorgkas",
    "pijler",
    "stap",
)
_ADRES = (*_VELDEN, "jaar", "uitkomst", "dienst", "venster", "van", "tot")
"""What may stand in the address of a search; an INSZ never."""
_NUMMER = re.compile(r"[\d. -]{8,15}")
_FILTERS = ("pijler", "stap", "uitkomst", "zorgkas", "dienst", "venster", "van", "tot")
_GEEN_INSZ = "Dit INSZ heeft geen juist controlegetal. Er is niets gezocht."
_GEEN_ZENDING = "Deze zending wordt niet begrepen: verwacht een nummer als 012 of 012/2026. Er is niets gezocht."
GELEZEN = (
    ("bedrijfs_id", "referentie"),
    ("hash", "SHA-256 van een bericht of zijn inhoud"),
    ("dossiernummer", "dossier"),
    ("voorziening", "RIZIV-nummer van een voorziening"),
    ("afzender", "afzender"),
    ("attest", "attest"),
    ("certificaat", "vingerafdruk van een certificaat"),
)
"""Fields of a search, with what the screen says that it read."""
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
    wat, zending = herkennen.schoon(vraag.veld("wat")), vraag.veld("zending")
    with vraag.gateway.store.reading() as conn:
        insz = herkennen.lijkt_insz(conn, wat)
        gekozen = {} if insz else _herken(conn, wat)
        onbekend = "bedrijfs_id" in gekozen and not herkennen.bestaat(conn, wat)
        namen = herkennen.op_naam(conn, wat) if onbekend else []
    if insz is not None:
        return _persoon(vraag, insz, LAATSTE) if geldig_insz(insz) else _niet_begrepen(vraag, _GEEN_INSZ)
    if zending and herkennen.zending_van(zending) is None:
        return _niet_begrepen(vraag, _GEEN_ZENDING)
    if onbekend:
        # What is nobody's reference may be anything, also a name or half a number: it stays out of the address.
        return _niet_begrepen(vraag, "", namen, gekozen["bedrijfs_id"])
    if "ticket" in gekozen:
        return RedirectResponse(f"/console/deur/{gekozen['ticket']}", status_code=303)
    if "id" in gekozen:
        return RedirectResponse(f"/console/berichten/{gekozen['id']}", status_code=303)
    kern = {k: w for k in _FILTERS if (w := vraag.veld(k))} | (herkennen.zending_van(zending) or {})
    return RedirectResponse(f"/console/berichten?{urlencode(kern | gekozen)}", status_code=303)


def _niet_begrepen(vraag: Vraag, fout: str, namen: Sequence[Voorziening] = (), referentie: str | None = None) -> Response:
    """The form again, with what was typed and what is wrong with it, or with the facilities to choose from."""
    getypt: dict[str, Any] = {k: w for k in ("pijler", "stap", "uitkomst", "zorgkas", "dienst") if (w := vraag.veld(k))}
    getypt |= {"bedrijfs_id": referentie} if referentie and not namen else {}
    kern = {k: w for k in _FILTERS if (w := vraag.veld(k))}
    leeg = Resultaat(rijen=(), volgende=None)
    return _toon(vraag, leeg, Zoekvraag(**getypt), volgende=None, kern=kern, status=422 if fout else 200, fout=fout, namen=namen)


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
    """What somebody typed, as the field that it is; a person's number was taken out before."""
    cijfers = re.sub(r"\D", "", wat)
    if not wat:
        return {}
    if (sha256 := herkennen.hash_van(wat)) is not None:
        return {"hash" if herkennen.certificaat_van(conn, sha256) is None else "certificaat": sha256}
    if (afzender := herkennen.afzender_van(wat)) is not None:
        return afzender
    if _NUMMER.fullmatch(wat) and len(cijfers) in (8, 11):
        return {"voorziening": cijfers}
    if (zending := herkennen.zending_van(wat, met_jaar=True)) is not None:
        return zending
    try:
        naam = str(UUID(wat))
    except ValueError:
        naam = ""
    if naam and berichten.zoek(conn, naam) is not None:
        return {"id": naam}
    if naam and deur.een(conn, naam) is not None:
        return {"ticket": naam}
    if (dossier := herkennen.dossier_van(conn, wat)) is not None:
        return {"dossiernummer": dossier}
    if (attest := herkennen.attest_van(conn, wat)) is not None:
        return {"attest": attest}
    return {"bedrijfs_id": wat[:64]}


def _uit_adres(vraag: Vraag) -> Zoekvraag:
    q = vraag.zoek
    velden = {naam: q[naam].strip()[:128] for naam in (*_VELDEN, "uitkomst", "dienst") if q.get(naam, "").strip()}
    jaar = int(q["jaar"]) if q.get("jaar", "").isdecimal() and len(q["jaar"]) == 4 else None
    gezocht = Zoekvraag(**velden, jaar=jaar, voor=q.get("voor") or LAATSTE)
    if gezocht.precies:
        return gezocht
    van, tot = dag_van(q.get("van")), dag_van(q.get("tot"))
    vanaf = venster_van(q.get("venster")).eerste_id(vraag.nu) if van is None else eerste_id(middernacht(van))
    einde = LAATSTE if tot is None else eerste_id(middernacht(tot + timedelta(days=1)))
    return replace(gezocht, vanaf=vanaf, voor=min(gezocht.voor, einde))


def _toon(
    vraag: Vraag,
    gevonden: Resultaat,
    gezocht: Zoekvraag,
    *,
    volgende: str | None,
    kern: Mapping[str, str],
    status: int = 200,
    fout: str = "",
    namen: Sequence[Voorziening] = (),
) -> Response:
    venster = None if gezocht.precies or kern.get("van") else venster_van(kern.get("venster"))
    verder = [] if venster is None or fout or namen else [w for w in Venster if _groter(w, venster)]
    gelezen = next(((woord, w) for n, woord in GELEZEN if (w := getattr(gezocht, n)) is not None), None)
    with vraag.gateway.store.reading() as conn:
        kassen = [("", "alle"), *((k.code, f"{k.code} {k.naam}") for k in lookup.zorgkassen(conn))]
    return vraag.toon(
        "operator/zoeken.html",
        gevonden=gevonden,
        gezocht=gezocht,
        status=status,
        fout=fout,
        namen=namen[: herkennen.NAMEN],
        meer_namen=len(namen) > herkennen.NAMEN,
        gelezen=gelezen,
        wat=vraag.veld("wat") if fout or namen or gelezen is None else gelezen[1],
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
