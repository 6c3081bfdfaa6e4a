"""SAML messages for tests: a good assertion, changes of it, and what the verifier says of a message that carries it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree
from lxml.etree import _Element as Element

from conformance.saml_client import sign_envelope_saml
from conformance.sts.assertion import Statement, certified, write_assertion
from conformance.sts.register import recognised
from conformance.sts.xmldsig import enveloped
from conformance.walkthrough import sample_signer
from gateway.refusal import Code, Refusal
from gateway.settings import Settings
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import SYNCHRONOUS, SecurityPolicy
from gateway.trust.saml import SAML, StsTrust
from gateway.trust.signing import Signer
from gateway.trust.wssecurity import Signed, verify
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from gateway.wire.names import SOAP, WSSE, q

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = NOW + timedelta(hours=24)
SKEW = SYNCHRONOUS.clock_skew
TICK = timedelta(milliseconds=1)
IBW1 = "72090103000"
NUMBER, TRUTH = recognised("protacc", "nihii11"), recognised("protacc", "boolean")

STS, HOLDER, OTHER = (sample_signer(n) for n in ("sts", "facility-ibw-1", "facility-ibw-2"))
_SETTINGS = Settings()
STORE = load_trust_store(_SETTINGS.ca_bundle, _SETTINGS.crls, _SETTINGS.revocation)
TRUST = StsTrust(certificates=(STS.certificate,), accept=STORE.accept)
GOOD = Statement(
    holder=HOLDER.certificate,
    not_before=NOW - timedelta(minutes=5),
    not_on_or_after=END,
    attributes=certified({NUMBER: IBW1, TRUTH: "true"}),
)


def assertion(signer: Signer = STS, **changes: object) -> Element:
    return write_assertion(replace(GOOD, **changes), signer, NOW)  # type: ignore[arg-type]


def resigned(change: Callable[[Element], object], signer: Signer = STS, **changes: object) -> Element:
    """An assertion that the STS signed after a change, so that nothing is wrong but the change."""
    element = assertion(**changes)
    element.remove(element[-1])
    change(element)
    element.append(enveloped(element, "AssertionID", signer))
    return element


def message(
    token: Element | None = None, signer: Signer = HOLDER, parts: tuple[str, ...] = ("Body", "Timestamp"), *, sha1: bool = False
) -> Element:
    root = write_envelope(etree.fromstring('<vraag xmlns="urn:example">tien</vraag>'))
    sign_envelope_saml(root, signer, assertion() if token is None else token, NOW, parts=parts, sha1=sha1)
    return root


RAW = serialise(message())


def judge(root: Element, policy: SecurityPolicy = SYNCHRONOUS, *, now: datetime = NOW, sts: StsTrust | None = TRUST) -> Signed:
    return verify(read_envelope(serialise(root)), policy, now, STORE.accept, sts=sts)


def refused(root: Element, policy: SecurityPolicy = SYNCHRONOUS, *, now: datetime = NOW, sts: StsTrust | None = TRUST) -> Code:
    with pytest.raises(Refusal) as caught:
        judge(root, policy, now=now, sts=sts)
    return caught.value.code


def at(moment: datetime, token: Element | None = None) -> Element:
    """A message made at another moment, with an assertion of NOW."""
    root = write_envelope(etree.fromstring("<vraag/>"))
    sign_envelope_saml(root, HOLDER, assertion() if token is None else token, moment)
    return root


def security(root: Element) -> Element:
    found = root.find(f"{q(SOAP, 'Header')}/{q(WSSE, 'Security')}")
    assert found is not None
    return found


def each(element: Element, name: str) -> list[Element]:
    return list(element.iter(q(SAML, name)))
