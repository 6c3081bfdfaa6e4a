"""What a validation expected, in Dutch, by pydantic's kinds of error; what was sent is never told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_TEKSTEN: Mapping[str, str] = MappingProxyType(
    {
        "missing": "een waarde: dit veld is verplicht",
        "extra_forbidden": "niets: dit veld bestaat niet",
        "string_type": "een tekst",
        "string_pattern_mismatch": "een tekst van de vorm {pattern}",
        "string_too_short": "een tekst van minstens {min_length} tekens",
        "string_too_long": "een tekst van hoogstens {max_length} tekens",
        "literal_error": "een van {expected}",
        "enum": "een van {expected}",
        "int_type": "een geheel getal",
        "int_parsing": "een geheel getal",
        "int_from_float": "een geheel getal",
        "float_type": "een getal",
        "float_parsing": "een getal",
        "bool_type": "true of false",
        "bool_parsing": "true of false",
        "date_type": "een dag zoals 2026-01-31",
        "date_parsing": "een dag zoals 2026-01-31",
        "date_from_datetime_parsing": "een dag zoals 2026-01-31",
        "date_from_datetime_inexact": "een dag zoals 2026-01-31, zonder uur",
        "datetime_type": "een moment zoals 2026-01-31T12:00:00Z",
        "datetime_parsing": "een moment zoals 2026-01-31T12:00:00Z",
        "datetime_from_date_parsing": "een moment zoals 2026-01-31T12:00:00Z",
        "list_type": "een lijst",
        "dict_type": "een object",
        "model_type": "een object",
        "model_attributes_type": "een object",
        "too_short": "minstens {min_length} waarden",
        "too_long": "hoogstens {max_length} waarden",
        "greater_than": "meer dan {gt}",
        "greater_than_equal": "minstens {ge}",
        "less_than": "minder dan {lt}",
        "less_than_equal": "hoogstens {le}",
        "json_invalid": "JSON die gelezen kan worden",
        "string_unicode": "tekst in UTF-8",
    }
)
_ANDERS = "iets anders; de beschrijving staat bij /api/v1/"


def verwachting(soort: str, waarden: Mapping[str, Any]) -> str:
    """Args:
    soort: pydantic's type of the error.
    waarden: what the field demands, of the error's context.
    """
    try:
        return _TEKSTEN.get(soort, _ANDERS).format(**waarden).replace("' or '", "' of '")
    except KeyError:
        return _ANDERS
