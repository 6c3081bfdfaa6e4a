"""`vsb-gateway invoice`: look at a zending, turn one form into the other, see whether it can be read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from lxml.etree import _Element as Element
from rich.console import Console

from gateway.berichten.factuur import Zending, lees_zending
from gateway.berichten.names import FACTUUR
from gateway.berichten.plat import RECORDS
from gateway.berichten.plat_lezen import Platfout, PlatProblem, is_plat, naar_xml, toon
from gateway.berichten.plat_schrijven import naar_plat
from gateway.commands.shared import stop
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.wire.names import q
from gateway.wire.parser import Bounds, parse

app = typer.Typer(
    no_args_is_help=True,
    help="A zending in either form: XML (xsd/vsb/v1/factuur.xsd) or the federal flat layout (records of 350 positions). "
    "Which one a file is, its first characters tell.",
)
Bestand = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A zending, XML or flat.")]
_console = Console(highlight=False, soft_wrap=True)


@app.command()
def show(file: Bestand) -> None:
    """Show every record with its zones by number and name; errors stand under the record that they are in.

    It shows persons' numbers as they are: this is your own file, on your own screen.
    """
    octets = file.read_bytes()
    if not is_plat(octets):
        octets = naar_plat(_zending(octets))
    fouten = _fouten(octets)
    try:
        for nummer, soort, zones in toon(octets):
            _console.print(f"[bold]segment {soort}[/]" if nummer == 0 else f"[bold]{nummer:>6}  record {soort}[/]")
            for zone, naam, tekst in zones:
                _console.print(f"        Z{zone:<6} {naam:<34} ", end="")
                _console.print(f"|{tekst}|", markup=False)
            for fout in (f for f in fouten if f.record == nummer):
                _console.print(f"        {_regel(fout)}", style="red", markup=False)
    except PlatProblem as probleem:
        stop("\n".join(map(_regel, probleem.fouten)), status=1)
    raise typer.Exit(1 if fouten else 0)


@app.command()
def convert(
    file: Bestand,
    out: Annotated[Path | None, typer.Option(help="Where to write; left out: standard output.")] = None,
) -> None:
    """Turn a flat file into XML, or XML into a flat file. Nothing is lost on the way there and back."""
    octets = file.read_bytes()
    try:
        made = naar_xml(octets) if is_plat(octets) else naar_plat(_zending(octets))
    except PlatProblem as probleem:
        stop("\n".join(map(_regel, probleem.fouten)), status=1)
    except ValueError as error:
        stop(f"Past niet in het platte formaat: {error}", status=1)
    if out is None:
        sys.stdout.buffer.write(made)
    else:
        out.write_bytes(made)


@app.command()
def check(file: Bestand) -> None:
    """Say whether a zending can be read: form, check numbers, order, schema. Exit status 1 when it can not.

    Rights, prices and days are judged by the gateway, which knows them.
    """
    octets = file.read_bytes()
    try:
        zending = _zending(naar_xml(octets) if is_plat(octets) else octets)
    except PlatProblem as probleem:
        stop("\n".join(map(_regel, probleem.fouten)), status=1)
    lijnen = sum(len(f.lijnen) for f in zending.facturen)
    _console.print(
        f"Leesbaar: zending {zending.zendingnummer} van {zending.maand:%Y-%m}, {len(zending.facturen)} facturen, "
        f"{lijnen} lijnen, {zending.totaal} cent."
    )


def _fouten(octets: bytes) -> tuple[Platfout, ...]:
    try:
        naar_xml(octets)
    except PlatProblem as probleem:
        return probleem.fouten
    return ()


def _regel(fout: Platfout) -> str:
    naam = next((z.naam for z in RECORDS.get(fout.soort, {}).values() if z.nummer == fout.zone), "")
    waar = f"record {fout.record}" if fout.record else "bestand"
    return f"{fout.code}  {waar} ({fout.soort}), zone {fout.zone} {naam}: verwacht {fout.verwacht}, gevonden {fout.gevonden}"


def _zending(octets: bytes) -> Zending:
    try:
        root: Element = parse(octets, Bounds(octets=len(octets), markup=20_000_000, namespaces=20_000_000))
        if root.tag != q(FACTUUR, "Zending"):
            raise Refusal(Code.SCHEMA, place="/", expected=f"{{{FACTUUR}}}Zending", found=str(root.tag)[:120])
        registry.check(root)
    except Refusal as refusal:
        regels = [f"{f.code}  {f.place}, regel {f.line}: verwacht {f.expected}, gevonden {f.found}" for f in refusal.findings]
        stop("\n".join(regels), status=1)
    return lees_zending(root)
