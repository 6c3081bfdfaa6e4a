"""The suite as central application towards a zorgkas: the reference receiver passes, and a verdict says what is wrong and what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from conformance.plan import Level
from conformance.requirements import coverage
from conformance.verdict import Result, Run, Verdict, run_from_json
from conformance.zorgkas.role import zorgkas_plan
from conformance.zorgkas.run import UsageError, kas_of, run_zorgkas
from tests.support import running_receiver

KEPT = """
import pathlib, sys
found = list(pathlib.Path({folder!r}).glob("*/" + sys.argv[1] + ".xml"))
sys.exit({{0: 1, 1: 0}}.get(len(found), 2))
"""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="module")
def whole(evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of everything against the reference receiver."""
    folder = tmp_path_factory.mktemp("kas")
    hook = folder / "kept.py"
    hook.write_text(KEPT.format(folder=str(folder / "received")))
    with running_receiver(folder / "received") as base:
        return run_zorgkas(f"{base}/zorgkas/280", kept=f"{sys.executable} {hook}", evidence=evidence, mask=True)


def test_there_are_enough_scenarios_and_each_proves_what_a_cookbook_demands() -> None:
    plan = zorgkas_plan()
    assert len(plan) >= 25
    assert len({s.id for s in plan}) == len(plan)
    coverage(plan)


def test_the_reference_receiver_passes_everything(whole: Run) -> None:
    wrong = {r.scenario: [c for c in r.checks if c.verdict is not Verdict.PASS] for r in whole.results.values()}
    assert {k: v for k, v in wrong.items() if v} == {}
    assert whole.passed
    assert set(whole.results) == {s.id for s in zorgkas_plan()}


def test_what_was_kept_was_really_asked(whole: Run) -> None:
    asked = [c for r in whole.results.values() for c in r.checks if c.name == "Bewaard"]
    assert {c.got for c in asked} == {"één keer bewaard", "niet bewaard"}


def test_the_evidence_holds_every_exchange(whole: Run, evidence: Path) -> None:
    files = [f for r in whole.results.values() for f in r.traffic]
    assert len(files) == len(set(files)) > len(whole.results)
    assert {p.name for p in evidence.iterdir()} == set(files)
    assert b"ResultMajor" in (evidence / whole.results["zorgkas/aanvraag"].traffic[1]).read_bytes()


def test_a_run_survives_being_written_and_read(whole: Run) -> None:
    assert run_from_json(whole.as_json()).counts() == whole.counts()


class _Page(BaseHTTPRequestHandler):
    """A web server that is no receiver."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"<!DOCTYPE html><html>Welkom</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def page() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/zorgkas/280"
    server.shutdown()
    server.server_close()


def only(run: Run) -> Result:
    (result,) = run.results.values()
    return result


def test_a_web_page_is_told_what_a_receipt_is(page: str) -> None:
    result = only(run_zorgkas(page, only=["zorgkas/aanvraag"]))
    assert result.verdict is Verdict.FAIL
    wrong = next(c for c in result.checks if c.verdict is Verdict.FAIL and c.remedy)
    assert wrong.expected == "een SOAP 1.1-envelop van hoogstens 1 MiB"
    assert "postResponse" in wrong.remedy


def test_a_web_page_is_no_refusal(page: str) -> None:
    result = only(run_zorgkas(page, only=["zorgkas/niet-ondertekend"]))
    assert result.verdict is Verdict.FAIL
    assert result.checks[0].got == "HTTP 200, een HTML-bladzijde"


def test_what_the_plan_only_advises_is_a_warning(page: str) -> None:
    advised = next(s.id for s in zorgkas_plan() if s.niveau is Level.SHOULD)
    assert only(run_zorgkas(page, only=[advised])).verdict is Verdict.WARNING


def test_nobody_there_is_a_verdict_and_the_run_goes_on() -> None:
    run = run_zorgkas(
        "http://127.0.0.1:9/zorgkas/280", only=["zorgkas/aanvraag", "zorgkas/opnieuw", "zorgkas/traag", "zorgkas/afgebroken"]
    )
    assert {r.verdict for r in run.results.values()} == {Verdict.FAIL}
    assert len(run.results) == 4
    assert "niet bereikbaar" in run.results["zorgkas/aanvraag"].checks[0].got


def test_the_zorgkas_is_read_from_the_address_or_asked() -> None:
    assert kas_of("https://vsb.kas.example:8443/zorgkas/480") == "480"
    with pytest.raises(UsageError, match="--zorgkas"):
        run_zorgkas("https://vsb.kas.example/async")
    with pytest.raises(UsageError, match="zorgkas/bestaat-niet"):
        run_zorgkas("http://127.0.0.1:9/zorgkas/280", only=["zorgkas/bestaat-niet"])


def test_a_hook_that_fails_is_not_taken_for_a_yes(tmp_path: Path) -> None:
    with running_receiver(tmp_path / "received") as base:
        result = only(run_zorgkas(f"{base}/zorgkas/280", only=["zorgkas/aanvraag"], kept="/bestaat/niet"))
    assert result.verdict is Verdict.FAIL
    assert result.checks[-1].got == "het programma van --bewaard mislukte"


def test_the_command_judges_a_receiver_and_writes_its_reports(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conformance", "run", "--role", "zorgkas", "--out", str(tmp_path / "out")]
    with running_receiver(tmp_path / "received") as base:
        chosen = ["--scenario", "zorgkas/aanvraag", "--scenario", "zorgkas/sha1"]
        good = subprocess.run([*command, "--target", f"{base}/zorgkas/280", *chosen], capture_output=True, text=True, check=False)
        assert good.returncode == 0, good.stdout + good.stderr
        assert "1 van 1 verplichte scenario's" in good.stdout
        assert {p.name for p in (tmp_path / "out").iterdir()} == {"bewijs", "junit.xml", "verslag.html", "verslag.json"}
        other = subprocess.run(
            [*command, "--target", f"{base}/zorgkas/999", *chosen], capture_output=True, text=True, check=False
        )
        assert other.returncode == 2
        assert "--zorgkas" in other.stdout
        wrong = subprocess.run(
            [*command, "--target", f"{base}/zorgkas/280", "--zorgkas", "380", *chosen],
            capture_output=True,
            text=True,
            check=False,
        )
        assert wrong.returncode == 1
