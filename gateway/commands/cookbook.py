"""`vsb-gateway cookbook`: check the pillars' cookbooks for holes, write their tables, draw them as a site."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gateway.central.cookbook import Cookbook
from gateway.cookbook.gaten import dekking, gaten, lees_voorbeelden
from gateway.cookbook.laden import CookbookError, load_cookbooks
from gateway.cookbook.redenen import BESTAND, codes_van, lees_redenen, schrijf_redenen, verschillen, werk_bij
from gateway.cookbook.site import site
from gateway.cookbook.tabellen import met_tabellen
from gateway.paths import data_dir

app = typer.Typer(
    no_args_is_help=True,
    help="The pillars' cookbooks: a folder each, that says what a pillar accepts. CONTRIBUTING.md tells how to add one.",
)
console = Console()
Root = Annotated[
    Path | None, typer.Option("--folder", metavar="<dir>", help="Folder of cookbooks; the gateway's own if left out.")
]


@app.command()
def check(folder: Root = None, warnings: Annotated[bool, typer.Option(help="Also list what is only thin.")] = False) -> None:
    """Look for holes: kinds without an example, prose without a code, lists without a rule. Exit status 1 when there are any."""
    root = folder or data_dir("cookbooks")
    cookbooks = _load(root)
    fout = verschillen(lees_redenen(root / BESTAND), codes_van(cookbooks, date.today()))
    for regel in fout:
        console.print(f"hole: {regel}; see `vsb-gateway cookbook reasons`", style="red")
    ernstig = len(fout)
    for pijler, cookbook in cookbooks.items():
        gevonden = gaten(cookbook, root / pijler)
        ernstig += sum(g.ernstig for g in gevonden)
        dun = sum(not g.ernstig for g in gevonden)
        console.print(f"{pijler}: {len(cookbook.regels)} rules, {sum(g.ernstig for g in gevonden)} holes, {dun} thin spots")
        for gat in gevonden:
            if gat.ernstig or warnings:
                console.print(f"  {'hole' if gat.ernstig else 'thin'}: {gat.wat}", style="red" if gat.ernstig else "yellow")
    if ernstig:
        raise typer.Exit(1)


@app.command()
def coverage(folder: Root = None) -> None:
    """Show for each pillar and kind of message how many examples are accepted, refused and in beraad."""
    root = folder or data_dir("cookbooks")
    table = Table("pillar", "kind of message", "aanvaard", "geweigerd", "in_beraad", "other", box=SIMPLE_HEAD)
    for pijler in _load(root):
        geteld = dekking(lees_voorbeelden(root / pijler)[0])
        for soort in dict.fromkeys(s for s, _ in geteld):
            kolommen = [geteld[soort, u] for u in ("aanvaard", "geweigerd", "in_beraad")]
            anders = sum(n for (s, _), n in geteld.items() if s == soort) - sum(kolommen)
            table.add_row(pijler, soort, *(str(n or "") for n in (*kolommen, anders)))
    console.print(table)


@app.command()
def tables(folder: Root = None) -> None:
    """Write the tables of each cookbook.md anew from its cookbook.toml, between their marks."""
    root = folder or data_dir("cookbooks")
    for pijler, cookbook in _load(root).items():
        path = root / pijler / "cookbook.md"
        oud = path.read_text(encoding="utf-8")
        nieuw = met_tabellen(oud, cookbook)
        if nieuw != oud:
            path.write_text(nieuw, encoding="utf-8")
            console.print(f"{pijler}/cookbook.md: written")


@app.command()
def reasons(folder: Root = None, write: Annotated[bool, typer.Option(help="Bring the registry up to date.")] = False) -> None:
    """Compare the registry of reason codes (redenen.csv) with what the gateway and its cookbooks can give.

    A code stays in the registry for ever: one that nothing gives any more gets the day on which it was withdrawn, and never comes
    back. Exit status 1 when the registry is not up to date.
    """
    root = folder or data_dir("cookbooks")
    nu, path = codes_van(_load(root), date.today()), root / BESTAND
    if write:
        path.write_text(schrijf_redenen(werk_bij(lees_redenen(path), nu, date.today()).values()), encoding="utf-8")
    oud = lees_redenen(path)
    fout = verschillen(oud, nu)
    for regel in fout:
        console.print(regel, style="red", soft_wrap=True)
    console.print(f"{len(oud)} codes, {sum(bool(r.ingetrokken) for r in oud.values())} withdrawn, {len(fout)} differences")
    if fout:
        raise typer.Exit(1)


@app.command()
def render(
    target: Annotated[Path, typer.Argument(metavar="<dir>", help="Folder to write the site to; made when it is not there.")],
    folder: Root = None,
) -> None:
    """Draw every cookbook and every schema as a static site; a running gateway serves the same at /cookbooks/."""
    root = folder or data_dir("cookbooks")
    pages = site(root, _load(root))
    for name, content in pages.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    console.print(f"{len(pages)} files in {target}; begin at {target / 'index.html'}")


def _load(root: Path) -> dict[str, Cookbook]:
    try:
        return load_cookbooks(root)
    except CookbookError as error:
        console.print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
