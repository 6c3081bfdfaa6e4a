"""A facility's or a vendor's own messages, page by page by key. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, false, or_, select, tuple_

from gateway.reference.tables import voorziening
from gateway.store.identifiers import LAATSTE
from gateway.store.tables import bericht, beslissing, geweigerde_lijn
from gateway.store.zoeken import Resultaat, blader


@dataclass(frozen=True, kw_only=True)
class Eigen:
    """Whose messages one may see."""

    voorzieningen: tuple[str, ...] = ()
    """RIZIV numbers of 8 or 11 digits: what these sent, and what was sent for them."""
    attesten: tuple[str, ...] = ()
    """Numbers of attests: what these packages sent."""

    def voorwaarden(self) -> list[ColumnElement[bool]]:
        """Each a reason why a message is one's own."""
        b = bericht.c
        gevonden: list[ColumnElement[bool]] = [b.attest == a for a in self.attesten]
        for riziv in self.voorzieningen:
            if len(riziv) == 8:
                gevonden += [b.afzender == f"riziv:{riziv}", b.voorziening.between(f"{riziv}000", f"{riziv}999")]
            else:
                # A certificate says 8 digits only: of one qualification nothing but what is about it is its own.
                gevonden.append(b.voorziening == riziv)
        return gevonden


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which of one's own messages."""

    pijler: str | None = None
    uitkomst: str | None = None
    dienst: str | None = None
    soort: str | None = None
    referentie: str | None = None
    """The sender's own id of the message, or ours."""
    dossiernummer: str | None = None
    insz: str | None = None
    """Of the person that it is about."""
    voorziening: str | None = None
    """RIZIV number of 11 digits that it is about."""
    vanaf: str = ""
    """Smallest id."""
    voor: str | None = None
    """Ids before this one: the key of the page, or where the period ends."""


def berichten_van(conn: Connection, eigen: Eigen, keuze: Filter) -> Resultaat:
    """One page of one's own messages, the newest first."""
    b = bericht.c
    rest: list[ColumnElement[bool]] = [b.dienst != "zorgkas"]
    gelijk = ((b.pijler, keuze.pijler), (b.uitkomst, keuze.uitkomst), (b.dienst, keuze.dienst), (b.soort, keuze.soort))
    rest += [kolom == waarde for kolom, waarde in gelijk if waarde is not None]
    leiders = _precies(keuze)
    if leiders:
        rest.append(or_(false(), *eigen.voorwaarden()))
    else:
        leiders = _met_index(conn, eigen)
    return blader(conn, leiders, rest, vanaf=keuze.vanaf, voor=keuze.voor or LAATSTE)


def _precies(keuze: Filter) -> list[ColumnElement[bool]]:
    """What of a choice leads, an index answering it in order of id; of more than one the first leads, the others hold."""
    b = bericht.c
    gevraagd: list[list[ColumnElement[bool]]] = []
    if keuze.referentie is not None:
        gevraagd.append([b.bedrijfs_id == keuze.referentie, b.id == keuze.referentie])
    een = ((b.dossiernummer, keuze.dossiernummer), (b.insz, keuze.insz), (b.voorziening, keuze.voorziening))
    gevraagd += [[kolom == waarde] for kolom, waarde in een if waarde is not None]
    if not gevraagd:
        return []
    eerste, *ook = gevraagd
    return [and_(leider, *(or_(*rest) for rest in ook)) for leider in eerste]


def heeft(conn: Connection, eigen: Eigen, keuze: Filter) -> bool:
    """Whether one of one's own messages is like that."""
    return bool(berichten_van(conn, eigen, keuze).rijen)


def _met_index(conn: Connection, eigen: Eigen) -> list[ColumnElement[bool]]:
    """The reasons of `Eigen`, each as one value of a column whose index is in the order of a page."""
    b = bericht.c
    gevonden: list[ColumnElement[bool]] = [b.attest == a for a in eigen.attesten]
    for riziv in eigen.voorzieningen:
        if len(riziv) == 11:
            gevonden.append(b.voorziening == riziv)
            continue
        bekend = select(voorziening.c.riziv).where(voorziening.c.riziv.between(f"{riziv}000", f"{riziv}999"))
        # Clients pad 8 digits with zeros, also when that is no registered number.
        nummers = {f"{riziv}000", *conn.execute(bekend).scalars()}
        gevonden += [b.afzender == f"riziv:{riziv}", *(b.voorziening == n for n in sorted(nummers))]
    return gevonden


def eigen_bericht(conn: Connection, eigen: Eigen, bericht_id: str) -> Row[Any] | None:
    """One message, when it is one's own."""
    redenen = eigen.voorwaarden()
    if not redenen:
        return None
    return conn.execute(select(bericht).where(bericht.c.id == bericht_id, bericht.c.dienst != "zorgkas", or_(*redenen))).first()


def redenen_van(conn: Connection, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Message id to everything that was said against it, in order."""
    rows = conn.execute(
        select(beslissing.c.bericht_id, beslissing.c.redenen).where(beslissing.c.bericht_id.in_(ids)).order_by(beslissing.c.id)
    )
    gevonden: dict[str, list[dict[str, Any]]] = {}
    for bericht_id, redenen in rows:
        gevonden.setdefault(bericht_id, []).extend(redenen)
    return gevonden


def geweigerde_lijnen(conn: Connection, bericht_id: str, limit: int, na: tuple[str, int, int] | None = None) -> list[Row[Any]]:
    """Records of a zending that are not paid, and by whom.

    Args:
        na: (factuurnummer, volgnummer, id) of the last row of the page before.
    """
    g = geweigerde_lijn.c
    vraag = select(g.id, g.factuurnummer, g.volgnummer, g.prestatiecode, g.bedrag, g.code, g.door, g.motivering)
    vraag = vraag.where(g.bericht_id == bericht_id).order_by(g.factuurnummer, g.volgnummer, g.id).limit(limit)
    if na is not None:
        vraag = vraag.where(tuple_(g.factuurnummer, g.volgnummer, g.id) > na)
    return list(conn.execute(vraag))
