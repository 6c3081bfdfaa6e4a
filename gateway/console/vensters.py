"""Looking at a large table through a window: bounds on ids instead of counts over everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum

from sqlalchemy import ColumnElement, Connection, Select, func, select

from gateway.clock import BRUSSELS
from gateway.console.opmaak import aantal
from gateway.store.identifiers import eerste_id


class Venster(Enum):
    """How far back a screen looks; the first word is what stands in the address."""

    UUR = ("1u", "het laatste uur", timedelta(hours=1))
    DAG = ("24u", "de laatste 24 uur", timedelta(hours=24))
    WEEK = ("7d", "de laatste 7 dagen", timedelta(days=7))
    MAAND = ("31d", "de laatste 31 dagen", timedelta(days=31))
    ALLES = ("alles", "alles", None)

    def __init__(self, sleutel: str, naam: str, lengte: timedelta | None) -> None:
        self.sleutel, self.naam, self.lengte = sleutel, naam, lengte

    def begin(self, nu: datetime) -> datetime | None:
        return None if self.lengte is None else nu - self.lengte

    def eerste_id(self, nu: datetime) -> str:
        """The smallest id that a message received within it can have."""
        begin = self.begin(nu)
        return "" if begin is None else eerste_id(begin)


def venster_van(sleutel: str | None, anders: Venster = Venster.DAG) -> Venster:
    return next((v for v in Venster if v.sleutel == sleutel), anders)


@dataclass(frozen=True, kw_only=True)
class Telling:
    """A count that stopped at a bound."""

    aantal: int
    meer: bool = False
    """There are more than this."""

    def __add__(self, ander: Telling) -> Telling:
        return Telling(aantal=self.aantal + ander.aantal, meer=self.meer or ander.meer)

    def __str__(self) -> str:
        """12.345, or ≥ 10.000"""
        return f"{'≥ ' if self.meer else ''}{aantal(self.aantal)}"


NUL = Telling(aantal=0)


def begrensd(query: Select[tuple[str]], meest: int) -> ColumnElement[int]:
    """A scalar that counts at most one more than `meest` rows of a query."""
    return select(func.count()).select_from(query.limit(meest + 1).subquery()).scalar_subquery()


def telling(geteld: int, meest: int) -> Telling:
    return Telling(aantal=min(geteld, meest), meer=geteld > meest)


def tel(conn: Connection, query: Select[tuple[str]], meest: int) -> Telling:
    """Count the rows of a query, at most so many."""
    return telling(int(conn.execute(select(begrensd(query, meest))).scalar_one()), meest)


def dag_van(tekst: str | None) -> date | None:
    """A day as a date field gives it; None when it is none, or so near the ends of the calendar that it has no UTC and no id."""
    try:
        dag = date.fromisoformat(tekst or "")
    except ValueError:
        return None
    return dag if 1980 <= dag.year <= 2200 else None


def middernacht(dag: date) -> datetime:
    """The first moment of a Belgian day."""
    return datetime.combine(dag, time(), BRUSSELS)
