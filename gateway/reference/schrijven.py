"""Checked rows of one kind: set apart first, then merged into the table in one statement or two.

Setting apart holds up nobody. Only the merge holds a lock, and it touches only rows that differ: loading a members file of a
million again, with a thousand changes, writes a thousand rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from gateway.reference.soorten import Soort

Sleutel = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Verschil:
    """What a load changed in one kind, in rows."""

    nieuw: int = 0
    gewijzigd: int = 0
    ongewijzigd: int = 0
    weg: int = 0
    """Periods that the file no longer tells."""


class Apart:
    """The rows of one kind that a load has read, in a temporary table of its own connection."""

    def __init__(self, conn: Connection, soort: Soort) -> None:
        self._conn, self._soort = conn, soort
        doel = soort.tabel
        kolommen = [Column(k.naam, doel.c[k.naam].type) for k in soort.kolommen]
        self._rijen = self._tijdelijk("laad", kolommen)
        self._te_doen: Table | None = None
        self.naam = soort.naam
        self.aantal = 0

    def zet(self, rijen: Sequence[Mapping[str, Any]]) -> None:
        """Add rows."""
        self.aantal += len(rijen)
        if not rijen:
            return
        if self._conn.dialect.name == "postgresql":
            self._kopieer(rijen)
        else:
            self._conn.execute(insert(self._rijen), list(rijen))

    def vergelijk(self) -> None:
        """See what differs from the table now; after this no more rows are added."""
        soort, bron, doel = self._soort, self._rijen, self._soort.tabel
        Index(f"ix_{bron.name}", *(bron.c[n] for n in soort.sleutel)).create(self._conn)
        kolommen = [Column(n, doel.c[n].type) for n in soort.sleutel]
        self._te_doen = self._tijdelijk("anders", kolommen)
        zelfde = and_(*(_gelijk(bron.c[k.naam], doel.c[k.naam]) for k in soort.kolommen))
        anders = select(*(bron.c[n] for n in soort.sleutel)).where(~exists().where(zelfde))
        if soort.perioden:
            verdwenen = select(*(doel.c[n] for n in soort.sleutel)).where(
                exists().where(self._op_sleutel(bron, doel)), ~exists().where(zelfde)
            )
            anders = anders.union(verdwenen).subquery().select()
        self._conn.execute(insert(self._te_doen).from_select(list(soort.sleutel), anders))
        Index(f"ix_{self._te_doen.name}", *(self._te_doen.c[n] for n in soort.sleutel)).create(self._conn)

    def voeg_in(self) -> Verschil:
        """Write what differs, in the caller's write transaction.

        Raises:
            RuntimeError: `vergelijk` was not called.
        """
        if self._te_doen is None:
            raise RuntimeError("compare first")
        return self._vervang_perioden(self._te_doen) if self._soort.perioden else self._vervang_rijen(self._te_doen)

    def ruim_op(self) -> None:
        for tabel in (self._rijen, self._te_doen):
            if tabel is not None:
                tabel.drop(self._conn)

    def _vervang_rijen(self, te_doen: Table) -> Verschil:
        soort, doel = self._soort, self._soort.tabel
        anders = self._tel(select(func.count()).select_from(te_doen))
        bekend = self._tel(select(func.count()).select_from(te_doen).where(exists().where(self._op_sleutel(te_doen, doel))))
        bouw = postgresql.insert if self._conn.dialect.name == "postgresql" else sqlite.insert
        namen = [k.naam for k in soort.kolommen]
        # SQLite takes ON CONFLICT after a SELECT for a join condition unless there is a WHERE.
        opdracht = bouw(doel).from_select(namen, self._gekozen(te_doen).where(true()))
        overig = {n: opdracht.excluded[n] for n in namen if n not in soort.sleutel}
        self._conn.execute(opdracht.on_conflict_do_update(index_elements=list(soort.sleutel), set_=overig))
        return Verschil(nieuw=anders - bekend, gewijzigd=bekend, ongewijzigd=self.aantal - anders)

    def _vervang_perioden(self, te_doen: Table) -> Verschil:
        soort, doel = self._soort, self._soort.tabel
        weg = self._conn.execute(delete(doel).where(exists().where(self._op_sleutel(te_doen, doel)))).rowcount
        namen = [k.naam for k in soort.kolommen]
        nieuw = self._tel(select(func.count()).select_from(self._gekozen(te_doen).subquery()))
        self._conn.execute(insert(doel).from_select(namen, self._gekozen(te_doen)))
        gewijzigd = min(weg, nieuw)
        return Verschil(nieuw=nieuw - gewijzigd, gewijzigd=gewijzigd, ongewijzigd=self.aantal - nieuw, weg=weg - gewijzigd)

    def _gekozen(self, te_doen: Table) -> Select[Any]:
        bron = self._rijen
        gekozen = exists().where(self._op_sleutel(te_doen, bron))
        return select(*(bron.c[k.naam] for k in self._soort.kolommen)).where(gekozen)

    def _op_sleutel(self, een: Table, ander: Table) -> ColumnElement[bool]:
        return and_(*(_gelijk(een.c[n], ander.c[n], self._soort.tabel.c[n].nullable) for n in self._soort.sleutel))

    def _tel(self, vraag: Select[Any]) -> int:
        return int(self._conn.execute(vraag).scalar_one())

    def _tijdelijk(self, voorvoegsel: str, kolommen: list[Column[Any]]) -> Table:
        tabel = Table(f"{voorvoegsel}_{self._soort.naam}", MetaData(), *kolommen, prefixes=["TEMPORARY"])
        tabel.create(self._conn)
        return tabel

    def _kopieer(self, rijen: Sequence[Mapping[str, Any]]) -> None:
        namen = [k.naam for k in self._soort.kolommen]
        # Values go through the column types as in any INSERT, so that a list becomes JSON.
        maak = [self._rijen.c[n].type.dialect_impl(self._conn.dialect).bind_processor(self._conn.dialect) for n in namen]
        ruw: psycopg.Connection[Any] = self._conn.connection.driver_connection  # type: ignore[assignment]
        with ruw.cursor() as cursor, cursor.copy(f"COPY {self._rijen.name} ({', '.join(namen)}) FROM STDIN") as kopie:
            for rij in rijen:
                kopie.write_row([w if m is None else m(w) for m, w in zip(maak, map(rij.get, namen), strict=True)])


def _gelijk(een: Column[Any], ander: Column[Any], leeg: bool | None = None) -> ColumnElement[bool]:
    if isinstance(ander.type, JSON):
        return cast(een, Text) == cast(ander, Text)
    if leeg is None:
        leeg = bool(ander.nullable)
    return or_(een == ander, and_(een.is_(None), ander.is_(None))) if leeg else een == ander
