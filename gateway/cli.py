"""vsb-gateway: run the gateway, look after its certificates and reference data, show it at work."""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError

from gateway.commands import (
    alarms,
    archive,
    attestations,
    audit,
    certs,
    console,
    cookbook,
    database,
    deliveries,
    demo,
    invoice,
    pseudonym,
    receipt,
    reference,
    register,
    report,
    serve,
    settings,
)
from gateway.trust.keys import KeyProblem

app = typer.Typer(
    help="The central message gateway of the Flemish social protection (VSB).\n\n"
    "Start with `vsb-gateway demo`: it starts a gateway with sample certificates and six sample zorgkassen, sends real "
    "messages through it and shows where each went. Every setting is an environment variable VSB_*; see the README.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    # A trace with the values of locals would show passwords.
    pretty_exceptions_show_locals=False,
)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("demo")(demo.demo)
app.command("alarms")(alarms.alarms)
app.command("settings")(settings.settings)
app.command("log-pseudonym")(pseudonym.log_pseudonym)
app.command("verify-receipt")(receipt.verify_receipt)
app.add_typer(certs.app, name="certs")
app.add_typer(reference.app, name="reference")
app.add_typer(register.app, name="register")
app.add_typer(attestations.app, name="attestations")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(invoice.app, name="invoice")
app.add_typer(report.app, name="report")
app.add_typer(audit.app, name="audit")
app.add_typer(archive.app, name="archive")
app.add_typer(console.app, name="console")
app.add_typer(cookbook.app, name="cookbook")
app.add_typer(database.app, name="database")


def main() -> None:
    """Run a command; what is wrong with the settings or the key is said in a line, without a trace."""
    try:
        app()
    except ValidationError as error:
        lines = [f"VSB_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" if e["loc"] else e["msg"] for e in error.errors()]
        sys.exit("The settings are not right; see `vsb-gateway settings`.\n" + "\n".join(lines))
    except KeyProblem as problem:
        sys.exit(f"The signing key can not be used: {problem}")
