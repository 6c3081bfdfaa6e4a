"""What the commands that look into the gateway's database share: finding it, saying what is wrong, the time, the operator."""

from __future__ import annotations

import getpass
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography import x509
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gateway.clock import shifted_clock, system_clock
from gateway.reference.controle import gemaskeerd
from gateway.refusal import Code, Refusal
from gateway.settings import Settings
from gateway.sleutel import signer_of
from gateway.store.audit_tables import audit
from gateway.store.engine import Store, make_engine
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.keys import OPEN_FILE, KeyProblem, OnOpenFile
from gateway.trust.revocation import RevocationMode
from gateway.trust.sealed import AcceptCertificate
from gateway.trust.signing import Signer

DEMO_DATABASE = Path("run/demo/gateway.sqlite")
"""Where `make run` keeps its messages, below the folder that one works in."""
Database = Annotated[str | None, typer.Option(help="SQLAlchemy URL; VSB_DATABASE_URL or its default if left out.")]
CaBundle = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="PEM file of the trusted issuers; VSB_CA_BUNDLE or its default if left out."),
]
SignedBy = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE=NUMBER",
        help="Who must have signed, for example CBE=0900100117; the holder of the configured key if left out.",
    ),
]


@contextmanager
def progress(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error for as long as work runs; gives what tells it how many of how many are done."""
    columns = (TextColumn(unit), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(unit, total=None)

        def on(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield on


@contextmanager
def open_store(url: str | None) -> Iterator[Store]:
    """The gateway's database when it has this version's tables; looking for it makes no file. What is wrong ends the command."""
    store = None
    try:
        address = url or Settings().database_url
        parsed = make_url(address)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
            make = "maak ze met: vsb-gateway reference load, of start de gateway."
            stop(f"Er is geen databank {parsed.database}; {make}{_of_demo()}")
        store = Store(make_engine(address))
        if not inspect(store.engine).has_table(audit.name):
            stop("Deze databank heeft nog niet de tabellen van deze versie; start de gateway een keer, die werkt ze bij.")
        yield store
    except OSError as error:
        stop(str(error))
    except ArgumentError:
        stop("Dit is geen adres van een databank; verwacht: sqlite:///pad of postgresql+psycopg://…")
    except SQLAlchemyError as error:
        stop(database_text(error))
    except Refusal as refusal:
        stop(refusal_text(refusal))
    finally:
        if store is not None:
            store.engine.dispose()


def _of_demo() -> str:
    demo = DEMO_DATABASE.absolute()
    return f"\nDie van `make run` kiest u met: export VSB_DATABASE_URL='sqlite:///{demo}'" if demo.is_file() else ""


def database_text(error: SQLAlchemyError) -> str:
    """What the database said, without what it says of rows: only the first line, persons' numbers masked."""
    first = next(iter(str(getattr(error, "orig", "")).splitlines()), type(error).__name__)
    return f"De databank antwoordt niet zoals verwacht: {gemaskeerd(first)}"


def now() -> datetime:
    """The gateway's time, also where its clock was set for a test."""
    start = Settings().clock
    return (system_clock if start is None else shifted_clock(start))()


def operator(name: str | None) -> str:
    """The actor of what is done on the command line; a name that was given does not hide the account it was done from."""
    account = f"os:{getpass.getuser()}"
    return account if name is None else f"{name} ({account})"


def reason_of(given: str | None) -> str:
    """Why something is done, for the audit chain: as given, or asked of who sits at a terminal; without one the command ends."""
    if given is None and sys.stdin.isatty():
        given = str(typer.prompt("Reden (komt in het auditlogboek, geen persoonsgegevens)"))
    reason = " ".join((given or "").split())
    if not reason:
        typed = shlex.join(("vsb-gateway", *sys.argv[1:]))
        stop(f'Geef een reden; er is niets gedaan. Bijvoorbeeld: {typed} --reason "ticket 1234: certificaat vernieuwd"')
    return reason[:200]


def gateway_signer() -> Signer:
    """The configured signing key, to sign with; a key that can not be used ends the command."""

    def warn(path: Path, _mode: int) -> None:
        Console(stderr=True).print(f"{path} {OPEN_FILE}", style="yellow", highlight=False, markup=False, soft_wrap=True)

    return _signer(warn)


def expected_signer(given: str | None) -> str:
    """TYPE=number of who must have signed."""
    if given is not None:
        return given
    try:
        # Only its certificate is looked at, so who else may read the key is not the question here.
        return read_identity(_signer(lambda _path, _mode: None, only_look=True).certificate).label
    except Refusal as refusal:
        stop(f"{refusal_text(refusal)} Zeg met --signer wie de ondertekenaar moet zijn.")


def _signer(warn: OnOpenFile, *, only_look: bool = False) -> Signer:
    try:
        return signer_of(Settings(), on_open_file=warn, only_look=only_look)
    except KeyProblem as problem:
        stop(str(problem))


def accept_past(ca_bundle: Path | None, crls: Sequence[Path]) -> AcceptCertificate:
    """Judge certificates at moments that went by; without any CRL only their path is judged."""
    bundle = ca_bundle or Settings().ca_bundle
    latest: datetime | None = None
    store: TrustStore | None = None

    def accept(der: bytes, certificate: x509.Certificate, moment: datetime) -> None:
        nonlocal latest, store
        # A TrustStore remembers its verdicts for the time to come, so one that looked later knows nothing of before.
        if store is None or latest is None or moment < latest:
            store = load_trust_store(bundle, crls, RevocationMode.GRACE)
        latest = moment
        try:
            store.accept(der, certificate, moment)
        except Refusal as refusal:
            if crls or refusal.code is not Code.REVOCATION:
                raise

    try:
        load_trust_store(bundle, crls, RevocationMode.GRACE)
    except (OSError, ValueError) as error:
        stop(f"De uitgevers zijn niet te lezen: {error}")
    return accept


def configured_crls() -> tuple[Path, ...]:
    """The CRL files that the gateway reads too."""
    settings = Settings()
    return (*settings.crls, *settings.crl_urls.values())


def print_table(table: Table) -> None:
    """Print a table; where nobody reads it on a screen every value stays whole."""
    console = Console()
    if not console.is_terminal:
        needed = console.measure(table, options=console.options.update(max_width=10_000)).maximum
        console.width = max(console.width, needed)
    console.print(table, highlight=False, markup=False)


def refusal_text(refusal: Refusal) -> str:
    """One line: what is wrong, where, and what was expected and found."""
    first = refusal.findings[0]
    details = [
        f"{name} {value}"
        for name, value in (("plaats", first.place), ("verwacht", first.expected), ("gevonden", first.found))
        if value
    ]
    return f"{first.nl} ({'; '.join(details)})" if details else first.nl


def stop(text: str, *, status: int = 2) -> NoReturn:
    """Say why and end with an exit status: 2 when nothing could be done, 1 when the answer is no."""
    Console(stderr=True).print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(status)
