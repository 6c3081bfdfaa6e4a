"""`vsb-gateway attestations`: what vendors' runs of the conformance suite prove, and the attests that rest on them."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from conformance.attestation import AttestationProblem, Attested, verify
from gateway.clock import BRUSSELS
from gateway.commands.register import Actor, Reason, Until, change
from gateway.commands.shared import CaBundle, Database, accept_past, configured_crls, now, open_store, print_table, stop
from gateway.cookbook.laden import load_cookbooks
from gateway.reference.attestaties import GELDIG, Bewezen, attestaties, opnieuw_nodig, registreer
from gateway.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Runs of the conformance suite: verify what they prove, register them as attests.")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="attestatie.zip, as `vsb-conformance attest` writes it.")]
_MOST = 256 * 1024 * 1024


@app.command("verify")
def verify_file(file: File, ca_bundle: CaBundle = None) -> None:
    """Say what a package proves: nothing of it was changed, every must-scenario passed, who signed. Changes nothing."""
    _show(_verified(file, ca_bundle))


@app.command()
def register(
    file: File,
    number: Annotated[str, typer.Option(help="Number of the attest that it becomes.")],
    until: Until = None,
    from_version: Annotated[
        str | None, typer.Option(help="Lowest version that you cover too, for example 2.0; the attested one if left out.")
    ] = None,
    licence_user: Annotated[
        str | None, typer.Option(help="User name of its MyCareNet licence; the password is asked, and only its SHA-256 kept.")
    ] = None,
    licence_hash: Annotated[str | None, typer.Option(help="SHA-256 of the licence password, hex, instead of asking.")] = None,
    actor: Actor = None,
    reason: Reason = None,
    ca_bundle: CaBundle = None,
    database: Database = None,
) -> None:
    """Verify a package and make an attest of it.

    Refused when a byte changed, a must-scenario is missing or failed, or the suite is too old. The attest holds two years unless
    --until says otherwise. Plan, suite and cookbook version are kept with it; a newer suite or cookbook ends nothing by
    itself, and `attestations list` tells what is due again.
    """
    found = _verified(file, ca_bundle)
    _show(found)
    if licence_user is not None and licence_hash is None:
        password: str = typer.prompt("Licence password", hide_input=True, confirmation_prompt=True)
        licence_hash = hashlib.sha256(password.encode()).hexdigest()
    proven = Bewezen(attestatie=found.statement, ondertekenaar=found.signer.label, verklaring=found.document)
    licence = {"licentie_gebruiker": licence_user, "licentie_hash": licence_hash}
    day = _today()
    change(
        database,
        actor,
        reason,
        lambda conn, door: registreer(conn, proven, number, day, until or day + GELDIG, door, versie_van=from_version, **licence),
    )


@app.command("list")
def list_all(
    due: Annotated[bool, typer.Option("--due", help="Only what is due again.")] = False, database: Database = None
) -> None:
    """Show every registered run, and which are due again: about to expire, or made for an older cookbook."""
    books, today = load_cookbooks(Settings().cookbooks), _today()
    with open_store(database) as store, store.reading() as conn:
        rows = [(r, opnieuw_nodig(r, books, today)) for r in attestaties(conn)]
    table = Table("attest", "product", "pijler", "cookbook", "suite", "tot", "opnieuw nodig", box=SIMPLE_HEAD)
    for row, why in rows:
        if why or not due:
            product = f"{row.product} {row.versie_tot}"
            table.add_row(row.attest, product, row.pijler, row.cookbook, row.suite, str(row.tot or "–"), why)
    print_table(table)


def _verified(file: Path, ca_bundle: Path | None) -> Attested:
    if file.stat().st_size > _MOST:
        stop(f"{file.name} is groter dan {_MOST} octetten.")
    crls = configured_crls() if ca_bundle is None else ()
    try:
        return verify(file.read_bytes(), accept_past(ca_bundle, crls), now())
    except AttestationProblem as problem:
        stop("Nee:\n" + "\n".join(f"  {reason}" for reason in problem.reasons), status=1)


def _show(found: Attested) -> None:
    s = found.statement
    table = Table(Column(style="bold", no_wrap=True), Column(overflow="fold"), show_header=False, box=None, pad_edge=False)
    table.add_row("product", f"{s.product} {s.versie} ({s.leverancier})")
    table.add_row("pijler", f"{s.pijler}, cookbook {s.cookbook}")
    table.add_row("suite", f"{s.suite}, plan {s.plan}")
    table.add_row("sessie", s.sessie)
    judged = f", {s.beoordeeld} door een persoon beoordeeld" if s.beoordeeld else ""
    table.add_row("verplichte scenario's", f"{s.verplicht} geslaagd{judged}")
    table.add_row("ondertekend door", f"{found.signer.label} ({found.signer.name}), {s.datum:%Y-%m-%d %H:%M} UTC")
    table.add_row("bewijs (SHA-256)", s.bewijs)
    console = Console()
    console.print("Ja: ongeschonden en geslaagd. Geslaagd wil niet zeggen dat de software aan alles voldoet.", highlight=False)
    console.print(table, highlight=False, markup=False)


def _today() -> date:
    return now().astimezone(BRUSSELS).date()
