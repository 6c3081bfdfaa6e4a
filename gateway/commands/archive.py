"""`vsb-gateway archive`: take closed months out of the database into signed files, look after these, put a month back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gateway.commands.shared import (
    CaBundle,
    Database,
    SignedBy,
    accept_past,
    configured_crls,
    expected_signer,
    gateway_signer,
    now,
    open_store,
    operator,
    print_table,
    progress,
    stop,
)
from gateway.settings import Settings
from gateway.store import archief_controle
from gateway.store.archief import Archiefkast, ArchiefProbleem, Uitslag, archiveer, geregistreerd, gesloten_voor
from gateway.store.archief_bestand import Beschadigd
from gateway.store.archief_rijen import maanden_met_inhoud
from gateway.store.archief_terug import zet_terug
from gateway.store.engine import Store

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="The archive: payload bytes of closed months, a signed file a month, each naming the one before. See docs/databases.md.",
)
Folder = Annotated[
    Path | None, typer.Option("--archive", file_okay=False, help="Folder of the archive; VSB_ARCHIVE or its default if left out.")
]
By = Annotated[str | None, typer.Option("--by", help="Who does this, for the audit chain; your account is noted too.")]
_MAAND = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)


@app.command()
def run(
    before: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="Only months before this one; never later than VSB_RETENTION_MONTHS allows."),
    ] = None,
    database: Database = None,
    archive: Folder = None,
    by: By = None,
) -> None:
    """Archive every closed month: write its file, sign it, read it back, and only then take its bytes out of the database.

    A month is closed when all its messages are older than VSB_RETENTION_MONTHS and each of their deliveries is final. The
    others are named and stay. Messages, their lives, decisions and deliveries stay in the database for good; only payload
    bytes leave. A month that was put back with `restore` leaves again.

    Killed half-way, nothing is lost: run it again and it finishes. Exit status 0: done, 1: a month stays because a delivery is
    not final, 2: could not be done.
    """
    grens = gesloten_voor(now(), Settings().retention_months)
    voor = grens if before is None else min(grens, _maand(before))
    with open_store(database) as store, _kast(store, archive, by) as kast:
        uitslagen = []
        for uitslag in archiveer(kast, voor):
            uitslagen.append(uitslag)
            _zeg(_tekst(uitslag))
    if not uitslagen:
        _zeg(f"Er is niets te archiveren: geen enkele maand voor {voor:%Y-%m} heeft nog octetten in de databank.")
    if any(u.bestand is None for u in uitslagen):
        stop("Niet elke maand kon naar het archief; zie vsb-gateway deliveries.", status=1)


@app.command("list")
def list_(database: Database = None) -> None:
    """List the archived months in the order of the chain; the last name is what the verifier's --last wants."""
    table = Table("month", "file", "messages", "bytes", "archived", "in the database", box=SIMPLE_HEAD)
    with open_store(database) as store, store.reading() as conn:
        terug = set(maanden_met_inhoud(conn, date.max))
        for r in geregistreerd(conn):
            table.add_row(
                f"{r.maand:%Y-%m}",
                r.bestand,
                str(r.berichten),
                str(r.octetten),
                f"{r.op:%Y-%m-%d %H:%M}",
                "yes" if r.maand in terug else "no",
            )
    print_table(table)


@app.command()
def verify(database: Database = None, archive: Folder = None, ca_bundle: CaBundle = None, signer: SignedBy = None) -> None:
    """Read every archived file whole and say whether the archive holds, and where it breaks if not.

    Each file must have the digest that was registered and hold the rows that its first line counts, each payload its own digest;
    each manifest must be signed, by the gateway, and say the same; each file must name the one before. Exit status 0: whole,
    1: broken, 2: could not be looked at. deploy/verify_archive.py does the same for who has the files and not the database.
    """
    accept = accept_past(ca_bundle, configured_crls() if ca_bundle is None else ())
    must_sign = expected_signer(signer)
    with open_store(database) as store, store.reading() as conn, progress("rijen") as voortgang:
        aantal, breuken = archief_controle.verifieer(
            conn, archive or Settings().archive, accept, now(), ondertekenaar=must_sign, voortgang=voortgang
        )
    for breuk in breuken:
        _zeg(f"  - {breuk.maand:%Y-%m}: {breuk.wat}")
    if breuken:
        stop(f"Het archief is niet heel: {len(breuken)} breuk(en) in {aantal} bestand(en).", status=1)
    _zeg(f"Ja: {aantal} bestand(en), elk heel, ondertekend en aan het vorige vast.")


@app.command()
def restore(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month to put back.")],
    database: Database = None,
    archive: Folder = None,
    by: By = None,
) -> None:
    """Put the payload bytes of an archived month back in the database; the next `archive run` takes them out again."""
    maand = _maand(month)
    with open_store(database) as store, _kast(store, archive, by) as kast:
        rijen = zet_terug(kast, maand)
    _zeg(f"{maand:%Y-%m} staat weer in de databank: {rijen} rij(en) teruggezet.")


@contextmanager
def _kast(store: Store, archive: Path | None, by: str | None) -> Iterator[Archiefkast]:
    signer = gateway_signer()
    try:
        with progress("rijen") as voortgang:
            folder = archive or Settings().archive
            yield Archiefkast(store=store, folder=folder, signer=signer, klok=now, actor=operator(by), voortgang=voortgang)
    except (ArchiefProbleem, Beschadigd) as fout:
        stop(str(fout))


def _maand(text: str) -> date:
    if _MAAND.fullmatch(text) is None:
        stop(f"{text[:20]} is geen maand; verwacht: jjjj-mm.")
    return date.fromisoformat(f"{text}-01")


def _tekst(uitslag: Uitslag) -> str:
    if uitslag.bestand is None:
        return f"{uitslag.maand:%Y-%m} blijft: {uitslag.niet_klaar} levering(en) of taak/taken zijn niet afgelopen."
    return f"{uitslag.maand:%Y-%m} → {uitslag.bestand}: {uitslag.berichten} bericht(en), {uitslag.octetten} octetten."


def _zeg(text: str) -> None:
    Console().print(text, highlight=False, markup=False, soft_wrap=True)
