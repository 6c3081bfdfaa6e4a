"""What the conformance STS knows of organisations: which RIZIV number it certifies for which certificate.

The attribute names are the field's (facts ehealth.md §1.8.5). Of the organisation words only `retirement` was seen there;
`protacc` (sheltered housing) and `psychhouse` (psychiatric nursing homes) are assumptions by analogy with the identifier types.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import gateway.reference
from gateway.trust.identity import Identity, Kind

ORGANISATIONS: Mapping[str, str] = {
    "NIHII-PROT_ACC": "protacc",
    "NIHII-PSYCH_HOUSE": "psychhouse",
    "NIHII-RETIREMENT": "retirement",
}

_PREFIX = "urn:be:fgov:ehealth:1.0"


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """A recognised organisation."""

    type: str
    """Identifier type of its certificate, for example NIHII-RETIREMENT."""
    riziv: str
    """11 digits."""


class Register:
    """Recognised organisations by the type and the first eight digits on their certificates."""

    def __init__(self, organisations: Iterable[Organisation]) -> None:
        self._known = {(o.type, o.riziv[:8]): o for o in organisations}

    def certified(self, identity: Identity) -> dict[str, str]:
        """Every certified attribute of a certificate's holder, name to value; empty for a holder of an unknown type."""
        word = ORGANISATIONS.get(identity.type)
        if word is None or identity.kind is not Kind.RIZIV:
            return {}
        found = self._known.get((identity.type, identity.number[:8]))
        truth = "true" if found else "false"
        attributes = {
            recognised(word, "boolean"): truth,
            f"{_PREFIX}:certificateholder:recognisedorganization:boolean": truth,
        }
        return {**attributes, recognised(word, "nihii11"): found.riziv} if found else attributes


def recognised(word: str, kind: str) -> str:
    """Name of an organisation's certified attribute; kind is nihii11 or boolean."""
    return f"{_PREFIX}:{word}:nihii-number:recognised{word}:{kind}"


def holder_numbers(word: str) -> tuple[str, str]:
    """Names of the two attributes in which a client asserts its own number of eight digits."""
    return f"{_PREFIX}:{word}:nihii-number", f"{_PREFIX}:certificateholder:{word}:nihii-number"


def sample_register() -> Register:
    """The facilities of the sample data."""
    return load_register(Path(gateway.reference.__file__).parent / "sample" / "voorzieningen.csv")


def load_register(path: Path) -> Register:
    """Register from a CSV file with the columns riziv and kwaliteit, separated by semicolons.

    Raises:
        KeyError: a column is missing.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter=";")
        return Register(Organisation(type=row["kwaliteit"], riziv=row["riziv"]) for row in rows)
