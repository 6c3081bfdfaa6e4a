"""What a zorgkas does: the worklist and deciding, and a member's dossiers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from gateway.api.ingangen import Ingangen, Na, Wie, vanaf, verkeerd, zonder_nul
from gateway.api.modellen import Beraad, Besluit, Bladzijde, Dossiers, Gedaan, Model
from gateway.api.problemen import Fout, Probleem, Soort
from gateway.api.proef import Opmerking
from gateway.central.identificatie import geldig_insz
from gateway.console import bladwijzer, inzage
from gateway.console.bericht.stuk import stukbeeld
from gateway.console.rechten import Recht, Rol
from gateway.diensten import kas_beslissen
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kas_beslissen import AlBeslist
from gateway.diensten.kas_dossier import DOSSIERNUMMER, EERSTE, Liddossier, dossiers_van
from gateway.observe.audit_events import Gebeurtenis
from gateway.store import werklijst

ingangen = Ingangen("zorgkas")
_PAGINA = 50
Pijlernaam = Annotated[str | None, Query(pattern=r"^[a-z0-9]{1,16}$")]


@ingangen.get("/beraad", Recht.BERAAD_ZIEN, response_model=Bladzijde[Beraad])
def worklist(wie: Wie, pijler: Pijlernaam = None, na: Na = None) -> Any:
    """What waits for the zorgkas's decision, what lapses first on top; no personal data."""
    begin = vanaf(na, date, str)
    with wie.gateway.store.reading() as conn:
        rijen = werklijst.in_beraad(conn, str(wie.persoon.zorgkas), pijler=pijler, na=begin, limit=_PAGINA + 1)
    volgende = None
    if len(rijen) > _PAGINA:
        volgende = bladwijzer.maak([rijen[_PAGINA - 1].vervalt_op, rijen[_PAGINA - 1].bericht_id])
    return {"items": rijen[:_PAGINA], "volgende": volgende}


class Beslist(Model):
    """What became of a message that waited."""

    uitkomst: str
    op: datetime
    door: str
    """`zorgkas:<code>`, or `gateway` when the term passed."""
    persoon: str | None
    """Who it was, when it was done on a screen or by this API."""
    motivering: str | None


class Beslistregel(Beraad):
    """A message that no longer waits."""

    gesloten_op: datetime
    besluit: Beslist | None


class Woorden(Model):
    """What the facility itself says, in a field of its message."""

    veld: str
    tekst: str


class Beraaditem(Model):
    """A message to decide on, with all that a person reads before deciding."""

    bericht_id: str
    pijler: str
    soort: str
    test: bool
    ontvangen_op: datetime
    voorziening: str | None
    voorziening_naam: str | None
    dossiernummer: str | None
    referentiedatum: date | None
    zorgkas: str | None
    """The one that decides."""
    uitkomst: str | None
    naam: str | None
    """Of the member."""
    lid_tot: date | None
    """Last day on which the member is with that zorgkas; null: it stays there."""
    sinds: datetime | None
    vervalt_op: date | None
    """The day on which it is refused by itself: the last day to decide is the one before."""
    opmerkingen: list[Opmerking]
    woorden: list[Woorden]
    besluit: Beslist | None


@ingangen.get("/beraad/beslist", Recht.BERAAD_ZIEN, response_model=Bladzijde[Beslistregel])
def decided(wie: Wie, na: Na = None) -> Any:
    """What waited for the zorgkas and was decided, by it or by the term, the newest first; no personal data."""
    begin = vanaf(na, datetime, str)
    sleutel = None if begin is None else (begin[0], begin[1])
    with wie.gateway.store.reading() as conn:
        rijen = kas_beslissen.laatst_beslist(conn, str(wie.persoon.zorgkas), na=sleutel, limit=_PAGINA + 1)
    volgende = None
    if len(rijen) > _PAGINA:
        laatste = rijen[_PAGINA - 1].row
        volgende = bladwijzer.maak([laatste.gesloten_op, laatste.bericht_id])
    velden = [n for n in Beslistregel.model_fields if n != "besluit"]
    items = [{**{n: getattr(r.row, n) for n in velden}, "besluit": _besluit(r.besluit)} for r in rijen[:_PAGINA]]
    return {"items": items, "volgende": volgende}


@ingangen.get("/beraad/{bericht_id}", Recht.BERAAD_ZIEN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Beraaditem)
def item(wie: Wie, bericht_id: str) -> Any:
    """A message of the worklist with every remark and the facility's own words, so that nobody decides blind."""
    zorgkas, gevraagd = str(wie.persoon.zorgkas), zonder_nul(bericht_id)
    try:
        with wie.gateway.store.reading() as conn:
            rij = kas_beslissen.lees_bericht(conn, zorgkas, gevraagd, wie.nu)
    except NietGevonden:
        raise wie.vreemd(f"/beraad/{gevraagd}") from None
    wie.inzage(f"bericht:{rij.id}", "beraad")
    with wie.gateway.store.reading() as conn:
        stuk = stukbeeld(wie.gateway, conn, rij)
        wachtend = werklijst.wacht(conn, rij.id)
        besluit = kas_beslissen.beslist(conn, rij.id)
        lid_tot = kas_beslissen.vertrokken(conn, rij) if rij.zorgkas == zorgkas else None
    uit_rij = (
        "pijler",
        "soort",
        "test",
        "ontvangen_op",
        "voorziening",
        "dossiernummer",
        "referentiedatum",
        "zorgkas",
        "uitkomst",
    )
    return {
        **{n: getattr(rij, n) for n in uit_rij},
        "bericht_id": rij.id,
        "voorziening_naam": stuk.voorziening,
        "naam": stuk.persoon,
        "lid_tot": lid_tot,
        "sinds": None if wachtend is None else wachtend.sinds,
        "vervalt_op": None if wachtend is None else wachtend.vervalt_op,
        "opmerkingen": stuk.opmerkingen,
        "woorden": [{"veld": veld, "tekst": tekst} for veld, tekst in stuk.woorden],
        "besluit": _besluit(besluit),
    }


def _besluit(besluit: kas_beslissen.Beslist | None) -> dict[str, Any] | None:
    return None if besluit is None else asdict(besluit)


@ingangen.post(
    "/beraad/{bericht_id}/beslissing", Recht.BERAAD_BESLISSEN, Soort.NIET_GEVONDEN, Soort.NU_NIET, response_model=Gedaan
)
def decide(wie: Wie, bericht_id: str, besluit: Besluit) -> Any:
    """Decide, once: who comes second hears what was decided, and changes nothing."""
    gekozen = kas_beslissen.Besluit(
        bericht_id=zonder_nul(bericht_id),
        zorgkas=str(wie.persoon.zorgkas),
        persoon=wie.persoon.actor,
        uitkomst=besluit.uitkomst,
        motivering=besluit.motivering,
    )
    try:
        kas_beslissen.beslis(wie.gateway, gekozen)
    except NietGevonden:
        raise wie.vreemd(f"/beraad/{gekozen.bericht_id}") from None
    except Ongeldig as fout:
        raise verkeerd(fout) from None
    except AlBeslist as eerder:
        eerst = eerder.beslist
        detail = (
            "Dit bericht is niet meer in beraad." if eerst is None else f"Al {eerst.uitkomst} op {eerst.op:%Y-%m-%d %H:%M} UTC."
        )
        raise Probleem(Soort.NU_NIET, detail=detail) from None
    return {"gedaan": bericht_id}


class Dossiervraag(Model):
    """A member by INSZ, or any of its dossiers by number; as it was known on a day."""

    insz: Annotated[str, Field(pattern=r"^[0-9]{11}$")] | None = None
    dossiernummer: Annotated[str, Field(pattern=rf"^{DOSSIERNUMMER.pattern}$")] | None = None
    op: date | None = None
    """From 2019 to today; left out: today."""


@ingangen.post("/dossiers", Recht.DOSSIER_ZIEN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Dossiers)
def files(wie: Wie, vraag: Dossiervraag) -> Any:
    """The dossiers of a member at every facility; a zorgkas sees its own members, also after a change of zorgkas."""
    if (vraag.insz is None) is (vraag.dossiernummer is None):
        raise Probleem(Soort.VORM, detail="Geef een insz of een dossiernummer, niet beide.")
    op = vraag.op or wie.vandaag
    if not EERSTE <= op <= wie.vandaag:
        raise Probleem(Soort.VORM, fouten=[Fout(plaats="body/op", verwacht="een dag vanaf 2019, hoogstens vandaag")])
    if vraag.insz is not None:
        if not geldig_insz(vraag.insz):
            raise Probleem(Soort.VORM, fouten=[Fout(plaats="body/insz", verwacht="een INSZ met een juist controlegetal")])
        onderwerp = inzage.van_persoon(vraag.insz, wie.gateway.settings.pseudonym_key())
        wie.inzage(onderwerp, "dossiers", Gebeurtenis.PERSOON_GEZOCHT)
    else:
        wie.inzage(f"dossier:{vraag.dossiernummer}", "dossiers")
    zorgkas = wie.persoon.zorgkas
    if wie.persoon.rol is not Rol.CONTROLEUR and zorgkas is None:
        raise Probleem(Soort.NIET_GEVONDEN)
    try:
        with wie.gateway.store.reading() as conn:
            lid = dossiers_van(
                conn, insz=vraag.insz, dossiernummer=vraag.dossiernummer, zorgkas=zorgkas, op=op, vandaag=wie.vandaag
            )
    except NietGevonden:
        raise wie.vreemd(f"/dossiers/{vraag.dossiernummer or ''}") from None
    return {"op": lid.op, "dossiers": _dossiers(lid)}


def _dossiers(lid: Liddossier) -> list[dict[str, Any]]:
    velden = ("dossiernummer", "pijler", "voorziening", "start", "einde", "type_verblijf", "status")
    return [
        {
            **{n: getattr(d.verblijf, n) for n in velden},
            "stukken": [
                {
                    "bericht_id": s.gebeurtenis.message_id,
                    "soort": s.gebeurtenis.soort,
                    "dag": s.gebeurtenis.dag,
                    "status": s.gebeurtenis.status,
                    "ontvangen_op": s.ontvangen_op,
                    "zorgkas": s.zorgkas,
                }
                for s in d.stukken
            ],
        }
        for d in lid.dossiers
    ]
