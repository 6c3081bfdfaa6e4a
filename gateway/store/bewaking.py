"""Triggers by which the database itself holds: nothing is deleted that is not archived, and what happened is not rewritten.

There is none on INSERT, the hot path. Who owns the tables can still drop them or the triggers: they guard against a wrong
statement and a wrong program, the audit chain and the archive's own links against a wrong person.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

NOOIT_GEWIST = ("bericht", "levensstap", "beslissing", "poging", "levering", "archief")
"""Rows of these are never deleted."""
NOOIT_GEWIJZIGD = ("levensstap", "poging", "bericht_inhoud", "levering_inhoud", "archief")
"""Rows of these are never updated."""
GEARCHIVEERD_GEWIST = ("bericht_inhoud", "levering_inhoud")
"""Rows of these are deleted only when their month stands in `archief`."""

_GEWIST = "{}: rijen worden nooit gewist"
_GEWIJZIGD = "{}: rijen worden nooit gewijzigd"
_NIET_IN_ARCHIEF = "{}: octetten worden pas gewist als hun maand in het archief staat; zie vsb-gateway archive"
_GELEEGD = "{}: de tabel wordt nooit geleegd"
_GELEEGDE = sorted({*NOOIT_GEWIST, *NOOIT_GEWIJZIGD})

_FUNCTIES = (
    # 23001 is restrict_violation: a client sees an integrity error, as on SQLite.
    """CREATE FUNCTION vsb_weiger() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = '23001'; END $$""",
    """CREATE FUNCTION vsb_enkel_gearchiveerd() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM archief WHERE maand = OLD.maand) THEN
        RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = '23001';
      END IF;
      RETURN OLD;
    END $$""",
)


def zet_bewaking(conn: Connection) -> None:
    """Make the triggers; where a migration makes one of these tables anew, it calls `verwijder_bewaking` first and this last."""
    for opdracht in _postgresql() if conn.dialect.name == "postgresql" else _sqlite():
        conn.exec_driver_sql(opdracht)


def verwijder_bewaking(conn: Connection) -> None:
    """Drop the triggers."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("DROP FUNCTION vsb_weiger(), vsb_enkel_gearchiveerd() CASCADE")
        return
    for naam, _tabel, _gebeurtenis, _tekst, _als in _rijen():
        conn.exec_driver_sql(f"DROP TRIGGER {naam}")


def bewaak_partitie(conn: Connection, partitie: str) -> None:
    """Refuse TRUNCATE of one partition: what refuses single rows comes along from its table, this does not."""
    conn.exec_driver_sql(_truncate(partitie))


def _rijen() -> Iterator[tuple[str, str, str, str, str]]:
    """Name, table, event, text and SQLite's condition of each trigger on a row."""
    for tabel in NOOIT_GEWIST:
        yield f"bewaak_{tabel}_delete", tabel, "DELETE", _GEWIST.format(tabel), ""
    for tabel in NOOIT_GEWIJZIGD:
        yield f"bewaak_{tabel}_update", tabel, "UPDATE", _GEWIJZIGD.format(tabel), ""
    for tabel in GEARCHIVEERD_GEWIST:
        als = " WHEN NOT EXISTS (SELECT 1 FROM archief WHERE maand = OLD.maand)"
        yield f"bewaak_{tabel}_delete", tabel, "DELETE", _NIET_IN_ARCHIEF.format(tabel), als


def _sqlite() -> Iterator[str]:
    for naam, tabel, gebeurtenis, tekst, als in _rijen():
        yield f"CREATE TRIGGER {naam} BEFORE {gebeurtenis} ON {tabel}{als} BEGIN SELECT RAISE(ABORT, '{tekst}'); END"


def _postgresql() -> Iterator[str]:
    yield from _FUNCTIES
    for naam, tabel, gebeurtenis, tekst, als in _rijen():
        functie = "vsb_enkel_gearchiveerd" if als else "vsb_weiger"
        yield f"CREATE TRIGGER {naam} BEFORE {gebeurtenis} ON {tabel} FOR EACH ROW EXECUTE FUNCTION {functie}('{tekst}')"
    for tabel in _GELEEGDE:
        yield _truncate(tabel)


def _truncate(tabel: str) -> str:
    return (
        f"CREATE TRIGGER bewaak_{tabel}_truncate BEFORE TRUNCATE ON {tabel} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION vsb_weiger('{_GELEEGD.format(tabel)}')"
    )
