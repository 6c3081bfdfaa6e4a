"""`vsb-gateway report`: what was invoiced, refused and paid; as a table, CSV or Parquet. And the zorgkas's payment file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sqlalchemy import Connection

from gateway.berichten.betaling import Betaling, schrijf_betaalbestand
from gateway.central.identificatie import geldig_iban
from gateway.clock import BRUSSELS
from gateway.commands.shared import Database, now, open_store, print_table, stop
from gateway.cookbook.laden import load_cookbooks
from gateway.reference import lookup
from gateway.settings import Settings
from gateway.store import rapporten, tellingen
from gateway.store.engine import Store
from gateway.store.rapporten import Doorlooptijd, Rapport, Selectie

app = typer.Typer(
    no_args_is_help=True,
    help="What was invoiced, refused and paid, for a facility, a zorgkas or all. Months are those that were invoiced; amounts in "
    "files are whole cents. `payments` writes the credit transfer file of what a zorgkas settled.",
)
From = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM", help="First month; twelve months ago if left out.")]
To = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM", help="Last month; the current one if left out.")]
Facility = Annotated[str | None, typer.Option(metavar="RIZIV", help="Only this facility, 11 digits.")]
Zorgkas = Annotated[str | None, typer.Option(metavar="CODE", help="Only this zorgkas, for example 180.")]
_GETALLEN = frozenset(m for r in rapporten.RAPPORTEN.values() for m in r.maten) | {"p50", "p90", "p99"}
Out = Annotated[Path | None, typer.Option(help="Write a .csv or a .parquet file instead of a table.")]


Lezer = Callable[[Connection, Selectie], Sequence[Sequence[Any]]]
_UITLEG = {
    "amounts": "Invoiced, accepted, refused, settled and open, by invoiced month, pillar, zorgkas and facility.",
    "refusals": "Refused records of accepted zendingen, by reason and by who refused them: the gateway, or a zorgkas by hand.",
    "messages": "Messages by month of receipt: accepted, refused, in beraad, delivered, and delivered within the promise.",
    "reasons": "Refused messages by reason; a message with three reasons counts in three rows.",
}


def _command(kolommen: Sequence[str], geld: Collection[str], lees: Lezer) -> Callable[..., None]:
    def report(
        from_: From = None,
        to: To = None,
        facility: Facility = None,
        zorgkas: Zorgkas = None,
        out: Out = None,
        database: Database = None,
    ) -> None:
        keuze = _selectie(from_, to, facility, zorgkas)
        with _bijgewerkt(database) as store, store.reading() as conn:
            _toon(kolommen, lees(conn, keuze), out, geld=geld)

    return report


def _som(rapport: Rapport) -> Lezer:
    return lambda conn, keuze: rapporten.lees(conn, rapport, keuze)


for _naam, _uitleg in _UITLEG.items():
    _rapport = rapporten.RAPPORTEN[_naam]
    app.command(_naam, help=_uitleg)(_command(_rapport.kolommen, _rapport.geld, _som(_rapport)))
_DOORLOOPTIJD = (
    "From receipt to delivery, in seconds: percentiles by pillar and zorgkas, and how many within the cookbook's promise."
)
app.command("turnaround", help=_DOORLOOPTIJD)(_command(Doorlooptijd._fields, (), rapporten.doorlooptijden))


@app.command()
def recount(database: Database = None) -> None:
    """Count every sum that reports show again, from the first message on."""
    with open_store(database) as store:
        geteld = tellingen.tel_alles(store, _beloften(), now())
    typer.echo(f"{geteld} maanden van voorzieningen geteld.")


@app.command()
def payments(
    zorgkas: Annotated[str, typer.Argument(metavar="ZORGKAS", help="Code of the zorgkas that pays, for example 180.")],
    iban: Annotated[str, typer.Option(help="Account that is paid from.")],
    out: Annotated[Path, typer.Option(help="The pain.001 file to write.")],
    settled_from: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="First day of settlement; today if left out.")
    ] = None,
    settled_to: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day of settlement; today if left out.")
    ] = None,
    execute: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day of execution; tomorrow if left out.")] = None,
    database: Database = None,
) -> None:
    """Write the credit transfer file (ISO 20022 pain.001) of what a zorgkas settled in some days.

    A zending that comes out at nothing or less, because it credits more than it asks, is named and left out.
    """
    vandaag = now().astimezone(BRUSSELS).date()
    van, tot = _dag(settled_from, vandaag), _dag(settled_to, vandaag)
    if not geldig_iban(iban):
        stop(f"{iban} is geen Belgisch IBAN met juiste controlegetallen.")
    with open_store(database) as store, store.reading() as conn:
        kas = lookup.zorgkas(conn, zorgkas)
        rows = rapporten.te_betalen(conn, zorgkas, van, tot)
        voorzieningen = {r.derdebetalende: lookup.voorziening(conn, r.derdebetalende) for r in rows}
    if kas is None:
        stop(f"Er is geen zorgkas {zorgkas}.")
    betalingen = []
    for row in rows:
        voorziening = voorzieningen[row.derdebetalende]
        if row.afgerekend <= 0:
            typer.echo(
                f"Niet betaald: zending {row.nummer} van {row.maand:%Y-%m}, {row.derdebetalende}: {_euro(row.afgerekend)}."
            )
        elif voorziening is None or voorziening.iban is None:
            stop(f"Van voorziening {row.derdebetalende} is geen rekeningnummer geregistreerd; laad het met reference load.")
        else:
            mededeling = f"VSB {row.maand:%Y-%m} zending {row.nummer} {row.betaalreferentie}"
            betalingen.append(
                Betaling(
                    begunstigde=voorziening.naam,
                    iban=voorziening.iban,
                    bedrag=row.afgerekend,
                    referentie=row.betaalreferentie,
                    mededeling=mededeling,
                )
            )
    if not betalingen:
        stop(f"Niets te betalen: zorgkas {zorgkas} rekende van {van} tot {tot} niets af dat meer dan nul is.", status=1)
    out.write_bytes(schrijf_betaalbestand(kas.naam, iban, betalingen, _dag(execute, vandaag + timedelta(days=1))))
    typer.echo(f"{out}: {len(betalingen)} betalingen, {_euro(sum(b.bedrag for b in betalingen))}.")


@contextmanager
def _bijgewerkt(database: str | None) -> Iterator[Store]:
    """The database with the sums brought up to date, as the worker does from time to time."""
    with open_store(database) as store:
        tellingen.werk_bij(store, _beloften(), now())
        yield store


def _beloften() -> dict[str, int]:
    return {naam: c.belofte for naam, c in load_cookbooks(Settings().cookbooks).items()}


def _selectie(van: str | None, tot: str | None, voorziening: str | None, zorgkas: str | None) -> Selectie:
    deze = now().astimezone(BRUSSELS).date().replace(day=1)
    return Selectie(
        van=_maand(van, deze.replace(year=deze.year - 1)),
        tot=_maand(tot, deze),
        voorzieningen=None if voorziening is None else (voorziening,),
        zorgkas=zorgkas,
    )


def _maand(tekst: str | None, anders: date) -> date:
    return anders if tekst is None else _dag(f"{tekst}-01", anders)


def _dag(tekst: str | None, anders: date) -> date:
    try:
        return anders if tekst is None else date.fromisoformat(tekst)
    except ValueError:
        stop(f"{tekst} is geen datum; verwacht JJJJ-MM voor een maand, JJJJ-MM-DD voor een dag.")


def _euro(cent: int) -> str:
    teken = "-" if cent < 0 else ""
    return f"{teken}{abs(cent) // 100:,}".replace(",", ".") + f",{abs(cent) % 100:02} euro"


def _toon(kolommen: Sequence[str], rows: Sequence[Sequence[Any]], out: Path | None, *, geld: Collection[str]) -> None:
    if out is not None:
        _schrijf(kolommen, rows, out)
        typer.echo(f"{out}: {len(rows)} rijen.")
        return
    table = Table(box=SIMPLE_HEAD)
    for kolom in kolommen:
        table.add_column(kolom, justify="right" if kolom in geld or kolom in _GETALLEN else "left")
    for row in rows:
        waarden = zip(kolommen, row, strict=True)
        table.add_row(*(_euro(w) if k in geld else f"{w:%Y-%m}" if k == "maand" else str(w) for k, w in waarden))
    print_table(table)


def _schrijf(kolommen: Sequence[str], rows: Sequence[Sequence[Any]], out: Path) -> None:
    match out.suffix.lower():
        case ".csv":
            with out.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, delimiter=";").writerows([kolommen, *rows])
        case ".parquet":
            try:
                import pyarrow
                from pyarrow import parquet
            except ImportError:
                stop("Parquet vraagt een pakket meer: pip install 'vsb-gateway[parquet]'.")
            parquet.write_table(pyarrow.table({k: [row[n] for row in rows] for n, k in enumerate(kolommen)}), out)
        case _:
            stop(f"{out.name}: verwacht een naam op .csv of .parquet.")
