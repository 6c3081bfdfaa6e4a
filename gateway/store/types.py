"""Column types and defaults that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, Date, DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import TypeDecorator

from gateway.store.identifiers import maand_van


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; a naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class DezeMaand(ColumnElement[Any]):
    """First day of the current month in UTC, as a column's default in the database itself."""

    type = Date()
    inherit_cache = True


@compiles(DezeMaand, "sqlite")
def _sqlite(_element: DezeMaand, _compiler: Any, **_options: Any) -> str:
    return "(date('now', 'start of month'))"


@compiles(DezeMaand, "postgresql")
def _postgresql(_element: DezeMaand, _compiler: Any, **_options: Any) -> str:
    return "(date_trunc('month', now() AT TIME ZONE 'UTC')::date)"


def maandkolom(van: str) -> Column[date]:
    """Column `maand`, that payload bytes are kept under: PostgreSQL has a partition for each month, the archive a file.

    Args:
        van: the column whose id says the month. An insert of the release before, which knows no months, gets the current one.
    """

    def uit_id(context: Any) -> date:
        return maand_van(context.get_current_parameters()[van])

    return Column("maand", Date, primary_key=True, default=uit_id, server_default=DezeMaand())
