"""What stands in the gateway's sample reference data, for who must send right messages about it."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path

from gateway.reference.voorbeeld import voorbeeldnamen
from gateway.reference.waarden import datum


@cache
def sample_rows(kind: str) -> list[dict[str, str]]:
    """The rows of a sample reference file, as they stand in it."""
    path = Path(__file__).parents[2] / "gateway" / "reference" / "sample" / f"{kind}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def sample_price(riziv: str, day: date, today: date, code: str = "763055") -> int:
    """Demo price in cents of a code on a day at a sample facility."""
    for row in sample_rows("prijzen"):
        tot = datum(row["tot"], today) if row["tot"] else date.max
        if row["prestatiecode"] == code and row["riziv"] == riziv and datum(row["van"], today) <= day <= tot:
            return int(row["bedrag"])
    raise LookupError(f"no sample price for {riziv} on {day}")


def others() -> list[str]:
    """INSZ of the sample persons without a short name, who are affiliated today: nothing in the sample is about them."""
    named = set(voorbeeldnamen().personen.values())
    insured = {row["insz"] for row in sample_rows("aansluitingen") if not row["tot"]}
    return [row["insz"] for row in sample_rows("personen") if row["insz"] in insured - named and not row["overlijdensdatum"]]
