"""The receipt that a zorgkas leaves for a delivery that was put down as a file."""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import datetime
from pathlib import Path

from gateway.berichten.names import ZORGKAS
from gateway.berichten.ontvangst import Ontvangstmelding, OntvangstUitkomst, schrijf_ontvangstmelding
from gateway.berichten.zorgkas import lees_adres
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.trust.signing import Signer, seal
from gateway.wire.names import q
from gateway.wire.parser import Bounds, parse

DELIVERED = frozenset({q(ZORGKAS, "Levering"), q(ZORGKAS, "Mededeling")})
"""What a zorgkas is sent."""
_BOUNDS = Bounds(octets=256 * 1024 * 1024, markup=5_000_000)


class ChecksumMismatch(Exception):
    """The file is not the one that its checksum file was made for."""


def read_dropped(file: Path) -> tuple[str, str, bytes]:
    """(MessageId, zorgkas, SHA-256) of a Levering or Mededeling as it lies in `uit/`.

    Raises:
        ChecksumMismatch: `<file>.sha256` is there and tells another digest.
        Refusal: it does not read as one of them.
    """
    content = file.read_bytes()
    digest = hashlib.sha256(content)
    checksum = file.with_name(f"{file.name}.sha256")
    if checksum.exists() and not hmac.compare_digest(checksum.read_text().split(" ")[0], digest.hexdigest()):
        raise ChecksumMismatch(f"{file.name} is not what {checksum.name} was made for: leave it, and look again later")
    root = parse(content, _BOUNDS)
    registry.check(root)
    if root.tag not in DELIVERED:
        raise Refusal(Code.SCHEMA, place="/", expected="Levering or Mededeling", found=str(root.tag)[:120])
    return *lees_adres(root), digest.digest()


def signed_receipt(
    message_id: str, zorgkas: str, sha256: bytes, signer: Signer, now: datetime, *, refused: str | None = None
) -> bytes:
    """The sealed Ontvangstmelding.

    Args:
        refused: why the zorgkas cannot use the file; None: it has accepted it.
    """
    melding = Ontvangstmelding(
        message_id=message_id,
        zorgkas=zorgkas,
        sha256=sha256,
        tijdstip=now,
        uitkomst=OntvangstUitkomst.AANVAARD if refused is None else OntvangstUitkomst.GEWEIGERD,
        reden=refused,
    )
    return seal(schrijf_ontvangstmelding(melding), signer, now)


def leave(receipt: bytes, target: Path) -> None:
    """Write a receipt whole or not at all, so that the gateway never reads half of one."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(receipt)
    temporary.rename(target)
