"""A zorgkas's receipt of a Levering that was put down as a file: Ontvangstmelding, sealed by the zorgkas."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.lezen import tekst, tekst_of_none, tijdstip
from gateway.berichten.names import COMMON, ZORGKAS
from gateway.wire.build import b64, moment, sub, sub_als


class OntvangstUitkomst(StrEnum):
    """What a zorgkas says of a file."""

    AANVAARD = "aanvaard"
    """It has it, and will act on it."""
    GEWEIGERD = "geweigerd"
    """It cannot use this file; a person must look."""


@dataclass(frozen=True, kw_only=True)
class Ontvangstmelding:
    """What the receipt says; to be believed only after its seal was verified."""

    message_id: str
    zorgkas: str
    sha256: bytes
    """Of the file, as the zorgkas read it."""
    tijdstip: datetime
    """By the zorgkas's clock."""
    uitkomst: OntvangstUitkomst
    reden: str | None = None


def schrijf_ontvangstmelding(melding: Ontvangstmelding) -> Element:
    """An Ontvangstmelding, still to be sealed."""
    element = etree.Element(f"{{{ZORGKAS}}}Ontvangstmelding", nsmap={"z": ZORGKAS, "c": COMMON})
    sub(element, ZORGKAS, "MessageId", melding.message_id)
    sub(element, ZORGKAS, "Zorgkas", melding.zorgkas)
    sub(element, ZORGKAS, "Sha256", b64(melding.sha256))
    sub(element, ZORGKAS, "Tijdstip", moment(melding.tijdstip))
    sub(element, ZORGKAS, "Uitkomst", melding.uitkomst.value)
    sub_als(element, ZORGKAS, "Reden", melding.reden)
    return element


def lees_ontvangstmelding(element: Element) -> Ontvangstmelding:
    """Read a schema-valid Ontvangstmelding."""
    return Ontvangstmelding(
        message_id=tekst(element, ZORGKAS, "MessageId"),
        zorgkas=tekst(element, ZORGKAS, "Zorgkas"),
        sha256=base64.b64decode(tekst(element, ZORGKAS, "Sha256")),
        tijdstip=tijdstip(tekst(element, ZORGKAS, "Tijdstip")),
        uitkomst=OntvangstUitkomst(tekst(element, ZORGKAS, "Uitkomst")),
        reden=tekst_of_none(element, ZORGKAS, "Reden"),
    )
