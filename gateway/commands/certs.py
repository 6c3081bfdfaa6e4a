"""`vsb-gateway certs`: make, list and take apart the sample certificates."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from gateway.paths import data_dir
from gateway.trust.sample_pki import State, identity_of, key_text, list_sample_pki, make_sample_pki
from gateway.trust.sample_pki_plan import ALIAS, PASSWORD, PLAN, KeyUse, PlannedCertificate

app = typer.Typer(
    no_args_is_help=True,
    help="The sample certificates: a small PKI in eHealth style to try the gateway with. Not for production.",
)

_STATE_STYLE = {State.OK: "green", State.REVOKED: "red", State.EXPIRED: "red", State.NOT_YET_VALID: "yellow"}
_RDN_NAMES = {NameOID.SERIAL_NUMBER: "SERIALNUMBER"}
_USAGE = {
    KeyUse.DIGITAL_SIGNATURE: "digitalSignature",
    KeyUse.CONTENT_COMMITMENT: "nonRepudiation",
    KeyUse.KEY_ENCIPHERMENT: "keyEncipherment",
    KeyUse.DATA_ENCIPHERMENT: "dataEncipherment",
    KeyUse.KEY_AGREEMENT: "keyAgreement",
    KeyUse.KEY_CERT_SIGN: "keyCertSign",
    KeyUse.CRL_SIGN: "cRLSign",
    KeyUse.ENCIPHER_ONLY: "encipherOnly",
    KeyUse.DECIPHER_ONLY: "decipherOnly",
}
_EXTENDED = {
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
}


@app.command()
def sample(
    target: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder to write to; the gateway's own certs-sample if left out."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make new private keys, also where there is one.")] = False,
) -> None:
    """Make the sample certificates, or make them again.

    Writes certificate authorities, facilities that may send, the six
    zorgkassen, the gateway's own certificates, and bad ones that must be
    refused: each as .pem, .key and .p12, with a README.md that says what is
    what.

    Private keys that are there are kept, so a second run changes nothing.
    With --force every key is new, and whoever trusted the old ca-bundle.pem
    must take the new one.
    """
    folder = target or data_dir("certs-sample")
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn())
    console = Console()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(PLAN))

        def show_progress(planned: PlannedCertificate) -> None:
            progress.update(task, description=planned.name, completed=PLAN.index(planned))

        try:
            made = make_sample_pki(folder, now=datetime.now(UTC), force=force, on_start=show_progress)
        except (ValueError, OSError) as error:
            _fail(str(error))
    console.print(f"{len(made)} certificates in {folder}, keystore password [bold]{PASSWORD}[/]", highlight=False)


@app.command("list")
def list_(
    folder: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder to look in; the gateway's own certs-sample if left out."),
    ] = None,
) -> None:
    """List the sample certificates: what each is for, whom it speaks for, and whether it is valid today.

    The identity is what the gateway reads from the subject: <TYPE>=<number>,
    where the number of a facility is its RIZIV number. The state looks at
    dates and at the CRL in the folder only: a bad certificate can say "ok"
    here and still be refused, for the reason in the second column.
    """
    folder = folder or data_dir("certs-sample")
    found = list_sample_pki(folder)
    if not found:
        _fail(f"no certificates in {folder}; make them with: vsb-gateway certs sample")
    now = datetime.now(UTC)
    table = Table(
        Column("name", no_wrap=True),
        Column("for what, and the identity", overflow="fold"),
        Column("valid until", no_wrap=True),
        title=str(folder),
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for one in found:
        state = one.state_at(now)
        what = f"{escape(one.purpose)}\n[bold]{escape(one.identity)}[/]" if one.identity else escape(one.purpose)
        table.add_row(one.name, what, f"{one.not_after:%Y-%m-%d}\n[{_STATE_STYLE[state]}]{state}[/]")
    console = Console()
    console.print(table)
    console.print(f"Password of every .p12: [bold]{PASSWORD}[/], alias {ALIAS}", highlight=False)


@app.command()
def show(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A certificate: .pem, .crt or .cer (DER), or .p12.")],
    password: Annotated[str, typer.Option(help="Password of a .p12 keystore.")] = PASSWORD,
) -> None:
    """Take one certificate apart, your own eHealth certificate for instance.

    Shows the subject part by part, the identity found in it (which the
    gateway compares with the sender in your message), the key, what it may be
    used for, its dates, its issuer and its fingerprint. Of a file with several
    certificates the first is shown. Nothing is checked: whether the gateway
    trusts it is another question.
    """
    try:
        certificate = _load(file, password)
    except ValueError as error:
        _fail(f"{file} holds no certificate that can be read; expected PEM, DER, or PKCS#12 with its password ({error})")
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for attribute in certificate.subject:
        table.add_row(f"subject {_RDN_NAMES.get(attribute.oid, attribute.rfc4514_attribute_name)}", str(attribute.value))
    table.add_row("identity", identity_of(certificate) or "none found: no OU of the form <TYPE>=<number>")
    table.add_row("key", key_text(certificate.public_key()))
    table.add_row("usage", ", ".join(_usage(certificate)) or "not limited")
    table.add_row("valid from", f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC")
    table.add_row("valid until", f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC")
    table.add_row("issuer", certificate.issuer.rfc4514_string(_RDN_NAMES))
    table.add_row("serial number", f"{certificate.serial_number:x}")
    table.add_row("SHA-256", certificate.fingerprint(hashes.SHA256()).hex(":"))
    Console().print(table, highlight=False, markup=False)


def _load(file: Path, password: str) -> x509.Certificate:
    content = file.read_bytes()
    if b"-----BEGIN CERTIFICATE-----" in content:
        return x509.load_pem_x509_certificate(content)
    if file.suffix not in {".p12", ".pfx"}:
        return x509.load_der_x509_certificate(content)
    certificate = pkcs12.load_pkcs12(content, password.encode()).cert
    if certificate is None:
        raise ValueError("the keystore holds no certificate beside a key")
    return certificate.certificate


def _usage(certificate: x509.Certificate) -> list[str]:
    found: list[str] = []
    for extension in certificate.extensions:
        match extension.value:
            case x509.KeyUsage() as usage:
                # `cryptography` refuses to answer for these two where there is no key agreement.
                moot = () if usage.key_agreement else (KeyUse.ENCIPHER_ONLY, KeyUse.DECIPHER_ONLY)
                found += [_USAGE[use] for use in KeyUse if use not in moot and getattr(usage, use)]
            case x509.ExtendedKeyUsage() as extended:
                found += [_EXTENDED.get(oid, oid.dotted_string) for oid in extended]
    return found


def _fail(text: str) -> NoReturn:
    Console(stderr=True).print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(2)
