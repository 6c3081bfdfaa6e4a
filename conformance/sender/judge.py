"""Judges a step: what came, field by field, and the sender's behaviour as the step expects it."""

from __future__ import annotations

from conformance.plan import PlanError
from conformance.sender.content import always, asked_something, messages
from conformance.sender.expectations import EXPECTATIONS
from conformance.sender.hook import UNSUPPORTED
from conformance.sender.seen import Seen
from conformance.verdict import Check, Checks, Verdict

PARAMETERS = frozenset({"uitkomst", "pogingen", "label", "velden"})
"""Keys of `verwacht` that say how a message is looked at."""


def judge(seen: Seen, *, strict: bool) -> list[Check]:
    """All checks of one step.

    Raises:
        PlanError: the step expects something that the suite does not know.
    """
    checks = Checks(strict=strict, where=f"stap {seen.number}")
    if seen.hook is not None and seen.hook.status == UNSUPPORTED:
        text = "het programma zegt dat de software dit niet kan (status 4)"
        return [Check(name="ondersteund", verdict=Verdict.SKIPPED, expected="de software kan dit", got=text, where=checks.where)]
    if unknown := set(seen.step.verwacht) - set(EXPECTATIONS) - PARAMETERS:
        raise PlanError(f"unknown expectation {', '.join(sorted(unknown))}; there are {', '.join(EXPECTATIONS)}")
    if seen.task.action == "zend":
        messages(seen, checks)
    elif seen.task.operation:
        asked_something(seen, checks)
    always(seen, checks)
    for name, expectation in EXPECTATIONS.items():
        if name in seen.step.verwacht:
            expectation(seen, checks, seen.step.verwacht[name])
    _program(seen, checks)
    return checks.found


def _program(seen: Seen, checks: Checks) -> None:
    hook = seen.hook
    if hook is None or "ongeloofd" in seen.step.verwacht:
        return
    got = f"het programma werd na de tijd gestopt: {hook.output[-300:]}" if hook.timed_out else f"status {hook.status}"
    tail = hook.output.splitlines()[-1][:300] if hook.output and hook.status else ""
    checks.add(
        "programma", hook.status == 0, "status 0", f"{got} {tail}".strip(), remedy="Lees de laatste regels van uw programma."
    )
