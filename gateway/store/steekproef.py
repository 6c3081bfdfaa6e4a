"""Samples of messages for controls afterwards: by criteria, at random with a seed, so that each can be drawn again.

Which messages are drawn depends on the seed and their ids alone: each id gets SHA-256 of seed and id, and the lowest are the
sample. Whoever has the seed and the criteria draws the same on any database engine, and can prove that nobody picked.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, String, cast, exists, insert, or_, select

from gateway.clock import BRUSSELS
from gateway.reference.tables import voorziening
from gateway.store.scherm_tables import steekproef
from gateway.store.tables import bericht, beslissing, geweigerde_lijn, zending

MOST = 500
"""Messages of one sample."""
SOORTEN = ("aanvraag", "facturatie")


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """Which messages may be drawn. All that is given must hold."""

    van: date
    """First Belgian day of receipt."""
    tot: date
    """Last day of receipt, inside."""
    dienst: str | None = None
    """aanvraag or facturatie."""
    pijler: str | None = None
    voorziening: str | None = None
    """RIZIV number of 8 or 11 digits."""
    zorgkas: str | None = None
    uitkomst: str | None = None
    code: str | None = None
    """Code of a rule that fired, or of a refused record."""
    minstens: int | None = None
    """Cents that were asked: zendingen only."""
    hoogstens: int | None = None

    def voorwaarden(self) -> list[ColumnElement[bool]]:
        b = bericht.c
        begin, einde = (datetime.combine(dag, time(), BRUSSELS) for dag in (self.van, self.tot + timedelta(days=1)))
        gevonden: list[ColumnElement[bool]] = [b.ontvangen_op >= begin, b.ontvangen_op < einde]
        gevonden.append(b.dienst.in_(SOORTEN) if self.dienst is None else b.dienst == self.dienst)
        paren = ((b.pijler, self.pijler), (b.zorgkas, self.zorgkas), (b.uitkomst, self.uitkomst))
        gevonden += [kolom == waarde for kolom, waarde in paren if waarde is not None]
        if (riziv := self.voorziening) is not None:
            heel = b.voorziening.between(f"{riziv}000", f"{riziv}999")
            gevonden.append(heel if len(riziv) == 8 else b.voorziening == riziv)
        if self.code is not None:
            gevonden.append(_met_code(self.code))
        if self.minstens is not None or self.hoogstens is not None:
            bedrag = [zending.c.gevraagd >= self.minstens] if self.minstens is not None else []
            bedrag += [zending.c.gevraagd <= self.hoogstens] if self.hoogstens is not None else []
            gevonden.append(exists().where(zending.c.bericht_id == b.id, *bedrag))
        return gevonden

    def als_json(self) -> dict[str, Any]:
        """What is kept of them."""
        return {naam: w.isoformat() if isinstance(w, date) else w for naam, w in asdict(self).items() if w is not None}

    @classmethod
    def uit_json(cls, velden: dict[str, Any]) -> Criteria:
        """What was kept, read again."""
        bekend = {f.name for f in fields(cls)}
        waarden: dict[str, Any] = {
            n: date.fromisoformat(w) if n in ("van", "tot") else w for n, w in velden.items() if n in bekend
        }
        return cls(**waarden)


@dataclass(frozen=True, kw_only=True)
class Trekking:
    """What a draw gave."""

    populatie: int
    """Messages that fit the criteria."""
    populatie_sha256: str
    """Over their ids in order: the same criteria later give the same only while nothing came in or changed."""
    berichten: tuple[str, ...]
    """Ids, in the order in which they were drawn."""


def trek(conn: Connection, criteria: Criteria, zaad: str, aantal: int) -> Trekking:
    """Draw from all that fits."""
    digest, populatie = hashlib.sha256(), 0
    laagste: list[tuple[int, str]] = []
    for bericht_id in _ids(conn, criteria):
        populatie += 1
        digest.update(bericht_id.encode())
        # A heap of the lowest so far, with the highest of them on top.
        rang = -int.from_bytes(hashlib.sha256(f"{zaad}/{bericht_id}".encode()).digest(), "big")
        if len(laagste) < aantal:
            heapq.heappush(laagste, (rang, bericht_id))
        elif rang > laagste[0][0]:
            heapq.heapreplace(laagste, (rang, bericht_id))
    gekozen = tuple(bericht_id for _, bericht_id in sorted(laagste, reverse=True))
    return Trekking(populatie=populatie, populatie_sha256=digest.hexdigest(), berichten=gekozen)


def weigerde(conn: Connection, code: str) -> bool:
    """Whether any record was refused with a code."""
    return bool(conn.execute(select(exists().where(geweigerde_lijn.c.code == code))).scalar_one())


def bewaar(conn: Connection, **kolommen: Any) -> None:
    conn.execute(insert(steekproef).values(**kolommen))


def lees(conn: Connection, steekproef_id: str) -> Row[Any] | None:
    return conn.execute(select(steekproef).where(steekproef.c.id == steekproef_id)).first()


def lijst(conn: Connection, *, voor: str | None, limit: int) -> list[Row[Any]]:
    """Samples, the newest first.

    Args:
        voor: id of the last row of the page before.
    """
    vraag = select(steekproef).order_by(steekproef.c.id.desc()).limit(limit)
    return list(conn.execute(vraag if voor is None else vraag.where(steekproef.c.id < voor)))


def rijen(conn: Connection, ids: list[str]) -> list[Row[Any]]:
    """The messages of a sample with what their zendingen asked, in the order of the draw."""
    z, naam = zending.c, voorziening.c.naam.label("voorziening_naam")
    vraag = (
        select(bericht, z.gevraagd, z.aanvaard, z.afgerekend, z.nummer, z.maand, naam)
        .outerjoin(zending, z.bericht_id == bericht.c.id)
        .outerjoin(voorziening, voorziening.c.riziv == bericht.c.voorziening)
        .where(bericht.c.id.in_(ids))
    )
    gevonden = {row.id: row for row in conn.execute(vraag)}
    return [gevonden[i] for i in ids if i in gevonden]


def _ids(conn: Connection, criteria: Criteria) -> Iterator[str]:
    vraag = select(bericht.c.id).where(*criteria.voorwaarden()).order_by(bericht.c.id)
    yield from conn.execute(vraag, execution_options={"stream_results": True, "yield_per": 2_000}).scalars()


def _met_code(code: str) -> ColumnElement[bool]:
    # JSON is kept as json.dumps writes it, on both engines; a code holds nothing that it would escape.
    gezegd = cast(beslissing.c.redenen, String).contains(f'"code": "{code}"', autoescape=True)
    return or_(
        exists().where(beslissing.c.bericht_id == bericht.c.id, gezegd),
        exists().where(geweigerde_lijn.c.bericht_id == bericht.c.id, geweigerde_lijn.c.code == code),
    )
