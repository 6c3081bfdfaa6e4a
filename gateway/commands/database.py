"""`vsb-gateway database`: the schema forward and back, a copy of the database and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine, MetaData, Table, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gateway.commands.shared import Database, database_text, stop
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.backup import BackupProblem, maak_backup, zet_backup_terug
from gateway.store.engine import make_engine
from gateway.store.migrate import SchemaProblem, Stage

app = typer.Typer(no_args_is_help=True, help="The database: its schema, copies of it and the way back. See docs/databases.md.")
console = Console(highlight=False, soft_wrap=True)
Yes = Annotated[bool, typer.Option("--yes", help="Do it although data goes.")]


@app.command()
def status(database: Database = None) -> None:
    """Show where the schema is, what is missing, and how large the database is. Exit status 1 when a pre step is missing."""
    address = make_url(_url(database))
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        stop(f"Er is geen databank {address.database}; maak ze met: vsb-gateway database upgrade.")
    with _opened(database) as engine, engine.connect() as connection:
        found = migrate.stand(connection)
        pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        question = pages if engine.dialect.name == "sqlite" else "SELECT pg_database_size(current_database())"
        size = connection.exec_driver_sql(question).scalar() or 0
    console.print(f"{engine.url.render_as_string()}: {engine.dialect.name}, {size / 2**20:.1f} MiB")
    console.print(f"schema {found.revision or 'leeg'}" + (", van een latere versie dan deze" if found.newer else ""))
    for revision, stage in found.missing:
        console.print(f"  ontbreekt: {revision} ({stage.value})", style="yellow")
    if any(stage is Stage.PRE for _, stage in found.missing):
        raise typer.Exit(1)


@app.command()
def upgrade(
    stage: Annotated[
        Stage, typer.Option(help="pre: what the release before can live with; post: also what it can not.", case_sensitive=False)
    ] = Stage.PRE,
    database: Database = None,
) -> None:
    """Apply the migrations that are missing.

    Starting a gateway does the pre steps too. Give `--stage post` once no process of the release before runs any more.
    """
    with _opened(database) as engine:
        before = migrate.upgrade(engine, stage)
        with engine.connect() as connection:
            after = migrate.stand(connection)
    console.print(f"schema {before.revision or 'leeg'} → {after.revision}")


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(metavar="<revision>", help="Revision to go back to, for example 0004.")],
    database: Database = None,
    yes: Yes = False,
) -> None:
    """Go back to an older schema. Says what only the newer one can hold; refused without --yes when that is not empty."""
    with _opened(database) as engine:
        with engine.connect() as connection:
            found = migrate.stand(connection)
        if found.newer:
            stop(f"Schema {found.revision} is van een latere versie; ga terug met die versie.")
        verloren = _lost(engine, revision)
        for what, rows in verloren:
            console.print(f"  verdwijnt: {what} ({rows} rijen met inhoud)", style="yellow")
        if any(rows for _, rows in verloren) and not yes:
            stop("Er verdwijnt inhoud; maak eerst een backup en geef --yes.")
        migrate.downgrade(engine, revision)
    console.print(f"schema {found.revision} → {revision}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="<file>", dir_okay=False, help="File to write; replaced when it is there.")],
    database: Database = None,
) -> None:
    """Copy the database to a file while the gateway works.

    SQLite: its online backup. PostgreSQL: pg_dump in its custom format. The file holds personal data; only its owner can read it.
    """
    with _understood(), _progress() as progress:
        task = progress.add_task(f"{file}", total=None)
        maak_backup(_url(database), file, lambda done, total: progress.update(task, completed=done, total=total))
    console.print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="<file>", dir_okay=False, exists=True, help="A file that `backup` wrote.")],
    database: Database = None,
    yes: Yes = False,
) -> None:
    """Put a copy in the place of the database. Refused while a process uses it, and without --yes when it holds messages."""
    with _understood():
        zet_backup_terug(_url(database), file, overschrijf=yes)
    console.print("Teruggezet. Wat na de kopie afgeleverd werd gaat opnieuw naar de zorgkas, met hetzelfde MessageId.")
    console.print("Kijk de keten na: vsb-gateway audit verify")


def _lost(engine: Engine, revision: str) -> list[tuple[str, int]]:
    """Tables and columns that an older schema has no place for, with how many rows say something there."""
    now, then = MetaData(), MetaData()
    empty = make_engine("sqlite://")
    migrate.upgrade_to(empty, revision)
    then.reflect(bind=empty)
    with engine.connect() as connection:
        now.reflect(bind=connection)
        found: list[tuple[str, int]] = []
        for table in _own(now):
            old = then.tables.get(table.name)
            if old is None:
                found.append((table.name, connection.execute(select(func.count()).select_from(table)).scalar() or 0))
                continue
            for column in table.columns:
                if column.name not in old.columns:
                    filled = connection.execute(select(func.count(column)).select_from(table)).scalar() or 0
                    found.append((f"{table.name}.{column.name}", filled))
    empty.dispose()
    return found


def _own(metadata: MetaData) -> list[Table]:
    # On PostgreSQL a month's partition goes with its table, and only that one counts.
    divided = [f"{name}_" for name in metadata.tables if name.endswith("_inhoud")]
    return [t for name, t in metadata.tables.items() if not name.startswith(tuple(divided))]


def _url(database: str | None) -> str:
    return database or Settings().database_url


@contextmanager
def _opened(database: str | None) -> Iterator[Engine]:
    with _understood():
        engine = make_engine(_url(database))
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (SchemaProblem, BackupProblem, OSError) as problem:
        stop(str(problem))
    except ArgumentError:
        stop("Dit is geen adres van een databank; verwacht: sqlite:///pad of postgresql+psycopg://…")
    except SQLAlchemyError as error:
        stop(database_text(error))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
