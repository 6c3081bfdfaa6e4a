"""A file for a spreadsheet, sent piece by piece."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from starlette.responses import StreamingResponse


def csv_antwoord(naam: str, rijen: Iterable[Sequence[Any]]) -> StreamingResponse:
    """Rows as a file with semicolons.

    Args:
        naam: of the file, without personal data.
    """
    headers = {"Content-Disposition": f'attachment; filename="{naam}"'}
    return StreamingResponse(_stroom(rijen), media_type="text/csv; charset=utf-8", headers=headers)


def _stroom(rijen: Iterable[Sequence[Any]]) -> Iterator[str]:
    for rij in rijen:
        regel = io.StringIO()
        csv.writer(regel, delimiter=";", lineterminator="\r\n").writerow(map(cel, rij))
        yield regel.getvalue()


def cel(waarde: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    return f"'{waarde}" if isinstance(waarde, str) and waarde.startswith(("=", "+", "-", "@", "\t", "\r")) else waarde
