"""The register by screen: attests, declarations, recognitions, mandates; as `vsb-gateway register`, with the same checks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Row
from starlette.responses import Response

from gateway.console import bladwijzer
from gateway.console.bladwijzer import GeenBladwijzer
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.sessies import Melding
from gateway.console.vraag import NietGevonden, Onverwerkbaar, Vraag
from gateway.reference.register import (
    Door,
    Fout,
    Periodelijst,
    Registerfout,
    Wijziging,
    beeindig_periode,
    voeg_periode_toe,
)
from gateway.reference.register_attesten import beeindig_attest, hervat_attest, schors_attest, voeg_attest_toe
from gateway.reference.register_lijst import attest_met, attesten, perioden, sleutel_van

schermen = Schermen()
PAGINA = 50
TABS = (
    ("/console/register", "Attesten"),
    ("/console/register/verklaringen", "Verklaringen"),
    ("/console/register/erkenningen", "Erkenningen"),
    ("/console/register/mandaten", "Mandaten"),
)
LIJSTEN = {lijst.soort.naam: lijst for lijst in Periodelijst}
_BEEINDIGEN = {Periodelijst.MANDAAT: Recht.MANDAAT_BEEINDIGEN}
"""Lists that more than who keeps the register may end a period of."""
_ATTESTVELDEN = ("nummer", "leverancier", "product", "versie_van", "versie_tot", "pijlers", "licentie_gebruiker")

Daad = Callable[[Connection, Door], Wijziging]


@schermen.get("/register", Recht.REGISTER_ZIEN, menu=Menu(titel="Register", volgorde=70, toets="g"))
def attestlijst(vraag: Vraag) -> Response:
    """Attested packages."""
    na = _na(vraag, (str,))
    with vraag.gateway.store.reading() as conn:
        rijen = attesten(conn, _zoek(vraag), na=na, hoogstens=PAGINA + 1)
    volgende = _volgende(vraag, "/console/register", [rijen[PAGINA - 1].nummer] if len(rijen) > PAGINA else None)
    return vraag.toon(
        "beheer/attesten.html", tabs=TABS, tab=TABS[0][0], rijen=rijen[:PAGINA], volgende=volgende, toestand=_toestand(vraag)
    )


@schermen.get("/register/attest", Recht.REGISTER_ZIEN)
def een_attest(vraag: Vraag) -> Response:
    """One attest, and what can be done with it. The number is in the query, because it may have a slash."""
    rij = _attest(vraag, vraag.zoek.get("nummer", ""))
    return vraag.toon("beheer/attest.html", rij=rij, toestand=_toestand(vraag))


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
        van, tot = _dag(vraag, "van"), _dag(vraag, "tot", verplicht=False)
        _doe(vraag, lambda conn, door: voeg_attest_toe(conn, attest, van or vraag.vandaag, tot, door))
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
        return _bevestig(vraag, pad, titel, gevolg, {"nummer": rij.nummer}, _attestfeiten(rij), dag)

    @schermen.post(pad, recht)
    def doen(vraag: Vraag) -> Response:
        nummer = vraag.veld("nummer")
        adres = f"/console/register/attest?{urlencode({'nummer': nummer})}"
        try:
            extra = (_dag(vraag, "tot"),) if dag else ()
            _doe(vraag, lambda conn, door: daad(conn, nummer, *extra, door))
        except Registerfout as fout:
            if fout.fout is Fout.ONBEKEND:
                raise NietGevonden from None
            rij = _attest(vraag, nummer)
            return _bevestig(vraag, pad, titel, gevolg, {"nummer": nummer}, _attestfeiten(rij), dag, fout)
        terug = _ONGEDAAN.get(naam)
        ongedaan = None if terug is None else f"/console/register/attest/{terug}?{urlencode({'nummer': nummer})}"
        return vraag.naar(adres, Melding(tekst=vraag.t("Gedaan. Het geldt vanaf nu in elk proces."), ongedaan=ongedaan))


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
    "Het attest krijgt een laatste dag. Na die dag worden berichten van dit pakket geweigerd. Dit kan niet teruggedraaid worden.",
    beeindig_attest,
    dag=True,
)


def _periodeschermen(naam: str, lijst: Periodelijst) -> None:
    basis = f"/register/{naam}"
    soorten = tuple(date if k == "van" else str for k in sleutel_van(lijst))

    @schermen.get(basis, Recht.REGISTER_ZIEN)
    def toon(vraag: Vraag) -> Response:
        na = _na(vraag, soorten)
        geldig_op = vraag.vandaag if vraag.zoek.get("nu") else None
        with vraag.gateway.store.reading() as conn:
            rijen = perioden(conn, lijst, _zoek(vraag), geldig_op=geldig_op, na=na, hoogstens=PAGINA + 1)
        sleutel = [rijen[PAGINA - 1]._mapping[n] for n in sleutel_van(lijst)] if len(rijen) > PAGINA else None
        return vraag.toon(
            "beheer/perioden.html",
            tabs=TABS,
            tab=f"/console{basis}",
            basis=f"/console{basis}",
            lijst=naam,
            kolommen=[n for n in lijst.soort.sleutel if n != lijst.voorziening],
            voorziening=lijst.voorziening,
            rijen=rijen[:PAGINA],
            volgende=_volgende(vraag, f"/console{basis}", sleutel),
            toestand=_toestand(vraag),
            mag_beeindigen=vraag.mag(_BEEINDIGEN.get(lijst, Recht.REGISTER_WIJZIGEN)),
            vragen_van=lambda r: urlencode({n: r._mapping[n] for n in lijst.soort.sleutel}),
        )

    @schermen.get(f"{basis}/nieuw", Recht.REGISTER_WIJZIGEN)
    def nieuw(vraag: Vraag) -> Response:
        return _formulier(vraag, naam, lijst, {"van": vraag.vandaag.isoformat()}, None)

    @schermen.post(f"{basis}/nieuw", Recht.REGISTER_WIJZIGEN)
    def zet(vraag: Vraag) -> Response:
        sleutel = {n: vraag.veld(n) for n in lijst.soort.sleutel}
        try:
            van, tot = _dag(vraag, "van"), _dag(vraag, "tot", verplicht=False)
            _doe(vraag, lambda conn, door: voeg_periode_toe(conn, lijst, sleutel, van or vraag.vandaag, tot, door))
        except Registerfout as fout:
            return _formulier(vraag, naam, lijst, {**sleutel, "van": vraag.veld("van"), "tot": vraag.veld("tot")}, fout)
        adres = f"/console{basis}?{urlencode({'zoek': sleutel[lijst.voorziening]})}"
        return vraag.naar(adres, Melding(tekst=vraag.t("Toegevoegd. Het geldt meteen.")))

    recht = _BEEINDIGEN.get(lijst, Recht.REGISTER_WIJZIGEN)
    gevolg = "De periode die dan loopt krijgt deze laatste dag. Een nieuwe periode kan later weer beginnen."
    titel = {"mandaten": "Mandaat beëindigen", "erkenningen": "Erkenning beëindigen"}.get(naam, "Verklaring beëindigen")

    @schermen.get(f"{basis}/beeindigen", recht)
    def vooraf(vraag: Vraag) -> Response:
        sleutel = {n: vraag.zoek.get(n, "") for n in lijst.soort.sleutel}
        return _bevestig(vraag, f"{basis}/beeindigen", titel, gevolg, sleutel, _loopt(vraag, lijst, sleutel), True)

    @schermen.post(f"{basis}/beeindigen", recht)
    def beeindig(vraag: Vraag) -> Response:
        sleutel = {n: vraag.veld(n) for n in lijst.soort.sleutel}
        feiten = _loopt(vraag, lijst, sleutel)
        try:
            tot = _dag(vraag, "tot")
            _doe(vraag, lambda conn, door: beeindig_periode(conn, lijst, sleutel, tot or vraag.vandaag, door))
        except Registerfout as fout:
            return _bevestig(vraag, f"{basis}/beeindigen", titel, gevolg, sleutel, feiten, True, fout)
        adres = f"/console{basis}?{urlencode({'zoek': sleutel[lijst.voorziening]})}"
        return vraag.naar(adres, Melding(tekst=vraag.t("Gedaan. Het geldt vanaf nu in elk proces.")))


for _naam, _lijst in LIJSTEN.items():
    _periodeschermen(_naam, _lijst)


def _formulier(vraag: Vraag, naam: str, lijst: Periodelijst, waarden: Mapping[str, str], fout: Registerfout | None) -> Response:
    velden = [*lijst.soort.sleutel, "van", "tot"]
    return vraag.toon(
        "beheer/periode_nieuw.html",
        status=422 if fout else 200,
        lijst=naam,
        basis=f"/console/register/{naam}",
        velden=list(lijst.soort.sleutel),
        w={n: waarden.get(n, "") for n in velden},
        fouten={} if fout is None else {fout.veld: fouttekst(vraag, fout)},
        pijlers=[(p, c.naam) for p, c in vraag.gateway.cookbooks.items()],
    )


def _bevestig(
    vraag: Vraag,
    pad: str,
    titel: str,
    gevolg: str,
    sleutel: Mapping[str, str],
    feiten: Mapping[str, str],
    dag: bool,
    fout: Registerfout | None = None,
) -> Response:
    """The page that says what will happen before it does."""
    terug = "/console" + pad.rsplit("/", 1)[0]
    if "nummer" in sleutel:
        terug = f"{terug}?{urlencode({'nummer': sleutel['nummer']})}"
    return vraag.toon(
        "beheer/daad.html",
        status=422 if fout else 200,
        pad=f"/console{pad}",
        terug=terug,
        titel=titel,
        gevolg=gevolg,
        sleutel=sleutel,
        feiten=feiten,
        dag=dag,
        tot=vraag.veld("tot") or vraag.vandaag.isoformat(),
        reden=vraag.veld("reden"),
        fout="" if fout is None else fouttekst(vraag, fout),
    )


def _doe(vraag: Vraag, daad: Daad) -> None:
    reden = vraag.veld("reden")
    if not reden:
        raise Onverwerkbaar("Geef een reden.")
    door = Door(actor=vraag.persoon.actor, tijdstip=vraag.nu, reden=reden[:200])
    with vraag.gateway.store.writing() as conn:
        daad(conn, door)


def fouttekst(vraag: Vraag, fout: Registerfout) -> str:
    """Why a change is not made: what was found, what was expected."""
    tekst = vraag.t(fout.fout.value).capitalize()
    if fout.verwacht is not None:
        tekst += f": {vraag.t('verwacht')} {fout.verwacht}"
    return f"{tekst} ({vraag.t('gevonden')}: {fout.gevonden or '–'})."


def _dag(vraag: Vraag, veld: str, *, verplicht: bool = True) -> date | None:
    """The day in a field; a missing one that must be is a mistake in that field."""
    tekst = vraag.veld(veld)
    if not tekst and not verplicht:
        return None
    try:
        dag = date.fromisoformat(tekst)
        if not 1850 <= dag.year <= 2199:
            raise ValueError(tekst)
    except ValueError:
        raise Registerfout(Fout.WAARDE, veld, gevonden=tekst[:20], verwacht="een bestaande dag als jjjj-mm-dd") from None
    return dag


def _attest(vraag: Vraag, nummer: str) -> Row[Any]:
    with vraag.gateway.store.reading() as conn:
        rij = attest_met(conn, nummer[:64])
    if rij is None:
        raise NietGevonden
    return rij


def _attestfeiten(rij: Row[Any]) -> dict[str, str]:
    return {"Attest": rij.nummer, "Software": f"{rij.product} ({rij.leverancier})", "Pijlers": ", ".join(rij.pijlers)}


def _loopt(vraag: Vraag, lijst: Periodelijst, sleutel: Mapping[str, str]) -> dict[str, str]:
    """What is about to end.

    Raises:
        NietGevonden: nothing has this key.
    """
    if not (len(sleutel[lijst.voorziening]) == 11 and sleutel[lijst.voorziening].isdecimal()):
        raise NietGevonden
    with vraag.gateway.store.reading() as conn:
        rijen = perioden(conn, lijst, sleutel[lijst.voorziening])
    eigen = [r for r in rijen if all(r._mapping[n] == w for n, w in sleutel.items())]
    if not eigen:
        raise NietGevonden
    feiten = {"Voorziening": f"{eigen[-1].naam} ({sleutel[lijst.voorziening]})"}
    feiten |= {KOLOMNAMEN[n]: w for n, w in sleutel.items() if n != lijst.voorziening}
    return feiten | {"Periodes": ", ".join(f"{r.van:%d-%m-%Y} – {f'{r.tot:%d-%m-%Y}' if r.tot else '…'}" for r in eigen)}


KOLOMNAMEN = {"pijler": "Pijler", "gemachtigde_riziv": "Gemachtigde", "riziv": "Voorziening", "voorziening_riziv": "Voorziening"}


def _zoek(vraag: Vraag) -> str | None:
    return vraag.zoek.get("zoek", "").strip()[:64] or None


def _na(vraag: Vraag, soorten: tuple[type, ...]) -> tuple[Any, ...] | None:
    if not (tekst := vraag.zoek.get("na", "")):
        return None
    try:
        return bladwijzer.lees(tekst, soorten)
    except GeenBladwijzer:
        raise Onverwerkbaar("Deze bladzijde is er niet.") from None


def _volgende(vraag: Vraag, adres: str, sleutel: list[Any] | None) -> str | None:
    if sleutel is None:
        return None
    vragen = {n: w for n in ("zoek", "nu") if (w := vraag.zoek.get(n, ""))}
    return f"{adres}?{urlencode({**vragen, 'na': bladwijzer.maak(sleutel)})}"


def _toestand(vraag: Vraag) -> Callable[[Row[Any]], tuple[str, str]]:
    """Word and colour of how a row stands today."""

    def van(rij: Row[Any]) -> tuple[str, str]:
        if rij._mapping.get("geschorst"):
            return ("geschorst", "let_op")
        if vraag.vandaag < rij.van:
            return ("nog niet", "accent")
        return ("verlopen", "") if rij.tot is not None and rij.tot < vraag.vandaag else ("geldt", "goed")

    return van
