"""A run on disk: one folder, one JSON record, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from conformance.verdict import Run, run_from_json

RECORD = "verslag.json"


class RecordError(ValueError):
    """The record of a run can not be read; the text names the file."""


def save(run: Run, folder: Path) -> Path:
    """Write the record in place of the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORD
    new = path.with_suffix(".nieuw")
    with new.open("w", encoding="utf-8") as file:
        json.dump(run.as_json(), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return path


def load(folder: Path) -> Run:
    """The record in a folder.

    Raises:
        RecordError: there is none, or it is none.
    """
    path = folder / RECORD
    try:
        return run_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path} is geen verslag van een sessie: {type(error).__name__}") from error
