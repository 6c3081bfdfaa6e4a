"""`vsb-gateway log-pseudonym`: find a person's lines in the log without their INSZ ever standing there."""

from __future__ import annotations

import sys

import typer

from gateway.central.identificatie import geldig_insz
from gateway.commands.shared import stop
from gateway.observe.logs import pseudonym
from gateway.settings import Settings


def log_pseudonym() -> None:
    """Print the pseudonym under which the log names a person.

    Asks for the INSZ, or reads it from standard input; never from an argument, which others on this machine could see.
    """
    key = Settings().pseudonym_key()
    if key is None:
        stop("Zonder VSB_LOG_KEY noemt het logboek geen personen.")
    typed = typer.prompt("INSZ", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    digits = "".join(c for c in typed if c.isdigit())
    if not geldig_insz(digits):
        stop("Dat is geen INSZ: elf cijfers, de laatste twee een controlegetal.")
    typer.echo(pseudonym(digits, key))
