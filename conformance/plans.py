"""The plans of this version of the suite: what is asked of whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.plan import PlanError, Role, Scenario
from conformance.sender.plans import all_sender_plans, sender_plan
from conformance.server.runner import server_plan
from conformance.zorgkas.role import zorgkas_plan


def whole_plan() -> list[Scenario]:
    """Every scenario, of every role.

    Raises:
        PlanError: a scenario file can not be used.
    """
    return [s for make in _PLANS.values() for s in make("alle")]


def plan_of(role: str, pillar: str) -> list[Scenario]:
    """What must be in a run that is complete.

    Args:
        role: whose software is judged.
        pillar: for which pillar; `alle` for all.

    Raises:
        PlanError: no plan is for this role.
    """
    if role not in _PLANS:
        raise PlanError(f"er is geen plan voor {role}: kies uit {', '.join(_PLANS)}")
    return _PLANS[role](pillar)


def _server(pillar: str) -> list[Scenario]:
    return [s for s in server_plan() if pillar == "alle" or s.pijler in (pillar, "alle")]


def _zorgkas(_pillar: str) -> list[Scenario]:
    return list(zorgkas_plan())


def _sender(pillar: str) -> list[Scenario]:
    return all_sender_plans() if pillar == "alle" else sender_plan(pillar)


_PLANS: Mapping[str, Callable[[str], list[Scenario]]] = {
    Role.SERVER.value: _server,
    Role.SENDER.value: _sender,
    Role.ZORGKAS.value: _zorgkas,
}
"""Role to its plan for a pillar."""
