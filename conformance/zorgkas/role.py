"""The suite as central application towards a zorgkas: pushes deliveries to its receiver and judges what comes back."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from conformance.berichten.compose import Parcel
from conformance.berichten.deform import FaultError, deform
from conformance.plan import Level, Role, Scenario, Step, load_folder
from conformance.traffic import Exchange, Wire
from conformance.verdict import Check, Checks, Result, Verdict
from conformance.zorgkas.judge import Judge
from conformance.zorgkas.line import send
from conformance.zorgkas.world import PushWorld
from gateway.wire.http import XML_CONTENT_TYPE

_ACTION = '"urn:be:cin:nip:async:generic:post:msg"'
_HOOK_SECONDS = 60
_TIMES = {0: "niet bewaard", 1: "één keer bewaard", 2: "meer dan één keer bewaard", -1: "het programma van --bewaard mislukte"}
RECEIVED, REFUSED, NOT_TAKEN, NOT_LOOKED_AT = "ontvangen", "geweigerd", "niet_aanvaard", "niets"
"""What `verwacht.uitkomst` of a step may be: a receipt, a SOAP fault, any error, nothing to look at."""


def zorgkas_plan() -> list[Scenario]:
    """Everything that is asked of a zorgkas's receiver.

    Raises:
        PlanError: see plan.load_folder.
    """
    return [s for s in load_folder() if s.rol is Role.ZORGKAS]


@dataclass(kw_only=True)
class Receiver:
    """The receiver that is judged.

    Args:
        wire: to its address.
        kas: code of its zorgkas.
        kept: program of the zorgkas that is called with a MessageId; exit status 0: it is kept once, 1: not, 2: more than once.
    """

    wire: Wire
    kas: str
    judge: Judge
    kept: str = ""
    _references: dict[str, str] = field(default_factory=dict)
    """Of each message of the running scenario: what its first receipt called it."""

    def results(self, plan: Iterable[Scenario]) -> Iterator[Result]:
        """Run scenarios, each on messages of its own; whatever the receiver does, the next one follows."""
        for scenario in plan:
            yield self.run(scenario)

    def run(self, scenario: Scenario) -> Result:
        """One scenario, all its steps; a step is tried also after one that failed."""
        world = PushWorld(url=self.wire.base, kas=self.kas, clock=self.judge.clock)
        self._references.clear()
        started, begin = datetime.now(UTC), time.monotonic()
        found: list[Check] = []
        traffic: list[str] = []
        for number, step in enumerate(scenario.stappen, 1):
            checks = Checks(strict=scenario.niveau is Level.MUST, where=f"stap {number}")
            traffic += self._step(scenario, step, number, world, checks)
            found += checks.found
        return Result(
            scenario=scenario.id,
            title=scenario.titel,
            pillar=scenario.pijler,
            family=scenario.familie,
            level=scenario.niveau.value,
            requirements=scenario.eis,
            checks=tuple(found),
            started=started.isoformat(timespec="seconds"),
            seconds=time.monotonic() - begin,
            traffic=tuple(traffic),
            example=scenario.voorbeeld,
        )

    def _step(self, scenario: Scenario, step: Step, number: int, world: PushWorld, checks: Checks) -> list[str]:
        name = f"{scenario.id}.{number}"
        try:
            parcel = deform(world.make(step.doe, step.met), tuple(world.fill(f) for f in step.misvorm))
            headers = {
                "Content-Type": XML_CONTENT_TYPE,
                "SOAPAction": '"urn:be:cin:nip:async:generic:post:msg"',
                **parcel.headers,
            }
            line = str(step.met.get("lijn", "gewoon"))
            octets = world.octets[str(step.met.get("bericht", "a"))] = parcel.octets()
            exchanges = send(self.wire, line, name, self._address(parcel), octets, headers, parcel.http_method)
        except (KeyError, FaultError) as error:
            # A scenario that can not be made is the suite's own mistake, not the receiver's.
            text = f"het scenario kan niet gemaakt worden: {error}"
            checks.found.append(
                Check(name="Scenario", verdict=Verdict.REVIEW, expected="een bericht", got=text, where=checks.where)
            )
            return []
        for exchange in exchanges:
            self._judge(step, exchange, world, checks)
        self._kept(step, world, checks)
        return [file for exchange in exchanges for file in exchange.files]

    def _address(self, parcel: Parcel) -> str:
        return parcel.path if parcel.path.startswith("http") else f"{self.wire.base.rstrip('/')}{parcel.path}"

    def _judge(self, step: Step, exchange: Exchange, world: PushWorld, checks: Checks) -> None:
        outcome = step.verwacht.get("uitkomst", RECEIVED)
        if outcome in (REFUSED, NOT_TAKEN):
            self.judge.refusal(checks, exchange, soap=outcome == REFUSED)
        elif outcome == RECEIVED:
            name = str(step.met.get("bericht", "a"))
            reference = self.judge.receipt(checks, exchange, world.last[name])
            if reference is not None:
                self._same(name, reference, checks)

    def _same(self, name: str, reference: str, checks: Checks) -> None:
        others = {n: r for n, r in self._references.items() if n != name}
        first = self._references.setdefault(name, reference)
        checks.add(
            "Zelfde bewijs",
            reference == first,
            f"Reference {first[:60]}, zoals de eerste keer",
            reference[:60],
            "return/@Reference",
            "Ontdubbel op MessageId: wat u al hebt, bewaart u niet opnieuw, en u geeft er hetzelfde bewijs voor.",
        )
        checks.add(
            "Eigen bewijs",
            reference not in others.values(),
            "een Reference die geen ander bericht kreeg",
            reference[:60],
            "return/@Reference",
            "Geef elk bericht zijn eigen Reference, bijvoorbeeld de MessageId.",
        )

    def _kept(self, step: Step, world: PushWorld, checks: Checks) -> None:
        if not self.kept or "bewaard" not in step.verwacht:
            return
        expected = int(step.verwacht["bewaard"])
        times = self._ask(world.items[str(step.met.get("bericht", "a"))].message_id)
        checks.add(
            "Bewaard",
            times == expected,
            _TIMES[expected],
            _TIMES[times],
            "uw systeem",
            "Bewaar wat u bevestigt één keer, en niets van wat u weigert.",
        )

    def _ask(self, number: str) -> int:
        try:
            done = subprocess.run([*shlex.split(self.kept), number], capture_output=True, check=False, timeout=_HOOK_SECONDS)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return -1
        return {0: 1, 1: 0, 2: 2}.get(done.returncode, -1)
