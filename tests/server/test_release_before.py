"""A release that goes on working while the next one is installed: its processes on the new schema, beside the new ones."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from lxml import etree

from gateway.berichten.names import ZORGKAS
from tests.server.test_main_job import wait_for
from tests.support import PERSONS, RunningGateway, free_port

pytestmark = pytest.mark.both_engines
ROOT = Path(__file__).parents[2]
FIRST_NEW_STEP = "gateway/store/migrations/versions/0009_console.py"
"""The release before ends where this release's first step of the schema was added; move it with each release."""
LAST_STEP = max(p.name[:4] for p in (ROOT / FIRST_NEW_STEP).parent.glob("0*.py"))


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout


@pytest.fixture(scope="session")
def release_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the release before, out of the history."""
    if git("rev-parse", "--is-shallow-repository").strip() == b"true":
        git("fetch", "--unshallow")
    added = git("log", "--format=%H", "--diff-filter=A", "--", FIRST_NEW_STEP).split()[-1].decode()
    archive = git("archive", f"{added}^", "gateway", "conformance", "cookbooks", "xsd", "certs-sample")
    folder = tmp_path_factory.mktemp("release-before")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def send(gateway: RunningGateway, person: str, **kind: object) -> tuple[str, str, str]:
    days = {"sofie": 40}.get(person, 2)
    start = {"StartVerblijf": {"Startdatum": gateway.today() - timedelta(days=days), "TypeVerblijf": "regulier"}}
    answer = gateway.facility().indienen(str(uuid4()), PERSONS[person], **(kind or start))
    return answer.MessageId, answer.Uitkomst, answer.Dossiernummer


def outcome(gateway: RunningGateway, message_id: str) -> str:
    return str(gateway.facility().raadplegen(MessageId=message_id).Uitkomst)


def test_processes_of_the_release_before_work_on_the_new_schema_beside_the_new_ones(
    release_before: Path, new_database: Callable[[], str], tmp_path: Path
) -> None:
    port = free_port()
    common = {**os.environ, "VSB_HOST": "127.0.0.1", "VSB_DATABASE_URL": new_database()}
    # Without the safe path, `python -m` would find this checkout in the working directory first.
    old_environment = {**common, "VSB_PORT": str(port), "PYTHONPATH": str(release_before), "PYTHONSAFEPATH": "1"}
    run(old_environment, "reference", "sample", "--push-base", "http://127.0.0.1:9")
    old = RunningGateway(
        base=f"http://127.0.0.1:{port}",
        folder=tmp_path,
        environment=old_environment,
        process=None,  # type: ignore[arg-type]
    )
    port = free_port()
    new = replace(old, base=f"http://127.0.0.1:{port}", environment={**common, "VSB_PORT": str(port)}, folder=tmp_path / "new")
    new.folder.mkdir()
    old.start()
    try:
        before = send(old, "els")
        assert before[1] == "aanvaard"
        assert f"0008 → {LAST_STEP}" in run(new.environment, "database", "upgrade")

        started, held = send(old, "griet"), send(old, "sofie")
        assert (started[1], held[1]) == ("aanvaard", "in_beraad")
        annul = {"Annulering": {"Dossiernummer": before[2], "Motivering": "vergissing"}}
        assert send(old, "els", **annul)[1] == "aanvaard"
        new.start()
        end = {"Dossiernummer": started[2], "Einddatum": new.today() - timedelta(days=1), "Reden": "andere"}
        ended = send(new, "griet", EindeVerblijf=end)
        assert ended[1] == "aanvaard"
        again = send(new, "els")
        assert again[1] == "aanvaard"
        known = [before, started, held, ended, again]
        for gateway in (old, new):
            assert [outcome(gateway, m[0]) for m in known] == [m[1] for m in known]

        old.stop()
        assert f"→ {LAST_STEP}" in run(new.environment, "database", "upgrade", "--stage", "post")
        (dossier,) = new.facility().dossiers(Insz=PERSONS["griet"])
        assert {g.MessageId for g in dossier.Gebeurtenis} == {started[0], ended[0]}
        assert {d.Dossiernummer for d in new.facility().dossiers(Insz=PERSONS["sofie"])} == {held[2]}
        assert run(new.environment, "audit", "verify")
        given: list[str] = []

        def delivered() -> bool:
            for kas in map(new.kas, ("180", "380")):
                found = kas.get()
                given.extend(etree.fromstring(c).findtext(f"{{{ZORGKAS}}}MessageId") or "" for _, c, _ in found)
                kas.confirm([digest for _, _, digest in found])
            return {m[0] for m in known} <= set(given)

        wait_for(delivered)
        assert len(given) == len(set(given))
    finally:
        old.stop()
        if new.process is not None:
            new.stop()
