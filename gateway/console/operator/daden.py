"""What the operator does with deliveries and lines, as the CLI does: each on a page that says what will happen, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from gateway.console.rechten import Recht
from gateway.console.schermen import Schermen
from gateway.console.sessies import Melding
from gateway.console.vraag import NietGevonden, Onverwerkbaar, Vraag
from gateway.exchange import beheer
from gateway.exchange.beheer import Onmogelijk
from gateway.exchange.toestand import FINAL, RETRYABLE, Toestand
from gateway.reference import lookup
from gateway.reference.model import Zorgkas
from gateway.store.tables import levering

schermen = Schermen()
IN_EENS = 500
"""Dead letters that one act sends again; so many rows stay locked for a moment."""


@dataclass(frozen=True, kw_only=True)
class Bevestiging:
    """A page that says what an act will do, before it is done."""

    titel: str
    gevolgen: Sequence[str]
    knop: str
    terug: str
    """Address to go back to."""
    gevaar: bool = False
    """It can not be undone."""


def bevestig(vraag: Vraag, wat: Bevestiging, **context: Any) -> Response:
    """Show what will happen and ask for a reason; the form posts to the same address."""
    adres = vraag.request.url
    return vraag.toon("operator/bevestig.html", wat=wat, actie=adres.path + (f"?{adres.query}" if adres.query else ""), **context)


def reden_van(vraag: Vraag) -> str:
    """The reason that every act needs.

    Raises:
        Onverwerkbaar: there is none.
    """
    reden = vraag.veld("reden")[:200]
    if not reden:
        raise Onverwerkbaar(vraag.t("Geef een reden. Er is niets gedaan."))
    return reden


def _doe(vraag: Vraag, werk: Callable[[Connection, str], None]) -> None:
    reden = reden_van(vraag)
    with vraag.gateway.store.writing() as conn:
        try:
            werk(conn, reden)
        except Onmogelijk as problem:
            raise Onverwerkbaar(str(problem)) from problem


def _levering(vraag: Vraag) -> Row[Any]:
    with vraag.gateway.store.reading() as conn:
        rij = conn.execute(select(levering).where(levering.c.id == vraag.pad["levering_id"])).first()
    if rij is None:
        raise NietGevonden
    return rij


def _terug(vraag: Vraag, rij: Row[Any]) -> str:
    """Where one came from: the list, at the row after this one, or the message."""
    if not vraag.zoek.get("lijst"):
        return f"/console/berichten/{rij.bericht_id}#leveringen"
    kern = {naam: w for naam in ("zorgkas", "toestand", "na") if (w := vraag.zoek.get(naam, "")[:16])}
    dan = vraag.zoek.get("dan", "")
    return f"/console/leveringen?{urlencode(kern)}" + (f"#l{dan}" if dan.isdecimal() else "")


@schermen.get("/leveringen/{levering_id}/opnieuw", Recht.LEVERING_OPNIEUW)
def vraag_opnieuw(vraag: Vraag) -> Response:
    rij = _levering(vraag)
    if rij.toestand not in {t.value for t in RETRYABLE}:
        raise Onverwerkbaar(vraag.t("Deze levering is niet in een toestand om ze opnieuw aan te bieden."))
    gevolgen = (
        vraag.t(
            "{naam} gaat opnieuw naar {bestemming}, onder hetzelfde nummer.", naam=rij.message_name, bestemming=rij.bestemming
        ),
        vraag.t("Een ontvanger die ze al heeft, houdt ze één keer."),
        vraag.t("Daarna kan ze nog altijd opgegeven worden."),
    )
    wat = Bevestiging(
        titel=vraag.t("Levering opnieuw aanbieden"),
        gevolgen=gevolgen,
        knop=vraag.t("Opnieuw aanbieden"),
        terug=_terug(vraag, rij),
    )
    return bevestig(vraag, wat)


@schermen.post("/leveringen/{levering_id}/opnieuw", Recht.LEVERING_OPNIEUW)
def doe_opnieuw(vraag: Vraag) -> Response:
    rij, beleid = _levering(vraag), vraag.gateway.settings.delivery_policy()

    def werk(conn: Connection, reden: str) -> None:
        if not beheer.bied_opnieuw_aan(conn, [rij.id], vraag.persoon.actor, vraag.nu, beleid, reden=reden):
            raise Onmogelijk(
                vraag.t("Iemand was u voor: deze levering is niet meer in een toestand om ze opnieuw aan te bieden.")
            )

    _doe(vraag, werk)
    return vraag.naar(_terug(vraag, rij), Melding(tekst=vraag.t("De levering gaat opnieuw.")))


@schermen.get("/leveringen/{levering_id}/opgeven", Recht.LEVERING_OPGEVEN)
def vraag_opgeven(vraag: Vraag) -> Response:
    rij = _levering(vraag)
    if rij.toestand in {t.value for t in FINAL}:
        raise Onverwerkbaar(vraag.t("Deze levering is al afgesloten."))
    gevolgen = (
        vraag.t("{naam} wordt nooit meer aan {bestemming} geleverd.", naam=rij.message_name, bestemming=rij.bestemming),
        vraag.t("Wat voor dezelfde persoon wachtte, gaat verder."),
        vraag.t("De afzender krijgt een TAck dat de aflevering mislukte, als het een zending was."),
        vraag.t("Dit kan niet teruggedraaid worden."),
    )
    wat = Bevestiging(
        titel=vraag.t("Levering opgeven"),
        gevolgen=gevolgen,
        knop=vraag.t("Voorgoed opgeven"),
        terug=_terug(vraag, rij),
        gevaar=True,
    )
    return bevestig(vraag, wat)


@schermen.post("/leveringen/{levering_id}/opgeven", Recht.LEVERING_OPGEVEN)
def doe_opgeven(vraag: Vraag) -> Response:
    rij = _levering(vraag)
    _doe(vraag, lambda conn, reden: beheer.geef_op(conn, rij.id, vraag.persoon.actor, reden, vraag.nu))
    melding = Melding(tekst=vraag.t("De levering is opgegeven."), soort="let_op")
    return vraag.naar(_terug(vraag, rij), melding)


def zorgkas_van(vraag: Vraag) -> Zorgkas:
    """The zorgkas in the address."""
    with vraag.gateway.store.reading() as conn:
        kas = lookup.zorgkas(conn, str(vraag.pad["code"]))
    if kas is None:
        raise NietGevonden
    return kas


def _op_lijn(vraag: Vraag, kas: Zorgkas, titel: str, knop: str, *gevolgen: str) -> Response:
    wat = Bevestiging(titel=f"{titel}: {kas.code} {kas.naam}", gevolgen=gevolgen, knop=knop, terug=f"/console/lijnen/{kas.code}")
    return bevestig(vraag, wat)


@schermen.get("/lijnen/{code}/pauzeer", Recht.LIJN_PAUZEREN)
def vraag_pauze(vraag: Vraag) -> Response:
    return _op_lijn(
        vraag,
        zorgkas_van(vraag),
        vraag.t("Lijn stilleggen"),
        vraag.t("Stilleggen"),
        vraag.t("Er vertrekt niets meer naar deze zorgkas; wat onderweg is komt nog aan."),
        vraag.t("Wat intussen aanvaard wordt, wacht. Er gaat niets verloren."),
        vraag.t("De zorgkas kan wel nog zelf ophalen."),
        vraag.t("U kunt de lijn op elk moment hervatten."),
    )


@schermen.post("/lijnen/{code}/pauzeer", Recht.LIJN_PAUZEREN)
def doe_pauze(vraag: Vraag) -> Response:
    kas = zorgkas_van(vraag)
    _doe(vraag, lambda conn, reden: beheer.pauzeer(conn, f"zorgkas:{kas.code}", vraag.persoon.actor, reden, vraag.nu))
    tekst = vraag.t("De lijn naar {code} ligt stil.", code=kas.code)
    melding = Melding(tekst=tekst, soort="let_op", ongedaan=f"/console/lijnen/{kas.code}/hervat")
    return vraag.naar(f"/console/lijnen/{kas.code}", melding)


@schermen.get("/lijnen/{code}/hervat", Recht.LIJN_PAUZEREN)
def vraag_hervat(vraag: Vraag) -> Response:
    return _op_lijn(
        vraag,
        zorgkas_van(vraag),
        vraag.t("Lijn hervatten"),
        vraag.t("Hervatten"),
        vraag.t("Wat wacht vertrekt meteen, ook als de lijn na fouten onderbroken was."),
        vraag.t("U kunt de lijn daarna opnieuw stilleggen."),
    )


@schermen.post("/lijnen/{code}/hervat", Recht.LIJN_PAUZEREN)
def doe_hervat(vraag: Vraag) -> Response:
    kas = zorgkas_van(vraag)
    _doe(vraag, lambda conn, reden: beheer.hervat(conn, f"zorgkas:{kas.code}", vraag.persoon.actor, vraag.nu, reden=reden))
    tekst = vraag.t("De leveringen aan {code} gaan weer door.", code=kas.code)
    return vraag.naar(f"/console/lijnen/{kas.code}", Melding(tekst=tekst, ongedaan=f"/console/lijnen/{kas.code}/pauzeer"))


@schermen.get("/lijnen/{code}/omleiden", Recht.LIJN_OMLEIDEN)
def vraag_omleiden(vraag: Vraag) -> Response:
    kas = zorgkas_van(vraag)
    with vraag.gateway.store.reading() as conn:
        betreft = beheer.tel_omleiding(conn, f"zorgkas:{kas.code}", kas.levering.value)
    if not betreft.samen:
        raise Onverwerkbaar(
            vraag.t("Er is niets om te leiden: wat wacht, gaat al langs {transport}.", transport=kas.levering.value)
        )
    weg = f"{kas.levering.value} ({kas.endpoint})" if kas.endpoint else kas.levering.value
    return _op_lijn(
        vraag,
        kas,
        vraag.t("Wachtende leveringen omleiden"),
        vraag.t("Omleiden"),
        vraag.t("{aantal} leveringen die wachten, gaan voortaan langs {transport}.", aantal=betreft.wachtend, transport=weg),
        vraag.t(
            "{aantal} mislukte leveringen krijgen nieuwe pogingen, langs {transport}.", aantal=betreft.mislukt, transport=weg
        ),
        vraag.t("Terug kan door het transport van de zorgkas in de referentiegegevens te wijzigen en opnieuw om te leiden."),
    )


@schermen.post("/lijnen/{code}/omleiden", Recht.LIJN_OMLEIDEN)
def doe_omleiden(vraag: Vraag) -> Response:
    kas, beleid, aantal = zorgkas_van(vraag), vraag.gateway.settings.delivery_policy(), 0

    def werk(conn: Connection, reden: str) -> None:
        nonlocal aantal
        naar, door = (f"zorgkas:{kas.code}", kas.levering.value), vraag.persoon.actor
        aantal = beheer.leid_om(conn, *naar, door, vraag.nu, beleid, reden=reden).samen

    _doe(vraag, werk)
    tekst = vraag.t("{aantal} leveringen gaan nu langs {transport}.", aantal=aantal, transport=kas.levering.value)
    return vraag.naar(f"/console/lijnen/{kas.code}", Melding(tekst=tekst))


@schermen.get("/lijnen/{code}/opnieuw", Recht.LEVERING_OPNIEUW)
def vraag_alle_opnieuw(vraag: Vraag) -> Response:
    kas = zorgkas_van(vraag)
    with vraag.gateway.store.reading() as conn:
        aantal = len(_mislukt(conn, kas))
    if not aantal:
        raise Onverwerkbaar(vraag.t("Er is geen mislukte levering aan deze zorgkas."))
    return _op_lijn(
        vraag,
        kas,
        vraag.t("Mislukte leveringen opnieuw aanbieden"),
        vraag.t("Opnieuw aanbieden"),
        vraag.t("{aantal} mislukte leveringen gaan opnieuw, de oudste eerst, elk onder hetzelfde nummer.", aantal=aantal),
        vraag.t("Een ontvanger die ze al heeft, houdt ze één keer."),
    )


@schermen.post("/lijnen/{code}/opnieuw", Recht.LEVERING_OPNIEUW)
def doe_alle_opnieuw(vraag: Vraag) -> Response:
    kas, beleid, aantal = zorgkas_van(vraag), vraag.gateway.settings.delivery_policy(), 0

    def werk(conn: Connection, reden: str) -> None:
        nonlocal aantal
        ids = _mislukt(conn, kas)
        aantal = len(beheer.bied_opnieuw_aan(conn, ids, vraag.persoon.actor, vraag.nu, beleid, reden=reden))

    _doe(vraag, werk)
    melding = Melding(tekst=vraag.t("{aantal} leveringen gaan opnieuw.", aantal=aantal))
    return vraag.naar(f"/console/lijnen/{kas.code}", melding)


def _mislukt(conn: Connection, kas: Zorgkas) -> list[str]:
    c = levering.c
    dood = select(c.id).where(c.bestemming == f"zorgkas:{kas.code}", c.toestand == Toestand.MISLUKT.value)
    return list(conn.execute(dood.order_by(c.nr).limit(IN_EENS)).scalars())
