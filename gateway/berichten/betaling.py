"""A zorgkas's payments as an ISO 20022 credit transfer file (pain.001.001.09), checked against the ISO schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sepaxml import SepaTransfer

_SCHEMA = "pain.001.001.09"


@dataclass(frozen=True, kw_only=True)
class Betaling:
    """One settled zending."""

    begunstigde: str
    iban: str
    bedrag: int
    """Cents, above 0."""
    referentie: str
    """The zorgkas's own, at most 22 characters; also the end-to-end id, on which the bank refuses a second one."""
    mededeling: str


def schrijf_betaalbestand(naam: str, iban: str, betalingen: Sequence[Betaling], uitvoering: date) -> bytes:
    """The file.

    Args:
        naam: of the zorgkas that pays.
        iban: its account.
        uitvoering: day on which the bank executes.

    Raises:
        ValueError: there is nothing to pay, or an amount is not above 0.
    """
    if not betalingen or any(b.bedrag <= 0 for b in betalingen):
        raise ValueError("elke betaling moet groter dan nul zijn, en er moet er een zijn")
    transfer = SepaTransfer({"name": naam, "IBAN": iban, "batch": True, "currency": "EUR"}, schema=_SCHEMA, clean=True)
    for betaling in betalingen:
        transfer.add_payment(
            {
                "name": betaling.begunstigde,
                "IBAN": betaling.iban,
                "amount": betaling.bedrag,
                "execution_date": uitvoering,
                "description": betaling.mededeling,
                "endtoend_id": betaling.referentie,
            }
        )
    made: bytes = transfer.export(validate=True)
    return made
