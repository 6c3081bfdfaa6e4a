"""What the screens of zorgkas, facility and controller share: the same 404 for all that is not one's own, and keys of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import IO, Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Row
from starlette.responses import Response, StreamingResponse

from gateway.console.inzage import noteer_geweigerd
from gateway.console.operator.inhoud import Inhoud, lees
from gateway.console.vraag import NietGevonden, Vraag
from gateway.diensten import inzage
from gateway.diensten.lezen_scherm import woorden_van
from gateway.diensten.opmerkingen import Opmerking, van_bewaard
from gateway.reference import lookup
from gateway.store import berichten, dossiers

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
    return (moment, na) if streep and moment.tzinfo is not None else None


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


@dataclass(frozen=True, kw_only=True)
class Stukbeeld:
    """A message with all that a page shows of it."""

    row: Row[Any]
    stappen: list[Row[Any]]
    beslissingen: list[Row[Any]]
    opmerkingen: tuple[Opmerking, ...]
    inhoud: Inhoud | None
    """None when one may not see it."""
    woorden: list[tuple[str, str]]
    """What the facility itself says of why."""
    voorziening: str | None
    """Its name."""
    persoon: str | None
    """Name of the person it is about, when one may see that."""


def stukbeeld(vraag: Vraag, conn: Connection, row: Row[Any], *, persoon: bool = True) -> Stukbeeld:
    """Args:
    persoon: whether this person may see whom it is about, and with that the message itself.
    """
    beslissingen = dossiers.beslissingen(conn, row.id)
    opmerkingen = van_bewaard(r for b in beslissingen for r in b.redenen)
    gevonden = lookup.persoon(conn, row.insz) if persoon and row.insz is not None else None
    faciliteit = None if row.voorziening is None else lookup.voorziening(conn, row.voorziening)
    return Stukbeeld(
        row=row,
        stappen=berichten.levensloop(conn, row.id),
        beslissingen=beslissingen,
        opmerkingen=opmerkingen,
        inhoud=lees(vraag.gateway, conn, row.id, in_het_kort(opmerkingen), row.octetten) if persoon else None,
        woorden=woorden_van(vraag.gateway, conn, row) if persoon else [],
        voorziening=None if faciliteit is None else faciliteit.naam,
        persoon=None if gevonden is None else f"{gevonden.voornaam} {gevonden.naam}",
    )


def in_het_kort(opmerkingen: Sequence[Opmerking]) -> list[dict[str, Any]]:
    """Remarks as the message's own lines show them; what to do about each stands in the list beside it."""
    namen = ("code", "tekst", "tekst_en", "plaats", "regel", "record", "zone")
    return [{naam: getattr(o, naam) for naam in namen} for o in opmerkingen]
