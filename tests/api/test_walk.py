"""Every route that the application has, asked for by everybody: the answer follows from the right that the route declares.

The routes are taken from the application itself, so one that names no right, or that nobody registered, fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Mount, Route

from gateway.api.app import OPEN, alle_ingangen
from gateway.console.rechten import RECHTEN, Recht, Rol
from gateway.console.routes import alle_schermen
from tests.api.conftest import Application

PUBLIC = {
    "/soap/{naam}/v1",
    "/soap/{naam}/v1/proef",
    "/",
    "/cookbooks/{path:path}",
    "/xsd/{path:path}",
    "/healthz",
    "/readyz",
    "/metrics",
}
"""What machines and vendors may ask without logging in."""
LOGIN = {"/aanmelden", "/aanmelden/oidc", "/aanmelden/terug", "/aanmelden/uit", "/taal/{taal}", "/static/{naam}"}
"""The way in."""
EVERYBODY: list[Rol | None] = [None, *Rol]
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def routes(app: Any, below: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, also of what is mounted."""
    for route in app.routes:
        if isinstance(route, Mount):
            inner = route.app
            while not hasattr(inner, "routes"):
                inner = inner._app
            yield from routes(inner, below + route.path)
        elif isinstance(route, Route):
            yield from ((method, below + route.path) for method in sorted(route.methods or ()) if method in _METHODS)
        else:
            # FastAPI keeps what was included in a wrapper with routes of its own.
            inner = getattr(route, "original_router", None)
            assert inner is not None, f"a route of a kind that the walk does not know: {route!r}"
            yield from routes(inner, below)


def rights() -> dict[tuple[str, str], Recht]:
    declared = {(s.methode, f"/console{s.pad}"): s.recht for s in alle_schermen()}
    return declared | {(i.methode, f"/api/v1{i.pad}"): i.recht for i in alle_ingangen()}


def address(path: str) -> str:
    """A path with something in each parameter that is nobody's."""
    return re.sub(r"\{\w+:int\}", "999999", re.sub(r"\{\w+(:path)?\}", "bestaat-niet", path))


def test_no_route_is_there_without_a_right(application: Application) -> None:
    declared = set(rights())
    found = {(m, p) for m, p in routes(application.app) if p not in PUBLIC}
    login = {(m, p) for m, p in found if p.removeprefix("/console") in LOGIN and p.startswith("/console/")}
    described = {("GET", f"/api/v1{p}") for p in OPEN}
    assert found - login - described == declared


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda r: "nobody" if r is None else r.value)
def test_everybody_gets_exactly_what_their_rights_say(application: Application, who: Rol | None) -> None:
    wrong = []
    for (method, path), right in sorted(rights().items()):
        answer = application.as_(
            who, method, address(path), **({"json": {}} if path.startswith("/api") and method in ("POST", "PUT") else {})
        )
        allowed = who is not None and right in RECHTEN[who]
        told = problem(answer, method, path, allowed, who)
        if told:
            wrong.append(f"{method} {path} ({right.value}): {told}")
    assert wrong == []


def problem(answer: Any, method: str, path: str, allowed: bool, who: Rol | None) -> str | None:
    """What is wrong with an answer, or None."""
    status = answer.status_code
    to_login = status == 303 and answer.headers["location"].startswith("/console/aanmelden")
    if who is None:
        good = status == 401 if path.startswith("/api") or method == "POST" else to_login
        return None if good else f"nobody got {status}"
    if not allowed:
        return None if status == 403 else f"got {status} without the right"
    # Logging out leads to the login page too.
    if status in (401, 403, 405) or status >= 500 or (to_login and not path.endswith("/afmelden")):
        return f"got {status} with the right: {answer.text[:200]}"
    return None


def test_nothing_is_done_without_the_token_of_the_session(application: Application) -> None:
    done = []
    for (method, path), right in rights().items():
        who = next(r for r in Rol if right in RECHTEN[r])
        if method != "GET" and application.as_(who, method, address(path), csrf=False).status_code != 403:
            done.append((method, path))
    assert done == []


def test_nothing_is_done_from_a_page_of_somebody_else(application: Application) -> None:
    headers = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    answer = application.as_(Rol.BEHEERDER, "POST", "/api/v1/register/verklaringen", json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "VSB-API-003")


@pytest.mark.parametrize("path", ["/console/rapporten", "/console/rapporten/amounts.csv", "/api/v1/rapporten/amounts", "/api/v1/rapporten/doorlooptijd"])  # fmt: skip
@pytest.mark.parametrize(
    ("who", "mine", "others"),
    [
        (Rol.ZORGKAS, "zorgkas=180", "zorgkas=280"),
        (Rol.VOORZIENING, "voorziening=72090103000", "voorziening=72090202000"),
        (Rol.VOORZIENING, "voorziening=72090103", "voorziening=72090202"),
    ],
)
def test_who_is_bound_sees_no_report_of_another(application: Application, path: str, who: Rol, mine: str, others: str) -> None:
    assert application.as_(who, "GET", f"{path}?{mine}").status_code == 200
    assert application.as_(who, "GET", f"{path}?{others}").status_code == 422


def test_a_facility_sees_its_own_prices_and_a_vendor_those_of_all(application: Application) -> None:
    def facilities(who: Rol) -> set[str | None]:
        answer = application.as_(who, "GET", "/api/v1/regels/eibwfin/prijzen")
        return {p["voorziening"] for p in answer.json()["items"]}

    everyone = facilities(Rol.OPERATOR)
    assert {"72090103000", "72090202000"} <= everyone
    assert facilities(Rol.VOORZIENING) - {None} == {"72090103000"}
    assert facilities(Rol.LEVERANCIER) - {None} == set()
