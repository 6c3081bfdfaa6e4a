"""The description of the API as a page that people read: no script, printable, made from the OpenAPI document itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from gateway.console.opmaak import render

_MARKDOWN = MarkdownIt("commonmark", {"html": False})


def pagina(openapi: Mapping[str, Any]) -> str:
    """Every address by its tag, with what it takes and gives."""
    groepen: dict[str, list[dict[str, Any]]] = {}
    for pad, methoden in openapi["paths"].items():
        for methode, wat in methoden.items():
            groepen.setdefault(wat["tags"][0], []).append({"pad": pad, "methode": methode.upper(), **_ingang(wat)})
    uitleg = Markup(_MARKDOWN.render(openapi["info"]["description"]))  # noqa: S704 — raw HTML is escaped by the renderer
    schemas = {n: _velden(s) for n, s in sorted(openapi["components"]["schemas"].items()) if "properties" in s}
    return render("beheer/api.html", uitleg=uitleg, groepen=groepen, schemas=schemas, server=openapi["servers"][0]["url"])


def _ingang(wat: Mapping[str, Any]) -> dict[str, Any]:
    lijf = next(iter(wat.get("requestBody", {}).get("content", {}).items()), None)
    antwoorden = []
    for status, antwoord in sorted(wat["responses"].items()):
        inhoud: Mapping[str, Any] = next(iter(antwoord.get("content", {}).values()), {})
        antwoorden.append((status, antwoord["description"], _type(inhoud.get("schema", {}))))
    return {
        "tekst": wat.get("description") or wat["summary"],
        "recht": wat["x-recht"],
        "vragen": [
            (p["name"], p["in"], _type(p["schema"]), bool(p.get("required")), p.get("description", ""))
            for p in wat.get("parameters", ())
        ],
        "lijf": None if lijf is None else (lijf[0], _type(lijf[1]["schema"])),
        "antwoorden": antwoorden,
    }


def _velden(schema: Mapping[str, Any]) -> list[tuple[str, str, bool, str]]:
    verplicht = schema.get("required", ())
    return [(naam, _type(veld), naam in verplicht, veld.get("description", "")) for naam, veld in schema["properties"].items()]


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: list of Bericht, text or null."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " of ".join(dict.fromkeys(_type(s) for s in schema["anyOf"]))
    match schema.get("type"):
        case "array":
            return f"lijst van {_type(schema.get('items', {}))}"
        case "string":
            vorm = schema.get("format") or ("" if "enum" not in schema else ", ".join(schema["enum"]))
            return f"tekst ({vorm})" if vorm else "tekst"
        case "integer":
            return "geheel getal"
        case "boolean":
            return "ja of nee"
        case "null":
            return "null"
        case soort:
            return "object" if soort == "object" else "–"
