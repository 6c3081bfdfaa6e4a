"""Messages: search by what an index answers, a message's whole life, its exact bytes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from sqlalchemy import Connection, Row, select

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import Bericht, Berichtpagina, Beslissing, Bladzijde, MetReden, Sha256
from gateway.api.problemen import Probleem, Soort
from gateway.console import inzage
from gateway.console.rechten import Recht
from gateway.diensten.eigen_zicht import zonder_gevonden
from gateway.observe.audit_events import Gebeurtenis
from gateway.store import berichten, dossiers
from gateway.store.identifiers import LAATSTE, eerste_id
from gateway.store.tables import levering
from gateway.store.zoeken import Zoekvraag, zoek

ingangen = Ingangen("berichten")
_VENSTER = timedelta(days=31)

Id = Annotated[str, Query(pattern=r"^[0-9a-f-]{36}$")]
Na = Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$", description="`volgende` of the page before.")]
_CODE = r"^[A-Za-z0-9_.:-]{1,64}$"


@ingangen.get("/berichten", Recht.BERICHTEN_ZIEN, response_model=Bladzijde[Bericht])
def zoek_berichten(
    wie: Wie,
    id: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$")] = None,
    bedrijfs_id: Annotated[str | None, Query(pattern=r"^[\x21-\x7e]{1,64}$")] = None,
    sha256: Annotated[Sha256 | None, Query(description="Of the HTTP body or of the content.")] = None,
    dossiernummer: Annotated[str | None, Query(pattern=_CODE)] = None,
    voorziening: Annotated[str | None, Query(pattern=r"^([0-9]{8}|[0-9]{11})$")] = None,
    afzender: Annotated[str | None, Query(pattern=r"^(riziv:[0-9]{8}|zorgkas:[0-9]{3})$")] = None,
    zorgkas: Annotated[str | None, Query(pattern=r"^[0-9]{3}$")] = None,
    pijler: Annotated[str | None, Query(pattern=r"^[a-z0-9]{1,16}$")] = None,
    stap: Annotated[Literal["geweigerd"] | berichten.Stap | None, Query()] = None,
    van: Annotated[datetime | None, Query(description="31 days ago when left out, unless an id or hash is asked for.")] = None,
    tot: datetime | None = None,
    na: Na = None,
) -> Any:
    """One page of messages, the newest first.

    An id or a hash leads, else one of the others; of those together at most 8,000 messages are looked at for one page, so a page
    may have fewer than fifty and still a `volgende`.
    """
    precies = any((id, bedrijfs_id, sha256, dossiernummer))
    begin = _moment(van) if van is not None else None if precies else wie.nu - _VENSTER
    voor = na if na is not None else LAATSTE if tot is None else eerste_id(_moment(tot))
    vraag = Zoekvraag(
        id=id,
        bedrijfs_id=bedrijfs_id,
        hash=sha256,
        dossiernummer=dossiernummer,
        voorziening=voorziening,
        afzender=afzender,
        zorgkas=zorgkas,
        pijler=pijler,
        stap=stap,
        vanaf="" if begin is None else eerste_id(begin),
        voor=voor,
    )
    with wie.gateway.store.reading() as conn:
        gevonden = zoek(conn, vraag, [*wie.gateway.cookbooks, ""])
    return {"items": gevonden.rijen, "volgende": gevonden.volgende}


class Persoonsvraag(MetReden):
    """A person; never in an address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"insz": "12071796092", "reden": "Vraag van de familie."}]})

    insz: Annotated[str, Field(pattern=r"^[0-9]{11}$")]


@ingangen.post("/berichten/persoon", Recht.PERSOON_ZOEKEN, Soort.DOEL, response_model=Bladzijde[Bericht])
def zoek_persoon(wie: Wie, vraag: Persoonsvraag, na: Na = None) -> Any:
    """The messages about a person. Who looked, for what purpose and why goes in the audit log, without the number."""
    zoekvraag = Zoekvraag(insz=vraag.insz, voor=na or LAATSTE)
    with wie.gateway.store.reading() as conn:
        gevonden = zoek(conn, zoekvraag, [*wie.gateway.cookbooks, ""])
    onderwerp = inzage.van_persoon(vraag.insz, wie.gateway.settings.pseudonym_key())
    wie.inzage(onderwerp, "zoeken", Gebeurtenis.PERSOON_GEZOCHT, aantal=len(gevonden.rijen), reden=vraag.reden)
    return {"items": gevonden.rijen, "volgende": gevonden.volgende}


@ingangen.get("/berichten/{bericht_id}", Recht.BERICHTEN_ZIEN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Berichtpagina)
def een_bericht(wie: Wie, bericht_id: str) -> Any:
    """A message with its life, the decisions and where it went.

    What the checks found is about a person: it is given for a purpose, and null without one.
    """
    with wie.gateway.store.reading() as conn:
        rij = berichten.zoek(conn, bericht_id[:64].replace("\x00", ""))
        if rij is None:
            raise Probleem(Soort.NIET_GEVONDEN)
        pagina = bericht_met_leven(conn, rij)
    if wie.heeft_doel:
        wie.inzage(f"bericht:{rij.id}", "beslissingen")
    else:
        pagina["beslissingen"] = [_zonder_gevonden(b) for b in pagina["beslissingen"]]
    return pagina


@ingangen.get(
    "/berichten/{bericht_id}/inhoud",
    Recht.BERICHT_INHOUD,
    Soort.NIET_GEVONDEN,
    Soort.DOEL,
    Soort.ARCHIEF,
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def inhoud(wie: Wie, bericht_id: str) -> Response:
    """The HTTP body as it was received, byte for byte. It has personal data, so it asks for a purpose."""
    with wie.gateway.store.reading() as conn:
        rij = berichten.zoek(conn, bericht_id[:64].replace("\x00", ""))
    if rij is None:
        raise Probleem(Soort.NIET_GEVONDEN)
    wie.inzage(f"bericht:{rij.id}", "octetten")
    with wie.gateway.store.reading() as conn:
        _, octetten = berichten.inhoud(conn, rij.id)
    headers = {"Content-Disposition": f'attachment; filename="{rij.id}"'}
    return Response(octetten, media_type="application/octet-stream", headers=headers)


def _zonder_gevonden(beslissing: Row[Any]) -> dict[str, Any]:
    velden = {n: getattr(beslissing, n) for n in Beslissing.model_fields}
    return {**velden, "redenen": zonder_gevonden(beslissing.redenen)}


def bericht_met_leven(conn: Connection, rij: Row[Any]) -> dict[str, Any]:
    """A Berichtpagina of a message's row."""
    vraag = select(levering).where(levering.c.bericht_id == rij.id).order_by(levering.c.nr)
    return {
        **{n: getattr(rij, n) for n in Bericht.model_fields},
        "levensloop": berichten.levensloop(conn, rij.id),
        "beslissingen": dossiers.beslissingen(conn, rij.id),
        "leveringen": conn.execute(vraag).all(),
    }


def _moment(moment: datetime) -> datetime:
    """A moment with its zone; within what an id can hold."""
    if moment.tzinfo is None or not 1980 <= moment.year <= 2200:
        raise Probleem(Soort.VORM, detail="Een moment heeft een zone, zoals 2026-01-31T12:00:00Z.")
    return moment
