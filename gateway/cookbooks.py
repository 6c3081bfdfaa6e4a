"""Load the pillars' cookbooks from their folders; a broken one stops the start and names its line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from gateway.central import aanvraag, zending  # noqa: F401
from gateway.central.bevinding import CONTROLES, PARAMETERS, soort_van
from gateway.central.cookbook import Cookbook, Familie, Prestatiecode, Regel
from gateway.central.model import Effect, Ernst

FILE = "cookbook.toml"
_TOP = {
    "pijler": str, "naam": str, "versie": str, "ingangsdatum": date, "kwaliteiten": list, "type_factuur": str, "drempel": float,
    "types_verblijf": dict, "redenen_einde": dict, "prestatiecode": list, "regel": list, "aannames": list,
}  # fmt: skip
_REGEL = {"id": str, "familie": str, "controle": str, "tekst": str, "tekst_en": str, "remedie": str, "bron": str}
_REGEL_OPTIES = {"soorten", "effect", "ernst", "parameters"}


class CookbookError(Exception):
    """A cookbook that can not be used: file, line when known, what is wrong and what was expected."""

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        super().__init__(f"{path}{'' if line is None else f':{line}'}: {problem}")
        self.path, self.line, self.problem = path, line, problem


def load_cookbooks(root: Path) -> dict[str, Cookbook]:
    """Every cookbook below a folder, by pillar.

    Raises:
        CookbookError: one is broken, or there is none.
    """
    found = {c.pijler: c for c in (load_cookbook(p.parent) for p in sorted(root.glob(f"*/{FILE}")))}
    if not found:
        raise CookbookError(root, f"no */{FILE} in this folder")
    return found


def load_cookbook(folder: Path) -> Cookbook:
    """One pillar's cookbook.

    Raises:
        CookbookError: unknown, missing or contradictory keys.
    """
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CookbookError(path, f"not TOML: {error}") from None
    return _Reader(path, text).cookbook(data)


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def fail(self, problem: str, near: str = "") -> CookbookError:
        line = next((n for n, x in enumerate(self._lines, 1) if near and near in x), None)
        return CookbookError(self._path, problem, line)

    def check(self, data: Mapping[str, Any], wanted: Mapping[str, type], options: set[str], where: str) -> None:
        for key in data:
            if key not in wanted and key not in options:
                raise self.fail(f"{where}: unknown key {key!r}; expected one of {', '.join(sorted({*wanted, *options}))}", key)
        for key, kind in wanted.items():
            if key not in data:
                raise self.fail(f"{where}: key {key!r} is missing", str(data.get("id", "")))
            value = data[key]
            if not isinstance(value, kind) and not (kind is float and isinstance(value, int)):
                raise self.fail(f"{where}: {key} must be {kind.__name__}, not {type(value).__name__}", key)
            if kind is str and not value:
                raise self.fail(f"{where}: {key} is empty", key)

    def cookbook(self, data: Mapping[str, Any]) -> Cookbook:
        self.check(data, _TOP, set(), "cookbook")
        if data["pijler"] != self._path.parent.name:
            raise self.fail(f"pijler is {data['pijler']!r} but the folder is {self._path.parent.name!r}", "pijler")
        if not 0 <= data["drempel"] <= 100:
            raise self.fail("drempel must be a percentage from 0 to 100", "drempel")
        regels = tuple(self.regel(r) for r in data["regel"])
        ids = [(r.familie, r.id, r.controle) for r in regels]
        for one in ids:
            if ids.count(one) > 1:
                raise self.fail(f"rule {one[1]} with check {one[2]} stands twice in {one[0]}", one[1])
        return Cookbook(
            pijler=data["pijler"],
            naam=data["naam"],
            versie=data["versie"],
            ingangsdatum=data["ingangsdatum"],
            kwaliteiten=tuple(data["kwaliteiten"]),
            type_factuur=data["type_factuur"],
            drempel=float(data["drempel"]),
            types_verblijf=dict(data["types_verblijf"]),
            redenen_einde=dict(data["redenen_einde"]),
            prestatiecodes=tuple(self.prestatiecode(p) for p in data["prestatiecode"]),
            regels=regels,
            aannames=tuple(data["aannames"]),
        )

    def prestatiecode(self, data: Mapping[str, Any]) -> Prestatiecode:
        self.check(data, {"code": str, "omschrijving": str, "van": date}, {"tot"}, "prestatiecode")
        tot = data.get("tot")
        if tot is not None and tot < data["van"]:
            raise self.fail(f"prestatiecode {data['code']}: tot lies before van", data["code"])
        return Prestatiecode(code=data["code"], omschrijving=data["omschrijving"], van=data["van"], tot=tot)

    def regel(self, data: Mapping[str, Any]) -> Regel:
        where = f"regel {data.get('id', '?')}"
        self.check(data, _REGEL, _REGEL_OPTIES, where)
        familie = self._enum(Familie, data["familie"], where, "familie")
        kind = soort_van(familie)
        if (kind, data["controle"]) not in CONTROLES:
            known = ", ".join(sorted(n for k, n in CONTROLES if k == kind))
            raise self.fail(f"{where}: no check {data['controle']!r} for {kind}; there are {known}", data["id"])
        parameters = dict(data.get("parameters", {}))
        needed = PARAMETERS[kind, data["controle"]]
        if set(parameters) != needed:
            raise self.fail(f"{where}: parameters must be exactly {', '.join(sorted(needed)) or 'none'}", data["id"])
        strength = "effect" if familie is Familie.AANVRAAG else "ernst"
        if ({"effect", "ernst"} & set(data)) != {strength}:
            raise self.fail(f"{where}: a rule of {familie} needs {strength} and only that", data["id"])
        return Regel(
            id=data["id"],
            familie=familie,
            soorten=tuple(data.get("soorten", ())),
            controle=data["controle"],
            effect=self._enum(Effect, data["effect"], where, "effect") if strength == "effect" else None,
            ernst=self._enum(Ernst, data["ernst"], where, "ernst") if strength == "ernst" else None,
            tekst=data["tekst"],
            tekst_en=data["tekst_en"],
            remedie=data["remedie"],
            bron=data["bron"],
            parameters=parameters,
        )

    def _enum(self, kind: Any, value: Any, where: str, key: str) -> Any:
        try:
            return kind(value)
        except ValueError:
            raise self.fail(
                f"{where}: {key} must be one of {', '.join(m.value for m in kind)}, not {value!r}", str(value)
            ) from None
