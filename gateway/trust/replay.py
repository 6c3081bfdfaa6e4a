"""Signatures that bind no content are accepted once (facts ehealth.md §6.3, replay)."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, insert, select

from gateway.refusal import Code, Refusal
from gateway.store.tables import gezien
from gateway.trust.policy import SecurityPolicy
from gateway.trust.wssecurity import Signed


def remember(conn: Connection, signed: Signed, policy: SecurityPolicy, *, repeated: bool = False) -> None:
    """Remember a signature for as long as its Timestamp could be accepted.

    Args:
        repeated: the message is one that was answered before, so that its signature may be known.

    Raises:
        Refusal: REPLAY when it was used before.
    """
    key = hashlib.sha256(signed.fingerprint + signed.signed_info).hexdigest()
    if conn.execute(select(gezien.c.sleutel).where(gezien.c.sleutel == key)).first() is not None:
        if repeated:
            return
        raise Refusal(Code.REPLAY, place="//Signature/SignatureValue")
    conn.execute(insert(gezien).values(sleutel=key, tot=signed.expires + policy.clock_skew))
    conn.execute(delete(gezien).where(gezien.c.tot < signed.created - policy.clock_skew - policy.max_lifetime))
