"""Reports of a run: HTML for people, JUnit for a CI, JSON for machines; the same file names from run to run."""

from __future__ import annotations

from pathlib import Path

from conformance.report.html import write_html
from conformance.report.junit import write_junit
from conformance.store import save
from conformance.verdict import Run

__all__ = ["write_reports"]


def write_reports(run: Run, folder: Path) -> dict[str, Path]:
    """Write all of them.

    Args:
        folder: where the run's evidence is too, in `bewijs/`.

    Returns:
        `html`, `junit` and `json` to the file.
    """
    return {
        "html": write_html(run, folder, folder / "verslag.html"),
        "junit": write_junit(run, folder / "junit.xml"),
        "json": save(run, folder),
    }
