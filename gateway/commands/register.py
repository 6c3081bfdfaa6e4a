"""`vsb-gateway register`: who may send, with which software, for whom."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import Connection, Row

from gateway.clock import BRUSSELS
from gateway.commands.shared import Database, now, open_store, operator, print_table, reason_of, stop
from gateway.reference.register import (
    Door,
    Periodelijst,
    Registerfout,
    Wijziging,
    beeindig_periode,
    periode,
    voeg_periode_toe,
)
from gateway.reference.register_attesten import beeindig_attest, hervat_attest, schors_attest, voeg_attest_toe
from gateway.reference.register_lijst import attesten, perioden
from gateway.reference.waarden import datum

_EFFECT = "Every change is written in the audit chain and holds at once, in every running process."

app = typer.Typer(no_args_is_help=True, help=f"The register that decides who may send. {_EFFECT}")
attestation = typer.Typer(no_args_is_help=True, help=f"Attested software packages. {_EFFECT}")
declaration = typer.Typer(no_args_is_help=True, help=f"Circle-of-trust declarations of facilities. {_EFFECT}")
recognition = typer.Typer(no_args_is_help=True, help=f"Recognitions of facilities for a pillar. {_EFFECT}")
mandate = typer.Typer(no_args_is_help=True, help=f"Mandates: who may send for a facility. {_EFFECT}")
app.add_typer(attestation, name="attestation")
app.add_typer(declaration, name="declaration")
app.add_typer(recognition, name="recognition")
app.add_typer(mandate, name="mandate")


Cel = Callable[[Row[Any]], str]
"""What stands in a column of a row."""


def _dag(tekst: str) -> date:
    try:
        dag: date = datum(tekst, _vandaag())
    except ValueError:
        raise typer.BadParameter("expected an existing day as yyyy-mm-dd") from None
    return dag


def _vandaag() -> date:
    return now().astimezone(BRUSSELS).date()


Actor = Annotated[str | None, typer.Option(help="Who decided this; the OS user if left out, and beside it otherwise.")]
Reason = Annotated[
    str | None, typer.Option(help="Why, for the audit chain; no personal data. Asked at a terminal, must be given elsewhere.")
]
From = Annotated[date | None, typer.Option("--from", parser=_dag, metavar="DAY", help="First day inside; today if left out.")]
Until = Annotated[date | None, typer.Option(parser=_dag, metavar="DAY", help="Last day inside; none if left out.")]
On = Annotated[date | None, typer.Option(parser=_dag, metavar="DAY", help="Last day inside; today if left out.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Number of the attest.")]
Facility = Annotated[str, typer.Argument(metavar="FACILITY", help="RIZIV number of the facility, 11 digits.")]
Sender = Annotated[str, typer.Argument(metavar="SENDER", help="RIZIV number of who may send, 11 digits.")]
Pillar = Annotated[str, typer.Argument(metavar="PILLAR", help="Name of a pillar, for example eibwfin.")]
OfFacility = Annotated[str | None, typer.Option("--facility", help="Only where the RIZIV number begins so, or the name has it.")]
Search = Annotated[str | None, typer.Option(help="Only where the number, the vendor or the product has this.")]


@attestation.command("add")
def attestation_add(
    number: Number,
    vendor: Annotated[str, typer.Option(help="Who makes the software.")],
    product: Annotated[str, typer.Option(help="Name of the package.")],
    from_version: Annotated[str, typer.Option(help="Lowest version covered, for example 2.0.")],
    to_version: Annotated[str, typer.Option(help="Highest version covered.")],
    pillar: Annotated[list[str], typer.Option(help="A pillar it is attested for; repeat for each.")],
    from_: From = None,
    until: Until = None,
    licence_user: Annotated[
        str | None, typer.Option(help="User name of its MyCareNet licence; the password is asked, and only its SHA-256 kept.")
    ] = None,
    licence_hash: Annotated[str | None, typer.Option(help="SHA-256 of the licence password, hex, instead of asking.")] = None,
    actor: Actor = None,
    reason: Reason = None,
    database: Database = None,
) -> None:
    """Register an attested software package."""
    if licence_user is not None and licence_hash is None:
        password: str = typer.prompt("Licence password", hide_input=True, confirmation_prompt=True)
        licence_hash = hashlib.sha256(password.encode()).hexdigest()
    attest = {
        "nummer": number,
        "leverancier": vendor,
        "product": product,
        "versie_van": from_version,
        "versie_tot": to_version,
        "pijlers": ",".join(pillar),
        "licentie_gebruiker": licence_user,
        "licentie_hash": licence_hash,
    }
    change(database, actor, reason, lambda conn, door: voeg_attest_toe(conn, attest, from_ or _vandaag(), until, door))


@attestation.command("suspend")
def attestation_suspend(number: Number, actor: Actor = None, reason: Reason = None, database: Database = None) -> None:
    """Stop admitting messages of a package, until `resume`."""
    change(database, actor, reason, lambda conn, door: schors_attest(conn, number, door))


@attestation.command("resume")
def attestation_resume(number: Number, actor: Actor = None, reason: Reason = None, database: Database = None) -> None:
    """Admit messages of a suspended package again."""
    change(database, actor, reason, lambda conn, door: hervat_attest(conn, number, door))


@attestation.command("end")
def attestation_end(number: Number, on: On = None, actor: Actor = None, reason: Reason = None, database: Database = None) -> None:
    """Give an attest its last day, or an earlier one."""
    change(database, actor, reason, lambda conn, door: beeindig_attest(conn, number, on or _vandaag(), door))


@attestation.command("list")
def attestation_list(search: Search = None, database: Database = None) -> None:
    """Show every attest and whether it holds today."""
    kolommen: dict[str, Cel] = {
        "nummer": lambda r: r.nummer,
        "software": lambda r: f"{r.product} ({r.leverancier})",
        "versies": lambda r: f"{r.versie_van} tot {r.versie_tot}",
        "pijlers": lambda r: ", ".join(r.pijlers),
        "periode": lambda r: periode(r.van, r.tot),
        "licentie": lambda r: r.licentie_gebruiker or "–",
    }
    _list(database, kolommen, lambda conn: attesten(conn, search))


@declaration.command("add")
def declaration_add(
    facility: Facility,
    from_: From = None,
    until: Until = None,
    actor: Actor = None,
    reason: Reason = None,
    database: Database = None,
) -> None:
    """Register a facility's circle-of-trust declaration."""
    _add(Periodelijst.VERKLARING, {"riziv": facility}, from_, until, actor, reason, database)


@declaration.command("end")
def declaration_end(
    facility: Facility, on: On = None, actor: Actor = None, reason: Reason = None, database: Database = None
) -> None:
    """Give the declaration that runs on a day that day as its last."""
    _end(Periodelijst.VERKLARING, {"riziv": facility}, on, actor, reason, database)


@declaration.command("list")
def declaration_list(facility: OfFacility = None, database: Database = None) -> None:
    """Show every declaration, past and future ones too."""
    _list_periods(Periodelijst.VERKLARING, facility, database)


@recognition.command("add")
def recognition_add(
    facility: Facility,
    pillar: Pillar,
    from_: From = None,
    until: Until = None,
    actor: Actor = None,
    reason: Reason = None,
    database: Database = None,
) -> None:
    """Register a facility's recognition for a pillar."""
    _add(Periodelijst.ERKENNING, {"riziv": facility, "pijler": pillar}, from_, until, actor, reason, database)


@recognition.command("end")
def recognition_end(
    facility: Facility, pillar: Pillar, on: On = None, actor: Actor = None, reason: Reason = None, database: Database = None
) -> None:
    """Give the recognition that runs on a day that day as its last."""
    _end(Periodelijst.ERKENNING, {"riziv": facility, "pijler": pillar}, on, actor, reason, database)


@recognition.command("list")
def recognition_list(facility: OfFacility = None, database: Database = None) -> None:
    """Show every recognition, past and future ones too."""
    _list_periods(Periodelijst.ERKENNING, facility, database)


@mandate.command("add")
def mandate_add(
    sender: Sender,
    facility: Facility,
    pillar: Pillar,
    from_: From = None,
    until: Until = None,
    actor: Actor = None,
    reason: Reason = None,
    database: Database = None,
) -> None:
    """Register that a sender may send for a facility."""
    sleutel = {"gemachtigde_riziv": sender, "voorziening_riziv": facility, "pijler": pillar}
    _add(Periodelijst.MANDAAT, sleutel, from_, until, actor, reason, database)


@mandate.command("end")
def mandate_end(
    sender: Sender,
    facility: Facility,
    pillar: Pillar,
    on: On = None,
    actor: Actor = None,
    reason: Reason = None,
    database: Database = None,
) -> None:
    """Give the mandate that runs on a day that day as its last."""
    sleutel = {"gemachtigde_riziv": sender, "voorziening_riziv": facility, "pijler": pillar}
    _end(Periodelijst.MANDAAT, sleutel, on, actor, reason, database)


@mandate.command("list")
def mandate_list(facility: OfFacility = None, database: Database = None) -> None:
    """Show every mandate, past and future ones too."""
    _list_periods(Periodelijst.MANDAAT, facility, database)


def _add(
    lijst: Periodelijst,
    sleutel: Mapping[str, str],
    van: date | None,
    tot: date | None,
    actor: str | None,
    reason: str | None,
    database: str | None,
) -> None:
    change(database, actor, reason, lambda conn, door: voeg_periode_toe(conn, lijst, sleutel, van or _vandaag(), tot, door))


def _end(
    lijst: Periodelijst, sleutel: Mapping[str, str], tot: date | None, actor: str | None, reason: str | None, database: str | None
) -> None:
    change(database, actor, reason, lambda conn, door: beeindig_periode(conn, lijst, sleutel, tot or _vandaag(), door))


def change(database: str | None, actor: str | None, reason: str | None, make: Callable[[Connection, Door], Wijziging]) -> None:
    """Make a change to the register, and show what it was and is; a change that is not made ends the command."""
    why = reason_of(reason)
    door = Door(actor=operator(actor), tijdstip=now(), reden=why)
    with open_store(database) as store:
        try:
            with store.writing() as conn:
                wijziging = make(conn, door)
        except Registerfout as fout:
            verwacht = "" if fout.verwacht is None else f", verwacht {fout.verwacht}"
            stop(f"Niet gewijzigd: {fout.fout.value} ({fout.veld}: gevonden “{fout.gevonden}”{verwacht}).", status=1)
    table = Table("veld", Column("was", overflow="fold"), Column("is", overflow="fold"), box=SIMPLE_HEAD)
    for naam, waarde in wijziging.na.items():
        was = _cel(wijziging.voor[naam]) if naam in wijziging.voor else ""
        table.add_row(naam, was if was != _cel(waarde) else "", _cel(waarde))
    console = Console()
    console.print(f"Gewijzigd: {wijziging.onderwerp} ({wijziging.naam}), door {door.actor}.", highlight=False, markup=False)
    print_table(table)
    console.print(f"Geldt nu in elk proces; auditrecord {wijziging.auditrecord}.", highlight=False)


def _list_periods(lijst: Periodelijst, facility: str | None, database: str | None) -> None:
    kolommen: dict[str, Cel] = {naam: _kolom(naam) for naam in lijst.soort.sleutel}
    kolommen["periode"] = lambda r: periode(r.van, r.tot)
    _list(database, kolommen, lambda conn: perioden(conn, lijst, facility))


def _kolom(naam: str) -> Cel:
    return lambda rij: str(rij._mapping[naam])


def _list(database: str | None, kolommen: Mapping[str, Cel], vraag: Callable[[Connection], list[Row[Any]]]) -> None:
    vandaag = _vandaag()
    with open_store(database) as store, store.reading() as conn:
        rijen = vraag(conn)
    table = Table(*(Column(k, overflow="fold") for k in kolommen), Column("vandaag", no_wrap=True), box=SIMPLE_HEAD)
    for rij in rijen:
        table.add_row(*(cel(rij) for cel in kolommen.values()), _toestand(rij, vandaag))
    print_table(table)
    Console().print(f"{len(rijen)} rij(en)", highlight=False)


def _toestand(rij: Row[Any], vandaag: date) -> str:
    if rij._mapping.get("geschorst"):
        return "geschorst"
    if vandaag < rij.van:
        return "nog niet"
    return "verlopen" if rij.tot is not None and rij.tot < vandaag else "geldt"


def _cel(waarde: Any) -> str:
    match waarde:
        case None:
            return "–"
        case bool():
            return "ja" if waarde else "nee"
        case list():
            return ", ".join(waarde)
        case _:
            return str(waarde)
