"""Load the pillars' cookbooks from their folders; a broken one stops the start and names its line."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from gateway.berichten.aanvraag import SOORTEN
from gateway.central import aanvraag, zending  # noqa: F401
from gateway.central.bevinding import CONTROLES, Controle, soort_van
from gateway.central.cookbook import Cookbook, Eenheid, Familie, Prestatiecode, Regel
from gateway.central.model import Effect, Ernst

FILE = "cookbook.toml"
_TOP = frozenset(
    {"pijler", "naam", "versie", "ingangsdatum", "kwaliteiten", "type_factuur", "drempel", "types_verblijf", "redenen_einde"}
    | {"aannames", "prestatiecode", "regel"}
)
_CODE = frozenset({"code", "omschrijving", "eenheid", "van", "tot"})
_REGEL = frozenset(
    {"id", "familie", "soorten", "controle", "effect", "ernst", "parameters", "tekst", "tekst_en", "remedie", "bron"}
)
_STERKTES = {
    Familie.AANVRAAG: tuple(Effect),
    Familie.ZENDING_TECHNISCH: (Ernst.BLOKKEREND, Ernst.FACTUUR),
    Familie.ZENDING_INHOUD: tuple(Ernst),
    Familie.ZENDING_AFGELEID: (Ernst.RECORD,),
}
"""Strengths that a family may have; a technical error that refuses nothing would never reach anyone."""
_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\-]+)\s*\]\]?")
_Enum = TypeVar("_Enum", bound=StrEnum)


class CookbookError(Exception):
    """A cookbook that can not be used: file, line when known, what is wrong and what was expected."""

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        super().__init__(f"{path}{'' if line is None else f':{line}'}: {problem}")
        self.path, self.line, self.problem = path, line, problem


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
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise CookbookError(path, f"can not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CookbookError(path, "not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CookbookError(path, f"not TOML: {error}") from None
    return _cookbook(_Table(path, text.splitlines(), data))


class _Table:
    """One table of the file, read key by key; a complaint names the table, the key and its line."""

    def __init__(self, path: Path, lines: list[str], data: Mapping[str, Any], name: str = "", number: int = 0) -> None:
        self.path, self._lines, self._data, self._name, self._number = path, lines, data, name, number

    def error(self, key: str, problem: str) -> CookbookError:
        label = next((self._data[k] for k in ("id", "code") if isinstance(self._data.get(k), str)), self._number + 1)
        where = f"[[{self._name}]] {label}, " if self._name else ""
        return CookbookError(self.path, f"{where}{key}: {problem}", self._line(key))

    def _line(self, key: str) -> int | None:
        """Line of the key in this table, of its sub-table, or of the table's header."""
        inside, seen, header = not self._name, -1, None
        for n, line in enumerate(self._lines, 1):
            if match := _HEADER.match(line):
                seen += match[1] == self._name
                inside = bool(self._name) and match[1] == self._name and seen == self._number
                if inside or (not self._name and match[1] == key):
                    header = header or n
            elif inside and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
                return n
        return header

    def only(self, keys: frozenset[str]) -> None:
        for key in self._data:
            if key not in keys:
                raise self.error(key, f"unknown key; expected one of {', '.join(sorted(keys))}")

    def has(self, key: str) -> bool:
        return key in self._data

    def value(self, key: str, kind: type | tuple[type, ...], expected: str) -> Any:
        if key not in self._data:
            raise self.error(key, f"is missing; expected {expected}")
        value = self._data[key]
        # bool is an int and datetime a date to isinstance, and neither is meant here.
        if not isinstance(value, kind) or isinstance(value, (bool, datetime)):
            raise self.error(key, f"expected {expected}, not {type(value).__name__}")
        return value

    def text(self, key: str, pattern: str = r"(?s).*\S.*", expected: str = "a text that is not empty") -> str:
        value = str(self.value(key, str, expected))
        if not re.fullmatch(pattern, value):
            raise self.error(key, f"expected {expected}, not {value!r}")
        return value

    def texts(self, key: str, *, least: int = 1) -> tuple[str, ...]:
        expected = f"a list of {least} or more texts"
        value = self.value(key, list, expected)
        if len(value) < least or not all(isinstance(x, str) and x.strip() for x in value):
            raise self.error(key, f"expected {expected}")
        return tuple(value)

    def codes(self, key: str) -> dict[str, str]:
        expected = "a table of codes with their description"
        value = self.value(key, dict, expected)
        for code, text in value.items():
            if not isinstance(text, str) or not text.strip():
                raise self.error(key, f"expected {expected}; {code} has none")
        return dict(value)

    def day(self, key: str) -> date:
        value: date = self.value(key, date, "a day such as 2024-01-01")
        return value

    def one_of(self, key: str, kind: type[_Enum], allowed: tuple[_Enum, ...] | None = None) -> _Enum:
        values = [m.value for m in allowed or tuple(kind)]
        expected = f"one of {', '.join(values)}"
        value = self.text(key, expected=expected)
        if value not in values:
            raise self.error(key, f"expected {expected}, not {value!r}")
        return kind(value)

    def tables(self, key: str, *, least: int = 0) -> list[_Table]:
        value = self.value(key, list, f"[[{key}]] tables")
        if len(value) < least or not all(isinstance(x, dict) for x in value):
            raise self.error(key, f"expected {least} or more [[{key}]] tables")
        return [_Table(self.path, self._lines, x, key, n) for n, x in enumerate(value)]


def _cookbook(table: _Table) -> Cookbook:
    table.only(_TOP)
    pijler = table.text("pijler", r"[a-z][a-z0-9]{2,15}", "3 to 16 small letters and digits")
    if pijler != table.path.parent.name:
        raise table.error("pijler", f"is {pijler!r} but the folder is {table.path.parent.name!r}; expected the same name")
    drempel = table.value("drempel", (int, float), "a percentage from 0 to 100")
    if not 0 <= drempel <= 100:
        raise table.error("drempel", f"expected a percentage from 0 to 100, not {drempel}")
    ingangsdatum = table.day("ingangsdatum")
    return Cookbook(
        pijler=pijler,
        naam=table.text("naam"),
        versie=table.text("versie"),
        ingangsdatum=ingangsdatum,
        kwaliteiten=table.texts("kwaliteiten"),
        type_factuur=table.text("type_factuur", r"[0-9]", "one digit (record 20, zone 10)"),
        drempel=float(drempel),
        types_verblijf=table.codes("types_verblijf"),
        redenen_einde=table.codes("redenen_einde"),
        prestatiecodes=_prestatiecodes(table.tables("prestatiecode"), ingangsdatum),
        regels=_regels(table.tables("regel", least=1)),
        aannames=table.texts("aannames", least=0),
    )


def _prestatiecodes(tables: list[_Table], ingangsdatum: date) -> tuple[Prestatiecode, ...]:
    found: list[Prestatiecode] = []
    for table in tables:
        table.only(_CODE)
        code = Prestatiecode(
            code=table.text("code", r"[0-9]{6}", "six digits"),
            omschrijving=table.text("omschrijving"),
            eenheid=table.one_of("eenheid", Eenheid),
            van=table.day("van"),
            tot=table.day("tot") if table.has("tot") else None,
        )
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


def _regels(tables: list[_Table]) -> tuple[Regel, ...]:
    found = tuple(_regel(t) for t in tables)
    times = Counter(r.id for r in found)
    for table, regel in reversed(list(zip(tables, found, strict=True))):
        if times[regel.id] > 1:
            raise table.error("id", f"{regel.id} stands {times[regel.id]} times; expected an id of its own for every rule")
    return found


def _regel(table: _Table) -> Regel:
    table.only(_REGEL)
    familie = table.one_of("familie", Familie)
    naam, kind = table.text("controle"), soort_van(familie)
    if (kind, naam) not in CONTROLES:
        known = ", ".join(sorted(n for k, n in CONTROLES if k == kind))
        raise table.error("controle", f"no check {naam!r} for {familie}; expected one of {known}")
    wanted, other = ("effect", "ernst") if familie is Familie.AANVRAAG else ("ernst", "effect")
    if table.has(other):
        raise table.error(other, f"a rule of {familie} has no {other}; expected {wanted}")
    sterkte = table.one_of(wanted, Effect if wanted == "effect" else Ernst, _STERKTES[familie])
    return Regel(
        id=table.text("id", r"(?=.{1,40}$)[A-Z0-9]+([_-][A-Z0-9]+)*", "capitals and digits, parted by _ or -, at most 40"),
        familie=familie,
        soorten=_soorten(table, familie, CONTROLES[kind, naam]),
        controle=naam,
        effect=sterkte if isinstance(sterkte, Effect) else None,
        ernst=sterkte if isinstance(sterkte, Ernst) else None,
        tekst=table.text("tekst"),
        tekst_en=table.text("tekst_en"),
        remedie=table.text("remedie"),
        bron=table.text("bron"),
        parameters=_parameters(table, CONTROLES[kind, naam]),
    )


def _soorten(table: _Table, familie: Familie, controle: Controle) -> tuple[str, ...]:
    if familie is not Familie.AANVRAAG and table.has("soorten"):
        raise table.error("soorten", "only a rule of aanvraag has kinds; expected none")
    soorten = table.texts("soorten") if table.has("soorten") else ()
    kan = controle.soorten or tuple(SOORTEN.values())
    if not set(soorten) <= set(kan) or (controle.soorten and not soorten):
        raise table.error("soorten", f"this check looks at {', '.join(kan)}; expected one or more of these")
    return soorten


def _parameters(table: _Table, controle: Controle) -> dict[str, Any]:
    given = table.value("parameters", dict, "a table") if table.has("parameters") else {}
    if set(given) != set(controle.parameters):
        expected = ", ".join(f"{n} ({v.omschrijving})" for n, v in controle.parameters.items()) or "none"
        raise table.error("parameters", f"has {', '.join(given) or 'none'}; expected exactly {expected}")
    for name, vorm in controle.parameters.items():
        if not vorm.past(given[name]):
            raise table.error("parameters", f"{name} is {given[name]!r}; expected {vorm.omschrijving}")
    return dict(given)
