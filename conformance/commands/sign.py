"""`vsb-conformance sign`: the first valid message, ready for curl."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from conformance.berichten.messages import SERVICES, signed_message
from conformance.berichten.sample import others
from conformance.walkthrough import sample_signer
from gateway.reference.voorbeeld import voorbeeldnamen
from gateway.settings import Settings

console = Console()
NEXT_PERSON = Path("run/sign-next")
"""How many aanvragen were signed without --person, so that each is about somebody else."""


def sign(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")],
    out: Annotated[Path, typer.Option(help="File to write the signed envelope to.")] = Path("message.xml"),
    certificate: Annotated[
        str, typer.Option(help="Sample certificate to sign with; see `vsb-gateway certs list`.")
    ] = "facility-ibw-1",
    person: Annotated[
        str | None,
        typer.Option(
            help="Sample person, by short name (docs/sample-data.md). Left out: els for a question, and for an aanvraag the next "
            "person who does not stay yet, so that it is accepted each time."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Address of the gateway; left out: this computer, at VSB_PORT or 8080.", show_default=False)
    ] = None,
) -> None:
    """Write a freshly signed sample message, ready for curl."""
    if service not in SERVICES:
        console.print(f"[red]No sample for {service}.[/] Choose one of {', '.join(SERVICES)}.")
        raise typer.Exit(2)
    known = voorbeeldnamen().personen
    if person is not None and person not in known:
        console.print(f"[red]No sample person {person}.[/] Choose one of {', '.join(known)}.", highlight=False)
        raise typer.Exit(2)
    insz = known[person or "els"] if person is not None or service != "aanvraag" else _next_person()
    out.write_bytes(signed_message(service, sample_signer(certificate), insz, datetime.now(UTC)))
    base = (target or f"http://127.0.0.1:{Settings().port}").rstrip("/")
    console.print(f"Wrote {out}, about {insz}. Post it within five minutes:", highlight=False, markup=False, soft_wrap=True)
    console.print(
        "  curl -sS -H 'Content-Type: text/xml; charset=utf-8' "
        f"--data-binary @{shlex.quote(str(out))} {shlex.quote(f'{base}/soap/{service}/v1')}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _next_person() -> str:
    """INSZ of the sample person after the one of the time before; who has no short name stays nowhere in the sample."""
    persons = others()
    counted = NEXT_PERSON.read_text(encoding="utf-8").strip() if NEXT_PERSON.is_file() else ""
    number = int(counted) if counted.isdecimal() else 0
    NEXT_PERSON.parent.mkdir(parents=True, exist_ok=True)
    NEXT_PERSON.write_text(f"{number + 1}\n", encoding="utf-8")
    return persons[number % len(persons)]
