"""What people send is bounded before it is read: charset, origin, size and time; and every answer has the headers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.console.rechten import Rol
from tests.api.conftest import Application, running_application

_HEADERS = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "cache-control")


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("forms"), body_timeout=0.3) as found:
        yield found


def form(charset: str, **fields: str) -> dict[str, Any]:
    parts = "".join(f'--XX\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    return {"content": f"{parts}--XX--\r\n".encode(), "headers": {"content-type": f"multipart/form-data; boundary=XX{charset}"}}


@pytest.mark.parametrize("charset", ["; charset=punycode", "; charset=unicode_escape", "; charset=utf-7", ";" * 60_000])
def test_a_form_in_another_charset_is_not_read(application: Application, charset: str) -> None:
    for path in ("/console/doel", "/console/aanmelden"):
        found = application.as_(Rol.VOORZIENING, "POST", path, csrf=False, **form(charset, _csrf="\\ud800", naam="-a"))
        assert found.status_code == 415, path
        assert all(h in found.headers for h in _HEADERS)
    found = application.as_(Rol.BEHEERDER, "POST", "/api/v1/invoer", **form(charset, bestanden="-a"))
    assert (found.status_code, found.json()["code"]) == (415, "VSB-API-013")


@pytest.mark.parametrize("charset", ["", "; charset=UTF-8"])
def test_a_form_as_browsers_send_it_is_read(application: Application, charset: str) -> None:
    found = application.as_(Rol.VOORZIENING, "POST", "/console/doel", **form(charset, _doel="vraag", terug="/console/eigen"))
    assert (found.status_code, found.headers["location"]) == (303, "/console/eigen")
    fields = b"_doel=vraag&terug=%2Fconsole%2Feigen"
    kind = {"content-type": f"application/x-www-form-urlencoded{charset}"}
    found = application.as_(Rol.VOORZIENING, "POST", "/console/doel", content=fields, headers=kind)
    assert (found.status_code, found.headers["location"]) == (303, "/console/eigen")
    found = application.as_(Rol.VOORZIENING, "POST", "/console/doel", content=b"<x/>", headers={"content-type": "text/xml"})
    assert found.status_code == 415


def test_what_breaks_at_the_door_is_a_page_of_ours(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bool:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    page = application.as_(None, "GET", "/console/aanmelden")
    token = re.search(r'name="_csrf" value="([^"]+)"', page.text)
    assert token is not None
    cookie = {"cookie": f"vsb-aanmelden={page.cookies['vsb-aanmelden']}"}
    monkeypatch.setattr("gateway.console.aanmelden.gelijk", broken)
    found = application.as_(None, "POST", "/console/aanmelden", data={"_csrf": token[1]}, headers=cookie)
    assert (found.status_code, "console" in found.text.lower()) == (500, True)
    assert all(h in found.headers for h in _HEADERS)


def slowly(application: Application, who: Rol, path: str, **headers: str) -> tuple[int, int]:
    """A POST whose body drips and never ends: the status, and how many drops were taken."""
    taken = 0
    sent: list[Any] = []
    all_headers = {**application.session(who), **headers, "host": "testserver"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "server": ("testserver", 80),
        "client": ("testclient", 50000),
        "headers": [(k.lower().encode(), v.encode()) for k, v in all_headers.items()],
    }

    async def drip() -> Any:
        nonlocal taken
        taken += 1
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"<", "more_body": True}

    async def keep(message: Any) -> None:
        sent.append(message)

    asyncio.run(asyncio.wait_for(application.client.app(scope, drip, keep), 20))
    return sent[0]["status"], taken


def test_a_body_that_drips_is_not_waited_for(application: Application) -> None:
    status, taken = slowly(application, Rol.VOORZIENING, "/api/v1/proef", **{"content-type": "application/xml"})
    assert status == 400
    assert taken < 20
    kind = {"content-type": "multipart/form-data; boundary=XX"}
    assert slowly(application, Rol.BEHEERDER, "/api/v1/invoer", **kind)[0] == 400
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert slowly(application, Rol.VOORZIENING, "/console/proef", **kind)[0] == 413


def test_who_does_not_come_from_our_page_is_refused_before_the_body_is_read(application: Application) -> None:
    kind = {"content-type": "multipart/form-data; boundary=XX"}
    assert slowly(application, Rol.VOORZIENING, "/console/proef", origin="https://evil.example", **kind) == (403, 0)
    assert slowly(application, Rol.VOORZIENING, "/console/proef", **kind, **{"x-csrf-token": "x"}) == (403, 0)
    assert slowly(application, Rol.CONTROLEUR, "/console/invoer", **kind) == (403, 0), "nor who has no right to it"


@pytest.mark.parametrize(
    "path",
    ["/console", "/console/", "/console/beraad/", "/console/a%0Ab", "/console/nergens", "/api/v1", "/api/v1/x", "/api/v2/x"],
)
def test_every_answer_has_the_headers(application: Application, path: str) -> None:
    for who in (None, Rol.ZORGKAS):
        found = application.as_(who, "GET", path)
        assert [h for h in _HEADERS if h not in found.headers] == [], found.status_code
    assert "content-security-policy" not in application.as_(None, "GET", "/consolex").headers


def test_files_may_be_kept_by_the_browser(application: Application) -> None:
    found = application.as_(None, "GET", "/console/static/merk.svg?v=1")
    assert found.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]


def login(application: Application, name: str, password: str, device: str = "") -> Any:
    page = application.as_(None, "GET", "/console/aanmelden")
    token = re.search(r'name="_csrf" value="([^"]+)"', page.text)
    assert token is not None
    cookies = f"vsb-aanmelden={page.cookies['vsb-aanmelden']}; vsb-toestel={device}"
    fields = {"_csrf": token[1], "naam": name, "wachtwoord": password}
    return application.as_(None, "POST", "/console/aanmelden", data=fields, headers={"cookie": cookies})


def test_who_guesses_at_a_password_does_not_lock_out_the_browser_that_has_it(application: Application) -> None:
    first = login(application, "cis", "vsb-sample")
    assert first.status_code == 303
    device = first.cookies["vsb-toestel"]
    assert [login(application, "cis", "guess").status_code for _ in range(6)] == [401] * 5 + [429]
    assert login(application, "cis", "vsb-sample").status_code == 429
    assert login(application, "cis", "vsb-sample", "x.y").status_code == 429
    again = login(application, "cis", "vsb-sample", device)
    assert (again.status_code, "vsb-toestel" in again.cookies) == (303, False)
    assert login(application, "cis", "vsb-sample").status_code == 429, "its login does not free who guesses"
    assert [login(application, "cis", "guess", device).status_code for _ in range(6)] == [401] * 5 + [429], "it has its own count"


@pytest.mark.parametrize(
    ("who", "path"),
    [
        (Rol.OPERATOR, "/console/berichten?tot=9999-12-31"),
        (Rol.OPERATOR, "/console/berichten?van=0001-01-01"),
        (Rol.ZORGKAS, "/console/afrekeningen?na=0001-01-01T00:00:00%2B14:00~x"),
        (Rol.ZORGKAS, "/console/afrekeningen?na=9999-12-31T23:59:59-14:00~x"),
        (Rol.ZORGKAS, "/console/beraad?na=9999-12-31~x"),
    ],
)
def test_the_ends_of_the_calendar_break_no_page(application: Application, who: Rol, path: str) -> None:
    assert application.as_(who, "GET", path).status_code == 200
