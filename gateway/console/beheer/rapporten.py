"""Reports with pictures: amounts, messages, refusals, turnaround. The sums are those of gateway.store.rapporten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Row
from starlette.responses import Response

from gateway.console.beheer import namen
from gateway.console.beheer.bereik import BuitenBereik, keuze_van
from gateway.console.beheer.csv_bestand import csv_antwoord, in_euro
from gateway.console.beheer.rapportdelen import Beeld, Deel, per_duur, per_groep, per_maand
from gateway.console.rechten import Recht, Rol
from gateway.console.schermen import Menu, Schermen
from gateway.console.talen import Taal
from gateway.console.vraag import NietGevonden, Onverwerkbaar, Vraag
from gateway.cookbook.redenen import codes_van
from gateway.store import rapporten, tellingen
from gateway.store.rapporten import ALLE, BEDRAGEN, BERICHTEN, REDENEN, WEIGERINGEN, Doorlooptijd, Rapport, Selectie

schermen = Schermen()
_TABS = (
    ("/console/rapporten", "Bedragen"),
    ("/console/rapporten/berichten", "Berichten"),
    ("/console/rapporten/weigeringen", "Weigeringen"),
    ("/console/rapporten/doorlooptijd", "Doorlooptijd"),
)
_BESTANDEN = {
    "amounts": "bedragen",
    "refusals": "geweigerde-lijnen",
    "messages": "berichten",
    "reasons": "weigeringen",
    "turnaround": "doorlooptijd",
}
"""What a report's file is called."""
_VRAGEN = ("van", "tot", "pijler", "zorgkas", "voorziening")
_GROOTSTE = 12
"""Groups of one picture."""
_BEDRAGEN = Beeld(
    rapport=BEDRAGEN,
    maat="gevraagd",
    gestapeld=("afgerekend", "open", "geweigerd"),
    tabel=("gevraagd", "afgerekend", "open", "geweigerd"),
)
_BERICHTEN = Beeld(
    rapport=BERICHTEN,
    maat="berichten",
    gestapeld=("aanvaard", "geweigerd", "in_beraad"),
    tabel=("berichten", "aanvaard", "geweigerd", "in_beraad", "afgeleverd"),
)
_REDENEN = Beeld(rapport=REDENEN, maat="berichten", gestapeld=(), tabel=("berichten",))
_LIJNEN = Beeld(rapport=WEIGERINGEN, maat="bedrag", gestapeld=(), tabel=("records", "bedrag"))


@schermen.get("/rapporten", Recht.RAPPORTEN_ZIEN, menu=Menu(titel="Rapporten", volgorde=55, toets="c"))
def bedragen(vraag: Vraag) -> Response:
    """What was invoiced, accepted, refused, settled."""
    uitleg = vraag.t("Per gefactureerde maand: wat afgerekend, open of geweigerd is. Hele euro; de centen staan in het bestand.")
    uitleg += " " + vraag.t("Zendingen die geheel geweigerd zijn, tellen alleen bij Berichten.")
    return _maanden_en_groepen(vraag, _BEDRAGEN, _TABS[0][0], vraag.t("Gefactureerd per maand"), uitleg)


@schermen.get("/rapporten/berichten", Recht.RAPPORTEN_ZIEN)
def berichten(vraag: Vraag) -> Response:
    """How many messages came, and what became of them."""
    uitleg = vraag.t("Naar de maand van ontvangst, met de beslissing die nu geldt. Testberichten tellen niet mee.")
    return _maanden_en_groepen(vraag, _BERICHTEN, _TABS[1][0], vraag.t("Ontvangen per maand"), uitleg)


@schermen.get("/rapporten/weigeringen", Recht.RAPPORTEN_ZIEN)
def weigeringen(vraag: Vraag) -> Response:
    """Why messages and invoiced records were refused."""
    keuze, t = _keuze(vraag), vraag.t
    with vraag.gateway.store.reading() as conn:
        redenen = _grootste(conn, _REDENEN, keuze, "code")
        lijnen = _grootste(conn, _LIJNEN, keuze, "code")
    betekenis = _betekenissen(vraag)
    uitleg = t("Een bericht met drie redenen telt bij elk van de drie.")
    lijnuitleg = t("Lijnen van aanvaarde zendingen die niet betaald worden, naar bedrag.")
    delen = [
        per_groep(vraag, _REDENEN, "code", redenen, {}, t("Geweigerde berichten per reden"), uitleg, betekenis),
        per_groep(vraag, _LIJNEN, "code", lijnen, {}, t("Geweigerde factuurlijnen per reden"), lijnuitleg, betekenis),
    ]
    return _toon(vraag, keuze, delen, _TABS[2][0])


def _betekenissen(vraag: Vraag) -> dict[str, str]:
    engels = vraag.taal is Taal.EN
    codes = codes_van(vraag.gateway.cookbooks, vraag.vandaag).values()
    eigen = {tellingen.DOOR_ZORGKAS: vraag.t("De zorgkas weigerde na beraad, met haar eigen woorden.")}
    return {c.code: c.tekst_en if engels else c.tekst for c in codes} | eigen


@schermen.get("/rapporten/doorlooptijd", Recht.RAPPORTEN_ZIEN)
def doorlooptijd(vraag: Vraag) -> Response:
    """From receipt to the zorgkas, beside what the cookbook promises."""
    keuze, t = _keuze(vraag), vraag.t
    with vraag.gateway.store.reading() as conn:
        gevonden = rapporten.doorlooptijden(conn, keuze)
    per_pijler = [d for d in gevonden if d.zorgkas == ALLE]
    per_kas = [] if vraag.persoon.rol is Rol.ZORGKAS else [d for d in gevonden if d.zorgkas != ALLE]
    boeken = vraag.gateway.cookbooks
    beloften = {p: 60 * c.belofte for p, c in boeken.items()}
    rijen = [(boeken[d.pijler].naam if d.pijler in boeken else d.pijler, d) for d in per_pijler]
    delen = [per_duur(vraag, "pijler", t("Van ontvangst tot aflevering, per pijler"), rijen, beloften)]
    if per_kas:
        # All pairs at once would be a wall: those that need a look come first.
        traagste = sorted(per_kas, key=lambda d: (-d.p99, -d.p90, d.pijler, d.zorgkas))[:_GROOTSTE]
        rijen = [(f"{d.pijler} · {d.zorgkas}", d) for d in traagste]
        delen.append(per_duur(vraag, "kas", t("Per pijler en zorgkas, de traagste eerst"), rijen, beloften))
    return _toon(vraag, keuze, delen, _TABS[3][0])


@schermen.get("/rapporten/{naam}.csv", Recht.RAPPORTEN_ZIEN)
def bestand(vraag: Vraag) -> Response:
    """The file behind a picture, for a spreadsheet: every row with all its keys, amounts in euro with a comma."""
    keuze, naam = _keuze(vraag), vraag.pad["naam"]
    if naam not in _BESTANDEN:
        raise NietGevonden
    bestandsnaam = f"vsb-{_BESTANDEN[naam]}-{keuze.van:%Y-%m}-{keuze.tot:%Y-%m}.csv"
    rijen = _duren(vraag, keuze) if naam == "turnaround" else _rijen(vraag, rapporten.RAPPORTEN[naam], keuze)
    return csv_antwoord(bestandsnaam, rijen)


def _rijen(vraag: Vraag, rapport: Rapport, keuze: Selectie) -> Iterator[Sequence[Any]]:
    with vraag.gateway.store.reading() as conn:
        namen_ = namen.alle_voorzieningen(conn)
        yield (*(f"{k} (euro)" if k in rapport.geld else k for k in rapport.kolommen), "voorziening_naam")
        for rij in rapporten.stroom(conn, rapport, keuze):
            waarden = zip(rapport.kolommen, rij, strict=True)
            yield (*(in_euro(w) if k in rapport.geld else w for k, w in waarden), namen_.get(rij.voorziening, ""))


def _duren(vraag: Vraag, keuze: Selectie) -> Iterator[Sequence[Any]]:
    seconden = ("p50", "p90", "p99")
    yield [f"{k} (seconden)" if k in seconden else k for k in Doorlooptijd._fields]
    with vraag.gateway.store.reading() as conn:
        gevonden = rapporten.doorlooptijden(conn, keuze)
    # Of one zorgkas the sum over all is its own figure once more.
    een = vraag.persoon.rol is Rol.ZORGKAS
    yield from (d._replace(zorgkas=d.zorgkas or "alle") for d in gevonden if d.zorgkas != ALLE or not een)


def _maanden_en_groepen(vraag: Vraag, beeld: Beeld, tab: str, titel: str, uitleg: str) -> Response:
    keuze, t = _keuze(vraag), vraag.t
    titels = {"pijler": t("Per pijler"), "zorgkas": t("Per zorgkas"), "voorziening": t("Per voorziening")}
    if vraag.persoon.rol is Rol.ZORGKAS:
        del titels["zorgkas"]
    with vraag.gateway.store.reading() as conn:
        maanden = rapporten.lees(conn, beeld.rapport, keuze, ("maand",))
        groepen = {per: _grootste(conn, beeld, keuze, per) for per in titels}
        wie = {p: c.naam for p, c in vraag.gateway.cookbooks.items()}
        wie |= {c: f"{c} {n}" for c, n in namen.zorgkassen(conn).items()}
        wie |= namen.voorzieningen(conn, [r.voorziening for r in groepen["voorziening"]])
    delen = [per_maand(vraag, beeld, keuze, maanden, titel, uitleg)]
    for per, rijen in groepen.items():
        meer = t("De grootste {n}; het bestand heeft ze alle.", n=_GROOTSTE) if len(rijen) == _GROOTSTE else ""
        delen.append(per_groep(vraag, beeld, per, rijen, wie, titels[per], meer))
    return _toon(vraag, keuze, delen, tab)


def _grootste(conn: Connection, beeld: Beeld, keuze: Selectie, per: str) -> list[Row[Any]]:
    return rapporten.lees(conn, beeld.rapport, keuze, (per,), grootste=beeld.maat, hoogstens=_GROOTSTE)


def _keuze(vraag: Vraag) -> Selectie:
    try:
        return keuze_van(vraag.persoon, vraag.zoek, vraag.gateway.cookbooks, vraag.vandaag)
    except BuitenBereik as problem:
        raise Onverwerkbaar(str(problem)) from None


def _toon(vraag: Vraag, keuze: Selectie, delen: Sequence[Deel], tab: str) -> Response:
    with vraag.gateway.store.reading() as conn:
        bijgewerkt, kassen = tellingen.bijgewerkt_op(conn), namen.zorgkassen(conn)
    rapportnamen = [d.rapport for d in delen]
    gekozen = {n: vraag.zoek.get(n, "") for n in _VRAGEN}
    vragen = urlencode({n: w for n, w in gekozen.items() if w})
    return vraag.toon(
        "beheer/rapport.html",
        delen=delen,
        met_bestand={rapportnamen.index(naam) for naam in rapportnamen},
        tab=tab,
        tabs=[(f"{adres}?{vragen}" if vragen else adres, adres, titel) for adres, titel in _TABS],
        vragen=urlencode({**gekozen, "van": f"{keuze.van:%Y-%m}", "tot": f"{keuze.tot:%Y-%m}"}),
        keuze=keuze,
        gekozen=gekozen,
        pijlers=[("", vraag.t("Alle")), *((p, c.naam) for p, c in vraag.gateway.cookbooks.items())],
        kassen=[] if vraag.persoon.rol is Rol.ZORGKAS else [("", vraag.t("Alle")), *((c, f"{c} {n}") for c, n in kassen.items())],
        bijgewerkt=bijgewerkt,
    )
