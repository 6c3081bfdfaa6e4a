"""Load the pillars' cookbooks from their folders; a broken one stops the start and names its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from gateway.central.cookbook import Beraad, Codewaarde, Cookbook, Eenheid, Prestatiecode
from gateway.cookbook.regels import read_regels, read_soorten
from gateway.cookbook.tabel import CookbookError, Table, read

__all__ = ["FILE", "CookbookError", "load_cookbook", "load_cookbooks"]

FILE = "cookbook.toml"
_TOP = frozenset(
    {"pijler", "prefix", "naam", "versie", "ingangsdatum", "kwaliteiten", "soorten", "type_factuur", "drempel", "lijsten"}
    | {"beraad", "belofte_minuten", "aannames", "prestatiecode", "gebruikt", "schrap", "aanpassing", "regel"}
)
_CODE = frozenset({"code", "omschrijving", "eenheid", "van", "tot", "aandeel_van"})
_WAARDE = frozenset({"tekst", "van", "tot"})


def load_cookbooks(root: Path) -> dict[str, Cookbook]:
    """Every cookbook below a folder, by pillar; folders that start with a dot or underscore are left alone.

    Raises:
        CookbookError: one is broken, a folder has no cookbook.toml, or there is no folder.
    """
    folders = sorted(p for p in root.iterdir() if p.is_dir() and p.name[0] not in "._") if root.is_dir() else []
    if not folders:
        raise CookbookError(root, f"no */{FILE} in this folder")
    return {c.pijler: c for c in map(load_cookbook, folders)}


def load_cookbook(folder: Path) -> Cookbook:
    """One pillar's cookbook.

    Raises:
        CookbookError: it can not be read, or has unknown, missing or contradictory keys.
    """
    return _cookbook(read(folder / FILE))


def _cookbook(table: Table) -> Cookbook:
    table.only(_TOP)
    pijler = table.text("pijler", r"[a-z][a-z0-9]{2,15}", "3 to 16 small letters and digits")
    if pijler != table.path.parent.name:
        raise table.error("pijler", f"is {pijler!r} but the folder is {table.path.parent.name!r}; expected the same name")
    ingangsdatum = table.day("ingangsdatum")
    codes = _prestatiecodes(table.tables("prestatiecode") if table.has("prestatiecode") else [], ingangsdatum)
    factureert = table.has("type_factuur") or bool(codes)
    soorten, lijsten = read_soorten(table), _lijsten(table)
    return Cookbook(
        pijler=pijler,
        naam=table.text("naam"),
        versie=table.text("versie"),
        ingangsdatum=ingangsdatum,
        kwaliteiten=table.texts("kwaliteiten"),
        soorten=soorten,
        type_factuur=table.text("type_factuur", r"[0-9]", "one digit (record 20, zone 10)") if factureert else None,
        drempel=_drempel(table) if factureert else 0.0,
        lijsten=lijsten,
        beraad=_beraad(table),
        belofte=_belofte(table),
        prestatiecodes=codes,
        regels=read_regels(table, soorten, lijsten),
        aannames=table.texts("aannames", least=0),
    )


def _drempel(table: Table) -> float:
    drempel = table.value("drempel", (int, float), "a percentage from 0 to 100")
    if not 0 <= drempel <= 100:
        raise table.error("drempel", f"expected a percentage from 0 to 100, not {drempel}")
    return float(drempel)


def _lijsten(table: Table) -> dict[str, dict[str, Codewaarde]]:
    found: dict[str, dict[str, Codewaarde]] = {}
    for naam, codes in table.table("lijsten").items():
        if not isinstance(codes, dict) or not codes:
            raise table.error(f"lijsten.{naam}", "expected a table of codes with their description")
        found[naam] = {code: _codewaarde(table, f"lijsten.{naam}", code, waarde) for code, waarde in codes.items()}
    return found


def _codewaarde(table: Table, lijst: str, code: str, waarde: Any) -> Codewaarde:
    velden = {"tekst": waarde} if isinstance(waarde, str) else waarde
    if not isinstance(velden, dict) or not set(velden) <= _WAARDE or not str(velden.get("tekst", "")).strip():
        raise table.error(lijst, f"expected a table of codes with their description; {code} has none")
    van, tot = velden.get("van"), velden.get("tot")
    if any(d is not None and type(d) is not date for d in (van, tot)) or (van and tot and tot < van):
        raise table.error(lijst, f"{code}: expected days van and tot, tot not before van")
    return Codewaarde(omschrijving=str(velden["tekst"]), van=van, tot=tot)


def _beraad(table: Table) -> Beraad:
    found = table.table("beraad", least=1)
    maanden, dagen = found.get("maanden"), found.get("herinneringen")
    past = type(maanden) is int and maanden > 0 and isinstance(dagen, list) and all(type(d) is int and d > 0 for d in dagen)
    if set(found) != {"maanden", "herinneringen"} or not past:
        raise table.error("beraad", "expected maanden (a whole number above 0) and herinneringen (a list of days before the end)")
    return Beraad(maanden=int(str(maanden)), herinneringen=tuple(sorted(dagen or (), reverse=True)))


def _belofte(table: Table) -> int:
    minuten = table.value("belofte_minuten", (int,), "a whole number of minutes above 0")
    if minuten <= 0:
        raise table.error("belofte_minuten", f"expected a whole number of minutes above 0, not {minuten}")
    return int(minuten)


def _prestatiecodes(tables: list[Table], ingangsdatum: date) -> tuple[Prestatiecode, ...]:
    found: list[Prestatiecode] = []
    for table in tables:
        table.only(_CODE)
        code = Prestatiecode(
            code=table.text("code", r"[0-9]{6}", "six digits"),
            omschrijving=table.text("omschrijving"),
            eenheid=table.one_of("eenheid", Eenheid),
            van=table.day("van"),
            tot=table.day("tot") if table.has("tot") else None,
            aandeel_van=table.text("aandeel_van", r"[0-9]{6}", "six digits") if table.has("aandeel_van") else None,
        )
        if code.aandeel_van is not None and code.aandeel_van not in {c.code for c in found if c.aandeel_van is None}:
            raise table.error("aandeel_van", f"{code.aandeel_van} is no code of a day that stands before this one")
        if code.tot is not None and code.tot < code.van:
            raise table.error("tot", f"{code.tot} lies before van; expected {code.van} or later")
        if code.van < ingangsdatum:
            raise table.error("van", f"{code.van} lies before the pillar's ingangsdatum; expected {ingangsdatum} or later")
        for other in found:
            if (
                other.code == code.code
                and (other.tot is None or code.van <= other.tot)
                and (code.tot is None or other.van <= code.tot)
            ):
                raise table.error("van", f"overlaps the period from {other.van} of the same code; expected periods apart")
        found.append(code)
    return tuple(found)
