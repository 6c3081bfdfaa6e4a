"""The sample reference data that travel with the gateway: invented persons and facilities, demo prices."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VOORBEELD_ONTVANGER = "http://127.0.0.1:8181"
"""Address in the sample of the zorgkassen that are pushed to."""

_MAP = Path(__file__).parent / "sample"
SAMPLE_ACCOUNTS = _MAP / "accounts.toml"
"""Invented people who may log in to the console, one for each role; all with password vsb-sample."""


@dataclass(frozen=True, kw_only=True)
class Voorbeeldnamen:
    """Short names by which examples and tests call the sample data."""

    personen: Mapping[str, str]
    """Name to INSZ."""
    voorzieningen: Mapping[str, str]
    """Name to RIZIV number of 11 digits."""
    licenties: Mapping[str, str]
    """User name of a package licence to its password."""


def voorbeeldbestanden() -> list[Path]:
    """The sample files, ready for `laad`."""
    return sorted(_MAP.glob("*.csv"))


def voorbeeldnamen() -> Voorbeeldnamen:
    gelezen = tomllib.loads((_MAP / "namen.toml").read_text(encoding="utf-8"))
    return Voorbeeldnamen(personen=gelezen["personen"], voorzieningen=gelezen["voorzieningen"], licenties=gelezen["licenties"])
