"""What a client asks of the STS, whichever of the two interfaces it asks it through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml.etree import _Element as Element

from conformance.sts.assertion import Attribute
from gateway.refusal import Code, Refusal
from gateway.trust.signedinfo import decode
from gateway.wire.names import DS, q


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request for an assertion."""

    id: str
    """RequestID or Context; empty when a WS-Trust client gave none."""
    holder: x509.Certificate
    """Holder-of-key certificate."""
    until: datetime | None
    """Asked end of validity."""
    asserted: tuple[Attribute, ...]
    designated: frozenset[str]
    """Names of the attributes wanted back; empty: all that there are."""
    echo: Element | None = None
    """The client's unsigned assertion."""
    recipient: str | None = None


def only(parent: Element, namespace: str, name: str) -> Element:
    """The one child with this name.

    Raises:
        Refusal: SCHEMA.
    """
    found = optional(parent, namespace, name)
    if found is None:
        raise wrong(parent, f"één {name}", "geen")
    return found


def optional(parent: Element, namespace: str, name: str) -> Element | None:
    """The child with this name, if it is there.

    Raises:
        Refusal: SCHEMA when there are more.
    """
    found = parent.findall(q(namespace, name))
    if len(found) > 1:
        raise wrong(parent, f"één {name}", f"{len(found)}")
    return found[0] if found else None


def read_certificate(holder: Element) -> x509.Certificate:
    """The certificate in ds:X509Data/ds:X509Certificate below an element.

    Raises:
        Refusal: SCHEMA or SECURITY_SHAPE.
    """
    element = only(only(holder, DS, "X509Data"), DS, "X509Certificate")
    try:
        return x509.load_der_x509_certificate(decode(element))
    except (ValueError, x509.InvalidVersion):
        raise wrong(element, "een X.509-certificaat (DER)", "iets anders") from None


def read_moment(text: str | None, element: Element) -> datetime | None:
    """A moment with a time zone; clients write Z, +00:00 and +0000.

    Raises:
        Refusal: SCHEMA.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise wrong(element, "een tijdstip met tijdzone", text[:40])
    return moment


def wrong(element: Element, expected: str, found: str) -> Refusal:
    place = f"//{str(element.tag).rpartition('}')[2]}"
    return Refusal(Code.SCHEMA, place=place, line=element.sourceline, expected=expected, found=found)
