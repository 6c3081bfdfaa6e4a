"""What the screens of zorgkas, facility and controller share: the same 404 for all that is not one's own, and keys of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import wraps
from typing import IO
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from gateway.console.inzage import noteer_geweigerd
from gateway.console.vraag import NietGevonden, Vraag
from gateway.diensten import inzage

PAGINA = 50
_STAP = 256 * 1024


def van_wie(handelaar: Callable[[Vraag], Response]) -> Callable[[Vraag], Response]:
    """Answer what is not there and what is somebody else's alike, and write the question down alike."""

    @wraps(handelaar)
    def antwoord(vraag: Vraag) -> Response:
        try:
            return handelaar(vraag)
        except inzage.NietGevonden:
            with vraag.gateway.store.writing() as conn:
                noteer_geweigerd(conn, vraag.sessie, vraag.request.url.path[len("/console") :], vraag.nu)
            raise NietGevonden from None

    return antwoord


def adres(pad: str, **velden: str | None) -> str:
    """An address with the fields that have a value."""
    gevuld = {naam: waarde for naam, waarde in velden.items() if waarde}
    return f"{pad}?{urlencode(gevuld)}" if gevuld else pad


def sleutel(waarde: date | datetime, bericht_id: str) -> str:
    """The key of the next page, for an address."""
    return f"{waarde.isoformat()}~{bericht_id}"


def lees_dag_sleutel(tekst: str | None) -> tuple[date, str] | None:
    """A key that `sleutel` made of a day; None when it is none, so that a page begins at the beginning."""
    voor, streep, na = (tekst or "").partition("~")
    try:
        return (date.fromisoformat(voor), na) if streep else None
    except ValueError:
        return None


def lees_moment_sleutel(tekst: str | None) -> tuple[datetime, str] | None:
    """As lees_dag_sleutel, of a moment."""
    voor, streep, na = (tekst or "").partition("~")
    try:
        moment = datetime.fromisoformat(voor)
    except ValueError:
        return None
    # Near the ends of the calendar a moment has no UTC.
    return (moment, na) if streep and moment.tzinfo is not None and 1980 <= moment.year <= 2200 else None


def als_bijlage(octetten: bytes, naam: str) -> Response:
    """Stored octets as a download; a browser shows none of it."""
    koppen = {"Content-Disposition": f'attachment; filename="{naam}"', "X-Content-Type-Options": "nosniff"}
    return Response(octetten, media_type="application/octet-stream", headers=koppen)


def als_zip(bestand: IO[bytes], naam: str) -> Response:
    """A ZIP as a download, read as it goes and closed at the end."""
    koppen = {"Content-Disposition": f'attachment; filename="{naam}.zip"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_stappen(bestand), media_type="application/zip", headers=koppen)


def _stappen(bestand: IO[bytes]) -> Iterator[bytes]:
    with bestand:
        while stap := bestand.read(_STAP):
            yield stap


def lees_dag(tekst: str | None, anders: date) -> date:
    try:
        return date.fromisoformat(tekst or "")
    except ValueError:
        return anders
