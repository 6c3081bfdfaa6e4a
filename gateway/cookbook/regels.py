"""The rules of a cookbook: its own, and those of the rule sets that it shares with other pillars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gateway.berichten.soorten import SOORTEN
from gateway.central import aanvraag, zending  # noqa: F401
from gateway.central.bevinding import CONTROLES, Controle, soort_van
from gateway.central.cookbook import Codewaarde, Familie, Regel
from gateway.central.model import Effect, Ernst
from gateway.cookbook.tabel import Table, read
from gateway.paths import data_dir

RULE_SETS = "_regels"
"""Folder, beside the cookbooks, of the rule sets that they share."""
_REGEL = frozenset(
    {"id", "familie", "soorten", "als", "controle", "effect", "ernst", "parameters", "tekst", "tekst_en", "remedie", "bron"}
)
_AANPASSING = frozenset({"als", "effect", "ernst", "parameters", "bron", "remedie", "tekst", "tekst_en"})
_STERKTES = {
    Familie.AANVRAAG: tuple(Effect),
    Familie.ZENDING_TECHNISCH: (Ernst.BLOKKEREND, Ernst.FACTUUR),
    Familie.ZENDING_INHOUD: tuple(Ernst),
    Familie.ZENDING_AFGELEID: (Ernst.RECORD,),
}
"""Strengths that a family may have; a technical error that refuses nothing would never reach anyone."""


def read_soorten(table: Table, *, mag_leeg: bool = False) -> tuple[str, ...]:
    soorten = table.texts("soorten") if table.has("soorten") or not mag_leeg else ()
    if not set(soorten) <= set(SOORTEN):
        raise table.error("soorten", f"expected one or more of {', '.join(SOORTEN)}")
    return soorten


def read_regels(table: Table, soorten: tuple[str, ...], lijsten: Mapping[str, Mapping[str, Codewaarde]]) -> tuple[Regel, ...]:
    own = table.tables("regel") if table.has("regel") else []
    shared = [rule for name in (table.texts("gebruikt") if table.has("gebruikt") else ()) for rule in _set(table, name)]
    dropped = table.texts("schrap") if table.has("schrap") else ()
    changes = table.table("aanpassing")
    prefix = table.text("prefix", r"[A-Z][A-Z0-9]{1,7}", "2 to 8 capitals and digits") if shared else ""
    for rule in shared:
        rule.fill_id(prefix)
    known = {rule.id for rule in shared}
    for key, names in (("schrap", dropped), ("aanpassing", changes)):
        if unknown := next((n for n in names if n not in known), None):
            raise table.error(key, f"{unknown} is in no rule set that is used; expected one of {', '.join(sorted(known))}")
    # A shared rule about kinds of message that this pillar does not have has nothing to do here.
    kept = [rule for rule in shared if rule.id not in dropped and rule.looks_at(soorten)]
    for rule in kept:
        if rule.id in changes:
            rule.change(table, changes[rule.id], _AANPASSING)
    tables = [*kept, *own]
    if not tables:
        raise table.error("regel", "expected 1 or more [[regel]] tables, or rule sets in gebruikt")
    found = tuple(_regel(t, lijsten) for t in tables)
    times = Counter(r.id for r in found)
    for rule_table, regel in reversed(list(zip(tables, found, strict=True))):
        if times[regel.id] > 1:
            raise rule_table.error("id", f"{regel.id} stands {times[regel.id]} times; expected an id of its own for every rule")
        if rule_table in own and not rule_table.looks_at(soorten):
            raise rule_table.error("soorten", f"the pillar has none of these; expected one of {', '.join(soorten)}")
    return found


def _set(table: Table, name: str) -> list[Table]:
    """The tables of a rule set: beside the cookbook's folder, or the gateway's own."""
    folders = (table.path.parent.parent / RULE_SETS, data_dir("cookbooks") / RULE_SETS)
    path = next((f / f"{name}.toml" for f in folders if (f / f"{name}.toml").is_file()), None)
    if path is None:
        known = sorted({p.stem for f in folders if f.is_dir() for p in f.glob("*.toml")})
        raise table.error("gebruikt", f"there is no rule set {name!r}; expected one of {', '.join(known)}")
    whole = read(path)
    whole.only(frozenset({"versie", "regel"}))
    whole.text("versie")
    return whole.tables("regel", least=1)


def _regel(table: Table, lijsten: Mapping[str, Mapping[str, Codewaarde]]) -> Regel:
    table.only(_REGEL)
    familie = table.one_of("familie", Familie)
    naam, kind = table.text("controle"), soort_van(familie)
    if (kind, naam) not in CONTROLES:
        known = ", ".join(sorted(n for k, n in CONTROLES if k == kind))
        raise table.error("controle", f"no check {naam!r} for {familie}; expected one of {known}")
    wanted, other = ("effect", "ernst") if familie is Familie.AANVRAAG else ("ernst", "effect")
    if table.has(other):
        raise table.error(other, f"a rule of {familie} has no {other}; expected {wanted}")
    if familie is not Familie.AANVRAAG and (table.has("soorten") or table.has("als")):
        raise table.error("soorten", "only a rule of aanvraag has kinds or conditions; expected none")
    sterkte = table.one_of(wanted, Effect if wanted == "effect" else Ernst, _STERKTES[familie])
    parameters = _parameters(table, CONTROLES[kind, naam])
    if (lijst := parameters.get("lijst")) is not None and lijst not in lijsten:
        raise table.error("parameters", f"there is no list {lijst!r}; expected one of {', '.join(lijsten) or 'none'}")
    return Regel(
        id=table.text("id", r"(?=.{1,40}$)[A-Z0-9]+([_-][A-Z0-9]+)*", "capitals and digits, parted by _ or -, at most 40"),
        familie=familie,
        soorten=read_soorten(table, mag_leeg=True),
        als=_als(table),
        controle=naam,
        effect=sterkte if isinstance(sterkte, Effect) else None,
        ernst=sterkte if isinstance(sterkte, Ernst) else None,
        tekst=table.text("tekst"),
        tekst_en=table.text("tekst_en"),
        remedie=table.text("remedie"),
        bron=table.text("bron"),
        parameters=parameters,
    )


def _als(table: Table) -> dict[str, tuple[str, ...]]:
    found = table.table("als")
    for waarden in found.values():
        if not isinstance(waarden, list) or not waarden or not all(isinstance(w, str) for w in waarden):
            raise table.error("als", 'expected fields with a list of values; "*" for any value, "" for none')
    return {veld: tuple(waarden) for veld, waarden in found.items()}


def _parameters(table: Table, controle: Controle) -> dict[str, Any]:
    given = table.table("parameters")
    missing = {n for n, v in controle.parameters.items() if v.verplicht} - set(given)
    if missing or set(given) - set(controle.parameters):
        expected = ", ".join(f"{n} ({v.omschrijving})" for n, v in controle.parameters.items()) or "none"
        raise table.error("parameters", f"has {', '.join(given) or 'none'}; expected exactly {expected}")
    for name, value in given.items():
        if not controle.parameters[name].past(value):
            raise table.error("parameters", f"{name} is {value!r}; expected {controle.parameters[name].omschrijving}")
    return dict(given)
