"""The cookbook's examples as the suite asks for them: which there are, which opens what another goes on with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from lxml import etree

from conformance.berichten.world import example, listed
from conformance.derived import kind_of
from conformance.plan import PlanError
from gateway.berichten.soorten import SOORTEN, Werking
from gateway.paths import data_dir

_REF = re.compile(r"\{\{(?:dossier|bericht):([\w-]+)\}\}")
_PERSON = re.compile(r"\{\{insz:(\w+)\}\}")


@dataclass(frozen=True, kw_only=True)
class Example:
    """One example of a cookbook and the answer that it says it gets."""

    folder: str
    """Below cookbooks/."""
    naam: str
    dienst: str
    titel: str
    verwacht: str
    codes: tuple[str, ...]
    certificaat: str
    soort: str | None
    """Kind of aanvraag."""
    refs: tuple[str, ...]
    """Examples whose answer it needs."""
    persoon: str

    @property
    def opent(self) -> bool:
        return self.soort is not None and SOORTEN[self.soort].werking is Werking.OPENT

    @property
    def aanvaard(self) -> bool:
        return self.verwacht in ("aanvaard", "INHOUD-AANVAARD")

    @property
    def text(self) -> str:
        return example(self.folder, self.naam)


@cache
def examples(pijler: str, month: bool = False) -> tuple[Example, ...]:
    """The examples of a pillar in their order; of its month of invoices if asked."""
    folder = f"{pijler}/examples/maand" if month else f"{pijler}/examples"
    data = listed(folder)
    return tuple(_example(folder, one, data["certificaat"]) for one in data["voorbeeld"] if one["dienst"] != "zorgkas")


def _example(folder: str, one: dict[str, object], certificate: str) -> Example:
    name = str(one["naam"])
    text = example(folder, name)
    person = _PERSON.search(text)
    return Example(
        folder=folder,
        naam=name,
        dienst=str(one["dienst"]),
        titel=str(one["titel"]),
        verwacht=str(one["verwacht"]),
        codes=tuple(one["codes"]),  # type: ignore[arg-type]
        certificaat=str(one.get("certificaat", certificate)),
        soort=kind_of(data_dir("cookbooks") / folder / f"{name}.xml"),
        refs=tuple(dict.fromkeys(_REF.findall(text))),
        persoon=person[1] if person else "",
    )


def find(pijler: str, naam: str) -> Example:
    """The example of a name, or of a role that each pillar has.

    Roles: `vraag`; `opening` and `zending` of the month of invoices; `weigering` and `beraad`, openings that are refused or held;
    `dossier` with its follow-ups `vervolg` and `vervolg-2`. Other names are an example's, with `maand/` before the month's.

    Raises:
        PlanError: the pillar has no such example.
    """
    month, plain = examples(pijler, True), examples(pijler)
    if naam in _ROLES:
        found = _role(naam, plain, month)
    else:
        where, _, name = naam.rpartition("/")
        found = next((e for e in (month if where == "maand" else plain) if e.naam == name), None)
    if found is None:
        raise PlanError(f"pillar {pijler} has no example for {naam!r}")
    return found


_ROLES = frozenset({"vraag", "opening", "zending", "weigering", "beraad", "dossier", "vervolg", "vervolg-2"})


def _role(naam: str, plain: Sequence[Example], month: Sequence[Example]) -> Example | None:
    zending = next(e for e in month if e.dienst == "facturatie" and e.aanvaard)
    match naam:
        case "vraag":
            return next((e for e in plain if e.dienst == "verzekerbaarheid" and e.verwacht == "AANGESLOTEN"), None)
        case "zending":
            return zending
        case "opening":
            return next(e for e in month if e.naam == zending.refs[0])
        case "dossier":
            return _followed(plain)[0]
        case "vervolg":
            return _followed(plain)[1][0]
        case "vervolg-2":
            return _followed(plain)[1][1]
        case "beraad":
            return next((e for e in plain if e.verwacht == "in_beraad" and e.opent), None)
        case _:
            refused = [e for e in plain if e.verwacht == "geweigerd" and e.opent and len(e.codes) == 1]
            fresh = [e for e in refused if not _before(e, plain)]
            return next((e for e in fresh if e.codes[0].startswith("VSB_STATUS")), fresh[0] if fresh else None)


def _followed(plain: Sequence[Example]) -> tuple[Example, list[Example]]:
    """The first dossier that goes on at least twice, with what goes on."""
    for opening in plain:
        after = [e for e in plain if e.aanvaard and e.refs == (opening.naam,) and e.soort not in (None, "Annulering")]
        if opening.aanvaard and opening.opent and len(after) > 1:
            other = next((e for e in after[1:] if e.soort != after[0].soort), after[1])
            return opening, [after[0], other]
    raise PlanError("no dossier of this pillar goes on twice")


def _before(one: Example, plain: Sequence[Example]) -> list[Example]:
    """Accepted openings for the same person that stand before it: they may be why it gets its answer."""
    earlier = plain[: plain.index(one)]
    return [e for e in earlier if e.opent and e.aanvaard and e.persoon == one.persoon]


_AFTER = {"Stopzetting": "Aflevering"}
"""Kinds that only make sense after another, although they do not refer to it."""


def needed(pijler: str, one: Example) -> tuple[Example, ...]:
    """What must have been sent before it, in order: what it refers to, and what that refers to."""
    whole = examples(pijler, one.folder.endswith("/maand"))
    names: set[str] = set()
    todo = list(one.refs)
    while todo:
        name = todo.pop()
        if name not in names:
            names.add(name)
            todo += next(e for e in whole if e.naam == name).refs
    if "<VorigeFactuur>" in one.text:
        names |= {e.naam for e in whole[: whole.index(one)] if e.dienst == "facturatie" and e.aanvaard}
    if one.soort in _AFTER:
        earlier = whole[: whole.index(one)]
        names |= {e.naam for e in earlier if e.aanvaard and e.soort == _AFTER[one.soort] and set(e.refs) <= set(one.refs)}
    found = [e for e in whole if e.naam in names]
    if one.opent and not one.aanvaard and not one.refs:
        found += _before(one, whole)
    return tuple(found)


def fit_month(text: str) -> str:
    """A zending whose lines lie in one month: those of the first line's; its totals follow.

    The examples of a month are made for the 28th. On another day some of their days lie in the month before.
    """
    root = etree.fromstring(text.encode())
    lines = list(root.iter("{*}Lijn"))
    month = min(line.findtext("{*}Van") or "" for line in lines)[:7]
    for line in lines:
        if not (line.findtext("{*}Van") or "").startswith(month):
            line.getparent().remove(line)  # type: ignore[union-attr]
    for invoice in list(root.iter("{*}Factuur")):
        amounts = [int(e.text or "0") for e in invoice.iterfind("{*}Lijn/{*}Bedrag")]
        if not amounts:
            root.remove(invoice)
            continue
        _set(invoice, "Totaal", str(sum(amounts)))
    _set(root, "Maand", month)
    _set(root, "Totaal", str(sum(int(e.text or "0") for e in root.iterfind("{*}Factuur/{*}Totaal"))))
    return etree.tostring(root, encoding="unicode")


def _set(parent: etree._Element, name: str, value: str) -> None:
    found = parent.find(f"{{*}}{name}")
    if found is not None:
        found.text = value
