"""One run of the suite against a zorgkas's receiver, from its address to a Run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from conformance.plan import Role, Scenario
from conformance.server.runner import new_run
from conformance.traffic import Wire
from conformance.verdict import Result, Run
from conformance.walkthrough import sample_signer
from conformance.zorgkas.judge import Judge
from conformance.zorgkas.role import Receiver, zorgkas_plan
from conformance.zorgkas.world import KASSEN
from gateway.clock import Clock, system_clock
from gateway.paths import data_dir
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode


class UsageError(ValueError):
    """What was asked can not be run; the text says why, in Dutch."""


def kas_of(target: str) -> str | None:
    """The zorgkas that an address names, as in https://vsb.kas.example/zorgkas/280."""
    found = [part for part in re.findall(r"(?<!\d)\d{3}(?!\d)", target) if part in KASSEN]
    return found[-1] if found else None


def run_zorgkas(
    target: str,
    *,
    kas: str | None = None,
    kbo: str | None = None,
    issuers: Path | None = None,
    crls: Sequence[Path] | None = None,
    kept: str = "",
    evidence: Path | None = None,
    mask: bool = False,
    verify: bool | str = True,
    timeout: float = 30.0,
    only: Collection[str] = (),
    tell: Callable[[Result], None] = lambda _: None,
    plan: Sequence[Scenario] | None = None,
    record: Run | None = None,
    clock: Clock = system_clock,
) -> Run:
    """Push everything at a receiver, and judge its receipts.

    Args:
        target: address at which the gateway would post.
        kas: code of the zorgkas; by default the one that the address names.
        kbo: enterprise number in the certificate that signs its receipts; by default the sample zorgkas's.
        issuers: PEM file of who may have issued that certificate; by default the sample's.
        kept: see zorgkas_role.Receiver.
        verify: CA bundle of the TLS certificate, or False.
        only: ids of the scenarios to run; empty: all.
        tell: called with each result as it comes.
        record: a run of this plan to go on with.

    Raises:
        UsageError: the zorgkas is not known, or a scenario does not exist.
    """
    code = kas or kas_of(target)
    if code not in KASSEN:
        raise UsageError(f"welke zorgkas is dit? Geef --zorgkas, een van {', '.join(KASSEN)}")
    whole = list(zorgkas_plan() if plan is None else plan)
    chosen = [s for s in whole if not only or s.id in only]
    if missing := set(only) - {s.id for s in chosen}:
        raise UsageError(f"dit scenario bestaat niet: {', '.join(sorted(missing))}")
    certs = data_dir("certs-sample")
    known = [certs / "crl/issuing-ca.crl", certs / "crl/root-ca.crl"] if crls is None else list(crls)
    judge = Judge(
        trust=load_trust_store(issuers or certs / "ca-bundle.pem", known, RevocationMode.GRACE),
        kbo=kbo or read_identity(sample_signer(f"zorgkas-{code}").certificate).number,
        clock=clock,
    )
    wire = Wire(base=target, evidence=evidence, mask=mask, timeout=timeout, verify=verify)
    run = record or new_run(chosen, target=target, role=Role.ZORGKAS)
    todo = [scenario for scenario in chosen if scenario.id not in run.results]
    for result in Receiver(wire=wire, kas=code, judge=judge, kept=kept).results(todo):
        run.results[result.scenario] = result
        tell(result)
    run.finished = datetime.now(UTC).isoformat(timespec="seconds")
    return run
