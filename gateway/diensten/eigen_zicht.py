"""What of a message's reasons somebody may read who may not see whom it is about, or did not say why they would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.central.cookbook import Cookbook

_VORM = frozenset(
    {
        "aantal_past",
        "bedrag_juist",
        "betrekkelijk_aanwezig",
        "betrekkelijk_nul",
        "betrekkelijk_past",
        "code_gekend",
        "code_op_datum",
        "creditnota_negatief",
        "dag_in_maand",
        "dag_in_toekomst",
        "derdebetalende_controlegetal",
        "facturatiedatum_in_toekomst",
        "factuurnummer_uniek",
        "geldig_riziv",
        "iban_geldig",
        "iban_van_voorziening",
        "in_maand",
        "in_toekomst",
        "ingangsdatum",
        "insz_controlegetal",
        "kbo_van_voorziening",
        "maand_in_toekomst",
        "maand_na_ingang",
        "periode_omgekeerd",
        "prijs_gekend",
        "riziv_controlegetal",
        "totaal_factuur",
        "totaal_zending",
        "type_factuur",
        "veld_verplicht",
        "volgnummer_uniek",
        "zendingnummer_vrij",
    }
)
"""Checks that look at the message, the calendar and the facility; any other one may tell of a person or a dossier."""
_GEMAAKT = ("VSB-WIRE-", "VSB-SCHEMA-", "VSB-TRUST-")
"""Refusals of how a message is made and sent."""
_VLAK = "record "
"""How the place of an error in the form of a flat file begins."""
Redenen = list[dict[str, Any]]


def zonder_gevonden(redenen: Iterable[Mapping[str, Any]]) -> Redenen:
    """Without what stood in the message or on record, which is about a person."""
    return [{**reden, "gevonden": None} for reden in redenen]


def voor_leverancier(cookbooks: Mapping[str, Cookbook], redenen: Iterable[Mapping[str, Any]]) -> Redenen:
    """As a vendor reads them: what its software made wrong in full; of all else the code, the words, the place and the remedy."""
    vorm = {r.id for c in cookbooks.values() for r in c.regels if r.controle in _VORM}

    def gemaakt(reden: Mapping[str, Any]) -> bool:
        code = str(reden["code"])
        return code in vorm or code.startswith(_GEMAAKT) or str(reden.get("plaats") or "").startswith(_VLAK)

    return [dict(r) if gemaakt(r) else {**r, "verwacht": None, "gevonden": None} for r in redenen]
