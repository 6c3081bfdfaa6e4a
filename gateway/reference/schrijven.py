"""Write checked rows of one kind, a batch at a time, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert
from sqlalchemy.dialects import postgresql, sqlite

from gateway.reference.soorten import Soort

Sleutel = tuple[Any, ...]


def schrijf(conn: Connection, soort: Soort, rijen: Sequence[Mapping[str, Any]], nieuwe_sleutels: Sequence[Sleutel]) -> None:
    """Put the rows in the table; what the database knew of `nieuwe_sleutels` goes first when the kind has periods."""
    if not rijen:
        return
    if soort.perioden:
        _vergeet(conn, soort, nieuwe_sleutels)
        conn.execute(insert(soort.tabel), rijen)
    else:
        _vervang(conn, soort, rijen)


def _vervang(conn: Connection, soort: Soort, rijen: Sequence[Mapping[str, Any]]) -> None:
    bouw = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    opdracht = bouw(soort.tabel)
    overig = {k.naam: opdracht.excluded[k.naam] for k in soort.kolommen if k.naam not in soort.sleutel}
    conn.execute(opdracht.on_conflict_do_update(index_elements=list(soort.sleutel), set_=overig), rijen)


def _vergeet(conn: Connection, soort: Soort, sleutels: Sequence[Sleutel]) -> None:
    per_vorm: dict[tuple[bool, ...], list[Sleutel]] = {}
    for sleutel in sleutels:
        per_vorm.setdefault(tuple(deel is None for deel in sleutel), []).append(sleutel)
    # One statement for each pattern of NULLs: `IS NOT DISTINCT FROM` would do it in one, but uses no index.
    for vorm, groep in per_vorm.items():
        opdracht = delete(soort.tabel)
        for naam, leeg in zip(soort.sleutel, vorm, strict=True):
            kolom = soort.tabel.c[naam]
            opdracht = opdracht.where(kolom.is_(None) if leeg else kolom == bindparam(f"sleutel_{naam}"))
        conn.execute(
            opdracht,
            [
                {f"sleutel_{naam}": deel for naam, deel in zip(soort.sleutel, sleutel, strict=True) if deel is not None}
                for sleutel in groep
            ],
        )
