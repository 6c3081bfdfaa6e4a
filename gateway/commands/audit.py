"""`vsb-gateway audit`: is the audit chain whole, seal it, read it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import Connection

from gateway.clock import BRUSSELS
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
    print_table,
    progress,
    stop,
)
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import Record
from gateway.store.audit_controle import Breuk, Verslag, verifieer
from gateway.store.audit_zegels import KetenVerbroken, verzegel, zegel_van
from gateway.store.audit_zoeken import Auditvraag, blader

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="The audit chain: who changed what, each record bound to the one before, each day sealed with a signature.",
)
_BESTAND = "auditzegel-{dag}.xml"


@app.command()
def verify(
    database: Database = None,
    ca_bundle: CaBundle = None,
    signer: SignedBy = None,
    kept: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of seals kept elsewhere (audit seal --out).")
    ] = None,
) -> None:
    """Say whether the audit chain is whole, and where it breaks if not.

    Every record is read and its hash computed again; every seal must be signed, by the gateway, and name the record and hash
    that stand there. Exit status 0: whole, 1: broken, 2: could not be looked at.

    What nobody sealed yet can be cut off without a trace, and so can a seal with what it covers: keep the seals on another
    machine (`audit seal --out`) and give that folder with `--kept`.
    """
    accept = accept_past(ca_bundle, configured_crls() if ca_bundle is None else ())
    must_sign = expected_signer(signer)
    with open_store(database) as store, store.reading() as conn, progress("records") as voortgang:
        verslag = verifieer(conn, accept, now(), ondertekenaar=must_sign, bewaard=_kept(kept), voortgang=voortgang)
    Console().print(_samenvatting(verslag), highlight=False, markup=False, soft_wrap=True)
    if not verslag.klopt:
        for breuk in verslag.breuken:
            Console().print(f"  - {_tekst(breuk)}", highlight=False, markup=False, soft_wrap=True)
        stop("De auditketen is niet heel.", status=1)


@app.command()
def seal(
    database: Database = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Also write the new seals to this folder, to keep them elsewhere.")
    ] = None,
) -> None:
    """Seal every finished day that has no seal yet; the gateway's worker does so by itself."""
    signer = gateway_signer()
    with open_store(database) as store:
        try:
            with store.writing() as conn:
                dagen = verzegel(conn, signer, now())
                documenten = {dag: zegel_van(conn, dag) or b"" for dag in dagen}
        except KetenVerbroken:
            stop("Er wordt niets verzegeld: records die al verzegeld waren, zijn weg. Zie vsb-gateway audit verify.", status=1)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            for dag, document in documenten.items():
                (out / _BESTAND.format(dag=dag)).write_bytes(document)
    wat = f"{len(dagen)} dag(en) verzegeld, tot en met {dagen[-1]}." if dagen else "Elke voorbije dag heeft al een zegel."
    Console().print(wat, highlight=False, soft_wrap=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("expected an existing day as yyyy-mm-dd") from None


@app.command()
def show(
    database: Database = None,
    last: Annotated[int, typer.Option(help="So many records, the newest.", min=1)] = 20,
    event: Annotated[Gebeurtenis | None, typer.Option(help="Only this event; see `audit events`.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only by this account, for example account:olga.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Only about this message, delivery, attest, zorgkas or RIZIV number.")
    ] = None,
    from_: Annotated[date | None, typer.Option("--from", parser=_day, metavar="DAY", help="First Belgian day.")] = None,
    until: Annotated[date | None, typer.Option(parser=_day, metavar="DAY", help="Last Belgian day.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the newest records of the audit chain that fit, the newest at the bottom."""
    asked = Auditvraag(
        soort=event,
        actor=actor,
        onderwerp=subject,
        van=None if from_ is None else datetime.combine(from_, time(), BRUSSELS),
        tot=None if until is None else datetime.combine(until + timedelta(days=1), time(), BRUSSELS),
    )
    with open_store(database) as store, store.reading() as conn:
        records = _newest(conn, asked, last)
    if as_json:
        for record in records:
            print(json.dumps(_als_json(record), ensure_ascii=False))
        return
    console = Console()
    for record in records:
        hoofd = f"{record.volgnr}  {record.tijdstip[:19]}Z  {record.gebeurtenis}  {record.onderwerp}  door {record.actor}"
        console.print(hoofd, highlight=False, markup=False, soft_wrap=True)
        gegevens = ", ".join(f"{k}={v}" for k, v in _gegevens(record).items())
        if gegevens:
            console.print(f"    {gegevens}", style="dim", highlight=False, markup=False, soft_wrap=True)


def _newest(conn: Connection, asked: Auditvraag, last: int) -> list[Record]:
    found: list[Record] = []
    while len(found) < last:
        page = blader(conn, asked, pagina=last - len(found))
        found += page.rijen
        if page.volgende is None:
            break
        asked = replace(asked, voor=page.volgende)
    return found[::-1]


@app.command()
def events() -> None:
    """List every event that the audit chain can hold."""
    table = Table(Column("gebeurtenis", no_wrap=True), Column("wat er gebeurde", overflow="fold"), box=SIMPLE_HEAD)
    for gebeurtenis in Gebeurtenis:
        table.add_row(gebeurtenis.value, gebeurtenis.woorden)
    print_table(table)


def _kept(folder: Path | None) -> dict[date, bytes]:
    if folder is None:
        return {}
    voor, _, na = _BESTAND.partition("{dag}")
    bestanden = sorted(folder.glob(f"{voor}*{na}"))
    try:
        bewaard = {date.fromisoformat(b.name.removeprefix(voor).removesuffix(na)): b.read_bytes() for b in bestanden}
    except (OSError, ValueError) as error:
        stop(f"{folder}: {error}")
    if not bewaard:
        stop(f"{folder}: geen enkel zegel ({_BESTAND.format(dag='jjjj-mm-dd')})")
    return bewaard


def _samenvatting(verslag: Verslag) -> str:
    if verslag.records == 0 and verslag.klopt:
        return "De auditketen is leeg: er is niets om na te kijken."
    laatste = (
        "geen zegel" if verslag.laatste_zegel is None else f"{verslag.zegels} zegel(s), het laatste van {verslag.laatste_zegel}"
    )
    delen = [f"{'Ja' if verslag.klopt else 'Nee'}: {verslag.records} record(s), {laatste}"]
    if verslag.onverzegeld:
        delen.append(f"{verslag.onverzegeld} record(s) nog niet verzegeld")
    if verslag.dagen_zonder_zegel:
        delen.append(f"{verslag.dagen_zonder_zegel} voorbije dag(en) zonder zegel: maak ze met vsb-gateway audit seal")
    return "; ".join(delen) + "."


def _tekst(breuk: Breuk) -> str:
    plaats = [] if breuk.dag is None else [f"zegel van {breuk.dag}"]
    plaats += [] if breuk.volgnr is None else [f"{'vanaf ' if breuk.dag else ''}record {breuk.volgnr}"]
    details = [f"{n} {w}" for n, w in (("verwacht", breuk.verwacht), ("gevonden", breuk.gevonden)) if w]
    tekst = f"{', '.join(plaats) or 'zegels'}: {breuk.wat.value}"
    return f"{tekst} ({'; '.join(details)})" if details else tekst


def _als_json(record: Record) -> dict[str, object]:
    return {
        "volgnr": record.volgnr,
        "tijdstip": record.tijdstip,
        "gebeurtenis": record.gebeurtenis,
        "actor": record.actor,
        "onderwerp": record.onderwerp,
        "gegevens": _gegevens(record),
    }


def _gegevens(record: Record) -> dict[str, object]:
    try:
        gegevens = json.loads(record.gegevens)
    except ValueError:
        gegevens = None
    return gegevens if isinstance(gegevens, dict) else {"onleesbaar": record.gegevens[:200]}
