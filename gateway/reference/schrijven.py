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
    false,
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


@dataclass(frozen=True, kw_only=True)
class Voorbeelden:
    """Some of the rows that a load changes, by column."""

    nieuw: tuple[Mapping[str, Any], ...]
    gewijzigd: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    """Old and new."""
    weg: tuple[Mapping[str, Any], ...]


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
        verschil = self.verschil()
        (self._vervang_perioden if self._soort.perioden else self._vervang_rijen)(self._anders())
        return verschil

    def verschil(self) -> Verschil:
        """What `voeg_in` changes.

        Raises:
            RuntimeError: `vergelijk` was not called.
        """
        nieuw, gewijzigd, weg = (
            self._tel(select(func.count()).select_from(v.order_by(None).subquery()))
            for v in (self._nieuwe(), self._gewijzigde(), self._verdwenen())
        )
        return Verschil(nieuw=nieuw, gewijzigd=gewijzigd, ongewijzigd=self.aantal - nieuw - gewijzigd, weg=weg)

    def voorbeelden(self, eerste: int) -> Voorbeelden:
        """The first rows of each sort of change, by key.

        Raises:
            RuntimeError: `vergelijk` was not called.
        """
        namen = [k.naam for k in self._soort.kolommen]
        nieuw, gewijzigd, weg = (
            self._conn.execute(v.limit(eerste)).all() for v in (self._nieuwe(), self._gewijzigde(), self._verdwenen())
        )
        return Voorbeelden(
            nieuw=tuple(dict(zip(namen, r, strict=True)) for r in nieuw),
            gewijzigd=tuple(
                (dict(zip(namen, r[len(namen) :], strict=True)), dict(zip(namen, r[: len(namen)], strict=True)))
                for r in gewijzigd
            ),
            weg=tuple(dict(zip(namen, r, strict=True)) for r in weg),
        )

    def _nieuwe(self) -> Select[Any]:
        return self._gekozen(self._anders()).where(~exists().where(self._zelfde_rij())).order_by(*self._volgorde(self._rijen))

    def _gewijzigde(self) -> Select[Any]:
        bron, doel = self._rijen, self._soort.tabel
        anders = or_(*(_verschilt(bron.c[k.naam], doel.c[k.naam]) for k in self._soort.kolommen))
        return (
            self._gekozen(self._anders())
            .add_columns(*(doel.c[k.naam].label(f"was_{k.naam}") for k in self._soort.kolommen))
            .join(doel, self._zelfde_rij())
            .where(anders)
            .order_by(*self._volgorde(bron))
        )

    def _verdwenen(self) -> Select[Any]:
        doel = self._soort.tabel
        kolommen = select(*(doel.c[k.naam] for k in self._soort.kolommen)).order_by(*self._volgorde(doel))
        if not self._soort.perioden:
            return kolommen.where(false())
        return kolommen.where(exists().where(self._op_sleutel(self._anders(), doel)), ~exists().where(self._zelfde_rij()))

    def _volgorde(self, tabel: Table) -> list[Column[Any]]:
        return [tabel.c[n] for n in (*self._soort.sleutel, *(("van",) if self._soort.perioden else ()))]

    def _zelfde_rij(self) -> ColumnElement[bool]:
        """A row set apart and one of the table tell about the same thing: the same key, and of a period the same first day."""
        bron, doel = self._rijen, self._soort.tabel
        zelfde = self._op_sleutel(bron, doel)
        return and_(zelfde, bron.c.van == doel.c.van) if self._soort.perioden else zelfde

    def _anders(self) -> Table:
        if self._te_doen is None:
            raise RuntimeError("compare first")
        return self._te_doen

    def ruim_op(self) -> None:
        for tabel in (self._rijen, self._te_doen):
            if tabel is not None:
                tabel.drop(self._conn)

    def _vervang_rijen(self, te_doen: Table) -> None:
        soort, doel = self._soort, self._soort.tabel
        bouw = postgresql.insert if self._conn.dialect.name == "postgresql" else sqlite.insert
        namen = [k.naam for k in soort.kolommen]
        # SQLite takes ON CONFLICT after a SELECT for a join condition unless there is a WHERE.
        opdracht = bouw(doel).from_select(namen, self._gekozen(te_doen).where(true()))
        overig = {n: opdracht.excluded[n] for n in namen if n not in soort.sleutel}
        self._conn.execute(opdracht.on_conflict_do_update(index_elements=list(soort.sleutel), set_=overig))

    def _vervang_perioden(self, te_doen: Table) -> None:
        soort, doel = self._soort, self._soort.tabel
        self._conn.execute(delete(doel).where(exists().where(self._op_sleutel(te_doen, doel))))
        namen = [k.naam for k in soort.kolommen]
        self._conn.execute(insert(doel).from_select(namen, self._gekozen(te_doen)))

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


def _verschilt(een: Column[Any], ander: Column[Any]) -> ColumnElement[bool]:
    if isinstance(ander.type, JSON):
        return cast(een, Text) != cast(ander, Text)
    return een.is_distinct_from(ander)
