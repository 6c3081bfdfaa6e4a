"""Count and locate before anything is verified: one Security header, one signature, one token, ids that name one element.

Every element that the verifier uses is found here by its place, never by an id or a search (facts anchors.md §E.4).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust.policy import SecurityPolicy
from gateway.trust.saml import SAML
from gateway.wire.envelope import Envelope
from gateway.wire.names import DS, WSSE, WSU, q

_ID_NAMES = ("Id", "ID", "id", "iD", "AssertionID", "RequestID", "ResponseID")
_IDS = "//@*[" + " or ".join(f"local-name() = '{n}'" for n in _ID_NAMES) + "]"
_ALL_IDS = etree.XPath(_IDS)
_ECHOES = etree.XPath("s:*/s:Subject/s:SubjectConfirmation/s:SubjectConfirmationData", namespaces={"s": SAML})
_SIGNATURES = etree.XPath("count(//ds:Signature)", namespaces={"ds": DS})
_BELOW = etree.XPath("count(.//ds:Signature)", namespaces={"ds": DS})
_HEADERS = etree.XPath("count(//wsse:Security)", namespaces={"wsse": WSSE})

_TOKEN = q(WSSE, "BinarySecurityToken")
_ASSERTION = q(SAML, "Assertion")
_TIMESTAMP = q(WSU, "Timestamp")
_SIGNATURE = q(DS, "Signature")


MAX_IDS = 1_000
"""A message names some ten; each one more is only work."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """A wsse:Security header's children; at most one of token and assertion is there."""

    security: Element
    timestamp: Element
    signature: Element
    token: Element | None
    assertion: Element | None


def locate(envelope: Envelope, policy: SecurityPolicy) -> Header:
    """The Security header's parts, each found once and at its place.

    Raises:
        Refusal: NO_SECURITY or SECURITY_SHAPE.
    """
    headers = int(_HEADERS(envelope.root))
    security = envelope.header_block(WSSE, "Security")
    if headers == 0 or security is None:
        raise Refusal(Code.NO_SECURITY, place="/Envelope/Header", expected="wsse:Security")
    if headers != 1:
        raise Refusal(Code.SECURITY_SHAPE, place="/Envelope/Header", expected="één wsse:Security", found=f"{headers}")
    if any(str(name).rpartition("}")[2].lower() in ("actor", "role", "relay") and value for name, value in security.items()):
        raise Refusal(Code.SECURITY_SHAPE, place="//Security/@actor", expected="geen actor of role", found="een actor of role")
    signatures = int(_SIGNATURES(envelope.root))
    if signatures == 0:
        raise Refusal(Code.NO_SECURITY, place="//Security", line=security.sourceline, expected="ds:Signature")
    _check_children(security)
    assertion = security.find(_ASSERTION)
    in_body = int(_BELOW(envelope.body))
    if in_body <= policy.signatures_in_body:
        signatures -= in_body
    expected = 1 if assertion is None else 2
    if signatures != expected or (assertion is not None and len(assertion.findall(_SIGNATURE)) != 1):
        wanted = "één handtekening" if assertion is None else "twee handtekeningen: die van het bericht en die van de assertie"
        raise Refusal(Code.SECURITY_SHAPE, place="//Signature", expected=wanted, found=f"{signatures}")
    return Header(
        security=security,
        timestamp=security.find(_TIMESTAMP),  # type: ignore[arg-type]
        signature=security.find(_SIGNATURE),  # type: ignore[arg-type]
        token=security.find(_TOKEN),
        assertion=assertion,
    )


def _check_children(security: Element) -> None:
    tags = [c.tag for c in security]
    strange = [t for t in tags if t not in (_TOKEN, _ASSERTION, _TIMESTAMP, _SIGNATURE)]
    found = f"{len(strange)} andere, bv. {str(strange[0]).rpartition('}')[2][:40]}" if strange else ""
    expected = "hoogstens één BinarySecurityToken of Assertion, één Timestamp, één Signature"
    if not strange:
        counts = {name: tags.count(name) for name in (_TOKEN, _ASSERTION, _TIMESTAMP, _SIGNATURE)}
        if counts[_TIMESTAMP] == counts[_SIGNATURE] == 1 and counts[_TOKEN] + counts[_ASSERTION] <= 1:
            return
        found = ", ".join(f"{n} {name.rpartition('}')[2]}" for name, n in counts.items())
    raise Refusal(Code.SECURITY_SHAPE, place="//Security", line=security.sourceline, expected=expected, found=found)


def unique_ids(root: Element, assertion: Element | None = None) -> dict[str, Element]:
    """Every id in the document, over all kinds of id attribute, to the one element that has it.

    What an STS echoes of a client's claim stands in each statement of the assertion, so its ids may repeat each other; they
    name nothing here, and may be nothing else's.

    Raises:
        Refusal: DUPLICATE_ID or TOO_COMPLEX.
    """
    echoed = set() if assertion is None else {e for echo in _ECHOES(assertion) for e in echo.iter()}
    found: dict[str, Element] = {}
    unread: set[str] = set()
    ids = _ALL_IDS(root)
    if len(ids) > MAX_IDS:
        raise Refusal(Code.TOO_COMPLEX, expected=f"hoogstens {MAX_IDS} Id's", found=f"{len(ids)}")
    for value in ids:
        key, element = str(value), value.getparent()
        if element in echoed:
            unread.add(key)
        elif key in found:
            raise Refusal(Code.DUPLICATE_ID, line=element.sourceline, found=key[:60])
        else:
            found[key] = element
    for key in unread & found.keys():
        raise Refusal(Code.DUPLICATE_ID, line=found[key].sourceline, found=key[:60])
    return found
