"""An XML payload as lines for people, with what the rules found marked at the very element; stored text is never trusted."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

MEEST = 4_000
"""Lines that a page shows."""
_LANGST = 600
"""Characters of one value."""
_GEHEIM = frozenset({"Password"})
_INDEX = re.compile(r"\[1\]")


@dataclass(frozen=True, kw_only=True)
class Fout:
    """What a rule found at a place."""

    code: str
    tekst: str
    tekst_en: str
    verwacht: str | None
    gevonden: str | None
    remedie: str | None


@dataclass(frozen=True, kw_only=True)
class Regel:
    """One line."""

    nummer: int
    diepte: int
    stukken: tuple[tuple[str, str], ...]
    """Kind (tag, attr, waarde, tekst, stil) and text."""
    fouten: tuple[Fout, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Weergave:
    """A payload on screen."""

    regels: tuple[Regel, ...]
    meer: bool
    """The rest is only in the download."""
    elders: tuple[Fout, ...]
    """Findings whose place is not among the lines."""


def fouten_per_plaats(redenen: Sequence[Mapping[str, Any]]) -> dict[str, list[Fout]]:
    """Findings by path; "" for those without one."""
    gevonden: dict[str, list[Fout]] = defaultdict(list)
    for r in redenen:
        velden = {n: r.get(n) for n in ("verwacht", "gevonden", "remedie")}
        gevonden[_plaats(r.get("plaats"))].append(
            Fout(code=str(r["code"]), tekst=str(r["tekst"]), tekst_en=str(r.get("tekst_en") or r["tekst"]), **velden)
        )
    return gevonden


def toon(element: Element, fouten: Mapping[str, Sequence[Fout]], *, meest: int = MEEST) -> Weergave:
    """Lines of an element and all in it, indented anew; values as they stand, names without prefix.

    Where an element's namespace is not its parent's, its line says which it is.
    """
    regels: list[Regel] = []
    gezien: set[str] = set()
    meer = False
    for diepte, pad, stukken in _loop(element, "", 0):
        if len(regels) >= meest:
            meer = True
            break
        plaats = _plaats(pad)
        hier = tuple(fouten.get(plaats, ())) if plaats and plaats not in gezien else ()
        gezien.add(plaats)
        regels.append(Regel(nummer=len(regels) + 1, diepte=min(diepte, 20), stukken=stukken, fouten=hier))
    elders = tuple(f for plaats, lijst in fouten.items() if plaats not in gezien or not plaats for f in lijst)
    return Weergave(regels=tuple(regels), meer=meer, elders=elders)


Stukken = tuple[tuple[str, str], ...]


def _loop(element: Element, boven: str, diepte: int) -> Iterator[tuple[int, str, Stukken]]:
    """Without recursion: what is stored may be deep."""
    stapel: list[tuple[str, Element | None, str, int]] = [("in", element, boven + "/" + _naam(element), diepte)]
    while stapel:
        doen, hier, pad, diep = stapel.pop()
        if doen == "uit" or hier is None:
            yield diep, "", (("stil", f"</{pad}>"),)
            continue
        naam = _naam(hier)
        kinderen = [k for k in hier if isinstance(k.tag, str)]
        begin: list[tuple[str, str]] = [("tag", f"<{naam}")]
        if (anders := andere_namespace(hier)) is not None:
            begin += [("attr", " xmlns="), ("waarde", f'"{_kort(anders)}"')]
        for sleutel, waarde in hier.attrib.items():
            begin += [("attr", f" {etree.QName(str(sleutel)).localname}="), ("waarde", f'"{_kort(str(waarde))}"')]
        tekst = (hier.text or "").strip()
        if not kinderen:
            inhoud = "••••••" if naam in _GEHEIM and tekst else _kort(tekst)
            begin += [("tag", ">"), ("tekst", inhoud), ("tag", f"</{naam}>")] if tekst else [("tag", "/>")]
            yield diep, pad, tuple(begin)
            continue
        yield diep, pad, (*begin, ("tag", ">"), *((("tekst", _kort(tekst)),) if tekst else ()))
        stapel.append(("uit", None, naam, diep))
        aantallen, telling = Counter(map(_naam, kinderen)), Counter[str]()
        paden = []
        for kind in kinderen:
            telling[_naam(kind)] += 1
            index = f"[{telling[_naam(kind)]}]" if aantallen[_naam(kind)] > 1 else ""
            paden.append((kind, f"{pad}/{_naam(kind)}{index}"))
        stapel.extend(("in", kind, p, diep + 1) for kind, p in reversed(paden))


def andere_namespace(element: Element) -> str | None:
    """The namespace of an element when its parent's is another; None when it is the same, or a root without one."""
    ouder, eigen = element.getparent(), etree.QName(element).namespace or ""
    boven = "" if ouder is None else etree.QName(ouder).namespace or ""
    return eigen if eigen != boven else None


def _naam(element: Element) -> str:
    return etree.QName(element).localname


def _kort(tekst: str) -> str:
    return tekst if len(tekst) <= _LANGST else f"{tekst[:_LANGST]}… ({len(tekst)} tekens)"


def _plaats(plaats: object) -> str:
    # The first of a kind may be written with or without its index.
    return _INDEX.sub("", str(plaats or "")).removeprefix("/Envelope/Body")
