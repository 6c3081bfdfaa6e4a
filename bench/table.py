"""The one form of every figure: name, value, unit, floor, ratio."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure beside its floor."""

    name: str
    value: float
    unit: str
    floor: float
    higher_is_better: bool = False

    @property
    def ratio(self) -> float:
        """How far from the floor: 1 is the floor itself, more is worse."""
        return self.floor / self.value if self.higher_is_better else self.value / self.floor


def show(rows: list[Row], title: str) -> None:
    """Print rows as `name value unit floor ratio`."""
    table = Table(title=title)
    for column in ("name", "value", "unit", "floor", "ratio"):
        table.add_column(column, justify="left" if column in ("name", "unit") else "right", no_wrap=True)
    for row in rows:
        table.add_row(row.name, f"{row.value:.2f}", row.unit, f"{row.floor:.2f}", f"{row.ratio:.2f}")
    Console(width=120).print(table)
