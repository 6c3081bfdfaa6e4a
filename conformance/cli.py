"""vsb-conformance: send the first valid message, run a reference receiver, check a gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from conformance.commands import look, serve
from conformance.commands.peer import run_peer
from conformance.commands.run import run
from conformance.commands.sign import sign
from conformance.sts.app import sts_app
from conformance.sts.register import sample_register
from conformance.walkthrough import sample_signer
from conformance.zorgkas.receipts import ChecksumMismatch, leave, read_dropped, signed_receipt
from conformance.zorgkas.receiver import Receiver, receiver_app
from gateway.observe import logs
from gateway.paths import data_dir
from gateway.refusal import Refusal
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode
from gateway.trust.signing import Signer, load_signer

app = typer.Typer(
    help="The conformance suite of the VSB gateway: what vendors run to prove that their software may connect.",
    no_args_is_help=True,
)
console = Console()
app.command()(run)
app.command()(look.scenarios)
app.command("coverage")(look.show_coverage)
app.command()(look.report)
app.command()(look.override)
app.command()(look.attest)
app.command()(sign)
app.command("peer")(run_peer)
app.command()(serve.serve)
app.command()(serve.sessions)


@app.command()
def receipt(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A delivery as it lies in uit/.")],
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM private key of the zorgkas; none: the sample's.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM certificate of --key, then its chain.")
    ] = None,
    out: Annotated[
        Path,
        typer.Option(file_okay=False, exists=True, help="Folder to leave the receipt in, as <MessageId>.xml: your ontvangst/."),
    ] = Path("."),
    refuse: Annotated[str | None, typer.Option(help="Refuse the file, for this reason.")] = None,
) -> None:
    """Leave the signed receipt that a zorgkas owes for a delivery in its folder, on its SFTP server or in its bucket."""
    if (key is None) != (certificate is None):
        console.print("[red]--key and --certificate go together.[/]")
        raise typer.Exit(2)
    try:
        message_id, zorgkas, digest = read_dropped(file)
        if key is None or certificate is None:
            signer = _sample_zorgkas(zorgkas)
        else:
            signer = load_signer(certificate.read_bytes(), key_pem=key.read_bytes())
    except (ChecksumMismatch, ValueError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    except Refusal as refusal:
        console.print(f"{file.name} is no Levering or Mededeling: {refusal.findings[0].place or ''}", style="red", markup=False)
        raise typer.Exit(1) from None
    if signer is None:
        console.print(f"There is no sample certificate of zorgkas {zorgkas}: give --key and --certificate.", style="red")
        raise typer.Exit(2)
    target = out / f"{message_id}.xml"
    leave(signed_receipt(message_id, zorgkas, digest, signer, datetime.now(UTC), refused=refuse), target)
    console.print(f"Wrote {target}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def receiver(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8181,
    folder: Annotated[Path, typer.Option(help="Where deliveries are kept: <folder>/<zorgkas>/<MessageId>.xml.")] = Path(
        "run/received"
    ),
) -> None:
    """Run the reference receiver: a zorgkas that the gateway pushes to, with the sample certificates."""
    logs.configure("WARNING")
    certs = data_dir("certs-sample")
    trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
    sender = read_identity(sample_signer("gateway").certificate).label
    uvicorn.run(
        receiver_app(Receiver(folder=folder, trust=trust, sender=sender, signer_of=_sample_zorgkas)),
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
    )


@cache
def _sample_zorgkas(code: str) -> Signer | None:
    known = (data_dir("certs-sample") / f"zorgkas-{code}.p12").is_file()
    return sample_signer(f"zorgkas-{code}") if known else None


@app.command()
def sts(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8182,
) -> None:
    """Run a small security token service with the sample certificates: what an eHealth connector talks to first.

    SAML-P at /IAM/Saml11TokenService/v1 and /Legacy/v1, WS-Trust 1.3 with its challenge at /IAM/SecurityTokenService/v1. Start
    the gateway with VSB_STS_CERTIFICATES=certs-sample/sts.pem so that it believes this one.
    """
    logs.configure("WARNING")
    certs = data_dir("certs-sample")
    trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
    application = sts_app(sample_signer("sts"), trust, sample_register())
    uvicorn.run(application, host="127.0.0.1", port=port, log_config=None, access_log=False, http="h11")


def main() -> None:
    app()
