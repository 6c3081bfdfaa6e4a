"""A file for a spreadsheet, sent piece by piece."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from starlette.responses import StreamingResponse


def csv_antwoord(naam: str, rijen: Iterable[Sequence[Any]]) -> StreamingResponse:
    """Rows as a file with semicolons, that begins with a byte order mark: without one a spreadsheet takes é for two characters.

    Args:
        naam: of the file, without personal data.
    """
    headers = {"Content-Disposition": f'attachment; filename="{naam}"'}
    return StreamingResponse(_stroom(rijen), media_type="text/csv; charset=utf-8", headers=headers)


def _stroom(rijen: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield "\ufeff"
    for rij in rijen:
        regel = io.StringIO()
        csv.writer(regel, delimiter=";", lineterminator="\r\n").writerow(map(cel, rij))
        yield regel.getvalue()


def in_euro(centen: int) -> Decimal:
    """Cents as an amount in euro, which `cel` writes as a spreadsheet in Belgium reads it: -1234,56."""
    return Decimal(centen) / 100


def cel(waarde: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    if isinstance(waarde, Decimal):
        return f"{waarde:.2f}".replace(".", ",")
    return f"'{waarde}" if isinstance(waarde, str) and waarde.startswith(("=", "+", "-", "@", "\t", "\r")) else waarde
