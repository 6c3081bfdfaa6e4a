"""`vsb-gateway deliveries`: what is on its way to the zorgkassen, and what to do with what does not arrive."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sqlalchemy import Connection, func, select

from gateway.commands.shared import Database, now, open_store, operator, print_table, reason_of, stop
from gateway.exchange import beheer, lijn
from gateway.exchange.beheer import Onmogelijk
from gateway.exchange.foutwoorden import in_woorden
from gateway.exchange.toestand import PENDING, RETRYABLE, Toestand
from gateway.reference import lookup
from gateway.settings import Settings
from gateway.store.tables import levering, poging

app = typer.Typer(
    no_args_is_help=True,
    help="What is on its way to the zorgkassen, and what to do with what does not arrive. Every act is written in the audit "
    "chain and holds at once, in every running process.\n\n"
    "A delivery is `wachtend`, `opgehaald` or `afgeleverd` (the receiver's own receipt is still to come), `bevestigd` (closed), "
    "`mislukt` (a dead letter: look at it, then redeliver or give up) or `opgegeven`.",
)
Actor = Annotated[str | None, typer.Option(help="Who decided this; the OS user if left out, and beside it otherwise.")]
Reason = Annotated[str | None, typer.Option(help="Why, for the audit chain. Asked at a terminal, must be given elsewhere.")]
Zorgkas = Annotated[str, typer.Argument(metavar="ZORGKAS", help="Code of the zorgkas, for example 280.")]


@app.command("list")
def list_(
    zorgkas: Annotated[str | None, typer.Option(help="Only to this zorgkas.")] = None,
    state: Annotated[Toestand | None, typer.Option(help="Only in this state; what is not closed if left out.")] = None,
    limit: Annotated[int, typer.Option(help="Most rows to show, oldest first.", min=1)] = 50,
    database: Database = None,
) -> None:
    """Show deliveries that are not closed, oldest first."""
    states = [state] if state is not None else [*PENDING, Toestand.MISLUKT]
    query = select(levering).where(levering.c.toestand.in_([s.value for s in states])).order_by(levering.c.nr).limit(limit)
    if zorgkas is not None:
        query = query.where(levering.c.bestemming == f"zorgkas:{zorgkas}")
    table = Table("delivery", "to", "by", "name", "state", "attempts", "made", "next attempt", "last result", box=SIMPLE_HEAD)
    with open_store(database) as store, store.reading() as conn:
        for row in conn.execute(query).all():
            table.add_row(
                row.id,
                row.bestemming,
                row.transport,
                row.message_name,
                row.toestand,
                str(row.pogingen),
                f"{row.aangemaakt_op:%Y-%m-%d %H:%M:%S}",
                f"{row.volgende_poging:%Y-%m-%d %H:%M:%S}" if row.toestand == Toestand.WACHTEND.value else "",
                _last(conn, row.id),
            )
    print_table(table)


@app.command()
def show(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Id of the delivery.")], database: Database = None
) -> None:
    """Show one delivery with every attempt."""
    with open_store(database) as store, store.reading() as conn:
        row = conn.execute(select(levering).where(levering.c.id == delivery)).first()
        attempts = conn.execute(select(poging).where(poging.c.levering_id == delivery).order_by(poging.c.id)).all()
    if row is None:
        stop(f"Er is geen levering {delivery}.")
    facts = Table(box=None, show_header=False)
    for name in ("id", "bestemming", "transport", "message_name", "input_reference", "hash", "octetten", "toestand", "ontvangst"):
        facts.add_row(name, str(getattr(row, name) or ""))
    print_table(facts)
    table = Table("begin", "seconds", "succeeded", "result", "worker", box=SIMPLE_HEAD)
    for a in attempts:
        spent = (a.einde - a.begin).total_seconds()
        table.add_row(
            f"{a.begin:%Y-%m-%d %H:%M:%S}", f"{spent:.1f}", "yes" if a.gelukt else "no", in_woorden(a.melding), a.werker
        )
    print_table(table)


@app.command()
def redeliver(
    deliveries: Annotated[list[str] | None, typer.Argument(metavar="DELIVERY…", help="Ids of deliveries.")] = None,
    zorgkas: Annotated[str | None, typer.Option(help="Instead of ids: every dead letter to this zorgkas.")] = None,
    actor: Actor = None,
    reason: Reason = None,
    database: Database = None,
) -> None:
    """Send dead letters, and what got no receipt, again; under the same id, so that a receiver who has it keeps it once."""
    if (zorgkas is None) == (not deliveries):
        stop("Geef ofwel de leveringen, ofwel --zorgkas.")
    why = reason_of(reason)
    with open_store(database) as store, store.writing() as conn:
        ids = deliveries or _dead(conn, f"zorgkas:{zorgkas}")
        again = beheer.bied_opnieuw_aan(conn, ids, operator(actor), now(), Settings().delivery_policy(), reden=why)
    for name in sorted(set(ids) - set(again)):
        typer.echo(f"{name}: niet gevonden, of niet {' of '.join(sorted(RETRYABLE))}")
    typer.echo(f"{len(again)} van {len(ids)} leveringen gaan opnieuw.")
    if len(again) < len(ids):
        raise typer.Exit(1)


@app.command("give-up")
def give_up(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Id of the delivery.")],
    reason: Reason = None,
    actor: Actor = None,
    database: Database = None,
) -> None:
    """Give a delivery up for good; what waits behind it for the same person goes on."""
    why = reason_of(reason)
    with open_store(database) as store, store.writing() as conn:
        try:
            beheer.geef_op(conn, delivery, operator(actor), why, now())
        except Onmogelijk as problem:
            stop(str(problem))
    typer.echo(f"{delivery} is opgegeven.")


@app.command()
def pause(zorgkas: Zorgkas, reason: Reason = None, actor: Actor = None, database: Database = None) -> None:
    """Stop the deliveries to a zorgkas; what is accepted meanwhile waits."""
    why = reason_of(reason)
    with open_store(database) as store, store.writing() as conn:
        if lookup.zorgkas(conn, zorgkas) is None:
            stop(f"Er is geen zorgkas {zorgkas}.")
        beheer.pauzeer(conn, f"zorgkas:{zorgkas}", operator(actor), why, now())
    typer.echo(f"De leveringen aan {zorgkas} staan stil; hervat met: vsb-gateway deliveries resume {zorgkas}")


@app.command()
def resume(zorgkas: Zorgkas, reason: Reason = None, actor: Actor = None, database: Database = None) -> None:
    """Let the deliveries to a zorgkas go on at once, also when its line was interrupted after failures."""
    why = reason_of(reason)
    with open_store(database) as store, store.writing() as conn:
        try:
            beheer.hervat(conn, f"zorgkas:{zorgkas}", operator(actor), now(), reden=why)
        except Onmogelijk as problem:
            stop(str(problem), status=1)
    typer.echo(f"De leveringen aan {zorgkas} gaan weer door.")


@app.command()
def reroute(zorgkas: Zorgkas, reason: Reason = None, actor: Actor = None, database: Database = None) -> None:
    """Let what waits for a zorgkas go by the transport that it is registered with now; dead letters get new attempts."""
    with open_store(database) as store:
        with store.reading() as conn:
            found = lookup.zorgkas(conn, zorgkas)
            if found is None:
                stop(f"Er is geen zorgkas {zorgkas}.")
            concerned = beheer.tel_omleiding(conn, f"zorgkas:{zorgkas}", found.levering.value)
        typer.echo(f"Dit betreft {concerned.wachtend} wachtende en {concerned.mislukt} mislukte leveringen.")
        why = reason_of(reason)
        with store.writing() as conn:
            to, policy = found.levering.value, Settings().delivery_policy()
            try:
                moved = beheer.leid_om(conn, f"zorgkas:{zorgkas}", to, operator(actor), now(), policy, reden=why)
            except Onmogelijk as problem:
                stop(str(problem), status=1)
    typer.echo(f"{moved.samen} leveringen gaan nu langs {to}; {moved.mislukt} waren mislukt en krijgen nieuwe pogingen.")


@app.command()
def lines(database: Database = None) -> None:
    """Show each zorgkas's line: what waits, since when, whether it runs, is interrupted or paused, and its last failure."""
    table = Table(
        "to",
        "waiting",
        "oldest",
        "dead letters",
        "line",
        "failures in a row",
        "next probe",
        "paused by",
        "last failure",
        box=SIMPLE_HEAD,
    )
    with open_store(database) as store, store.reading() as conn:
        for kas in lookup.zorgkassen(conn):
            stand, (count, oldest) = lijn.lees(conn, f"zorgkas:{kas.code}"), _waiting(conn, f"zorgkas:{kas.code}")
            # Only of a line that is not well: a failure of long ago says nothing about one that runs.
            fout = lijn.laatste_fout(conn, f"zorgkas:{kas.code}") if stand.fouten else None
            table.add_row(
                f"{kas.code} {kas.naam}",
                str(count),
                f"{oldest:%Y-%m-%d %H:%M:%S}" if oldest is not None else "",
                str(len(_dead(conn, f"zorgkas:{kas.code}"))),
                stand.woord,
                str(stand.fouten),
                f"{stand.open_tot:%H:%M:%S}" if stand.open_tot is not None else "",
                f"{stand.gepauzeerd_door}: {stand.gepauzeerd_reden}" if stand.gepauzeerd_door else "",
                f"{fout.op:%Y-%m-%d %H:%M:%S} {in_woorden(fout.melding)}" if fout is not None else "",
            )
    print_table(table)


def _waiting(conn: Connection, bestemming: str) -> tuple[int, datetime | None]:
    pending = levering.c.toestand.in_([s.value for s in PENDING])
    query = select(func.count(), func.min(levering.c.aangemaakt_op)).where(levering.c.bestemming == bestemming, pending)
    row = conn.execute(query).one()
    return row[0], row[1]


def _dead(conn: Connection, bestemming: str) -> list[str]:
    dead = select(levering.c.id).where(levering.c.bestemming == bestemming, levering.c.toestand == Toestand.MISLUKT.value)
    return list(conn.execute(dead.order_by(levering.c.nr)).scalars())


def _last(conn: Connection, levering_id: str) -> str:
    last = select(poging.c.melding).where(poging.c.levering_id == levering_id).order_by(poging.c.id.desc()).limit(1)
    return in_woorden(conn.execute(last).scalar())
