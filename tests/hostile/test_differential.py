"""Our verifier against signxml, the reference: over random changes of valid messages it accepts nothing that signxml refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from signxml.exceptions import InvalidInput, InvalidSignature

from bench.fuzz import mutate
from conformance.messages import signed_message
from conformance.walkthrough import sample_signer
from gateway.refusal import Refusal
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.revocation import RevocationMode
from gateway.trust.wssecurity import verify
from gateway.wire.envelope import read_envelope

CERTS = Path(__file__).parents[2] / "certs-sample"
NOW = datetime.now(UTC)
TRUST = load_trust_store(CERTS / "ca-bundle.pem", [CERTS / "crl/issuing-ca.crl"], RevocationMode.STRICT)
MESSAGES = {
    name: (sample_signer(name), signed_message("verzekerbaarheid", sample_signer(name), "els", NOW))
    for name in ("facility-ibw-1", "facility-ibw-2")
}


def ours(raw: bytes) -> bool:
    try:
        verify(read_envelope(raw), SYNCHRONOUS, NOW, TRUST.accept)
    except Refusal:
        return False
    return True


def signxml_accepts(raw: bytes, name: str) -> bool:
    certificate = MESSAGES[name][0].certificate
    configuration = SignatureConfiguration(require_x509=False, location=".//", expect_references=3)
    try:
        XMLVerifier().verify(raw, x509_cert=certificate, expect_config=configuration, id_attribute="Id")
    except (InvalidSignature, InvalidInput, etree.LxmlError, ValueError):
        return False
    return True


@pytest.mark.parametrize("name", MESSAGES)
def test_both_accept_the_message_itself(name: str) -> None:
    assert ours(MESSAGES[name][1])
    assert signxml_accepts(MESSAGES[name][1], name)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(MESSAGES)))
def test_what_we_accept_signxml_accepts(seed: int, name: str) -> None:
    changed = mutate(MESSAGES[name][1], Random(seed))
    if ours(changed):
        assert signxml_accepts(changed, name)
