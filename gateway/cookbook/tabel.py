"""A TOML file of a cookbook, read table by table; a complaint names the file, the line, the table and what was expected."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\-]+)\s*\]\]?")
_Enum = TypeVar("_Enum", bound=StrEnum)


class CookbookError(Exception):
    """A cookbook that can not be used: file, line when known, what is wrong and what was expected."""

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        super().__init__(f"{path}{'' if line is None else f':{line}'}: {problem}")
        self.path, self.line, self.problem = path, line, problem


def read(path: Path) -> Table:
    """The whole file as a table.

    Raises:
        CookbookError: it can not be read, or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise CookbookError(path, f"can not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CookbookError(path, "not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CookbookError(path, f"not TOML: {error}") from None
    return Table(path, text.splitlines(), data)


class Table:
    """One table of the file, read key by key; a complaint names the table, the key and its line."""

    def __init__(self, path: Path, lines: list[str], data: dict[str, Any], name: str = "", number: int = 0) -> None:
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

    @property
    def id(self) -> str:
        return str(self._data.get("id", ""))

    def fill_id(self, prefix: str) -> None:
        """Put the pillar's prefix in the id of a shared rule."""
        self._data["id"] = self.id.replace("{P}", prefix)

    def looks_at(self, soorten: tuple[str, ...]) -> bool:
        """Whether a rule is about one of these kinds of message."""
        eigen = self._data.get("soorten")
        return not isinstance(eigen, list) or bool(set(map(str, eigen)) & set(soorten))

    def change(self, cookbook: Table, fields: Any, mag: frozenset[str]) -> None:
        """Give a shared rule what the cookbook's [aanpassing] of it says."""
        if not isinstance(fields, dict) or not set(fields) <= mag:
            raise cookbook.error(f"aanpassing.{self.id}", f"expected only {', '.join(sorted(mag))}")
        self._data |= fields

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

    def table(self, key: str, *, least: int = 0) -> dict[str, Any]:
        value = self.value(key, dict, "a table") if least or key in self._data else {}
        if len(value) < least:
            raise self.error(key, f"expected {least} or more entries")
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

    def tables(self, key: str, *, least: int = 0) -> list[Table]:
        value = self.value(key, list, f"[[{key}]] tables")
        if len(value) < least or not all(isinstance(x, dict) for x in value):
            raise self.error(key, f"expected {least} or more [[{key}]] tables")
        return [Table(self.path, self._lines, x, key, n) for n, x in enumerate(value)]
