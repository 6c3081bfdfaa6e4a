"""Where the rule behind a code is explained: the cookbook's page, at its anchor."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.central.cookbook import Cookbook
from gateway.refusal import Code

_DIENSTEN = "eibwfin"
"""The cookbook that describes the services, and so the refusals before the content is judged."""


def regels_in_cookbook(cookbooks: Mapping[str, Cookbook], pijler: str) -> Mapping[str, str]:
    """Code to the address of its rule, of the rules of a pillar and the refusals of every service."""
    gevonden = {}
    if _DIENSTEN in cookbooks:
        gevonden = {c.info.code: f"/cookbooks/{_DIENSTEN}.html#{c.info.code}" for c in Code}
    if pijler in cookbooks:
        gevonden |= {r.id: f"/cookbooks/{pijler}.html#{r.id}" for r in cookbooks[pijler].regels}
    return gevonden
