"""What a zorgkas does: the worklist and deciding, and a member's dossiers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from gateway.api.ingangen import Ingangen, Na, Wie, vanaf, verkeerd, zonder_nul
from gateway.api.modellen import Beraad, Besluit, Bladzijde, Dossiers, Gedaan, Model
from gateway.api.problemen import Probleem, Soort
from gateway.console import bladwijzer, inzage
from gateway.console.rechten import Recht, Rol
from gateway.diensten import kas_beslissen
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kas_beslissen import AlBeslist
from gateway.diensten.kas_dossier import Liddossier, dossiers_van
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
    dossiernummer: Annotated[str, Field(pattern=r"^[A-Z0-9-]{3,32}$")] | None = None
    op: date | None = None


@ingangen.post("/dossiers", Recht.DOSSIER_ZIEN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Dossiers)
def files(wie: Wie, vraag: Dossiervraag) -> Any:
    """The dossiers of a member at every facility; a zorgkas sees its own members, also after a change of zorgkas."""
    if (vraag.insz is None) is (vraag.dossiernummer is None):
        raise Probleem(Soort.VORM, detail="Geef een insz of een dossiernummer, niet beide.")
    if vraag.insz is not None:
        onderwerp = inzage.van_persoon(vraag.insz, wie.gateway.settings.pseudonym_key())
        wie.inzage(onderwerp, "dossiers", Gebeurtenis.PERSOON_GEZOCHT)
    else:
        wie.inzage(f"dossier:{vraag.dossiernummer}", "dossiers")
    zorgkas = wie.persoon.zorgkas
    if wie.persoon.rol is not Rol.CONTROLEUR and zorgkas is None:
        raise Probleem(Soort.NIET_GEVONDEN)
    op = min(vraag.op or wie.vandaag, wie.vandaag)
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
