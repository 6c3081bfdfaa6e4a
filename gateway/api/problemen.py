"""Errors of the API as RFC 9457 problem details, each with a stable code of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.api.verwachting import verwachting
from gateway.console.http import GeenFormulier, formuliersoort
from gateway.refusal import Code, Refusal

MEDIA = "application/problem+json"


class Info(NamedTuple):
    """What is fixed about a problem."""

    code: str
    status: int
    titel: str
    """In Dutch."""


class Soort(Enum):
    """Every problem that the API can tell; a program may branch on the codes."""

    AANMELDEN = Info("VSB-API-001", 401, "Meld u aan, of stuur een geldig token.")
    RECHT = Info("VSB-API-002", 403, "Uw rol mag dit niet.")
    HERKOMST = Info("VSB-API-003", 403, "Deze vraag heeft niet het teken van de sessie, of kwam van een andere site.")
    NIET_GEVONDEN = Info("VSB-API-004", 404, "Dit is er niet, of u mag het niet zien.")
    METHODE = Info("VSB-API-005", 405, "Dit adres wordt anders gebruikt.")
    NU_NIET = Info("VSB-API-006", 409, "Dit kan nu niet; er is niets gedaan.")
    TE_GROOT = Info("VSB-API-007", 413, "De vraag is te groot.")
    VORM = Info("VSB-API-008", 422, "De vraag is niet zoals beschreven.")
    DOEL = Info("VSB-API-009", 428, "Zeg waarvoor u persoonsgegevens inziet, in de kop X-Vsb-Doel.")
    DRUK = Info("VSB-API-010", 429, "Te veel vragen na elkaar.")
    INTERN = Info("VSB-API-011", 500, "Er ging iets mis; er is niets gedaan.")
    WEG = Info("VSB-API-012", 503, "De databank is er even niet.")
    SOORT_INHOUD = Info("VSB-API-013", 415, "Stuur JSON, of een formulier waar dat beschreven staat.")
    ARCHIEF = Info("VSB-API-014", 410, "De octetten van dit bericht staan in het archief.")
    VERZOEK = Info("VSB-API-015", 400, "De vraag kan niet gelezen worden.")
    GEWIJZIGD = Info("VSB-API-016", 409, "Wat u zag, is intussen gewijzigd; er is niets gedaan. Vraag het opnieuw op.")

    @property
    def info(self) -> Info:
        return self.value


class Fout(BaseModel):
    """One thing wrong with a request."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    plaats: str
    """Where: query/van, body/reden."""
    verwacht: str
    """What must stand there, in Dutch."""
    gevonden: str | None = None


class Probleemdetail(BaseModel):
    """RFC 9457, with our code."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    type: str
    """urn:vsb-gateway:probleem:<code>"""
    title: str
    """What is wrong, in Dutch; the same for each of this code."""
    status: int
    """HTTP status."""
    code: str
    """Branch on this: VSB-API-…"""
    detail: str | None = None
    """What is wrong this time."""
    fouten: list[Fout] = []


class Probleem(Exception):
    """A request that is not answered; nothing was done."""

    def __init__(self, soort: Soort, detail: str | None = None, fouten: Sequence[Fout] = (), **koppen: str) -> None:
        super().__init__(soort.info.code)
        self.soort, self.detail, self.fouten, self.koppen = soort, detail, tuple(fouten), koppen


class TeGroot(HTTPException):
    """More octets came than this address takes."""

    def __init__(self) -> None:
        super().__init__(413)


class TeTraag(HTTPException):
    """The body did not come within the time that the gateway waits."""

    def __init__(self) -> None:
        super().__init__(408)


_VAN_STATUS = {s.info.status: s for s in Soort if s not in (Soort.HERKOMST, Soort.GEWIJZIGD)}


def antwoord(probleem: Probleem) -> JSONResponse:
    """The problem as a client gets it."""
    info = probleem.soort.info
    lijf = Probleemdetail(
        type=f"urn:vsb-gateway:probleem:{info.code}",
        title=info.titel,
        status=info.status,
        code=info.code,
        detail=probleem.detail,
        fouten=list(probleem.fouten),
    )
    headers = {k.replace("_", "-"): v for k, v in probleem.koppen.items()}
    if probleem.soort is Soort.AANMELDEN:
        headers["WWW-Authenticate"] = 'Bearer realm="vsb-gateway"'
    return JSONResponse(lijf.model_dump(exclude_none=True), info.status, headers, MEDIA)


def van_fout(error: Exception) -> Probleem:
    """Any exception as a problem; INTERN when we did not foresee it."""
    match error:
        case Probleem():
            return error
        case RequestValidationError():
            return Probleem(Soort.VORM, fouten=[_fout(e) for e in list(error.errors())[:50]])
        case TeTraag():
            return Probleem(Soort.VERZOEK, detail="De vraag kwam te traag binnen.")
        case HTTPException():
            return Probleem(_VAN_STATUS.get(error.status_code, Soort.VERZOEK))
        case Refusal(code=Code.UNAVAILABLE):
            return Probleem(Soort.WEG, Retry_After="5")
        case Refusal(code=Code.ARCHIVED):
            return Probleem(Soort.ARCHIEF, detail=error.findings[0].found)
        case Refusal(code=Code.BUSY):
            return Probleem(Soort.DRUK, Retry_After=str(error.retry_after or 1))
        case _:
            return Probleem(Soort.INTERN)


def _fout(error: Any) -> Fout:
    # What was sent may hold a person's number, so only where and what was expected is told.
    return Fout(plaats="/".join(map(str, error["loc"])), verwacht=verwachting(str(error["type"]), error.get("ctx") or {}))


def beschreven(*soorten: Soort) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the problems that an address can tell."""
    per_status: dict[int, list[Soort]] = {}
    for soort in soorten:
        per_status.setdefault(soort.info.status, []).append(soort)
    inhoud = {MEDIA: {"schema": {"$ref": "#/components/schemas/Probleemdetail"}}}
    return {
        status: {"description": " ".join(f"{s.info.code}: {s.info.titel}" for s in van_status), "content": inhoud}
        for status, van_status in per_status.items()
    }


async def tel_octetten(request: Request, hoogstens: int) -> Request:
    """The same request, that breaks off when more comes than it may, or when it comes too slowly.

    Raises:
        Probleem: SOORT_INHOUD, for a form in another charset than UTF-8.
        TeGroot: it says that it is larger.
    """
    gelezen, compleet = 0, False
    receive = request.receive
    gezegd = request.headers.get("content-length", "")
    if gezegd.isdecimal() and int(gezegd) > hoogstens:
        raise TeGroot
    try:
        formuliersoort(request)
    except GeenFormulier:
        raise Probleem(Soort.SOORT_INHOUD, detail="Een formulier is in UTF-8.") from None
    einde = asyncio.get_running_loop().time() + request.app.state.body_timeout

    async def geteld() -> Any:
        nonlocal gelezen, compleet
        if compleet:
            return await receive()
        try:
            async with asyncio.timeout_at(einde):
                message = await receive()
        except TimeoutError:
            raise TeTraag from None
        compleet = not message.get("more_body", False)
        gelezen += len(message.get("body", b""))
        if gelezen > hoogstens:
            raise TeGroot
        return message

    return Request(request.scope, geteld)
