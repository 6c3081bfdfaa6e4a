"""Rules and prices of each pillar, since when, and what changed; and who asks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import Bladzijde, Ik, Pijler, Prijs, Regel, Wijzigingen
from gateway.api.problemen import Probleem, Soort
from gateway.api.toegang import Toegang
from gateway.central.cookbook import Cookbook
from gateway.console import bladwijzer, inzage
from gateway.console.beheer.regels import codes_van, eigen_voorziening, redenen_van
from gateway.console.bladwijzer import GeenBladwijzer
from gateway.console.rechten import RECHTEN, Recht
from gateway.cookbook.versies import regelversies, wijzigingen
from gateway.reference.prijslijst import prijswijzigingen, prijzen

ingangen = Ingangen("regels en prijzen")
_PAGINA = 200
_HOOGSTENS = 1_000


@ingangen.get("/ik", Recht.AANGEMELD, response_model=Ik)
def ik(wie: Wie) -> Any:
    """Who asks, in which role, with which rights."""
    p = wie.persoon
    return {
        "account": p.account,
        "naam": p.naam,
        "rol": p.rol.value,
        "zorgkas": p.zorgkas,
        "voorzieningen": list(p.voorzieningen),
        "attesten": list(p.attesten),
        "rechten": sorted(r.value for r in RECHTEN[p.rol]),
        "doelen": [d.sleutel for d in inzage.doelen(p.rol)],
        "csrf": wie.sessie.csrf or None,
    }


@ingangen.get("/regels", Recht.REGELS_ZIEN, response_model=list[Pijler])
def pijlers(wie: Wie) -> Any:
    """Every pillar."""
    velden = ("pijler", "naam", "versie", "ingangsdatum")
    return [{**{n: getattr(c, n) for n in velden}, "belofte_minuten": c.belofte} for c in wie.gateway.cookbooks.values()]


@ingangen.get("/regels/{pijler}", Recht.REGELS_ZIEN, Soort.NIET_GEVONDEN, response_model=list[Regel])
def regels(wie: Wie, pijler: str) -> Any:
    """The rules of a pillar in the order of their codes."""
    boek = _boek(wie, pijler)
    return [
        {
            "code": r.id,
            "familie": r.familie.value,
            "weigert": (r.effect or r.ernst).value,  # type: ignore[union-attr]
            "soorten": list(r.soorten),
            "tekst": r.tekst,
            "tekst_en": r.tekst_en,
            "remedie": r.remedie,
            "bron": r.bron,
            "sinds": sinds,
            "gewijzigd": gewijzigd,
        }
        for r, sinds, gewijzigd in regelversies(boek, redenen_van(wie.gateway.settings.cookbooks))
    ]


@ingangen.get("/regels/{pijler}/prijzen", Recht.REGELS_ZIEN, Soort.NIET_GEVONDEN, response_model=Bladzijde[Prijs])
def prijslijst(wie: Wie, pijler: str, na: Annotated[str | None, Query(max_length=400)] = None) -> Any:
    """Prices in cents, past and future ones too; a facility sees its own and those that hold for all."""
    boek = _boek(wie, pijler)
    try:
        vanaf = None if na is None else bladwijzer.lees(na, (str, str, date))
    except GeenBladwijzer:
        raise Probleem(Soort.VORM, detail="na: dit is geen bladwijzer van deze lijst.") from None
    with wie.gateway.store.reading() as conn:
        eigen = eigen_voorziening(wie.persoon, conn)
        rijen = prijzen(conn, codes_van(boek), eigen, na=vanaf, hoogstens=_PAGINA + 1)
    laatste = rijen[_PAGINA - 1] if len(rijen) > _PAGINA else None
    volgende = None if laatste is None else bladwijzer.maak([laatste.prestatiecode, laatste.riziv or "", laatste.van])
    velden = ("prestatiecode", "van", "tot", "bedrag", "bron")
    items = [{**{n: getattr(r, n) for n in velden}, "voorziening": r.riziv} for r in rijen[:_PAGINA]]
    return {"items": items, "volgende": volgende}


@ingangen.get("/regels/{pijler}/wijzigingen", Recht.REGELS_ZIEN, Soort.NIET_GEVONDEN, response_model=Wijzigingen)
def verschillen(wie: Wie, pijler: str, van: date | None = None, tot: date | None = None) -> Any:
    """What changed after one day and up to another; the last year when left out. At most a thousand of each."""
    boek = _boek(wie, pijler)
    einde = tot or wie.vandaag
    begin = van or max(einde, date(2000, 1, 1)) - timedelta(days=365)
    if begin > einde:
        raise Probleem(Soort.VORM, detail="De eerste dag ligt na de tweede.")
    gevonden = wijzigingen(boek, redenen_van(wie.gateway.settings.cookbooks), begin, einde)
    with wie.gateway.store.reading() as conn:
        eigen = eigen_voorziening(wie.persoon, conn)
        bedragen = prijswijzigingen(conn, codes_van(boek), begin, einde, eigen, hoogstens=_HOOGSTENS)
    velden = ("prestatiecode", "was", "wordt", "sinds")
    return {
        "regels": [w._asdict() for w in gevonden[:_HOOGSTENS]],
        "prijzen": [{**{n: getattr(b, n) for n in velden}, "voorziening": b.riziv} for b in bedragen],
    }


def _boek(wie: Toegang, pijler: str) -> Cookbook:
    boek = wie.gateway.cookbooks.get(pijler)
    if boek is None:
        raise Probleem(Soort.NIET_GEVONDEN)
    return boek
