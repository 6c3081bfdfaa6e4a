"""The cookbooks and schemas as static pages: no script, one style sheet, readable on paper."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from jinja2 import Environment, PackageLoader

from gateway.central.cookbook import Cookbook
from gateway.cookbook.proza import teken
from gateway.cookbook.redenen import BESTAND
from gateway.cookbook.schemas import teken_schemas
from gateway.cookbook.voorbeelden import bestanden, hoe, toon_voorbeelden
from gateway.paths import data_dir

_PAGES = Environment(loader=PackageLoader("gateway.cookbook"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_HIER = Path(__file__).parent
_KLEUREN = _HIER.parent / "console" / "static" / "stijl.css"
DOCS = ("sample-data", "examples/README", "api", "conformance-sender", "flat-file", "invoicing", "zorgkas")
"""Pages of docs/ that the cookbooks lead to."""
_BESTANDEN = ("vendor.py", "zending.py", "java/AskWhoInsures.java", "java/SessionHook.java")
DIENSTEN = ("verzekerbaarheid", "aanvraag", "facturatie", "zorgkas")


def site(root: Path, cookbooks: Mapping[str, Cookbook], *, gateway: bool = False, console: bool = False) -> dict[str, str]:
    """Every page by its path: index, one a pillar, one a schema, examples, docs, the registry of reasons, the style sheet.

    Args:
        root: folder of the cookbooks, for their prose and examples.
        gateway: a running gateway serves it, so that there are services to lead to.
        console: and a console and an API.
    """
    schemas = teken_schemas()
    bronnen = _bronnen(root, cookbooks)
    pages: dict[str, str] = {"stijl.css": _stijl()}
    if (root / BESTAND).is_file():
        pages[BESTAND] = (root / BESTAND).read_text(encoding="utf-8")
    docs = {naam: data_dir("docs") / f"{naam}.md" for naam in DOCS if f"docs/{naam}.md" in bronnen}
    pages["index.html"] = _pagina(
        "index.html", "Cookbooks", "index.html", cookbooks=cookbooks.values(), schemas=schemas, docs=list(docs),
        diensten=DIENSTEN if gateway else (), console=console,
    )  # fmt: skip
    for naam, pad in docs.items():
        proza = teken(pad.read_text(encoding="utf-8"), f"docs/{naam}.md", partial(_adres, bronnen, f"docs/{naam}.html"))
        pages[f"docs/{naam}.html"] = _pagina("docs.html", proza.titel, f"docs/{naam}.html", proza=proza)
    for naam in _BESTANDEN:
        if (pad := data_dir("docs") / "examples" / naam).is_file():
            pages[f"docs/examples/{naam}"] = pad.read_text(encoding="utf-8")
    for pijler, cookbook in cookbooks.items():
        pages |= _pijler(root / pijler, cookbook, bronnen)
    for bestand in schemas:
        plaats = f"schema/{bestand.naam}.html"
        pages[plaats] = _pagina("schema.html", bestand.naam, plaats, bestand=bestand)
    return pages


def _pijler(map_: Path, cookbook: Cookbook, bronnen: Mapping[str, str]) -> dict[str, str]:
    """The page of a pillar and the files that it leads to."""
    pijler, plaats = cookbook.pijler, f"{cookbook.pijler}.html"
    bestand = map_ / "cookbook.md"
    tekst = bestand.read_text(encoding="utf-8") if bestand.is_file() else f"# {cookbook.naam}\n"
    proza = teken(tekst, f"cookbooks/{pijler}/cookbook.md", partial(_adres, bronnen, plaats))
    pages = dict(bestanden(map_ / "examples", f"{pijler}/examples"))
    if (map_ / "cookbook.toml").is_file():
        pages[f"{pijler}/cookbook.toml"] = (map_ / "cookbook.toml").read_text(encoding="utf-8")
    groepen = [
        ("Voorbeelden", "voorbeelden", toon_voorbeelden(map_ / "examples", "examples.toml", f"{pijler}/examples")),
        ("Een maand facturen", "maand", toon_voorbeelden(map_ / "examples/maand", "maand.toml", f"{pijler}/examples/maand")),
    ]
    return {
        **pages,
        plaats: _pagina(
            "pijler.html",
            cookbook.naam,
            plaats,
            proza=proza,
            groepen=[g for g in groepen if g[2]],
            hoe=hoe,
            regels={r.id for r in cookbook.regels} & proza.ankers,
            sample="docs/sample-data.html" if "docs/sample-data.md" in bronnen else None,
        ),
    }


def _bronnen(root: Path, cookbooks: Mapping[str, Cookbook]) -> dict[str, str]:
    """Files and folders of the checkout that prose links to, and where the site has them."""
    gevonden = {"cookbooks": "index.html", "xsd/vsb/v1": "index.html#schemas", "xsd": "index.html#schemas"}
    if (root / BESTAND).is_file():
        gevonden[f"cookbooks/{BESTAND}"] = BESTAND
    for pijler in cookbooks:
        gevonden |= {
            f"cookbooks/{pijler}/cookbook.md": f"{pijler}.html",
            f"cookbooks/{pijler}/cookbook.toml": f"{pijler}/cookbook.toml",
            f"cookbooks/{pijler}/examples": f"{pijler}.html#voorbeelden",
            f"cookbooks/{pijler}/examples/maand": f"{pijler}.html#maand",
        }
    docs = data_dir("docs")
    gevonden |= {f"docs/{n}.md": f"docs/{n}.html" for n in DOCS if (docs / f"{n}.md").is_file()}
    return gevonden | {f"docs/examples/{n}": f"docs/examples/{n}" for n in _BESTANDEN if (docs / "examples" / n).is_file()}


def _adres(bronnen: Mapping[str, str], hier: str, pad: str) -> str | None:
    """The address of a file of the checkout, seen from a page."""
    gevonden = bronnen.get(pad)
    if gevonden is None:
        return None
    bestand, streep, anker = gevonden.partition("#")
    return posixpath.relpath(bestand, posixpath.dirname(hier) or ".") + streep + anker


def _pagina(template: str, titel: str, plaats: str, **values: object) -> str:
    return _PAGES.get_template(template).render(titel=titel, boven="../" * plaats.count("/"), **values)


def _stijl() -> str:
    """The console's colours and letter, then what these pages have of their own."""
    kleuren = _KLEUREN.read_text(encoding="utf-8").partition("*, ::before")[0]
    return kleuren + (_HIER / "templates" / "stijl.css").read_text(encoding="utf-8")
