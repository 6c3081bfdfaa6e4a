"""The STS's WS-Trust 1.3 interface: RequestSecurityToken, the Challenge step, the token (facts ehealth.md §1.8.4).

Clients differ: one expects a challenge always, one calls it optional, one answers it without a Context. So every request is
challenged, and the challenge's own text finds the question again.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.assertion import IDENTIFICATION, Attribute
from conformance.sts.question import Question, only, optional, read_certificate, read_moment, wrong
from gateway.refusal import Code, Refusal
from gateway.trust.wssecurity import Signed
from gateway.wire.names import WSSE, WSU, q

WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
AUTH = "http://docs.oasis-open.org/wsfed/authorization/200706"
DIALECT = f"{AUTH}/authclaims"
SAML_11 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
ISSUE = f"{WST}/Issue"
PUBLIC_KEY = "http://docs.oasis-open.org/ws-sx/wstrust/200512/PublicKey"
"""Spelled `wstrust` by the field's clients, against the specification."""
REQUEST = q(WST, "RequestSecurityToken")
CHALLENGE = q(WST, "RequestSecurityTokenResponse")

_LIFETIME = timedelta(minutes=5)
_MOST = 1_000


@dataclass(frozen=True, kw_only=True)
class _Pending:
    question: Question
    until: datetime


class Challenges:
    """Questions that wait for their holder to sign a challenge; bounded in number and time, each answered once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}

    def make(self, question: Question, now: datetime) -> str:
        """A new challenge for a question.

        Raises:
            Refusal: UNAVAILABLE when too many wait.
        """
        challenge = secrets.token_urlsafe(32)
        with self._lock:
            self._pending = {c: p for c, p in self._pending.items() if p.until > now}
            if len(self._pending) >= _MOST:
                raise Refusal(Code.UNAVAILABLE, found="te veel open uitdagingen")
            self._pending[challenge] = _Pending(question=question, until=now + _LIFETIME)
        return challenge

    def answer(self, challenge: str, signed: Signed, now: datetime) -> Question:
        """The question behind a challenge that the holder has signed.

        Raises:
            Refusal: REPLAY for a challenge that does not wait, HOLDER for another signer.
        """
        with self._lock:
            pending = self._pending.get(challenge)
            if pending is None or pending.until <= now:
                raise Refusal(Code.REPLAY, place="//SignChallengeResponse/Challenge", expected="een open uitdaging")
            if pending.question.holder != signed.certificate:
                raise Refusal(
                    Code.HOLDER, place="//Security", expected="het certificaat van UseKey", found="een ander certificaat"
                )
            del self._pending[challenge]
        return pending.question


def read_request(request: Element, signed: Signed) -> Question:
    """The question in a RequestSecurityToken; without UseKey it is for the signer's own key.

    Raises:
        Refusal: SCHEMA.
    """
    kind = (only(request, WST, "RequestType").text or "").strip()
    if kind != ISSUE:
        raise wrong(request, ISSUE, kind[:120])
    lifetime, key, claims = (optional(request, WST, name) for name in ("Lifetime", "UseKey", "Claims"))
    expires = None if lifetime is None else optional(lifetime, WSU, "Expires")
    asserted, designated = ((), frozenset()) if claims is None else _claims(claims)
    return Question(
        id=request.get("Context", ""),
        holder=signed.certificate if key is None else read_certificate(only(key, WSSE, "SecurityTokenReference")),
        until=None if expires is None else read_moment(expires.text, expires),
        asserted=asserted,
        designated=designated,
    )


def read_challenge(response: Element) -> str:
    """The challenge that a client signed.

    Raises:
        Refusal: SCHEMA.
    """
    return (only(only(response, WST, "SignChallengeResponse"), WST, "Challenge").text or "").strip()


def write_challenge(question: Question, challenge: str) -> Element:
    response = _response(question)
    etree.SubElement(etree.SubElement(response, q(WST, "SignChallenge")), q(WST, "Challenge")).text = challenge
    return response


def write_token(question: Question, assertion: Element) -> Element:
    """The final RequestSecurityTokenResponse."""
    response = _response(question)
    etree.SubElement(response, q(WST, "TokenType")).text = SAML_11
    etree.SubElement(response, q(WST, "RequestedSecurityToken")).append(assertion)
    return response


def _claims(claims: Element) -> tuple[tuple[Attribute, ...], frozenset[str]]:
    asserted: list[Attribute] = []
    designated: set[str] = set()
    for claim in claims.findall(q(AUTH, "ClaimType")):
        name, value = claim.get("Uri", ""), optional(claim, AUTH, "Value")
        if value is None:
            designated.add(name)
        else:
            asserted.append(Attribute(namespace=IDENTIFICATION, name=name, values=((value.text or "").strip(),)))
    return tuple(asserted), frozenset(designated)


def _response(question: Question) -> Element:
    response = etree.Element(CHALLENGE, nsmap={"wst": WST})
    if question.id:
        response.set("Context", question.id)
    return response
