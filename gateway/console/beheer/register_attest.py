"""Attests by screen; as `vsb-gateway register attestation`, with the same checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Row, func, select
from starlette.responses import Response

from gateway.clock import BRUSSELS
from gateway.console.beheer.register_deel import (
    PAGINA,
    TABS,
    bevestig,
    dag_in,
    doe,
    fouttekst,
    laatste_dag,
    na_van,
    toestand_van,
    tot_wanneer,
    volgende_van,
    zoekwoord,
)
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.sessies import Melding
from gateway.console.vensters import tel
from gateway.console.vraag import NietGevonden, Vraag
from gateway.observe.audit_events import Gebeurtenis
from gateway.reference.register import Fout, Registerfout, Wijziging
from gateway.reference.register_attesten import beeindig_attest, hervat_attest, schors_attest, voeg_attest_toe
from gateway.reference.register_lijst import attest_met, attesten
from gateway.store.audit import Record, laatste_over
from gateway.store.identifiers import eerste_id
from gateway.store.tables import bericht

schermen = Schermen()
_RECENT = timedelta(days=31)
_STUK = 8_000
"""Messages of an attest that are looked at, at most."""
_ATTESTVELDEN = ("nummer", "leverancier", "product", "versie_van", "versie_tot", "pijlers", "licentie_gebruiker")


@schermen.get("/register", Recht.REGISTER_ZIEN, menu=Menu(titel="Register", volgorde=70, toets="g"))
def attestlijst(vraag: Vraag) -> Response:
    """Attested packages."""
    na = na_van(vraag, (str,))
    with vraag.gateway.store.reading() as conn:
        rijen = attesten(conn, zoekwoord(vraag), na=na, hoogstens=PAGINA + 1)
    volgende = volgende_van(vraag, "/console/register", [rijen[PAGINA - 1].nummer] if len(rijen) > PAGINA else None)
    return vraag.toon(
        "beheer/attesten.html", tabs=TABS, tab=TABS[0][0], rijen=rijen[:PAGINA], volgende=volgende, toestand=toestand_van(vraag)
    )


@schermen.get("/register/attest", Recht.REGISTER_ZIEN)
def een_attest(vraag: Vraag) -> Response:
    """One attest, and what can be done with it. The number is in the query, because it may have a slash."""
    rij = _attest(vraag, vraag.zoek.get("nummer", ""))
    with vraag.gateway.store.reading() as conn:
        schorsing = laatste_over(conn, f"attest:{rij.nummer}", Gebeurtenis.ATTEST_GESCHORST, Gebeurtenis.ATTEST_HERVAT)
    return vraag.toon("beheer/attest.html", rij=rij, toestand=toestand_van(vraag), schorsing=_schorsing(schorsing))


def _schorsing(record: Record | None) -> dict[str, Any] | None:
    """Who last suspended or resumed it, when and why."""
    if record is None:
        return None
    return {
        "geschorst": record.gebeurtenis == Gebeurtenis.ATTEST_GESCHORST,
        "op": datetime.fromisoformat(record.tijdstip),
        "door": record.actor,
        "reden": json.loads(record.gegevens).get("reden"),
    }


@schermen.get("/register/attest/nieuw", Recht.REGISTER_WIJZIGEN)
def nieuw_attest(vraag: Vraag) -> Response:
    return _attestformulier(vraag, {"van": vraag.vandaag.isoformat()}, None)


@schermen.post("/register/attest/nieuw", Recht.REGISTER_WIJZIGEN)
def zet_attest(vraag: Vraag) -> Response:
    attest: dict[str, str | None] = {n: vraag.veld(n) or None for n in _ATTESTVELDEN}
    attest["pijlers"] = ",".join(p for p in map(str, vraag.velden.getlist("pijlers")) if p) or None
    wachtwoord = vraag.veld("licentie_wachtwoord")
    attest["licentie_hash"] = hashlib.sha256(wachtwoord.encode()).hexdigest() if wachtwoord else None
    try:
        van, tot = dag_in(vraag, "van"), dag_in(vraag, "tot", verplicht=False)
        doe(vraag, lambda conn, door: voeg_attest_toe(conn, attest, van or vraag.vandaag, tot, door))
    except Registerfout as fout:
        getypt = {n: w or "" for n, w in attest.items() if n != "licentie_hash"}
        return _attestformulier(vraag, {**getypt, "van": vraag.veld("van"), "tot": vraag.veld("tot")}, fout)
    adres = f"/console/register/attest?{urlencode({'nummer': attest['nummer'] or ''})}"
    return vraag.naar(adres, Melding(tekst=vraag.t("Het attest staat in het register en geldt meteen.")))


def _attestformulier(vraag: Vraag, waarden: Mapping[str, str], fout: Registerfout | None) -> Response:
    pijlers = [(p, c.naam) for p, c in vraag.gateway.cookbooks.items()]
    gekozen = (waarden.get("pijlers") or "").split(",")
    return vraag.toon(
        "beheer/attest_nieuw.html",
        status=422 if fout else 200,
        w={n: waarden.get(n) or "" for n in (*_ATTESTVELDEN, "van", "tot")},
        fouten={} if fout is None else {_veldnaam(fout.veld): fouttekst(vraag, fout)},
        pijlers=[(p, naam, p in gekozen) for p, naam in pijlers],
    )


def _veldnaam(veld: str) -> str:
    return "licentie_wachtwoord" if veld == "licentie_hash" else veld


def _attestdaad(naam: str, recht: Recht, titel: str, gevolg: str, daad: Callable[..., Wijziging], *, dag: bool = False) -> None:
    pad = f"/register/attest/{naam}"

    @schermen.get(pad, recht)
    def vooraf(vraag: Vraag) -> Response:
        rij = _attest(vraag, vraag.zoek.get("nummer", ""))
        feiten = _attestfeiten(rij) | (_raakt(vraag, rij.nummer) if naam == "schorsen" else {})
        return bevestig(vraag, pad, titel, gevolg, {"nummer": rij.nummer}, feiten, dag)

    @schermen.post(pad, recht)
    def doen(vraag: Vraag) -> Response:
        nummer = vraag.veld("nummer")
        adres = f"/console/register/attest?{urlencode({'nummer': nummer})}"
        try:
            extra = (laatste_dag(vraag),) if dag else ()
            doe(vraag, lambda conn, door: daad(conn, nummer, *extra, door))
        except Registerfout as fout:
            if fout.fout is Fout.ONBEKEND:
                raise NietGevonden from None
            rij = _attest(vraag, nummer)
            return bevestig(vraag, pad, titel, gevolg, {"nummer": nummer}, _attestfeiten(rij), dag, fout)
        terug = _ONGEDAAN.get(naam)
        ongedaan = None if terug is None else f"/console/register/attest/{terug}?{urlencode({'nummer': nummer})}"
        tekst = tot_wanneer(vraag, *extra) if extra else vraag.t("Gedaan. Het geldt vanaf nu in elk proces.")
        return vraag.naar(adres, Melding(tekst=tekst, ongedaan=ongedaan))


_ONGEDAAN = {"schorsen": "hervatten", "hervatten": "schorsen"}
_attestdaad(
    "schorsen",
    Recht.ATTEST_SCHORSEN,
    "Attest schorsen",
    "Berichten van dit pakket worden vanaf nu geweigerd, tot het attest hervat wordt. Wat al aanvaard is, blijft aanvaard.",
    schors_attest,
)
_attestdaad(
    "hervatten",
    Recht.ATTEST_SCHORSEN,
    "Attest hervatten",
    "Berichten van dit pakket worden vanaf nu weer aangenomen.",
    hervat_attest,
)
_attestdaad(
    "beeindigen",
    Recht.REGISTER_WIJZIGEN,
    "Attest beëindigen",
    "Het attest krijgt een laatste dag, en geldt die hele dag nog. Daarna worden berichten van dit pakket geweigerd. "
    "Dit kan niet teruggedraaid worden.",
    beeindig_attest,
    dag=True,
)


def _attest(vraag: Vraag, nummer: str) -> Row[Any]:
    with vraag.gateway.store.reading() as conn:
        rij = attest_met(conn, nummer[:64])
    if rij is None:
        raise NietGevonden
    return rij


def _raakt(vraag: Vraag, nummer: str) -> dict[str, str]:
    """Whom a suspension stops: counted in the newest messages of the attest, so many and no more."""
    b, middernacht = bericht.c, datetime.combine(vraag.vandaag, time(), BRUSSELS)
    recent = select(b.afzender).where(b.attest == nummer, b.id >= eerste_id(vraag.nu - _RECENT)).order_by(b.id.desc())
    stuk = recent.limit(_STUK).subquery()
    vandaag = select(b.id).where(b.attest == nummer, b.id >= eerste_id(middernacht))
    with vraag.gateway.store.reading() as conn:
        geteld, afzenders = conn.execute(select(func.count(), func.count(stuk.c.afzender.distinct()))).one()
        berichten = tel(conn, vandaag, _STUK)
    return {
        "Voorzieningen die er de laatste 31 dagen mee stuurden": f"{'≥ ' if geteld == _STUK else ''}{afzenders}",
        "Berichten van vandaag": str(berichten),
    }


def _attestfeiten(rij: Row[Any]) -> dict[str, str]:
    return {"Attest": rij.nummer, "Software": f"{rij.product} ({rij.leverancier})", "Pijlers": ", ".join(rij.pijlers)}
