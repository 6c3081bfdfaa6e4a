"""`vsb-gateway console`: who may do what in the screens, and passwords of embedded accounts."""

from __future__ import annotations

import sys

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from gateway.commands.shared import print_table
from gateway.console.accounts import hash_van
from gateway.console.rechten import RECHTEN
from gateway.console.routes import alle_schermen

app = typer.Typer(no_args_is_help=True, help="The screens at /console/: who may do what, and passwords of embedded accounts.")


@app.command()
def password() -> None:
    """Print the Argon2id hash of a password, for the file of VSB_CONSOLE_ACCOUNTS.

    Asks for the password, or reads it from standard input; never from an argument, which others on this machine could see.
    """
    typed = typer.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    typer.echo(hash_van(typed))


@app.command()
def screens() -> None:
    """Show every screen with the right that it names, and the roles that have it."""
    table = Table("method", "path", "right", "roles", box=SIMPLE_HEAD)
    for scherm in sorted(alle_schermen(), key=lambda s: (s.pad, s.methode)):
        roles = ", ".join(rol.value for rol, rechten in RECHTEN.items() if scherm.recht in rechten)
        table.add_row(scherm.methode, f"/console{scherm.pad}", scherm.recht.value, roles)
    print_table(table)
