"""Try a message: what the checks would say of it, as the screen tells it. Nothing of it is kept."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from gateway.api.ingangen import Ingangen, Wie
from gateway.api.modellen import Model
from gateway.api.problemen import Probleem, Soort
from gateway.console.rechten import Recht
from gateway.diensten.proef_inzage import proefnummer
from gateway.diensten.proef_scherm import MAX_OCTETS, probeer

ingangen = Ingangen("proef")
_MEEST = 1_000
"""Remarks in one answer."""
_BINAIR = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
_LIJF = {"required": True, "content": {"application/octet-stream": _BINAIR}}


class Opmerking(Model):
    """One thing that a check says, as the refusal of a message tells it."""

    code: str
    """Stable; its rule is at `/cookbooks/<pijler>.html#<code>`."""
    ernst: str
    """geweigerd, in_beraad or signaal."""
    tekst: str
    """In Dutch."""
    tekst_en: str
    plaats: str | None
    """Path of the element."""
    regel: int | None
    """Line of the message or of the flat file."""
    verwacht: str | None
    """What should stand there."""
    gevonden: str | None
    """What stood there, or of which kind it was."""
    remedie: str | None
    """What to do about it, in Dutch."""
    bron: str | None
    """Where the rule comes from."""
    factuurnummer: str | None
    volgnummer: int | None
    """Of the line in its invoice."""
    record: str | None
    zone: str | None
    """Record and zone of the federal flat file."""


class Proefuitslag(Model):
    """What the checks say; amounts are cents."""

    soort: str
    """aanvraag, zending, intrekking, or bericht when it can not be told."""
    uitkomst: str
    """aanvaard, geweigerd or in_beraad; schema when it was only checked against its schema."""
    ondertekend: bool
    label: str | None
    gevraagd: int | None
    aanvaard: int | None
    geweigerd: int | None
    gedaan: list[str]
    """What was checked."""
    niet_gedaan: list[str]
    """What could not be checked this way."""
    opmerkingen: list[Opmerking]
    meer: int
    """Remarks beyond those in this answer."""


async def octetten(request: Request) -> bytes:
    """The body as it came, of whatever type it says to be."""
    return await request.body()


@ingangen.post(
    "/proef",
    Recht.PROEF_DOEN,
    Soort.DOEL,
    grootste=MAX_OCTETS + 1024,
    response_model=Proefuitslag,
    openapi_extra={"requestBody": _LIJF},
)
def try_out(wie: Wie, gegeven: Annotated[bytes, Depends(octetten)]) -> Any:
    """What the checks would say of a message: a payload as XML, a signed envelope, or a flat file; the body as it is.

    A facility hears what the checks say of its own messages, which tells about persons and so asks for a purpose; a vendor
    what the schema and the signature say. Nothing is kept but whom it was about. Of a zending, invoices of persons without a
    dossier at the facility are not judged.
    """
    if not gegeven.strip():
        raise Probleem(Soort.VORM, detail="Stuur een bericht: XML, een ondertekende envelop of een vlak bestand.")
    wie.gateway.proef_limit.take(wie.persoon.account, wie.nu.timestamp())
    if wie.persoon.voorzieningen:
        wie.inzage(f"proef:{proefnummer(wie.nu)}", "controles")
    uitslag = probeer(wie.gateway, gegeven, wie.persoon.voorzieningen, wie.nu)
    velden = {n: getattr(uitslag, n) for n in Proefuitslag.model_fields if n not in ("opmerkingen", "meer")}
    return {
        **velden,
        "opmerkingen": uitslag.opmerkingen[:_MEEST],
        "meer": max(0, len(uitslag.opmerkingen) - _MEEST),
    }
