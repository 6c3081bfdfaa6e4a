"""`vsb-gateway reference`: check, load and show the reference data."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from sqlalchemy import Engine, create_engine, func, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gateway.clock import BRUSSELS, shifted_clock, system_clock
from gateway.commands.shared import operator
from gateway.reference import invoer
from gateway.reference.controle import gemaskeerd
from gateway.reference.laden import Laadverslag, Voortgang, controleer, kijk_vooruit, laad
from gateway.reference.schrijven import Verschil, Voorbeelden
from gateway.reference.soorten import SOORTEN, Soort
from gateway.reference.tables import laadbeurt
from gateway.reference.tonen import tekst, toon_rij
from gateway.reference.voorbeeld import VOORBEELD_ONTVANGER, voorbeeldbestanden
from gateway.store.metadata import metadata

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="The reference data: zorgkassen, persons, affiliations, facilities, recognitions, declarations, attests, prices.",
)


def _uitleg(soort: Soort) -> str:
    kolommen = ", ".join(f"`{k.naam}`" if k.verplicht else f"[`{k.naam}`]" for k in soort.kolommen)
    return f"- **{soort.naam}**: {soort.wat}. {kolommen}"


_BESTANDEN = f"""
A file is CSV in UTF-8 with `;` between the fields; the first row names the columns, in any order. Its kind follows from how
its name begins (`personen-2026.csv`), or else from its columns. The kinds, with columns that may be empty or absent in brackets:

{chr(10).join(_uitleg(s) for s in SOORTEN)}

`vsb-gateway reference kinds` says what may stand in each column. Days are `yyyy-mm-dd`; both days of a period are inside it and
an empty `tot` means: still running. `{{jaar}}-01-01` and `{{jaar-1}}-12-31` count from the year of loading.
"""

_LOAD = f"""Check files and load them, all or nothing.

Every row is checked: check digits, dates, references to rows that nobody knows, periods of one person, facility or price that
share a day. With any fault nothing is written, and each wrong row gets one line that says where, what stood there (an INSZ
masked) and what was expected; the exit status is then 1.

Loading the same file again changes nothing. A row replaces the row with the same first column. Files with periods replace
*all* periods known of the persons, facilities or prices they name, so load together what tells about the same ones.
{_BESTANDEN}"""

_CHECK = f"""Check files as `load` does, and write nothing.

References may point into the files themselves or into the database, when there is one. Exit status 1 when a row is wrong.
{_BESTANDEN}"""

_GROOT = 5_000_000
"""Octets from which reading takes long enough to tell how far it is."""
Bestanden = Annotated[list[Path], typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Reference files.")]
Database = Annotated[str | None, typer.Option(help="SQLAlchemy URL; VSB_DATABASE_URL or its default if left out.")]

Wat = StrEnum("Wat", {s.naam: s.naam for s in SOORTEN} | {"laadbeurten": "laadbeurten"})  # type: ignore[misc]


@app.command(help=_LOAD)
def load(
    files: Bestanden,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change, and load nothing.")] = False,
    database: Database = None,
) -> None:
    if not preview:
        _laad(files, database)
        return
    with _verstaanbaar():
        engine = _bestaande_databank(database) or _lege_databank()
        with _voortgangsbalk() as voortgang:
            verslag = kijk_vooruit(engine, files, _nu().date(), voortgang=voortgang)
    _toon_verslag(verslag, "Er is niets geladen: zonder --preview wel.")


@app.command()
def sample(
    database: Database = None,
    push_base: Annotated[
        str, typer.Option(help="Where the sample zorgkassen that are pushed to listen, for example `vsb-conformance receiver`.")
    ] = VOORBEELD_ONTVANGER,
) -> None:
    """Load the sample data: invented persons, four facilities, six zorgkassen and demo prices.

    What examples, the demo and the conformance suite use. Not for production. Short names of the persons and facilities are
    in `gateway/reference/sample/namen.toml`.
    """
    with TemporaryDirectory() as folder:
        bestanden = [Path(shutil.copy(b, folder)) for b in voorbeeldbestanden()]
        for bestand in bestanden:
            tekst = bestand.read_text(encoding="utf-8")
            bestand.write_text(tekst.replace(VOORBEELD_ONTVANGER, push_base.rstrip("/")), encoding="utf-8")
        _laad(bestanden, database)


@app.command(hidden=True)
def step(number: str, actor: Annotated[str, typer.Option()]) -> None:
    """Check or load an import that was sent by screen; the server starts this."""
    from gateway.settings import Settings
    from gateway.store.engine import Store, make_engine

    settings = Settings()
    klok = system_clock if settings.clock is None else shifted_clock(settings.clock)
    with _verstaanbaar():
        store = Store(make_engine(settings.database_url))
        nu = klok()
        with invoer.voortgang_van(store, number, klok) as voortgang:
            invoer.doe_stap(store, settings.imports, number, nu.astimezone(BRUSSELS).date(), nu, actor, voortgang)


@app.command(help=_CHECK)
def check(files: Bestanden, database: Database = None) -> None:
    with _verstaanbaar():
        engine = _bestaande_databank(database) or _lege_databank()
        with _voortgangsbalk() as voortgang:
            verslag = controleer(engine, files, _nu().date(), voortgang=voortgang)
    _toon_verslag(verslag, "Niets gevonden dat fout is.")


@app.command()
def kinds(
    kind: Annotated[Wat | None, typer.Argument(help="Only this kind of file.", show_choices=False)] = None,
) -> None:
    """Show what may stand in each column of each kind of file."""
    for soort in SOORTEN:
        if kind in (None, soort.naam):
            table = Table("kolom", "verplicht", Column("verwacht", overflow="fold"), title=soort.naam, box=SIMPLE_HEAD)
            for kolom in soort.kolommen:
                table.add_row(kolom.naam, "ja" if kolom.verplicht else "", kolom.verwacht)
            Console().print(table, highlight=False, markup=False)


@app.command()
def show(
    kind: Annotated[Wat, typer.Argument(help="What to show; `laadbeurten` are the loads so far.")],
    database: Database = None,
    limit: Annotated[int, typer.Option(help="At most so many rows.", min=1)] = 100,
) -> None:
    """Show what the database knows, with every INSZ masked."""
    soort = next((s for s in SOORTEN if s.naam == kind), None)
    tabel = laadbeurt if soort is None else soort.tabel
    toon: dict[str, Callable[[str], str]] = (
        {k.name: gemaskeerd for k in tabel.c if k.name != "id"}
        if soort is None
        else {k.naam: k.toon for k in soort.kolommen if not k.verzwegen}
    )
    volgorde = [tabel.c[n] for n in (*(soort.sleutel if soort else ()), *(("van",) if soort and soort.perioden else ()))]
    with _verstaanbaar():
        engine = _bestaande_databank(database)
        if engine is None:
            _stop("Deze databank kent nog geen referentiegegevens; laad ze met: vsb-gateway reference sample")
        with engine.connect() as conn:
            aantal = conn.execute(select(func.count()).select_from(tabel)).scalar_one()
            rijen = conn.execute(select(*(tabel.c[n] for n in toon)).order_by(*volgorde, *tabel.primary_key).limit(limit)).all()
    cellen = [[toon_een(tekst(waarde)) for toon_een, waarde in zip(toon.values(), rij, strict=True)] for rij in rijen]
    console = Console()
    console.print(_tabel(console, f"{kind} ({aantal})", list(toon), cellen), highlight=False, markup=False)
    if aantal > len(rijen):
        console.print(f"… en nog {aantal - len(rijen)}; vraag ze met --limit", highlight=False)


def _tabel(console: Console, titel: str, namen: list[str], rijen: list[list[str]]) -> Table:
    """One line a row; where the screen is too narrow for that, one line a field."""
    breed = Table(*(Column(n, no_wrap=True) for n in namen), title=titel, title_justify="left", box=SIMPLE_HEAD)
    for rij in rijen:
        breed.add_row(*rij)
    nodig = console.measure(breed, options=console.options.update(max_width=10_000)).maximum
    if not console.is_terminal:
        # Nobody reads it on a screen: what follows in the pipe wants whole values.
        console.width = max(console.width, nodig)
    if nodig <= console.width:
        return breed
    smal = Table(
        Column(no_wrap=True, style="bold"),
        Column(overflow="fold"),
        title=titel,
        title_justify="left",
        show_header=False,
        box=None,
    )
    for rij in rijen:
        for naam, cel in zip(namen, rij, strict=True):
            smal.add_row(naam, cel)
        smal.add_section()
        smal.add_row()
    return smal


def _laad(bestanden: list[Path], url: str | None) -> None:
    from gateway.store.engine import make_engine
    from gateway.store.migrate import upgrade

    with _verstaanbaar():
        engine = make_engine(_url(url))
        upgrade(engine)
        nu = _nu()
        with _voortgangsbalk() as voortgang:
            verslag = laad(engine, bestanden, nu.date(), voortgang=voortgang, op=nu, door=operator(None))
    _toon_verslag(verslag, f"Geladen in {make_url(_url(url)).render_as_string()}.")


def _url(url: str | None) -> str:
    from gateway.settings import Settings

    return url or Settings().database_url


def _nu() -> datetime:
    from gateway.settings import Settings

    begin = Settings().clock
    klok = system_clock if begin is None else shifted_clock(begin)
    return klok().astimezone(BRUSSELS)


def _bestaande_databank(url: str | None) -> Engine | None:
    """The database when it has the tables; looking at it makes no file."""
    from gateway.store.engine import make_engine

    adres = make_url(_url(url))
    if adres.get_backend_name() == "sqlite" and not Path(adres.database or "").is_file():
        return None
    engine = make_engine(_url(url))
    return engine if inspect(engine).has_table(laadbeurt.name) else None


def _lege_databank() -> Engine:
    engine = create_engine("sqlite://")
    metadata.create_all(engine, tables=[*(s.tabel for s in SOORTEN), laadbeurt])
    return engine


def _toon_verslag(verslag: Laadverslag, gelukt: str) -> None:
    uit = Console(stderr=True)
    for fout in verslag.fouten:
        uit.print(fout.tekst, highlight=False, markup=False, soft_wrap=True)
    if verslag.fouten_meer:
        uit.print(f"… en nog {verslag.fouten_meer} fouten", highlight=False)
    if verslag.fouten:
        _stop(f"{len(verslag.fouten) + verslag.fouten_meer} fout(en); er is niets geladen.", status=1)
    table = Table("bestand", "soort", Column("rijen", justify="right"), box=SIMPLE_HEAD)
    for gelezen in verslag.bestanden:
        table.add_row(gelezen.bestand.name, gelezen.soort, str(gelezen.rijen))
    console = Console()
    console.print(table, highlight=False, markup=False)
    for soort, v in verslag.verschillen.items():
        telling = f"{v.nieuw} nieuw, {v.gewijzigd} gewijzigd, {v.ongewijzigd} ongewijzigd"
        console.print(f"{soort}: {telling}{f', {v.weg} perioden weg' if v.weg else ''}", highlight=False)
        if soort in verslag.voorbeelden:
            _toon_voorbeelden(console, soort, v, verslag.voorbeelden[soort])
    console.print(gelukt, highlight=False, markup=False, soft_wrap=True)


def _toon_voorbeelden(console: Console, naam: str, verschil: Verschil, voorbeelden: Voorbeelden) -> None:
    soort = next(s for s in SOORTEN if s.naam == naam)
    regels = [f"+ {_regel(toon_rij(soort, r))}" for r in voorbeelden.nieuw]
    for oud, nieuw in voorbeelden.gewijzigd:
        was, wordt = toon_rij(soort, oud), toon_rij(soort, nieuw)
        anders = [f"{k}: {was[k] or 'niets'} → {wordt[k] or 'niets'}" for k in was if was[k] != wordt[k]]
        regels.append(f"~ {_regel({k: wordt[k] for k in soort.sleutel})}: {', '.join(anders) or '(verborgen)'}")
    regels += [f"- {_regel(toon_rij(soort, r))}" for r in voorbeelden.weg]
    meer = verschil.nieuw + verschil.gewijzigd + verschil.weg - len(regels)
    for regel in (*regels, *((f"… en nog {meer}",) if meer else ())):
        console.print(f"  {regel}", highlight=False, markup=False, soft_wrap=True)


def _regel(waarden: Mapping[str, str]) -> str:
    return ";".join(waarden.values())


@contextmanager
def _voortgangsbalk() -> Iterator[Voortgang]:
    scherm = Console(stderr=True)
    if not scherm.is_terminal:
        yield _regels(scherm)
        return
    kolommen = (TextColumn("{task.description:<24}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*kolommen, console=scherm, transient=True) as balk:
        taken = {}

        def verder(bestand: Path, gelezen: int, grootte: int) -> None:
            if bestand not in taken:
                taken[bestand] = balk.add_task(bestand.name, total=grootte)
            balk.update(taken[bestand], completed=gelezen)

        yield verder


def _regels(scherm: Console) -> Voortgang:
    """A line for each tenth of a large file, for a log."""
    getoond: dict[Path, int] = {}

    def verder(bestand: Path, gelezen: int, grootte: int) -> None:
        tiende = 10 * gelezen // max(grootte, 1)
        if grootte > _GROOT and tiende > getoond.get(bestand, 0):
            getoond[bestand] = tiende
            scherm.print(f"{bestand.name}: {10 * tiende} % gelezen", highlight=False)

    return verder


@contextmanager
def _verstaanbaar() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _stop(str(error))
    except ArgumentError:
        _stop("Dit is geen adres van een databank; verwacht: sqlite:///pad of postgresql+psycopg://…")
    except SQLAlchemyError as error:
        # Only its first line: statement and details carry values of rows.
        eerste = next(iter(str(getattr(error, "orig", "")).splitlines()), type(error).__name__)
        _stop(f"De databank antwoordt niet zoals verwacht: {gemaskeerd(eerste)}")


def _stop(tekst: str, *, status: int = 2) -> NoReturn:
    Console(stderr=True).print(tekst, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(status)
