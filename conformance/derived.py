"""Scenarios that the cookbooks' examples are: each example is one, in the track of its pillar, with the answer that it states."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from conformance.plan import Level, PlanError, Role, Scenario, Step
from gateway.berichten.soorten import SOORTEN
from gateway.central.cookbook import Cookbook
from gateway.cookbook.laden import load_cookbooks
from gateway.paths import data_dir

COMMON = "eibwfin"
"""The cookbook whose paragraphs hold for every pillar."""
_PARAGRAPH = {"verzekerbaarheid": "§5", "aanvraag": "§6.3", "facturatie": "§7.6", "zorgkas": "§10.3"}


def derived(folder: Path | None = None) -> list[Scenario]:
    """A scenario for every example of every cookbook.

    Raises:
        PlanError: an example expects a code that its cookbook does not know.
    """
    books = load_cookbooks(folder or data_dir("cookbooks"))
    found: list[Scenario] = []
    for name, book in sorted(books.items()):
        examples = (folder or data_dir("cookbooks")) / name / "examples"
        found += _track(book, examples / "examples.toml", f"{name}/voorbeelden", "")
        if (month := examples / "maand" / "maand.toml").is_file():
            found += _track(book, month, f"{name}/maand", "28")
    return found


def _track(book: Cookbook, path: Path, track: str, clock: str) -> Iterator[Scenario]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    for example in data["voorbeeld"]:
        name, service = example["naam"], example["dienst"]
        where = {"map": str(path.parent.relative_to(path.parents[2 if clock == "" else 3])), "naam": name}
        yield Scenario(
            id=f"{track}/{name}",
            titel=example["titel"],
            pijler=book.pijler,
            familie=service,
            niveau=Level.MUST,
            rol=Role.SERVER,
            eis=tuple(_requirements(book, path, example)),
            stappen=(
                Step(
                    doe="voorbeeld",
                    met={**where, "dienst": service, "certificaat": example.get("certificaat", data["certificaat"])},
                    verwacht={"uitkomst": example["verwacht"], "codes": tuple(example["codes"])},
                ),
            ),
            spoor=track,
            klok=clock,
            voorbeeld=f"cookbooks/{where['map']}/{name}.xml",
        )


def _requirements(book: Cookbook, path: Path, example: dict[str, object]) -> Iterator[str]:
    rules = {r.id for r in book.regels}
    yield f"{COMMON} {_PARAGRAPH[str(example['dienst'])]}"
    for code in example["codes"] if example["dienst"] != "verzekerbaarheid" else ():  # type: ignore[attr-defined]
        if code in rules:
            yield f"{book.pijler} {code}"
        elif not str(code).startswith(("VSB-", "1", "2", "3")):
            raise PlanError(f"{path}, {example['naam']}: {code} is no rule of {book.pijler}")
    kind = kind_of(path.parent / f"{example['naam']}.xml")
    if kind in book.soorten:
        yield f"{book.pijler} {kind}"


def kind_of(path: Path) -> str | None:
    """The kind of aanvraag that an example is, None for any other message."""
    found = etree.fromstring(path.read_bytes()).find("{*}Aanvraag")
    names = [] if found is None else [etree.QName(e).localname for e in found.iterchildren(etree.Element)]
    return next((n for n in names if n in SOORTEN), None)
