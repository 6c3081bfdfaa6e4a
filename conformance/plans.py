"""The plans of this version of the suite: what is asked of whom."""

from __future__ import annotations

from conformance.plan import Scenario
from conformance.runner import server_plan
from conformance.sender.plans import all_sender_plans
from conformance.zorgkas_role import zorgkas_plan


def whole_plan() -> list[Scenario]:
    """Every scenario, of every role.

    Raises:
        PlanError: a scenario file can not be used.
    """
    return [*server_plan(), *zorgkas_plan(), *all_sender_plans()]


def plan_of(role: str, pillar: str) -> list[Scenario]:
    """What must be in a run that is complete.

    Args:
        role: whose software is judged.
        pillar: for which pillar; `alle` for all.

    Raises:
        PlanError: no plan is for this role.
    """
    chosen = [s for s in whole_plan() if s.rol.value == role]
    return chosen if pillar == "alle" else [s for s in chosen if s.pijler in (pillar, "alle")]
