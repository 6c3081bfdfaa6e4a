"""What people type on a screen, checked as the schema checks the same in a message."""

from __future__ import annotations

import re

_CODE = re.compile(r"[A-Z0-9]+([_-][A-Z0-9]+)*")
_REFERENTIE = re.compile(r"[A-Za-z0-9/?:().,'+ -]+")
"""Characters of the SEPA credit transfer (EPC217-08), since the reference goes into a payment."""


class Ongeldig(Exception):
    """Something typed can not be; says which field and why, in Dutch.

    Args:
        waarden: what stands in the text between braces, so that a screen can say it in its reader's language.
    """

    def __init__(self, veld: str, uitleg: str, **waarden: int) -> None:
        super().__init__(f"{veld}: {uitleg.format(**waarden)}")
        self.veld = veld
        self.uitleg = uitleg
        self.waarden = waarden


def tekst(veld: str, waarde: str, *, minstens: int, hoogstens: int) -> str:
    """A text without control characters and with room for sense.

    Raises:
        Ongeldig: it is too short or too long.
    """
    schoon = "".join(c for c in waarde.replace("\r\n", "\n") if c == "\n" or c.isprintable()).strip()
    if len(schoon) < minstens:
        raise Ongeldig(veld, "Schrijf minstens {n} tekens.", n=minstens)
    if len(schoon) > hoogstens:
        raise Ongeldig(veld, "Schrijf hoogstens {n} tekens; dit zijn er {m}.", n=hoogstens, m=len(schoon))
    return schoon


def code(veld: str, waarde: str) -> str:
    """A reason code as `RedenCodeType` in common.xsd.

    Raises:
        Ongeldig: it is not.
    """
    schoon = waarde.strip().upper()
    if len(schoon) > 40:
        raise Ongeldig(veld, "Een code heeft hoogstens {n} tekens; dit zijn er {m}.", n=40, m=len(schoon))
    if not _CODE.fullmatch(schoon):
        raise Ongeldig(veld, "Een code bestaat uit hoofdletters en cijfers, met _ of - ertussen, hoogstens 40 tekens.")
    return schoon


def betaalreferentie(veld: str, waarde: str) -> str:
    """A payment reference of 1 to 22 characters that a SEPA payment can carry.

    Raises:
        Ongeldig: it is not.
    """
    schoon = waarde.strip()
    if len(schoon) > 22:
        raise Ongeldig(veld, "Een betaalreferentie heeft hoogstens {n} tekens; dit zijn er {m}.", n=22, m=len(schoon))
    if not schoon or not _REFERENTIE.fullmatch(schoon):
        raise Ongeldig(veld, "Een betaalreferentie heeft 1 tot 22 letters, cijfers of leestekens van een SEPA-betaling.")
    return schoon
