"""HTTP of the console: cookies, forms with a bound, where a request came from, and the headers of every answer."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl, urlsplit

from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, MutableHeaders, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.settings import Settings

_MAX_FIELDS = 5_000
_LOS, _DELEN = b"application/x-www-form-urlencoded", b"multipart/form-data"
_LANGSTE_TYPE = 300
"""Characters of a content type: a boundary has 70 (RFC 2046 §5.1.1), and the parser takes quadratic time."""
_UTF8 = (b"utf-8", b"utf8")


class TeGroot(Exception):
    """A body larger than the screen takes, or slower than the gateway waits."""


class GeenFormulier(Exception):
    """A body that is no form, or in another charset than UTF-8."""


def formuliersoort(request: Request) -> bytes | None:
    """What sort of form a request brings; None when its content type is none.

    Starlette decodes with whatever charset the sender names, and Python has some that take hours (punycode) or make what is no
    text (unicode_escape); browsers send none but UTF-8.

    Raises:
        GeenFormulier: it names another charset.
    """
    gezegd = request.headers.get("content-type", "")
    if len(gezegd) > _LANGSTE_TYPE:
        raise GeenFormulier
    soort, opties = parse_options_header(gezegd)
    if soort not in (_LOS, _DELEN):
        return None
    if opties.get(b"charset", _UTF8[0]).lower() not in _UTF8:
        raise GeenFormulier
    return soort


def veilig(request: Request, settings: Settings) -> bool:
    """Whether the browser speaks https with us, also through a proxy that says so in VSB_PUBLIC_URL."""
    return request.url.scheme == "https" or settings.public_url.startswith("https://")


def eigen_adressen(request: Request, settings: Settings) -> set[str]:
    """Origins (RFC 6454) of our own pages."""
    zelf = {f"{request.url.scheme}://{request.headers.get('host', '')}"}
    if settings.public_url:
        deel = urlsplit(settings.public_url)
        zelf.add(f"{deel.scheme}://{deel.netloc}")
    return zelf


def basis_adres(request: Request, settings: Settings) -> str:
    """Our address as others must write it: VSB_PUBLIC_URL, or that of the request."""
    return settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.headers.get('host', '')}"


def van_eigen_pagina(request: Request, settings: Settings) -> bool:
    """Whether an unsafe request came from a page of ours, as far as the browser says; beside the token, never instead of it."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin not in eigen_adressen(request, settings):
        return False
    return site in (None, "same-origin")


def cookienaam(naam: str, *, https: bool) -> str:
    # __Host- binds a cookie to this host alone (RFC 6265bis §4.1.3.2); browsers take it only over https.
    return f"__Host-vsb-{naam}" if https else f"vsb-{naam}"


def zet_cookie(response: Response, naam: str, waarde: str, *, https: bool, seconden: int | None = None) -> None:
    """A cookie that no script reads; SameSite=Lax because the way back from the provider is a cross-site navigation."""
    response.set_cookie(
        cookienaam(naam, https=https), waarde, max_age=seconden, path="/", secure=https, httponly=True, samesite="lax"
    )


def wis_cookie(response: Response, naam: str, *, https: bool) -> None:
    response.delete_cookie(cookienaam(naam, https=https), path="/", secure=https, httponly=True, samesite="lax")


async def lees_formulier(request: Request, *, limit: int, timeout: float) -> FormData:
    """The fields and files of a POST, bounded in bytes and seconds; files lie on disk above a megabyte.

    Raises:
        TeGroot: it is larger or slower.
        GeenFormulier: it is no form, or none that can be read.
    """
    gelezen = 0
    receive = request.receive

    async def geteld() -> Message:
        nonlocal gelezen
        message = await receive()
        gelezen += len(message.get("body", b""))
        if gelezen > limit:
            raise TeGroot
        return message

    soort, begrensd = formuliersoort(request), Request(request.scope, geteld)
    try:
        async with asyncio.timeout(timeout):
            if soort == _DELEN:
                # Read in steps of what the connection brings, so that others get their turn; files go to disk.
                return await begrensd.form(max_files=20, max_fields=_MAX_FIELDS, max_part_size=limit)
            octetten = await begrensd.body()
    except (TimeoutError, ClientDisconnect) as error:
        raise TeGroot from error
    except (MultiPartException, HTTPException, ValueError) as error:
        raise GeenFormulier from error
    if soort is None and octetten:
        raise GeenFormulier
    try:
        # Megabytes of escapes take seconds.
        return FormData(await run_in_threadpool(_velden, octetten))
    except ValueError as error:
        raise GeenFormulier from error


def _velden(octetten: bytes) -> list[tuple[str, str | UploadFile]]:
    return list(parse_qsl(octetten.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS))


class Koppen:
    """The headers of `zet_koppen` on every answer below some addresses, whoever gives it."""

    def __init__(self, app: ASGIApp, settings: Settings, onder: tuple[str, ...]) -> None:
        self._app, self._settings, self._onder = app, settings, onder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(tuple(f"{pad}/" for pad in self._onder)):
            await self._app(scope, receive, send)
            return
        vast = zet_koppen(Response(), https=veilig(Request(scope), self._settings)).headers

        async def stuur(message: Message) -> None:
            if message["type"] == "http.response.start":
                koppen = MutableHeaders(scope=message)
                for naam, waarde in vast.items():
                    if naam != "content-length":
                        koppen.setdefault(naam, waarde)
            await send(message)

        await self._app(scope, receive, stuur)


def zet_koppen(response: Response, *, https: bool) -> Response:
    """Headers of every page: nothing inline, nothing from elsewhere, nowhere framed, never kept."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def eigen_pad(waarde: str | None) -> str:
    """An address within the console to go on to after logging in; anything else becomes the first page."""
    pad = waarde or ""
    binnen = pad.startswith("/console/") and not any(c in pad for c in "\\\r\n\t") and ".." not in pad and len(pad) <= 500
    return pad if binnen and not pad.startswith(("/console/aanmelden", "/console/afmelden")) else "/console/"
