"""`vsb-gateway alarms`: what somebody must look at."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sqlalchemy import select

from gateway.commands.shared import Database, open_store, print_table
from gateway.observe.alarm_wegen import opdracht
from gateway.store.tables import alarm


def alarms(
    all_: Annotated[bool, typer.Option("--all", help="Also the last hundred that were closed.")] = False,
    database: Database = None,
) -> None:
    """Show open alarms, oldest first; the exit status is 1 when there are any. docs/operations.md says what to do about each."""
    query = select(alarm).where(alarm.c.gesloten_op.is_(None)).order_by(alarm.c.id)
    table = Table("opened", "closed", "severity", "kind", "about", "what", "look with", box=SIMPLE_HEAD)
    with open_store(database) as store, store.reading() as conn:
        rows = conn.execute(query).all()
        closed = select(alarm).where(alarm.c.gesloten_op.is_not(None)).order_by(alarm.c.id.desc()).limit(100)
        shown = [*reversed(conn.execute(closed).all()), *rows] if all_ else rows
    for r in shown:
        ended = "" if r.gesloten_op is None else f"{r.gesloten_op:%Y-%m-%d %H:%M}"
        look = opdracht(r.soort, r.onderwerp) if r.gesloten_op is None else ""
        table.add_row(f"{r.geopend_op:%Y-%m-%d %H:%M}", ended, r.ernst, r.soort, r.onderwerp, r.toelichting, look)
    print_table(table)
    if rows:
        raise typer.Exit(1)
