"""Fill in the placeholders of a cookbook's examples; pure, so that gateway, suite and tests make the same message of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

_PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")
_DAY = re.compile(r"vandaag(?:([+-])(\d{1,4}))?")


class VoorbeeldError(ValueError):
    """A placeholder that means nothing here."""


def render(
    tekst: str, vandaag: date, waarden: Mapping[str, str], bereken: Mapping[str, Callable[[str], str]] | None = None
) -> str:
    """Fill in every placeholder.

    Args:
        tekst: an example, with {{vandaag-10}} for a day, {{maand:vandaag-10}} for its month, and {{name}} for a value.
        vandaag: the day that the example is sent.
        waarden: name to value, for example `insz:els`, `riziv:ibw1`, `id`, `dossier:start-els`.
        bereken: word before the first colon to a function of the rest, with its own days already filled in.

    Raises:
        VoorbeeldError: a placeholder that is none of these; its text is named.
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip()
        if (day := _day(name, vandaag)) is not None:
            return day.isoformat()
        word, _, rest = name.partition(":")
        if word == "maand" and (day := _day(rest, vandaag)) is not None:
            return f"{day:%Y-%m}"
        if bereken and word in bereken:
            return bereken[word](":".join(d.isoformat() if (d := _day(p, vandaag)) else p for p in rest.split(":")))
        if name not in waarden:
            raise VoorbeeldError(f"placeholder {{{{{name}}}}} is not known; there are {', '.join(sorted(waarden))}")
        return waarden[name]

    return _PLACEHOLDER.sub(fill, tekst)


def _day(word: str, vandaag: date) -> date | None:
    match = _DAY.fullmatch(word)
    if match is None:
        return None
    days = int(match[2] or 0)
    return vandaag - timedelta(days=days) if match[1] == "-" else vandaag + timedelta(days=days)
