"""What a controller does: draw samples that can be drawn again, and take the evidence along; as the screens do."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi.responses import Response
from pydantic import Field
from sqlalchemy import Row

from gateway.api.berichten import bericht_met_leven
from gateway.api.ingangen import Ingangen, Na, Wie, vanaf, verkeerd, zonder_nul
from gateway.api.modellen import Bericht, Berichtpagina, Bladzijde, Model
from gateway.api.modellen_afrekenen import Geweigerd
from gateway.api.problemen import Soort
from gateway.api.toegang import Toegang
from gateway.console import bladwijzer
from gateway.console.rechten import Recht
from gateway.console.stukken import als_zip
from gateway.diensten import controle
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.niet_betaald import met_leden
from gateway.store import steekproef, zendingen
from gateway.store.eigen import geweigerde_lijnen
from gateway.store.handelingen import handelingen
from gateway.store.steekproef import MOST

ingangen = Ingangen("controle")
_PAGINA = 50
_GEWEIGERD = 200
_ZIP: dict[int | str, Any] = {200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}
_Cent = Annotated[int, Field(ge=0, lt=10**11)]
_Waarom = Annotated[str, Field(min_length=10, max_length=500)]


class Criteria(Model):
    """Which messages may be drawn; all that is given must hold."""

    van: date
    """First Belgian day of receipt, from 2019."""
    tot: date
    """Last day, inside; at most a year later, and today."""
    dienst: Literal["aanvraag", "facturatie"] | None = None
    pijler: Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")] | None = None
    voorziening: Annotated[str, Field(pattern=r"^([0-9]{8}|[0-9]{11})$")] | None = None
    zorgkas: Annotated[str, Field(pattern=r"^[0-9]{3}$")] | None = None
    uitkomst: Literal["aanvaard", "geweigerd", "in_beraad"] | None = None
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] | None = None
    """Of a rule that fired, or of a refused record."""
    minstens: _Cent | None = None
    """Cents that were asked: zendingen only."""
    hoogstens: _Cent | None = None


class NieuweSteekproef(Model):
    criteria: Criteria
    aantal: Annotated[int, Field(ge=1, le=MOST)]
    zaad: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """The seed; left out: made at random, and told."""
    doel: _Waarom
    """Why, in one's own words; stands in the audit chain."""


class Steekproef(Model):
    """What was drawn, with all that is needed to draw it again."""

    id: str
    persoon: str
    op: datetime
    doel: str
    criteria: Criteria
    zaad: str
    aantal: int
    populatie: int
    """Messages that fitted."""
    populatie_sha256: str
    """Over their ids in order."""
    berichten: list[str]
    """Ids in the order of the draw; at most 500."""


class Getrokken(Bericht):
    """A message of a sample; amounts of its zending, when it has one, in cents."""

    gevraagd: int | None
    aanvaard: int | None
    afgerekend: int | None
    nummer: str | None
    maand: date | None


class Steekproefinhoud(Steekproef):
    items: list[Getrokken]


class Herhaling(Model):
    """The same draw, now."""

    gelijk: bool
    """The same messages came out: nobody picked."""
    populatie: int
    populatie_sha256: str
    erbij: list[str]
    """Drawn now and not then, since what fits has changed."""
    weg: list[str]


class Handeling(Model):
    """What the zorgkas did by hand or by message."""

    soort: Literal["beslissing", "afrekening"]
    zorgkas: str
    persoon: str | None
    """Null: its software did, by message."""
    op: datetime
    uitkomst: str
    motivering: str
    """Its own words; of a settlement the payment reference."""


class Bedragen(Model):
    """What a zending comes to, in cents."""

    gevraagd: int
    aanvaard: int
    """By the checks."""
    afgerekend: int | None
    afgerekend_op: datetime | None
    ingetrokken_op: datetime | None
    lijnen: list[Geweigerd]
    """Records that are not paid; at most 200, the case file has all."""


class Zaak(Berichtpagina):
    """A message as a controller sees it: its life, every decision, what the zorgkas did, and what it comes to."""

    handelingen: list[Handeling]
    bedragen: Bedragen | None
    """Null of what is no zending."""


class Uitvoer(Model):
    """Evidence is taken along."""

    doel: _Waarom
    """Why, in one's own words; stands in the file and in the audit chain."""


@ingangen.get("/steekproeven", Recht.STEEKPROEF_TREKKEN, response_model=Bladzijde[Steekproef])
def samples(wie: Wie, na: Na = None) -> Any:
    """Samples that were drawn, the newest first."""
    begin = vanaf(na, str)
    with wie.gateway.store.reading() as conn:
        rijen = steekproef.lijst(conn, voor=None if begin is None else begin[0], limit=_PAGINA + 1)
    volgende = bladwijzer.maak([rijen[_PAGINA - 1].id]) if len(rijen) > _PAGINA else None
    return {"items": rijen[:_PAGINA], "volgende": volgende}


@ingangen.post("/steekproeven", Recht.STEEKPROEF_TREKKEN, response_model=Steekproefinhoud, status_code=201)
def draw(wie: Wie, vraag: NieuweSteekproef) -> Any:
    """Draw from all messages that fit, at random by a seed, and keep what was drawn."""
    try:
        nummer = controle.trek_steekproef(
            wie.gateway,
            steekproef.Criteria(**vraag.criteria.model_dump()),
            aantal=vraag.aantal,
            zaad=vraag.zaad or secrets.token_hex(8),
            doel=vraag.doel,
            persoon=wie.persoon.actor,
        )
    except Ongeldig as fout:
        raise verkeerd(fout) from None
    return _inhoud(*_steekproef(wie, nummer))


@ingangen.get("/steekproeven/{nummer}", Recht.STEEKPROEF_TREKKEN, Soort.NIET_GEVONDEN, response_model=Steekproefinhoud)
def sample(wie: Wie, nummer: str) -> Any:
    """A sample with its messages, in the order of the draw; no personal data."""
    return _inhoud(*_steekproef(wie, nummer))


@ingangen.post("/steekproeven/{nummer}/herhaling", Recht.STEEKPROEF_TREKKEN, Soort.NIET_GEVONDEN, response_model=Herhaling)
def draw_again(wie: Wie, nummer: str) -> Any:
    """Draw again with the same seed and criteria, to see that nobody picked; nothing is kept."""
    row, _ = _steekproef(wie, nummer)
    opnieuw = controle.trek_opnieuw(wie.gateway, row)
    return {
        "gelijk": opnieuw.gelijk,
        "populatie": opnieuw.trekking.populatie,
        "populatie_sha256": opnieuw.trekking.populatie_sha256,
        "erbij": opnieuw.erbij,
        "weg": opnieuw.weg,
    }


@ingangen.post(
    "/steekproeven/{nummer}/zaakdossier",
    Recht.ZAAK_UITVOEREN,
    Soort.NIET_GEVONDEN,
    Soort.DOEL,
    response_class=Response,
    responses=_ZIP,
)
def sample_case_file(wie: Wie, nummer: str, uitvoer: Uitvoer) -> Response:
    """The case file of a whole sample, as of one message."""
    row, rijen = _steekproef(wie, nummer)
    return _uitvoer(wie, [r.id for r in rijen], uitvoer.doel, f"steekproef-{row.id}", row)


@ingangen.get("/zaken/{bericht_id}", Recht.ZAAK_UITVOEREN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Zaak)
def case(wie: Wie, bericht_id: str) -> Any:
    """All that is known of one message; its exact bytes are in the case file."""
    row = _zaak(wie, bericht_id)
    wie.inzage(f"bericht:{row.id}", "zaak")
    with wie.gateway.store.reading() as conn:
        zending = zendingen.zending_van(conn, row.id)
        bedragen = None
        if zending is not None:
            sommen = {n: getattr(zending, n) for n in Bedragen.model_fields if n != "lijnen"}
            lijnen = met_leden(wie.gateway, conn, row.id, geweigerde_lijnen(conn, row.id, _GEWEIGERD))
            bedragen = {**sommen, "lijnen": lijnen}
        return {**bericht_met_leven(conn, row), "handelingen": handelingen(conn, row.id), "bedragen": bedragen}


@ingangen.post(
    "/zaken/{bericht_id}/zaakdossier",
    Recht.ZAAK_UITVOEREN,
    Soort.NIET_GEVONDEN,
    Soort.DOEL,
    response_class=Response,
    responses=_ZIP,
)
def case_file(wie: Wie, bericht_id: str, uitvoer: Uitvoer) -> Response:
    """All there is of a message, as a ZIP under a manifest that the gateway signs: exact bytes, life, decisions, receipts, audit.

    A POST, since taking evidence along is an act that the audit chain keeps, and its words do not belong in an address.
    """
    row = _zaak(wie, bericht_id)
    return _uitvoer(wie, [row.id], uitvoer.doel, f"zaak-{row.id}")


def _zaak(wie: Toegang, bericht_id: str) -> Row[Any]:
    gevraagd = zonder_nul(bericht_id)
    try:
        return controle.zaak_van(wie.gateway, gevraagd)
    except NietGevonden:
        raise wie.vreemd(f"/zaken/{gevraagd}") from None


def _steekproef(wie: Toegang, nummer: str) -> tuple[Row[Any], list[Row[Any]]]:
    gevraagd = zonder_nul(nummer)
    try:
        return controle.steekproef_van(wie.gateway, gevraagd)
    except NietGevonden:
        raise wie.vreemd(f"/steekproeven/{gevraagd}") from None


def _inhoud(row: Row[Any], rijen: Sequence[Row[Any]]) -> dict[str, Any]:
    return {
        **{n: getattr(row, n) for n in Steekproef.model_fields},
        "items": [{n: getattr(r, n) for n in Getrokken.model_fields} for r in rijen],
    }


def _uitvoer(wie: Toegang, ids: Sequence[str], doel: str, naam: str, van_steekproef: Row[Any] | None = None) -> Response:
    try:
        doel = controle.doel_van_uitvoer(doel)
    except Ongeldig as fout:
        raise verkeerd(fout) from None
    wat = ids[0] if van_steekproef is None else f"steekproef:{van_steekproef.id}"
    wie.inzage(wat if van_steekproef is not None else f"bericht:{wat}", "zaakdossier", aantal=len(ids))
    bestand = controle.voer_uit(wie.gateway, ids, wat=wat, doel=doel, persoon=wie.persoon.actor, van_steekproef=van_steekproef)
    return als_zip(bestand, naam)
