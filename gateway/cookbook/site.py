"""The cookbooks and schemas as static pages: no script, one style sheet, readable on paper."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from gateway.central.cookbook import Cookbook
from gateway.cookbook.redenen import BESTAND
from gateway.cookbook.schemas import teken_schemas

_PAGES = Environment(loader=PackageLoader("gateway.cookbook"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def site(root: Path, cookbooks: Mapping[str, Cookbook]) -> dict[str, str]:
    """Every page by its path: index, one a pillar, one a schema, the registry of reasons, the style sheet.

    Args:
        root: folder of the cookbooks, for their prose and examples.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    schemas = teken_schemas()
    pages = {
        "index.html": _pagina("index.html", "Cookbooks", "", cookbooks=cookbooks.values(), schemas=schemas),
        "stijl.css": (Path(__file__).parent / "templates" / "stijl.css").read_text(encoding="utf-8"),
    }
    if (root / BESTAND).is_file():
        pages[BESTAND] = (root / BESTAND).read_text(encoding="utf-8")
    for pijler, cookbook in cookbooks.items():
        proza = root / pijler / "cookbook.md"
        text = proza.read_text(encoding="utf-8") if proza.is_file() else f"# {cookbook.naam}\n"
        body = Markup(markdown.render(_zonder_merken(text)))  # noqa: S704 — raw HTML in the prose is escaped by the renderer
        voorbeelden = sorted(p for p in (root / pijler / "examples").glob("*.xml"))
        pages[f"{pijler}.html"] = _pagina(
            "pijler.html",
            cookbook.naam,
            "",
            body=body,
            voorbeelden=[(p.stem, p.read_text(encoding="utf-8")) for p in voorbeelden],
        )
    for bestand in schemas:
        pages[f"schema/{bestand.naam}.html"] = _pagina("schema.html", bestand.naam, "../", bestand=bestand)
    return pages


def _pagina(template: str, titel: str, boven: str, **values: object) -> str:
    return _PAGES.get_template(template).render(titel=titel, boven=boven, **values)


def _zonder_merken(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("<!--"))
