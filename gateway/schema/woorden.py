"""What a schema wants, in words for people: a date, a whole number of cents, one of these; and what to do about each error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element
from xmlschema.validators import XMLSchemaChildrenValidationError, XsdEnumerationFacets

MAX_VALUES = 12
"""Values of a list that are told; they are the schema's, never the message's."""
_TYPES = {
    "DatumType": "een datum als jjjj-mm-dd",
    "date": "een datum als jjjj-mm-dd",
    "MaandType": "een maand als jjjj-mm",
    "gYearMonth": "een maand als jjjj-mm",
    "UurType": "een uur als uu:mm:ss",
    "time": "een uur als uu:mm:ss",
    "TijdstipType": "een tijdstip met zijn tijdzone, als jjjj-mm-ddTuu:mm:ssZ",
    "dateTime": "een tijdstip als jjjj-mm-ddTuu:mm:ssZ",
    "CentenType": "een heel getal (eurocent, zonder komma)",
    "VolgnummerType": "een heel getal van 1 tot 999999",
    "InszType": "11 cijfers, zonder punten of streepjes",
    "RizivNummerType": "11 cijfers, zonder punten of streepjes",
    "KboNummerType": "10 cijfers die met 0 of 1 beginnen, zonder punten",
    "IbanType": "een IBAN in hoofdletters en cijfers, zonder spaties",
    "BicType": "een BIC van 8 of 11 hoofdletters en cijfers",
    "PijlerType": "de naam van een pijler in kleine letters, zoals eibwfin",
    "BerichtIdType": "8 tot 64 letters, cijfers of tekens . _ : -",
    "MessageIdType": "een MessageId van de gateway (UUID in kleine letters)",
    "DossiernummerType": "1 tot 32 letters, cijfers of streepjes",
    "RedenCodeType": "een code in hoofdletters en cijfers, hoogstens 40 tekens",
    "Sha256Type": "base64 van 32 octetten (SHA-256)",
    "boolean": "true of false",
    "decimal": "een getal, met een punt voor de decimalen",
    "base64Binary": "base64",
    **dict.fromkeys(("long", "int", "integer"), "een heel getal, zonder komma"),
    "positiveInteger": "een heel getal van 1 of meer",
    "nonNegativeInteger": "een heel getal van 0 of meer",
}
_BOUNDS = {
    "minInclusive": "minstens {}",
    "maxInclusive": "hoogstens {}",
    "minLength": "minstens {} tekens",
    "maxLength": "hoogstens {} tekens",
    "length": "precies {} tekens",
}
_DIGITS = re.compile(r"\[0-9\]\{(\d+)(?:,(\d+))?\}")


@dataclass(frozen=True, kw_only=True)
class Woorden:
    """One error: what it is in Dutch and in English, what was wanted and found, what to do."""

    nl: str
    en: str
    verwacht: str | None
    gevonden: str | None
    remedie: str


def van_fout(error: Any, element: Element, soort: Any) -> Woorden:
    """Words for an error that xmlschema found at an element.

    Args:
        soort: the declared type of the element; None when the schema does not know it.
    """
    name = etree.QName(element).localname
    if isinstance(error, XMLSchemaChildrenValidationError):
        return _van_kinderen(error, element, name)
    reason = str(error.reason or "")
    attribute = re.search(r"'([^']+)'", reason)
    if "attribute" in reason and attribute:
        which = lokaal(attribute.group(1))[:60]
        missing = "missing" in reason or "required" in reason
        return Woorden(
            nl=f"Een attribuut van {name} {'ontbreekt' if missing else 'is onverwacht'}.",
            en=f"An attribute of {name} is {'missing' if missing else 'unexpected'}.",
            verwacht=f"attribuut {which}" if missing else None,
            gevonden=None if missing else f"attribuut {which}",
            remedie=f"{'Voeg het attribuut' if missing else 'Laat het attribuut'} {which} {'toe' if missing else 'weg'}.",
        )
    return _van_waarde(error, name, soort)


def _van_waarde(error: Any, name: str, soort: Any) -> Woorden:
    validator = error.validator
    kind = kind_of(error.obj)
    if isinstance(validator, XsdEnumerationFacets):
        values = [str(v) for v in islice(validator.enumeration, MAX_VALUES + 1)]
        told = ", ".join(values[:MAX_VALUES]) + (", …" if len(values) > MAX_VALUES else "")
        return Woorden(
            nl=f"{name} heeft een waarde die niet in de lijst staat.",
            en=f"{name} has a value outside its list.",
            verwacht=told,
            gevonden=kind,
            remedie="Schrijf één van de verwachte waarden letter voor letter, met dezelfde hoofdletters en kleine letters.",
        )
    wanted = beschrijf(soort if soort is not None else validator)
    if str(getattr(validator, "__class__", type(None)).__name__) == "XsdMaxLengthFacet":
        return Woorden(
            nl=f"{name} is te lang.",
            en=f"{name} is too long.",
            verwacht=f"hoogstens {validator.value} tekens",
            gevonden=kind,
            remedie=f"Kort {name} in tot {validator.value} tekens.",
        )
    if kind == "leeg":
        return Woorden(
            nl=f"{name} is leeg.",
            en=f"{name} is empty.",
            verwacht=wanted,
            gevonden=kind,
            remedie=f"Vul {name} in, of laat het element weg als het niet verplicht is.",
        )
    return Woorden(
        nl=f"{name} heeft niet de verwachte vorm.",
        en=f"{name} does not have the expected form.",
        verwacht=wanted,
        gevonden=kind,
        remedie=f"Schrijf in {name} {wanted}.",
    )


def _van_kinderen(error: XMLSchemaChildrenValidationError, element: Element, name: str) -> Woorden:
    wanted = [str(getattr(x, "name", None) or x) for x in (error.expected or ())]
    stray = element[error.index] if error.index < len(element) else None
    first = lokaal(wanted[0]) if wanted else ""
    expected = " of ".join(map(lokaal, wanted)) or "geen element meer"
    nl, en = f"Onder {name} staat niet het verwachte element.", f"Unexpected content under {name}."
    if stray is None:
        return Woorden(
            nl=f"Onder {name} ontbreekt een element.",
            en=f"An element is missing under {name}.",
            verwacht=expected,
            gevonden="het einde van het element",
            remedie=f"Voeg {first} toe onder {name}.",
        )
    found = etree.QName(stray).localname[:60]
    twin = next((w for w in wanted if lokaal(w) == found and w != stray.tag), None)
    if twin is not None:
        return verkeerde_namespace(twin, str(stray.tag))
    known = {str(x.name) for x in error.validator.iter_elements()} if hasattr(error.validator, "iter_elements") else set()
    if stray.tag not in known:
        other = next((k for k in known if lokaal(k) == found), None)
        if other is not None:
            return verkeerde_namespace(other, str(stray.tag))
        remedie = f"Laat {found} weg: {name} kent dit element niet. Kijk ook de schrijfwijze van de naam na."
        nl, en = f"{name} kent het element {found} niet.", f"{name} does not know the element {found}."
    elif not wanted or any(e.tag == stray.tag for e in stray.itersiblings(preceding=True)):
        remedie = f"Laat deze {found} weg: het element staat er al, of mag hier niet meer volgen."
    elif any(later.tag in wanted for later in stray.itersiblings()):
        nl, en = f"De elementen onder {name} staan niet in hun volgorde.", f"The elements under {name} are not in their order."
        remedie = f"Zet {first} voor {found}: de volgorde is die van het schema."
    else:
        nl, en = f"Onder {name} ontbreekt een element.", f"An element is missing under {name}."
        remedie = f"Voeg {first} toe, voor {found}."
    return Woorden(nl=nl, en=en, verwacht=expected, gevonden=found, remedie=remedie)


def verkeerde_namespace(verwacht: str, gevonden: str) -> Woorden:
    """Two names that look the same and are not.

    Args:
        verwacht: a name in Clark notation, as the other.
    """
    namespace, local = verwacht[1:].partition("}")[0] if verwacht.startswith("{") else "", lokaal(verwacht)
    return Woorden(
        nl=f"{local} staat in een andere namespace dan het schema zegt.",
        en=f"{local} is in another namespace than the schema says.",
        verwacht=verwacht,
        gevonden=gevonden[:200] if gevonden.startswith("{") else f"{{}}{gevonden[:180]}",
        remedie=(
            f'Zet {local} in de namespace {namespace}: met xmlns="{namespace}" op dit element of een erboven, of met een prefix '
            "die daaraan gebonden is."
        ),
    )


def beschrijf(soort: Any) -> str:
    """What a simple type wants."""
    while soort is not None:
        name = lokaal(str(getattr(soort, "name", None) or ""))
        if name in _TYPES:
            return _TYPES[name]
        if (text := _facetten(soort)) is not None:
            return text
        above = getattr(soort, "base_type", None)
        soort = None if above is soort else above
    return "een waarde zoals het schema ze beschrijft"


def _facetten(soort: Any) -> str | None:
    facets = getattr(soort, "facets", None) or {}
    by_name = {lokaal(str(k or "")): f for k, f in facets.items()}
    if (values := by_name.get("enumeration")) is not None:
        return ", ".join(str(v) for v in islice(values.enumeration, MAX_VALUES))
    patterns = getattr(by_name.get("pattern"), "regexps", None)
    if patterns:
        return " of ".join(_patroon(p) for p in patterns)
    bounds = [text.format(by_name[n].value) for n, text in _BOUNDS.items() if n in by_name]
    return " en ".join(bounds) or None


def _patroon(patroon: str) -> str:
    if (m := _DIGITS.fullmatch(patroon)) is not None:
        return f"{m.group(1)} cijfers" if m.group(2) is None else f"{m.group(1)} tot {m.group(2)} cijfers"
    return patroon if patroon.isalnum() else f"een waarde van de vorm {patroon}"


def kind_of(value: object) -> str:
    """What kind of value stood there, without repeating it."""
    if isinstance(value, etree._Element):
        value = value.text
    text = "" if value is None else str(value)
    if not text.strip():
        return "leeg"
    if text.isdecimal():
        return f"{len(text)} cijfers"
    return f"tekst van {len(text)} tekens"


def lokaal(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2][:80]
