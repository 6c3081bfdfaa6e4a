"""The register of the API's addresses: each names its right, and who asks is known before anything of the request is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.problemen import Fout, Probleem, Soort, beschreven, tel_octetten
from gateway.api.toegang import Toegang, Toelating
from gateway.console import bladwijzer
from gateway.console.bladwijzer import GeenBladwijzer
from gateway.console.rechten import Recht
from gateway.diensten.invoer import Ongeldig
from gateway.reference.controle import gemaskeerd

KLEIN = 64 * 1024
"""Octets of a request with JSON."""
F = TypeVar("F", bound=Callable[..., Any])
_ALTIJD = (Soort.VERZOEK, Soort.AANMELDEN, Soort.RECHT, Soort.HERKOMST, Soort.VORM, Soort.DRUK, Soort.INTERN, Soort.WEG)
_BIJ_POST = (Soort.TE_GROOT, Soort.SOORT_INHOUD)


_BIJ_DOEL = [
    {
        "name": naam,
        "in": "header",
        "required": False,
        "description": uitleg,
        "schema": {"type": "string", "maxLength": 64},
    }
    for naam, uitleg in (
        (
            "X-Vsb-Doel",
            "The purpose for which personal data are looked at; `/ik` tells which. A session may have stated it before.",
        ),
        ("X-Vsb-Verwijzing", "A reference that goes with the purpose, such as the number of a question."),
    )
]


@dataclass(frozen=True, kw_only=True)
class Ingang:
    """One address with a method. Without a right none can be made."""

    methode: str
    pad: str
    """Below /api/v1."""
    recht: Recht
    grootste: int = KLEIN


class BeveiligdeRoute(APIRoute):
    """Lets nobody in before it is known who asks and whether that person may."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        verder = super().get_route_handler()
        ingang: Ingang = getattr(self.endpoint, "__ingang__")  # noqa: B009
        bekend = frozenset(_parameters(self.dependant))

        async def handelaar(request: Request) -> Response:
            toelating: Toelating = request.app.state.toelating
            request.state.toegang = await run_in_threadpool(toelating.laat_toe, request, ingang.recht)
            _geen_andere(request, bekend)
            begrensd = await tel_octetten(request, ingang.grootste)
            response: Response = await verder(begrensd)
            return response

        return handelaar


def _parameters(dependant: Dependant) -> Iterator[str]:
    """The query parameters that a route and what it depends on declare."""
    yield from (veld.alias for veld in dependant.query_params)
    for deel in dependant.dependencies:
        yield from _parameters(deel)


def _geen_andere(request: Request, bekend: frozenset[str]) -> None:
    """Refuse what an address does not know: a parameter with a slip of the pen would silently mean everything.

    Raises:
        Probleem: VORM.
    """
    vreemd = sorted(set(request.query_params) - bekend)
    if vreemd:
        verwacht = f"een van: {', '.join(sorted(bekend))}" if bekend else "geen parameters"
        raise Probleem(Soort.VORM, fouten=[Fout(plaats=f"query/{gemaskeerd(n[:40])}", verwacht=verwacht) for n in vreemd[:20]])


def wie(request: Request) -> Toegang:
    """Who asks, as the route found."""
    toegang: Toegang = request.state.toegang
    return toegang


Wie = Annotated[Toegang, Depends(wie)]


Na = Annotated[str | None, Query(max_length=400, description="`volgende` of the page before.")]


def vanaf(na: str | None, *soorten: type) -> tuple[Any, ...] | None:
    """The key that a page begins after, of these types; None: at the beginning.

    Raises:
        Probleem: VORM.
    """
    try:
        return None if na is None else bladwijzer.lees(na, soorten)
    except GeenBladwijzer:
        raise geen_bladwijzer() from None


def geen_bladwijzer() -> Probleem:
    """What came as `na` was never a key of this list."""
    return Probleem(Soort.VORM, detail="na: dit is geen bladwijzer van deze lijst.")


def verkeerd(fout: Ongeldig) -> Probleem:
    """What a service says of a field, as the API tells it."""
    return Probleem(Soort.VORM, fouten=[Fout(plaats=f"body/{fout.veld}", verwacht=fout.uitleg.format(**fout.waarden))])


def zonder_nul(tekst: str) -> str:
    """An id from an address as the database can look for it: PostgreSQL takes no NUL in a text, and no id has one."""
    return tekst[:64].replace("\x00", "")


class Ingangen:
    """The addresses of one module: `ingangen = Ingangen("berichten")`, then `@ingangen.get("/berichten", Recht.X)`."""

    def __init__(self, naam: str) -> None:
        self.alle: list[Ingang] = []
        self.router = APIRouter(route_class=BeveiligdeRoute, tags=[naam])

    def get(self, pad: str, recht: Recht, *problemen: Soort, **meer: Any) -> Callable[[F], F]:
        return self._met(Ingang(methode="GET", pad=pad, recht=recht), problemen, meer)

    def post(self, pad: str, recht: Recht, *problemen: Soort, grootste: int = KLEIN, **meer: Any) -> Callable[[F], F]:
        ingang = Ingang(methode="POST", pad=pad, recht=recht, grootste=grootste)
        return self._met(ingang, (*problemen, *_BIJ_POST), meer)

    def put(self, pad: str, recht: Recht, *problemen: Soort, **meer: Any) -> Callable[[F], F]:
        return self._met(Ingang(methode="PUT", pad=pad, recht=recht), (*problemen, *_BIJ_POST), meer)

    def delete(self, pad: str, recht: Recht, *problemen: Soort, **meer: Any) -> Callable[[F], F]:
        return self._met(Ingang(methode="DELETE", pad=pad, recht=recht), problemen, meer)

    def _met(self, ingang: Ingang, problemen: tuple[Soort, ...], meer: dict[str, Any]) -> Callable[[F], F]:
        extra = {"x-recht": ingang.recht.value, **meer.pop("openapi_extra", {})}
        if Soort.DOEL in problemen:
            extra["parameters"] = _BIJ_DOEL

        def zet(functie: F) -> F:
            functie.__ingang__ = ingang  # type: ignore[attr-defined]
            self.alle.append(ingang)
            self.router.add_api_route(
                ingang.pad,
                functie,
                methods=[ingang.methode],
                responses={**beschreven(*_ALTIJD, *problemen), **meer.pop("responses", {})},
                openapi_extra=extra,
                **meer,
            )
            return functie

        return zet
