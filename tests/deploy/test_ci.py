"""What docs/ci.md and the suite's container file say can be read by who must read it, and names commands and options that exist."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
DOCKERFILES = sorted((ROOT / "deploy").glob("*Dockerfile"))
INSTRUCTIONS = {
    "FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR", "ARG", "STOPSIGNAL",
    "HEALTHCHECK", "SHELL",
}  # fmt: skip


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def scripts() -> list[str]:
    """Every command line of the snippets."""
    found: list[str] = []
    for text in blocks("yaml"):
        data = yaml.safe_load(text)
        for job in data.get("jobs", data).values():
            if isinstance(job, dict):
                found += [s["run"] for s in job.get("steps", ()) if "run" in s] + job.get("script", [])
    return found


@cache
def options(command: str) -> str:
    done = subprocess.run([sys.executable, "-m", "conformance", command, "--help"], capture_output=True, text=True, check=False,
                          env={"COLUMNS": "400", "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert done.returncode == 0, f"vsb-conformance has no command {command}"
    return done.stdout


def test_the_snippets_are_what_their_ci_reads() -> None:
    actions, gitlab = [], []
    for text in blocks("yaml"):
        data: dict[Any, Any] = yaml.safe_load(text)
        (actions if "jobs" in data else gitlab).append(data)
    assert len(actions) == 2
    assert len(gitlab) == 1
    for action in actions:
        assert {"name", "jobs"} <= set(action)
        assert True in action  # YAML 1.1 reads the key `on` so
        for job in action["jobs"].values():
            assert {"runs-on", "steps", "permissions", "timeout-minutes"} <= set(job)
            assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    for job in gitlab[0].values():
        assert {"stage", "image", "script", "artifacts"} <= set(job)
        assert job["artifacts"]["reports"]["junit"].endswith("junit.xml")


def test_every_command_and_option_that_the_snippets_name_exists() -> None:
    lines = [shlex.split(line) for line in [*scripts(), *re.findall(r'`(vsb-conformance [^`…"]*)', PAGE)]]
    ours = [words for words in lines if words and words[0] == "vsb-conformance"]
    assert len(ours) >= 6
    for words in ours:
        known = options(words[1])
        assert [w for w in words[2:] if w.startswith("--") and not re.search(rf"{w}\b", known)] == [], words


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda f: f.name)
def test_a_container_file_has_only_valid_instructions_and_copies_what_is_there(file: Path) -> None:
    text = re.sub(r"\\\n", " ", file.read_text(encoding="utf-8"))
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines[0][0] == "FROM"
    assert {word for word, _ in lines} <= INSTRUCTIONS
    stages = set()
    for word, rest in lines:
        if word == "FROM":
            assert re.fullmatch(r"[a-z0-9./-]+:[A-Za-z0-9.-]+(?: AS [a-z]+)?", rest), rest
            stages |= set(re.findall(r" AS ([a-z]+)", rest))
        if word == "COPY":
            sources = [s for s in rest.split()[:-1] if not s.startswith("--")]
            stage = re.search(r"--from=(\w+)", rest)
            assert stage is None or stage[1] in stages, rest
            assert stage is not None or all((ROOT / s).exists() for s in sources), rest
        if word in ("CMD", "ENTRYPOINT") and rest.startswith("["):
            assert all(isinstance(part, str) for part in json.loads(rest))
    users = [rest for word, rest in lines if word == "USER"]
    assert users
    assert users[-1] != "root"
