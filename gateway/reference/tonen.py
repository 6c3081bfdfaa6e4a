"""What people see of reference data: values as a file writes them, with what may not be shown masked or left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from gateway.clock import BRUSSELS
from gateway.reference.soorten import Soort


def tekst(waarde: Any) -> str:
    """A value as a file writes it."""
    match waarde:
        case None:
            return ""
        case bool():
            return "ja" if waarde else "nee"
        case list():
            return ",".join(str(deel) for deel in waarde)
        case datetime():
            return f"{waarde.astimezone(BRUSSELS):%Y-%m-%d %H:%M:%S}"
        case date():
            return waarde.isoformat()
        case _:
            return str(waarde)


def toon_rij(soort: Soort, rij: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a row that may be shown, each as it may be shown."""
    return {k.naam: k.toon(tekst(rij[k.naam])) for k in soort.kolommen if not k.verzwegen}
