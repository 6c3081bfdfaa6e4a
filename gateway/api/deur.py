"""What was refused at the door: one's own, and for the operator everybody's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import Row

from gateway.api.ingangen import Ingangen, Wie, zonder_nul
from gateway.api.modellen import Bladzijde, Model
from gateway.api.problemen import Probleem, Soort
from gateway.console.eigen.zoeken import eigen_van
from gateway.console.rechten import Recht
from gateway.refusal import info_of
from gateway.store import deur
from gateway.store.deur import Deurvraag
from gateway.store.identifiers import LAATSTE

ingangen = Ingangen("geweigerd aan de deur")
Na = Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$", description="`volgende` of the page before.")]


class Bevinding(Model):
    """One thing that was wrong, as the fault told it."""

    code: str
    tekst: str
    tekst_en: str | None = None
    plaats: str | None = None
    regel: int | None = None
    verwacht: str | None = None
    gevonden: str | None = None


class Deurweigering(Model):
    """A message that was answered with a fault; the message itself is not kept."""

    ticket: str
    op: datetime
    dienst: str
    code: str
    soa: str
    tekst: str
    tekst_en: str
    remedie: str
    bevindingen: list[Bevinding]
    weggelaten: int
    bedrijfs_id: str | None
    """The sender's own reference; like all that follows of a proven sender only."""
    afzender: str | None
    voorziening: str | None
    attest: str | None
    octetten: int | None
    sha256: str | None


class Weigering(Deurweigering):
    """With what only the operator sees."""

    faultcode: str
    identiteit: str | None
    """The certificate's holder; null: no signature over the content was proven, so nobody knows who sent it."""
    certificaat_sha256: str | None


@ingangen.get("/deur", Recht.BERICHTEN_ZIEN, response_model=Bladzijde[Weigering])
def refused(
    wie: Wie,
    code: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{1,32}$")] = None,
    afzender: Annotated[str | None, Query(pattern=r"^(riziv:[0-9]{8}|zorgkas:[0-9]{3}|onbewezen)$")] = None,
    dienst: Annotated[str | None, Query(pattern=r"^[a-z]{1,32}$")] = None,
    na: Na = None,
) -> Any:
    """One page of what was answered with a fault, the newest first.

    Of a sender, a code and a service together at most 8,000 refusals are looked at for one page, so a page may have fewer than
    fifty and still a `volgende`. In a flood not every fault has a record.
    """
    with wie.gateway.store.reading() as conn:
        gevonden = deur.lijst(conn, Deurvraag(code=code, afzender=afzender, dienst=dienst, voor=na or LAATSTE))
    return _pagina(gevonden, Weigering)


@ingangen.get("/deur/{ticket}", Recht.BERICHTEN_ZIEN, Soort.NIET_GEVONDEN, response_model=Weigering)
def refused_one(wie: Wie, ticket: str) -> Any:
    """The refusal whose fault carried this ticket."""
    with wie.gateway.store.reading() as conn:
        rij = deur.een(conn, zonder_nul(ticket))
    if rij is None:
        raise Probleem(Soort.NIET_GEVONDEN)
    return _weigering(rij, Weigering)


@ingangen.get("/eigen/deur", Recht.EIGEN_ZIEN, response_model=Bladzijde[Deurweigering])
def own_refused(wie: Wie, na: Na = None) -> Any:
    """What was answered with a fault and is provably one's own: sent by the facility, or by the vendor's attested software."""
    with wie.gateway.store.reading() as conn:
        gevonden = deur.van_eigen(conn, eigen_van(wie.persoon), na or LAATSTE)
    return _pagina(gevonden, Deurweigering)


def _pagina(gevonden: deur.Deurpagina, model: type[Deurweigering]) -> dict[str, Any]:
    return {"items": [_weigering(r, model) for r in gevonden.rijen], "volgende": gevonden.volgende}


def _weigering(rij: Row[Any], model: type[Deurweigering]) -> dict[str, Any]:
    info = info_of(rij.code)
    teksten = {
        "tekst": info.nl if info else rij.code,
        "tekst_en": info.en if info else rij.code,
        "remedie": info.remedy if info else "",
    }
    return {**{n: getattr(rij, n) for n in model.model_fields if n not in teksten}, **teksten}
