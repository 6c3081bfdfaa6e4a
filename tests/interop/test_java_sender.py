"""A vendor's Java program, signing with WSS4J, is judged as the sender and passes what it can do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.sender.hook import ProgramHook
from conformance.sender.server import judge_sender
from conformance.sender.session import Options
from conformance.server.reference import free_port
from conformance.verdict import Verdict
from tests.interop.test_java_wss4j import INSTALL, JARS

SOURCE = Path(__file__).parents[2] / "docs" / "examples" / "java" / "SessionHook.java"
PASSES = [
    "bericht/vraag-els",
    "bericht/start-els",
    "afzender/getekend-vraag",
    "afzender/getekend-aanvraag",
    "afzender/stilte-na",
    "afzender/503",
]


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> ProgramHook:
    javac = shutil.which("javac")
    missing = [str(jar) for jar in JARS if not jar.is_file()]
    if javac is None or missing:
        pytest.fail(f"{', '.join(missing) or 'javac'} not found: {INSTALL}", pytrace=False)
    folder = tmp_path_factory.mktemp("java")
    path = ":".join(map(str, [folder, *JARS]))
    built = subprocess.run([javac, "-cp", path, "-d", folder, SOURCE], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return ProgramHook(command=("java", "-cp", path, "SessionHook"))


def test_a_sender_with_wss4j_passes(hook: ProgramHook, tmp_path: Path) -> None:
    # WSS4J takes the time of day, so the suite does too.
    options = Options(pijler="eibwfin", port=free_port(), patience=1.0, late=0.3, quiet=0.0)
    run = judge_sender("eibwfin", hook, tmp_path, scenarios=PASSES, options=options)
    told = {
        r.scenario: [(c.name, c.expected, c.got) for c in r.checks if c.verdict is not Verdict.PASS] for r in run.results.values()
    }
    assert {s: r.verdict for s, r in run.results.items()} == {f"eibwfin/{s}": Verdict.PASS for s in PASSES}, told
