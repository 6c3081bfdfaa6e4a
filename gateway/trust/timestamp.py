"""The wsu:Timestamp of a message: made just now, by a clock that is not too wrong (facts ehealth.md §1.4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.policy import SecurityPolicy
from gateway.wire.instant import read_instant
from gateway.wire.names import WSU, q


def check_timestamp(element: Element, policy: SecurityPolicy, now: datetime) -> tuple[datetime, datetime]:
    """Created and Expires of a Timestamp that is acceptable now.

    Raises:
        Refusal: SECURITY_SHAPE, FUTURE or STALE.
    """
    if [c.tag for c in element] != [q(WSU, "Created"), q(WSU, "Expires")]:
        raise Refusal(Code.SECURITY_SHAPE, place="//Timestamp", line=element.sourceline, expected="Created, Expires")
    created, expires = (_moment(c) for c in element)
    if created > now + policy.clock_skew:
        raise Refusal(
            Code.FUTURE,
            place="//Timestamp/Created",
            line=element.sourceline,
            expected=f"hoogstens {policy.clock_skew} na {now:%Y-%m-%dT%H:%M:%SZ}",
            found=f"{created:%Y-%m-%dT%H:%M:%SZ}",
        )
    if expires <= created or expires - created > policy.max_lifetime:
        raise Refusal(
            Code.STALE,
            place="//Timestamp/Expires",
            line=element.sourceline,
            expected=f"na Created, hoogstens {policy.max_lifetime} later",
            found=f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        )
    if expires + policy.clock_skew < now:
        raise Refusal(
            Code.STALE,
            place="//Timestamp/Expires",
            line=element.sourceline,
            expected=f"niet vroeger dan {now - policy.clock_skew:%Y-%m-%dT%H:%M:%SZ}",
            found=f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        )
    return created, expires


def _moment(element: Element) -> datetime:
    moment = read_instant(element.text)
    if moment is None or moment.utcoffset() != timedelta(0) or len(element):
        raise Refusal(
            Code.SECURITY_SHAPE,
            place=f"//Timestamp/{etree.QName(element).localname}",
            line=element.sourceline,
            expected="UTC-tijdstip, bv. 2026-01-31T12:00:00Z",
            found="iets anders",
        )
    return moment
