"""`make mutation`: changes the verifier and the path policy in every small way, and sees whether a test notices.

Which files and which tests: [tool.mutmut] in pyproject.toml. Each change that no test notices must be explained: by its kind
(only a text for people changed), or by an entry in explained.toml. Arguments are names of mutants, with * for any part.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TEXT = re.compile(
    r"^\s*(place|line|expected|found|remedie|#)\b|\b(place|line|expected|found)=|Refusal\(|_refuse\(|OcspError\(|verdict\(|log\."
)
"""Lines whose change only alters what a refusal or a log line tells a person; the code of a refusal is tested elsewhere."""
_CODE = re.compile(r"Code\.[A-Z_]+")


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed."""

    name: str
    removed: list[str]
    added: list[str]

    @property
    def only_text(self) -> bool:
        """Whether it changes a text and nothing else: the refusal, and its code, stay."""
        lines = [line for line in (*self.removed, *self.added) if line.strip(" ),(")]
        same_codes = _CODE.findall(" ".join(self.removed)) == _CODE.findall(" ".join(self.added))
        return same_codes and all(_TEXT.search(line) or line.strip().startswith(('"', "'", 'f"')) for line in lines)

    def __str__(self) -> str:
        return f"{self.name}\n  - {' '.join(s.strip() for s in self.removed)}\n  + {' '.join(s.strip() for s in self.added)}"


def main(arguments: list[str]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="vsb-mutation-"))
    try:
        _copy(folder)
        subprocess.run([_program(), "run", "--max-children", "2", *arguments], cwd=folder, check=False)
        return _judge(folder, part=bool(arguments))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(folder: Path) -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def _judge(folder: Path, *, part: bool) -> int:
    counts, survivors = _results(folder)
    explained = tomllib.loads((Path(__file__).parent / "explained.toml").read_text(encoding="utf-8"))["change"]
    open_, by_text, by_line = [], 0, 0
    unused = {index: e["change"] for index, e in enumerate(explained)}
    for survivor in survivors:
        fitting = [index for index, e in enumerate(explained) if _explains(e, survivor)]
        for index in fitting:
            unused.pop(index, None)
        if survivor.only_text:
            by_text += 1
        elif fitting:
            by_line += 1
        else:
            open_.append(survivor)
    for survivor in open_:
        print(f"not explained: {survivor}")
    if not part:
        for change in unused.values():
            print(f"explains nothing any more, take it out of explained.toml: {change}")
    print(f"survivors: {by_text} change only a text for people, {by_line} are explained in explained.toml, {len(open_)} are open")
    killed = counts.get("killed", 0) + counts.get("timeout", 0)
    print(f"mutation: {sum(counts.values())} mutants, {killed} killed, {len(survivors)} survived, {by_text + by_line} explained")
    return 1 if open_ or not counts or (unused and not part) else 0


def _explains(entry: dict[str, str], survivor: Survivor) -> bool:
    return bool(re.search(entry["module"], survivor.name) and re.search(entry["change"], str(survivor), re.DOTALL))


def _results(folder: Path) -> tuple[dict[str, int], list[Survivor]]:
    listing = subprocess.run(
        [_program(), "results", "--all", "true"], cwd=folder, capture_output=True, text=True, check=False
    ).stdout
    counts: dict[str, int] = {}
    survivors: list[Survivor] = []
    for line in listing.splitlines():
        name, _, status = line.strip().rpartition(": ")
        if not name:
            continue
        counts[status] = counts.get(status, 0) + 1
        if status in ("survived", "no tests", "suspicious"):
            survivors.append(_survivor(folder, name))
    return counts, survivors


def _survivor(folder: Path, name: str) -> Survivor:
    shown = subprocess.run(
        [_program(), "show", name], cwd=folder, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    body = [line for line in shown if not line.startswith(("---", "+++", "#"))]
    return Survivor(name, [s[1:] for s in body if s.startswith("-")], [s[1:] for s in body if s.startswith("+")])


def _program() -> str:
    return str(Path(sys.executable).parent / "mutmut")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
