"""One HTML file that needs nothing beside it: it can be mailed, printed and kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from conformance.requirements import texts
from conformance.verdict import Result, Run, Verdict

_HERE = Path(__file__).parent
_PAGES = Environment(
    loader=FileSystemLoader(_HERE), autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True
)
_SHOWN = 6_000
"""Characters of an exchange that stand in the report; the whole is in the evidence."""
_RANK = {Verdict.FAIL: 0, Verdict.REVIEW: 1, Verdict.WARNING: 2, Verdict.SKIPPED: 3, Verdict.PASS: 4}
WORDS = {
    Verdict.PASS: "geslaagd",
    Verdict.FAIL: "mislukt",
    Verdict.WARNING: "waarschuwing",
    Verdict.REVIEW: "na te kijken",
    Verdict.SKIPPED: "overgeslagen",
}
"""Verdict to the word that people read."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An exchange as the report shows it."""

    file: str
    text: str
    cut: bool


def write_html(run: Run, folder: Path, path: Path) -> Path:
    """Write the page; what failed stands first and shows its traffic."""
    results = sorted(run.results.values(), key=lambda r: r.family)
    families = [(family, list(part)) for family, part in groupby(results, key=lambda r: r.family)]
    page = _PAGES.get_template("verslag.html").render(
        run=run,
        styles=(_HERE / "verslag.css").read_text(encoding="utf-8"),
        families=[(family, sorted(part, key=lambda r: _RANK[r.verdict])) for family, part in families],
        counts=[(v, WORDS[v], sum(r.verdict is v for r in results)) for v in _RANK],
        must=_level(results, "must"),
        should=_level(results, "should"),
        words=WORDS,
        requirement=texts(),
        traffic=lambda result: _traffic(result, folder),
        Verdict=Verdict,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _level(results: list[Result], level: str) -> tuple[int, int]:
    """How many of a level keep nobody from passing, and how many there are."""
    those = [r for r in results if r.level == level]
    return sum(r.ok for r in those), len(those)


def _traffic(result: Result, folder: Path) -> list[Shown]:
    found = []
    for name in result.traffic:
        file = folder / "bewijs" / name
        if result.verdict is Verdict.PASS or not file.is_file():
            continue
        with file.open("rb") as octets:
            text = octets.read(_SHOWN + 1).decode("utf-8", "replace")
        found.append(Shown(file=f"bewijs/{name}", text=text[:_SHOWN], cut=len(text) > _SHOWN))
    return found
