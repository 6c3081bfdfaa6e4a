"""Attestation: a complete passing run becomes a signed statement; the central application verifies it before it registers it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from conformance.evidence import STATEMENT, TRAFFIC, EvidenceProblem, Package, evidence_list, pack, unpack
from conformance.plan import SUITE_VERSION, Level, PlanError, Scenario, digest
from conformance.plans import plan_of
from conformance.store import load
from conformance.verdict import Run, Verdict, run_from_json
from gateway.berichten.attestatie import Attestatie, lees_attestatie, schrijf_attestatie
from gateway.berichten.names import ATTESTATIE
from gateway.cookbook.laden import load_cookbooks
from gateway.paths import data_dir
from gateway.refusal import Refusal
from gateway.schema import registry
from gateway.trust.identity import Identity, read_identity
from gateway.trust.sealed import AcceptCertificate, verify_sealed
from gateway.trust.signing import Signer, seal
from gateway.wire.names import q

OLDEST_SUITE = "1.0.0"
"""Runs of an older suite are not registered any more."""
_PASSED = (Verdict.PASS, Verdict.WARNING)
Plans = Callable[[str, str], Sequence[Scenario]]


class AttestationProblem(ValueError):
    """The run does not prove what is stated; `reasons` says why, in Dutch, each with what to do."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, kw_only=True)
class Attested:
    """A statement that was verified, with who signed it."""

    statement: Attestatie
    signer: Identity
    document: bytes
    """The sealed statement, to be kept."""


def attest(folder: Path, signer: Signer, now: datetime, *, plans: Plans = plan_of) -> Path:
    """Seal a statement about the run in a folder, and pack it with its evidence as `attestatie.zip`.

    Raises:
        AttestationProblem: the run is not complete, or not passed.
        RecordError: the folder holds no run.
    """
    run = load(folder)
    must = _must(run, plans)
    files = {f"{TRAFFIC}/{p.name}" for p in (folder / TRAFFIC).glob("*")}
    if reasons := [*_named(run), *_short(run, must), *_no_traffic(run, must, files)]:
        raise AttestationProblem(reasons)
    statement = Attestatie(
        leverancier=run.vendor,
        product=run.product,
        versie=run.version,
        pijler=run.pillar,
        rol=run.role,
        cookbook=_cookbook_version(run.pillar),
        suite=run.suite,
        plan=run.plan,
        sessie=run.id,
        datum=now,
        verplicht=len(must),
        beoordeeld=_judged(run, must),
        bewijs=hashlib.sha256(evidence_list(folder)).hexdigest(),
    )
    document = seal(schrijf_attestatie(statement), signer, now)
    return pack(folder, document, folder / "attestatie.zip")


def verify(octets: bytes, accept: AcceptCertificate, now: datetime, *, plans: Plans = plan_of) -> Attested:
    """Whether a package proves what its statement says.

    Raises:
        AttestationProblem: with every reason that could be found.
    """
    try:
        package = unpack(octets)
    except EvidenceProblem as problem:
        raise AttestationProblem([f"het bewijs is niet ongeschonden: {problem}"]) from problem
    statement, signer = _statement(package, accept, now)
    reasons = []
    if statement.bewijs != package.list_digest:
        reasons.append("de lijst van het bewijs is niet die waarover de verklaring gaat")
    try:
        run = run_from_json(json.loads(package.record))
    except (ValueError, KeyError, TypeError) as error:
        raise AttestationProblem([*reasons, f"het verslag is niet te lezen ({type(error).__name__})"]) from error
    reasons += _other(statement, run)
    if reasons:
        raise AttestationProblem(reasons)
    must = _must(run, plans)
    if reasons := [*_short(run, must), *_no_traffic(run, must, package.files)]:
        raise AttestationProblem(reasons)
    if (statement.verplicht, statement.beoordeeld) != (len(must), _judged(run, must)):
        raise AttestationProblem(["het aantal scenario's of beoordelingen in de verklaring is niet dat van het verslag"])
    return Attested(statement=statement, signer=signer, document=package.statement)


def _statement(package: Package, accept: AcceptCertificate, now: datetime) -> tuple[Attestatie, Identity]:
    try:
        sealed = verify_sealed(package.statement, accept, now)
        if sealed.content.tag != q(ATTESTATIE, "Attestatie"):
            raise AttestationProblem([f"{STATEMENT} is geen Attestatie"])
        registry.check(sealed.content)
        return lees_attestatie(sealed.content), read_identity(sealed.certificate)
    except Refusal as refusal:
        first = refusal.findings[0]
        raise AttestationProblem([f"de verklaring is niet te geloven: {first.nl} {first.remedy or ''}".strip()]) from refusal


def _must(run: Run, plans: Plans) -> list[str]:
    if _version(run.suite) < _version(OLDEST_SUITE):
        raise AttestationProblem([f"suite {run.suite} is te oud: minstens {OLDEST_SUITE}; voer de sessie opnieuw uit"])
    try:
        plan = list(plans(run.role, run.pillar))
    except PlanError as error:
        raise AttestationProblem([str(error)]) from error
    if run.suite != SUITE_VERSION or digest(plan) != run.plan:
        raise AttestationProblem(
            [f"het plan van de sessie (suite {run.suite}) is niet dat van suite {SUITE_VERSION} voor {run.role}, {run.pillar}"]
        )
    return [s.id for s in plan if s.niveau is Level.MUST]


def _version(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    return tuple(int(p) for p in parts) if all(p.isdigit() for p in parts) else (0,)


def _named(run: Run) -> list[str]:
    missing = [
        word for word, value in (("leverancier", run.vendor), ("product", run.product), ("versie", run.version)) if not value
    ]
    return [f"de sessie noemt geen {', '.join(missing)}"] if missing else []


def _short(run: Run, must: Sequence[str]) -> list[str]:
    """Must-scenarios that are not there or did not pass; a known deviation is no pass here."""
    absent = [s for s in must if s not in run.results]
    failed = [s for s in must if s in run.results and run.results[s].verdict not in _PASSED]
    told = []
    if absent:
        told.append(f"{len(absent)} verplichte scenario's ontbreken: {', '.join(absent[:5])}")
    if failed:
        told.append(f"{len(failed)} verplichte scenario's zijn niet geslaagd: {', '.join(failed[:5])}")
    return told


def _judged(run: Run, must: Sequence[str]) -> int:
    return sum(run.results[s].override is not None for s in must if s in run.results)


def _no_traffic(run: Run, must: Sequence[str], files: Collection[str]) -> list[str]:
    results = [run.results[s] for s in must if s in run.results]
    bare = [r.scenario for r in results if not r.traffic or any(f"bewijs/{t}" not in files for t in r.traffic)]
    return [f"van {len(bare)} scenario's ontbreekt het verkeer: {', '.join(bare[:5])}"] if bare else []


def _other(statement: Attestatie, run: Run) -> list[str]:
    pairs = {
        "product": (statement.product, run.product),
        "leverancier": (statement.leverancier, run.vendor),
        "versie": (statement.versie, run.version),
        "pijler": (statement.pijler, run.pillar),
        "rol": (statement.rol, run.role),
        "suite": (statement.suite, run.suite),
        "plan": (statement.plan, run.plan),
        "sessie": (statement.sessie, run.id),
    }
    return [f"{name} in de verklaring is {a}, in het verslag {b}" for name, (a, b) in pairs.items() if a != b]


def _cookbook_version(pillar: str) -> str:
    books = load_cookbooks(data_dir("cookbooks"))
    return books[pillar].versie if pillar in books else "alle"
