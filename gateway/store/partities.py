"""Partitions by month of the payload bytes on PostgreSQL: made ahead, and one for whatever has no month of its own yet.

SQLite keeps plain tables with the same columns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime

import psycopg
from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from gateway.store.bewaking import bewaak_partitie
from gateway.store.slot import slot
from gateway.store.tables import bericht_inhoud, levering_inhoud

INHOUD: tuple[Table, ...] = (bericht_inhoud, levering_inhoud)
"""The tables that have a partition for each month."""
VOORUIT = 2
"""Months that are made ahead, beside the current one."""

# Shorter than PostgreSQL's deadlock_timeout (1 s), so that in a deadlock it is never a sender who loses.
_WACHT = text("SET LOCAL lock_timeout = '200ms'")
_WACHT_WEER = text("SET LOCAL lock_timeout = DEFAULT")
_KEREN = 40
_AANGEHECHT = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass(:naam)"
)


def maanden_vanaf(maand: date, aantal: int) -> Iterator[date]:
    """So many months from this one, each by its first day."""
    for nummer in range(maand.month - 1, maand.month - 1 + aantal):
        yield date(maand.year + nummer // 12, nummer % 12 + 1, 1)


def naam_van(tabel: Table, maand: date | None) -> str:
    """Name of a month's partition, or of the one for every other month."""
    return f"{tabel.name}_{'overig' if maand is None else f'{maand:%Y_%m}'}"


def zorg_voor_partities(conn: Connection, now: datetime, tabellen: Sequence[Table] = INHOUD) -> list[str]:
    """Make the partitions of this month and the next ones where they are missing; on SQLite there is nothing to make.

    Args:
        conn: a write transaction that does nothing else; for a moment it holds up whoever writes messages.
        tabellen: one at a time beside others that work, since they lock messages and deliveries in either order.

    Returns:
        The names of the partitions made now.

    Raises:
        sqlalchemy.exc.OperationalError: others held the tables all the time; to be tried again later.
    """
    nu = now.astimezone(UTC)
    nodig = list(maanden_vanaf(date(nu.year, nu.month, 1), VOORUIT + 1))
    return [naam for tabel in tabellen for naam in maak_partities(conn, tabel, nodig)]


def maak_partities(conn: Connection, tabel: Table, maanden: Sequence[date]) -> list[str]:
    """Make the partitions of these months where they are missing; rows that waited in the other one move along."""
    if conn.dialect.name != "postgresql" or not _missen(conn, tabel, maanden):
        return []
    slot(conn, "partities")
    missen = _missen(conn, tabel, maanden)
    _met_korte_sloten(conn, lambda: _maak(conn, tabel, missen))
    return [naam_van(tabel, m) for m in missen]


def maak_overig(conn: Connection, tabel: Table) -> None:
    """Make the partition for every month that has none, so that an insert never fails for want of one."""
    naam = naam_van(tabel, None)
    conn.exec_driver_sql(f"CREATE TABLE {naam} PARTITION OF {tabel.name} DEFAULT")
    bewaak_partitie(conn, naam)


def laat_vallen(conn: Connection, maand: date, verwacht: Sequence[int]) -> bool:
    """Drop a month's partitions if they hold just as many rows as is expected.

    Args:
        verwacht: rows in each table of INHOUD.

    Returns:
        False when there are more or fewer; then everything is still there.
    """
    slot(conn, "partities")
    gelukt = False

    def werk() -> None:
        nonlocal gelukt
        namen = [naam_van(tabel, maand) for tabel in INHOUD]
        # In the order in which senders lock them.
        conn.exec_driver_sql(f"LOCK TABLE {', '.join(f'ONLY {t.name}' for t in INHOUD)} IN ACCESS EXCLUSIVE MODE")
        aantallen = [conn.execute(select(func.count()).where(t.c.maand == maand).select_from(t)).scalar_one() for t in INHOUD]
        gelukt = aantallen == list(verwacht)
        if gelukt:
            conn.exec_driver_sql(f"DROP TABLE {', '.join(namen)}")

    _met_korte_sloten(conn, werk)
    return gelukt


def _met_korte_sloten(conn: Connection, werk: Callable[[], None]) -> None:
    """Do work that locks tables: rather give up what it holds and begin again than keep senders waiting."""
    for keer in range(1, _KEREN + 1):
        try:
            with conn.begin_nested():
                conn.execute(_WACHT)
                werk()
                conn.execute(_WACHT_WEER)
                return
        except DBAPIError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable) or keer == _KEREN:
                raise
        time.sleep(0.02 * keer)


def _maak(conn: Connection, tabel: Table, maanden: Sequence[date]) -> None:
    # First what the foreign key points at, as senders do: attaching a partition locks it too.
    ouder = next(iter(tabel.foreign_keys)).column.table.name
    conn.exec_driver_sql(f"LOCK TABLE {ouder} IN SHARE ROW EXCLUSIVE MODE")
    overig = naam_van(tabel, None)
    wachtend = conn.execute(select(tabel.c.maand).where(tabel.c.maand.in_(maanden)).limit(1)).first() is not None
    if wachtend:
        # Detached and copied back instead of moved: nobody may delete payload bytes, not even to put them elsewhere.
        conn.exec_driver_sql(f"ALTER TABLE {tabel.name} DETACH PARTITION {overig}")
        conn.exec_driver_sql(f"ALTER TABLE {overig} RENAME TO {overig}_oud")
    for maand in maanden:
        _hecht_aan(conn, tabel, maand)
    if wachtend:
        maak_overig(conn, tabel)
        kolommen = ", ".join(k.name for k in tabel.columns)
        conn.exec_driver_sql(f"INSERT INTO {tabel.name} ({kolommen}) SELECT {kolommen} FROM {overig}_oud")  # noqa: S608
        conn.exec_driver_sql(f"DROP TABLE {overig}_oud")


def _missen(conn: Connection, tabel: Table, maanden: Sequence[date]) -> list[date]:
    aangehecht = set(conn.execute(_AANGEHECHT, {"naam": tabel.name}).scalars())
    return [m for m in maanden if naam_van(tabel, m) not in aangehecht]


def _hecht_aan(conn: Connection, tabel: Table, maand: date) -> None:
    naam, (van, tot) = naam_van(tabel, maand), maanden_vanaf(maand, 2)
    # Made apart and then attached: that leaves the senders' inserts alone, where making it in place would hold them up.
    conn.exec_driver_sql(f"CREATE TABLE {naam} (LIKE {tabel.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)")
    conn.exec_driver_sql(f"ALTER TABLE {tabel.name} ATTACH PARTITION {naam} FOR VALUES FROM ('{van}') TO ('{tot}')")
    bewaak_partitie(conn, naam)
