"""Runs a plan against central applications: track by track, each result kept at once, so that a run can go on later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

from cryptography import x509

from conformance.berichten.world import World
from conformance.derived import derived
from conformance.plan import SUITE_VERSION, Role, Scenario, digest, load_folder, unique
from conformance.server.reference import NotUp, reference_gateway
from conformance.server.role import ServerRole
from conformance.store import save
from conformance.traffic import Wire
from conformance.verdict import Check, Result, Run, Verdict
from conformance.walkthrough import sample_signer
from gateway.clock import BRUSSELS, Clock, system_clock
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode

Heard = Callable[[Result, int, int], None]
"""Called after each scenario: its result, how many are done, how many there are."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A central application as the suite sees it."""

    base: str
    clock: Clock
    verify: bool | str = True


Targets = Callable[[str, str], AbstractContextManager[Target]]
"""Track and clock (`28` or empty) to the application that the track runs on."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a run is carried out."""

    out: Path
    """Folder of its record, evidence and reports."""
    mask: bool = False
    timeout: float = 30.0
    patience: float = 30.0
    ca_bundle: Path | None = None
    """Issuers of the certificate that seals receipts; the sample's when None."""
    signer: str | None = None
    """Who must seal receipts, TYPE=NUMBER; the sample gateway when None."""
    parallel: int = 1


@cache
def server_plan() -> tuple[Scenario, ...]:
    """Everything that is asked of a central application.

    Raises:
        PlanError: a scenario file can not be used.
    """
    written = [s for s in load_folder() if s.rol is Role.SERVER]
    return tuple(unique([*written, *derived()]))


def choose(plan: Iterable[Scenario], *, pillars: Sequence[str] = (), ids: Sequence[str] = ()) -> list[Scenario]:
    """The scenarios of some pillars, or some alone; what stands before one in its track comes along, because it leans on it.

    Raises:
        KeyError: no scenario has one of the ids (a prefix that ends in `*` names several).
    """
    plan = list(plan)
    chosen = [s for s in plan if not pillars or s.pijler in (*pillars, "alle")]
    if not ids:
        return chosen
    wanted = {s.id for s in plan for i in ids if s.id == i or (i.endswith("*") and s.id.startswith(i[:-1]))}
    if missing := [i for i in ids if not any(w == i or (i.endswith("*") and w.startswith(i[:-1])) for w in wanted)]:
        raise KeyError(", ".join(missing))
    last = {s.spoor: n for n, s in enumerate(plan) if s.id in wanted and s.spoor}
    return [s for n, s in enumerate(plan) if s.id in wanted or n <= last.get(s.spoor, -1)]


def tracks(plan: Iterable[Scenario]) -> dict[tuple[str, str], list[Scenario]]:
    """The plan by track and clock, each in its order; what has no track of its own shares one."""
    found: dict[tuple[str, str], list[Scenario]] = {}
    for scenario in plan:
        found.setdefault((scenario.spoor, scenario.klok), []).append(scenario)
    return found


def new_run(plan: Iterable[Scenario], *, pillar: str = "alle", target: str = "", role: Role = Role.SERVER) -> Run:
    """An empty record of a plan."""
    return Run(
        id=str(uuid4()),
        role=role.value,
        pillar=pillar,
        suite=SUITE_VERSION,
        plan=digest(plan),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        target=target,
    )


def run_server(run: Run, plan: Sequence[Scenario], targets: Targets, options: Options, heard: Heard = lambda *_: None) -> Run:
    """Carry out what of the plan is not in the record yet; a track that was interrupted begins anew.

    Raises:
        PlanError: a scenario asks what the suite can not do.
    """
    todo = {key: part for key, part in tracks(plan).items() if any(s.id not in run.results for s in part)}
    order = {s.id: n for n, s in enumerate(plan)}
    lock, done, total = threading.Lock(), [0], sum(map(len, todo.values()))

    def keep(result: Result) -> None:
        with lock:
            done[0] += 1
            run.results[result.scenario] = result
            run.results = dict(sorted(run.results.items(), key=lambda item: order.get(item[0], len(order))))
            save(run, options.out)
            heard(result, done[0], total)

    def one(item: tuple[tuple[str, str], list[Scenario]]) -> None:
        (track, clock), part = item
        try:
            with targets(track, clock) as target:
                for result in _track(part, target, options):
                    keep(result)
        except NotUp as error:
            for scenario in part:
                keep(_not_up(scenario, str(error)))

    with ThreadPoolExecutor(max_workers=options.parallel) as pool:
        list(pool.map(one, todo.items()))
    run.finished = datetime.now(UTC).isoformat(timespec="seconds")
    save(run, options.out)
    return run


def _track(part: Sequence[Scenario], target: Target, options: Options) -> Iterator[Result]:
    wire = Wire(
        base=target.base, evidence=options.out / "bewijs", mask=options.mask, timeout=options.timeout, verify=target.verify
    )
    role = ServerRole(world=World(wire=wire, clock=target.clock), accept=_accept(options), patience=options.patience)
    for scenario in part:
        if scenario.klok and target.clock().astimezone(BRUSSELS).day < int(scenario.klok):
            yield _skipped(scenario, f"de klok van het doel moet op of na de {scenario.klok}e van een maand staan")
        else:
            yield role.run(scenario)


def _accept(options: Options) -> Callable[[bytes, x509.Certificate, datetime], None]:
    certs = data_dir("certs-sample")
    if options.ca_bundle is None:
        trust = load_trust_store(
            certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl", certs / "crl/root-ca.crl"], RevocationMode.GRACE
        )
    else:
        trust = load_trust_store(options.ca_bundle, [], RevocationMode.GRACE)
    return _signed_by(
        trust, options.signer or read_identity(sample_signer("gateway").certificate).label, options.ca_bundle is not None
    )


def _signed_by(trust: TrustStore, signer: str, without_crls: bool) -> Callable[[bytes, x509.Certificate, datetime], None]:
    def accept(der: bytes, certificate: x509.Certificate, moment: datetime) -> None:
        try:
            trust.accept(der, certificate, moment)
        except Refusal as refusal:
            if refusal.code is not Code.REVOCATION or not without_crls:
                raise
        if (label := read_identity(certificate).label) != signer:
            raise Refusal(Code.CROSSCHECK, place="//X509Certificate", expected=signer, found=label)

    return accept


def _skipped(scenario: Scenario, why: str) -> Result:
    return _without(scenario, Check(name="voorwaarde", verdict=Verdict.SKIPPED, expected="", got=why))


def _not_up(scenario: Scenario, why: str) -> Result:
    return _without(scenario, Check(name="doel", verdict=Verdict.FAIL, expected="een toepassing die antwoordt", got=why[-400:]))


def _without(scenario: Scenario, check: Check) -> Result:
    return Result(
        scenario=scenario.id,
        title=scenario.titel,
        pillar=scenario.pijler,
        family=scenario.familie,
        level=scenario.niveau.value,
        requirements=scenario.eis,
        checks=(check,),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
    )


def fixed_target(base: str, *, offset: timedelta = timedelta(), verify: bool | str = True) -> Targets:
    """One application for the whole run; it must have the sample data, and nothing of an earlier run."""

    @contextmanager
    def targets(track: str, clock: str) -> Iterator[Target]:  # noqa: ARG001
        yield Target(base=base, clock=lambda: system_clock() + offset, verify=verify)

    return targets


def own_targets(folder: Path, command: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> Targets:
    """A fresh reference application for each track, with its clock where the track wants it.

    Args:
        command: the program that is the gateway, in place of ours.
        env: further VSB_* settings.
    """
    more = {} if command is None else {"command": command}

    @contextmanager
    def targets(track: str, clock: str) -> Iterator[Target]:
        moment = month_before(int(clock)) if clock else None
        name = (track or "alle").replace("/", "-")
        settings = {"VSB_RATE_ADDRESS": "0", "VSB_RATE_SENDER": "0", **(env or {})}
        with reference_gateway(folder / name, clock=moment, **more, **settings) as running:  # type: ignore[arg-type]
            yield Target(base=running.base, clock=running.clock)

    return targets


def month_before(day: int) -> datetime:
    """A day of the month before this one, at nine in the morning."""
    last = datetime.now(UTC).replace(day=1, hour=9, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return last.replace(day=day)
