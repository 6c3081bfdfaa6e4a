"""Our verifier against signxml, the reference: over random changes and the hostile corpus it accepts nothing that signxml refuses.

signxml gets the tree that our parser made, written out again: it would stop reading a base64 text at the first comment, and
our parser has no comments (facts anchors.md §E.3 for its other limits; none of them makes it refuse what is right).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier
from signxml.exceptions import SignXMLException

from bench import fuzz_mutate
from gateway.refusal import Refusal
from gateway.settings import Settings
from gateway.trust.chain import load_trust_store
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.wssecurity import Signed, verify
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import Envelope, read_envelope, serialise
from gateway.wire.names import DS, SOAP, WSSE, q
from tests.hostile.case import Case
from tests.hostile.context import ATTACKER, VICTIM, Context
from tests.hostile.corpus import CORPUS
from tests.hostile.forge import good
from tests.hostile.twins import TWINS

NOW = datetime.now(UTC)
CONTEXT = Context(clock=lambda: NOW, canary="http://127.0.0.1:9", secret=Path("/nonexistent"))
MESSAGES = {name: good(CONTEXT, None, CONTEXT.signer(name)) for name in (VICTIM, ATTACKER)}
_SETTINGS = Settings()
_TRUST = load_trust_store(_SETTINGS.ca_bundle, _SETTINGS.crls, _SETTINGS.revocation)
_METHODS = frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256})


def ours(raw: bytes) -> tuple[Envelope, Signed] | None:
    """What we accept, by the X.509 token profile."""
    try:
        envelope = read_envelope(raw)
        return envelope, verify(envelope, SYNCHRONOUS, NOW, _TRUST.accept)
    except Refusal:
        return None


def reference(envelope: Envelope, signed: Signed) -> str | None:
    """Why signxml does not accept that the certificate signed this Body; None when it does."""
    path = f"{q(WSSE, 'Security')}/{q(DS, 'Signature')}/{q(DS, 'SignedInfo')}/{q(DS, 'Reference')}"
    count = 0 if envelope.header is None else len(envelope.header.findall(path))
    expected = SignatureConfiguration(
        expect_references=count,
        signature_methods=_METHODS,
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=NOW,
    )
    try:
        results = XMLVerifier().verify(
            serialise(envelope.root),
            x509_cert=signed.certificate,
            expect_config=expected,
            id_attribute="Id",
            parser=etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True),
        )
    except (SignXMLException, etree.LxmlError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    covered = [r.signed_data for r in (results if isinstance(results, list) else [results])]
    return None if exclusive(envelope.body) in covered else "the Body is not among what signxml says was signed"


def disagreement(raw: bytes) -> str | None:
    accepted = ours(raw)
    return None if accepted is None else reference(*accepted)


@pytest.mark.parametrize("name", MESSAGES)
def test_both_accept_the_message_itself(name: str) -> None:
    accepted = ours(MESSAGES[name])
    assert accepted is not None
    assert reference(*accepted) is None


def test_the_reference_does_refuse() -> None:
    accepted = ours(MESSAGES[VICTIM])
    assert accepted is not None
    envelope, signed = accepted
    next(envelope.body.iter("{*}Insz")).text = "06062999747"
    assert "InvalidDigest" in (reference(envelope, signed) or "")
    moved = etree.SubElement(envelope.root, q(SOAP, "Other"))
    moved.append(envelope.body)
    assert reference(envelope, signed) is not None


@settings(max_examples=500, deadline=None)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(sorted(MESSAGES)), by_element=st.booleans())
def test_what_we_accept_after_a_change_signxml_accepts(seed: int, name: str, by_element: bool) -> None:
    change = fuzz_mutate.tree if by_element else fuzz_mutate.octets
    assert disagreement(change(MESSAGES[name], Random(seed))) is None


def test_what_we_verify_of_the_corpus_signxml_verifies() -> None:
    plain = [made for case in CORPUS if _is_small(case) and isinstance(made := case.make(CONTEXT), bytes)]
    assert len(plain) > 900
    assert [reason for raw in plain if (reason := disagreement(raw)) is not None] == []


def test_what_we_verify_of_the_twins_signxml_verifies() -> None:
    made = [raw for twin in TWINS if not twin.headers and isinstance(raw := twin.make(CONTEXT), bytes)]
    assert sum(ours(raw) is not None for raw in made) >= 15
    assert [reason for raw in made if (reason := disagreement(raw)) is not None] == []


def _is_small(case: Case) -> bool:
    # What is only large says nothing about signatures, and signxml copies it once a reference.
    return not case.headers and not any(w in case.kind for w in ("flood", "huge", "nesting", "bomb", "prolog", "HTTP"))
