"""A complete passing run becomes an attest; a byte changed, a scenario missing or failed, an old suite: refused, with why."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from conformance.attestation import AttestationProblem, attest, verify
from conformance.evidence import STATEMENT
from conformance.plan import Scenario
from conformance.server.runner import Options, choose, fixed_target, new_run, run_server, server_plan
from conformance.store import load, save
from conformance.verdict import Check, Override, Verdict
from conformance.walkthrough import sample_signer
from gateway.paths import data_dir
from gateway.reference.attestaties import Bewezen, attestaties, opnieuw_nodig, registreer
from gateway.reference.register import Door, Registerfout
from gateway.store.engine import Store
from gateway.trust.chain import load_trust_store
from gateway.trust.revocation import RevocationMode
from tests.support import RunningGateway

PART = ["ENV-001", "WSS-003", "CER-003"]
NOW = datetime.now(UTC)


def plans(_role: str, _pillar: str) -> list[Scenario]:
    return choose(server_plan(), ids=PART)


def accept(der: bytes, certificate: x509.Certificate, moment: datetime) -> None:
    certs = data_dir("certs-sample")
    crls = [certs / "crl/issuing-ca.crl", certs / "crl/root-ca.crl"]
    load_trust_store(certs / "ca-bundle.pem", crls, RevocationMode.GRACE).accept(der, certificate, moment)


@pytest.fixture(scope="module")
def passed(gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("attest")
    plan = plans("", "")
    run = new_run(plan, pillar="eibwfin")
    run.vendor, run.product, run.version = "ZorgSoft nv", "ZorgSoft", "3.3"
    assert run_server(run, plan, fixed_target(gateway.base), Options(out=out)).passed
    return out


@pytest.fixture
def folder(passed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(passed, tmp_path / "run"))


def reasons(octets: bytes) -> str:
    with pytest.raises(AttestationProblem) as caught:
        verify(octets, accept, NOW + timedelta(minutes=5), plans=plans)
    return "; ".join(caught.value.reasons)


def repacked(path: Path, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The same package with other content in some file; None leaves it out."""
    new = path.with_name("other.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w") as made:
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                made.writestr(name, content)
    return new.read_bytes()


def test_a_passing_run_is_stated_signed_and_verified(folder: Path) -> None:
    package = attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)
    found = verify(package.read_bytes(), accept, NOW + timedelta(minutes=5), plans=plans)
    assert (found.statement.product, found.statement.versie, found.statement.pijler) == ("ZorgSoft", "3.3", "eibwfin")
    assert (found.statement.verplicht, found.statement.beoordeeld) == (3, 0)
    assert found.statement.sessie == load(folder).id
    assert "72090103" in found.signer.label


def test_a_changed_missing_or_added_file_is_noticed(folder: Path) -> None:
    package = attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)
    traffic = next(n for n in zipfile.ZipFile(package).namelist() if n.startswith("bewijs/"))
    told = reasons(repacked(package, lambda n, c: c[:-1] + b"x" if n == traffic else c))
    assert "niet ongeschonden" in told
    assert traffic in told
    assert "niet in het pakket" in reasons(repacked(package, lambda n, c: None if n == traffic else c))
    more = package.read_bytes()
    with zipfile.ZipFile(folder / "more.zip", "w") as made, zipfile.ZipFile(package) as old:
        for name in old.namelist():
            made.writestr(name, old.read(name))
        made.writestr("bewijs/extra", b"x")
    assert "niet in de lijst" in reasons((folder / "more.zip").read_bytes())
    assert verify(more, accept, NOW + timedelta(minutes=5), plans=plans)


def test_a_statement_that_somebody_changed_or_a_stranger_signed_is_not_believed(folder: Path) -> None:
    package = attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)
    assert "niet te geloven" in reasons(repacked(package, lambda n, c: c.replace(b">3.3<", b">9.9<") if n == STATEMENT else c))
    strange = attest(folder, sample_signer("bad-wrong-issuer"), NOW, plans=plans)
    assert "niet te geloven" in reasons(strange.read_bytes())


def test_a_record_whose_verdict_was_painted_over_is_judged_by_its_checks(folder: Path) -> None:
    run = load(folder)
    bad = replace(run.results["WSS-003"], checks=(Check(name="x", verdict=Verdict.FAIL, expected="a", got="b"),))
    run.results["WSS-003"] = bad
    path = save(run, folder)
    data = json.loads(path.read_text(encoding="utf-8"))
    for result in data["results"]:
        result["verdict"] = result["found"] = "pass"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(AttestationProblem, match="niet geslaagd: WSS-003"):
        attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("missing", "ontbreken: CER-003"),
        ("expected", "niet geslaagd: CER-003"),
        ("old", "te oud"),
        ("plan", "is niet dat van suite"),
        ("nameless", "noemt geen product"),
    ],
)
def test_a_run_that_does_not_prove_it_is_not_stated(folder: Path, what: str, told: str) -> None:
    run = load(folder)
    fail = (Check(name="x", verdict=Verdict.FAIL, expected="a", got="b"),)
    if what == "missing":
        del run.results["CER-003"]
    elif what == "expected":
        run.results["CER-003"] = replace(run.results["CER-003"], checks=fail, expected_failure="nog te bouwen")
    elif what == "old":
        run.suite = "0.9.0"
    elif what == "plan":
        run.plan = "0" * 64
    else:
        run.product = ""
    save(run, folder)
    with pytest.raises(AttestationProblem, match=told):
        attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)


def test_a_judgement_of_a_person_is_counted_in_the_statement(folder: Path) -> None:
    run = load(folder)
    judged = Override(verdict=Verdict.PASS, by="An", comment="nagekeken", at=NOW.isoformat())
    run.results["CER-003"] = replace(run.results["CER-003"], override=judged)
    save(run, folder)
    package = attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)
    assert verify(package.read_bytes(), accept, NOW + timedelta(minutes=5), plans=plans).statement.beoordeeld == 1


@pytest.mark.parametrize("octets", [b"", b"geen zip", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_package_is_said_to_be_none(octets: bytes) -> None:
    assert "geen pakket" in reasons(octets)


def test_a_registered_run_is_an_attest_with_an_end_and_is_registered_once(folder: Path, store: Store) -> None:
    package = attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)
    found = verify(package.read_bytes(), accept, NOW + timedelta(minutes=5), plans=plans)
    server = Bewezen(attestatie=found.statement, ondertekenaar=found.signer.label, verklaring=found.document)
    proven = replace(server, attestatie=replace(found.statement, rol="afzender"))
    door, today = Door(actor="An", tijdstip=NOW), date(2026, 3, 1)
    with store.writing() as conn, pytest.raises(Registerfout, match="rol"):
        registreer(conn, server, "VSB-2026-0007", today, today + timedelta(days=100), door)
    with store.writing() as conn:
        registreer(conn, proven, "VSB-2026-0007", today, today + timedelta(days=100), door)
    with store.writing() as conn, pytest.raises(Registerfout, match="sessie"):
        registreer(conn, proven, "VSB-2026-0008", today, today + timedelta(days=100), door)
    with store.reading() as conn:
        (row,) = attestaties(conn)
    assert (row.attest, row.product, row.versie_tot, row.verklaring) == ("VSB-2026-0007", "ZorgSoft", "3.3", found.document)
    assert opnieuw_nodig(row, {}, today) == ""
    assert "vervalt" in opnieuw_nodig(row, {}, today + timedelta(days=60))
    assert "vervallen" in opnieuw_nodig(row, {}, today + timedelta(days=101))


def test_the_command_refuses_a_run_of_a_part_and_says_why(folder: Path, gateway: RunningGateway) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "attest", "--out", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is niet dat van suite" in done.stdout.replace("\n", " ")
    package = attest(folder, sample_signer("facility-ibw-1"), NOW, plans=plans)
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "attestations", "register", str(package), "--number", "X-1", "--reason", "proef"],
        capture_output=True, text=True, check=False, env=gateway.environment,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Nee:" in done.stderr
