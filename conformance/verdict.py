"""What a scenario came to: small checks, each with what was expected, what came, where, and what the cookbook says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a scenario or a check ended; the worst check decides."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    WARNING = "warning"
    """Not as it should, but the plan does not demand it."""
    REVIEW = "review"
    """A person must look: the suite can not see what happened."""
    SKIPPED = "skipped"


_WEIGHT = {Verdict.PASS: 0, Verdict.SKIPPED: 1, Verdict.WARNING: 2, Verdict.REVIEW: 3, Verdict.FAIL: 4}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    expected: str
    got: str
    where: str = ""
    """Step, and the place in the message: an XPath, a line, an HTTP header."""
    remedy: str = ""
    """In Dutch: what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Override:
    """A person's judgement in place of the suite's; the report shows both."""

    verdict: Verdict
    by: str
    comment: str
    at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One scenario, run once."""

    scenario: str
    title: str
    pillar: str
    family: str
    level: str
    requirements: tuple[str, ...]
    checks: tuple[Check, ...]
    started: str
    """UTC, ISO 8601."""
    seconds: float
    traffic: tuple[str, ...] = ()
    """Files of the evidence, request and answer of each exchange in order."""
    example: str = ""
    """A message of the cookbook that passes."""
    override: Override | None = None
    """Judged by a person."""
    expected_failure: str = ""
    """Reason in the expected-failures file."""

    @property
    def found(self) -> Verdict:
        """What the suite found."""
        return worst(c.verdict for c in self.checks)

    @property
    def verdict(self) -> Verdict:
        """What counts."""
        return self.found if self.override is None else self.override.verdict

    @property
    def ok(self) -> bool:
        """Whether it keeps nobody from passing."""
        return self.verdict in (Verdict.PASS, Verdict.WARNING, Verdict.SKIPPED) or bool(self.expected_failure)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict.value, "found": self.found.value}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that decides; nothing looked at is skipped."""
    return max(verdicts, key=_WEIGHT.__getitem__, default=Verdict.SKIPPED)


def from_json(data: Mapping[str, Any]) -> Result:
    """A result as `as_json` wrote it.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    rest = {k: v for k, v in data.items() if k not in ("verdict", "found", "checks", "override", "requirements", "traffic")}
    override = data.get("override")
    return Result(
        **rest,
        requirements=tuple(data["requirements"]),
        traffic=tuple(data["traffic"]),
        checks=tuple(Check(**{**c, "verdict": Verdict(c["verdict"])}) for c in data["checks"]),
        override=None if override is None else Override(**{**override, "verdict": Verdict(override["verdict"])}),
    )


@dataclass
class Checks:
    """Collects the checks of one step."""

    strict: bool
    """False: what is wrong is only a warning, because the plan says should."""
    where: str = ""
    found: list[Check] = field(default_factory=list)

    def add(self, name: str, right: bool, expected: str, got: str, place: str = "", remedy: str = "") -> bool:
        """Note one check; wrong ones weigh what the plan says."""
        wrong = Verdict.FAIL if self.strict else Verdict.WARNING
        verdict = Verdict.PASS if right else wrong
        where = f"{self.where}, {place}" if self.where and place else self.where or place
        self.found.append(Check(name=name, verdict=verdict, expected=expected, got=got, where=where, remedy=remedy))
        return right


@dataclass(kw_only=True)
class Run:
    """One session of the suite: a plan, and what each of its scenarios came to so far."""

    id: str
    """Session id; stands in every report."""
    role: str
    """server, afzender or zorgkas: whose software is judged."""
    pillar: str
    """Pillar, or `alle`."""
    suite: str
    """Version of the suite."""
    plan: str
    """SHA-256 of the plan; see plan.digest."""
    started: str
    """UTC, ISO 8601."""
    target: str = ""
    """Address that was judged, for server and zorgkas."""
    vendor: str = ""
    product: str = ""
    version: str = ""
    finished: str = ""
    results: dict[str, Result] = field(default_factory=dict)
    """By scenario id, in the order of the plan; the last time it was run counts."""

    @property
    def passed(self) -> bool:
        """Whether every must-scenario that is there passed; that the plan is whole is asked elsewhere."""
        return bool(self.results) and not self.failed and not self.incomplete

    @property
    def failed(self) -> bool:
        """Whether a must-scenario keeps it from passing."""
        return any(not r.ok for r in self.results.values() if r.level == "must")

    @property
    def incomplete(self) -> bool:
        """Whether a must-scenario was skipped: no failure, but no proof either."""
        return any(r.verdict is Verdict.SKIPPED for r in self.results.values() if r.level == "must")

    @property
    def judgement(self) -> str:
        """In Dutch, for people."""
        return "Geslaagd" if self.passed else "Niet geslaagd" if self.failed or not self.results else "Niet volledig"

    def counts(self) -> dict[str, int]:
        """Verdict to how many."""
        return {v.value: sum(r.verdict is v for r in self.results.values()) for v in Verdict}

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "results": [r.as_json() for r in self.results.values()]}


def run_from_json(data: Mapping[str, Any]) -> Run:
    """A run as `as_json` wrote it.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    results = [from_json(r) for r in data["results"]]
    return Run(**{**data, "results": {r.scenario: r for r in results}})
