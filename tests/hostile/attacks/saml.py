"""SAML holder-of-key assertions: forged, stolen, wrapped, or saying more than the STS said.

Somorovsky et al., "On Breaking SAML" (2012); CVE-2025-25291, CVE-2025-25292 and CVE-2025-66567 (ruby-saml), CVE-2025-47949 (samlify).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from conformance.sts.assertion import IDENTIFICATION, Attribute, Statement, certified, write_assertion
from conformance.sts.register import recognised
from conformance.sts.xmldsig import enveloped
from gateway.trust.saml import CERTIFIED, SAML
from gateway.trust.signing import Signer
from gateway.trust.tokens import SAML_ASSERTION_ID
from gateway.wire.names import DS, WSSE, q
from tests.hostile.attacks.replays import SERVICE
from tests.hostile.case import Case, Exchange, Sent, cases
from tests.hostile.context import ATTACKER, VICTIM, Context
from tests.hostile.forge import IBW1, IBW2, Draft, ask, b64, ref, swap, xml
from tests.hostile.posts import get_payload

NUMBER, TRUTH = recognised("protacc", "nihii11"), recognised("protacc", "boolean")
_GOOD = certified({NUMBER: IBW1, TRUTH: "true"})
Change = Callable[[Element], object]


def statement(ctx: Context, **changes: Any) -> Statement:
    """What the STS would say of the victim."""
    now = ctx.now()
    said = Statement(
        holder=ctx.signer(VICTIM).certificate,
        not_before=now - timedelta(minutes=5),
        not_on_or_after=now + timedelta(hours=1),
        attributes=_GOOD,
    )
    return replace(said, **changes)


def assertion(ctx: Context, sts: str = "sts", **changes: Any) -> Element:
    return write_assertion(statement(ctx, **changes), ctx.signer(sts), ctx.now())


def resigned(ctx: Context, change: Change, sts: str = "sts", **changes: Any) -> Element:
    """An assertion that the STS truly signed after a change."""
    element = assertion(ctx, **changes)
    element.remove(element[-1])
    change(element)
    element.append(enveloped(element, "AssertionID", ctx.signer(sts)))
    return element


def carrying(
    ctx: Context, token: Element, *, who: str = VICTIM, payload: Element | None = None, named: str | None = None
) -> Draft:
    """A message with an assertion in place of the certificate token, signed by somebody."""
    made = Draft(ask(ctx) if payload is None else payload, ctx.signer(who), ctx.now())
    made.security.replace(made.token, token)
    name = named or token.get("AssertionID", "")
    pointer = xml(
        f'<ds:KeyInfo xmlns:ds="{DS}"><wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:KeyIdentifier '
        f'ValueType="{SAML_ASSERTION_ID}">{name}</wsse:KeyIdentifier></wsse:SecurityTokenReference></ds:KeyInfo>'
    )
    made.sign([ref(made.body), ref(made.timestamp)], key_info=pointer)
    return made


def honest(ctx: Context) -> bytes:
    return carrying(ctx, assertion(ctx)).octets()


def says(who: str = VICTIM, sts: str = "sts", **changes: Any) -> Callable[[Context], bytes]:
    """An assertion with another content, by this STS; fields may be functions of the context."""

    def make(ctx: Context) -> bytes:
        made = {name: value(ctx) if callable(value) else value for name, value in changes.items()}
        return carrying(ctx, assertion(ctx, sts, **made), who=who).octets()

    return make


def before(change: Change, sts: str = "sts") -> Callable[[Context], bytes]:
    """The STS signed this change."""
    return lambda ctx: carrying(ctx, resigned(ctx, change, sts)).octets()


def after(change: Change) -> Callable[[Context], bytes]:
    """The assertion was changed after the STS signed it."""

    def make(ctx: Context) -> bytes:
        token = assertion(ctx)
        change(token)
        return carrying(ctx, token).octets()

    return make


def text(old: str, new: str) -> Callable[[Context], bytes]:
    """The message's octets changed after everything was signed."""
    return lambda ctx: swap(honest(ctx), old, new)


def at(start: timedelta, end: timedelta) -> Callable[[Context], bytes]:
    return says(not_before=lambda ctx: ctx.now() + start, not_on_or_after=lambda ctx: ctx.now() + end)


def values(*pairs: tuple[str, str, str]) -> Callable[[Context], bytes]:
    """Attributes as namespace, name and value."""
    return says(attributes=tuple(Attribute(namespace=n, name=a, values=(v,)) for n, a, v in pairs))


def _first(element: Element, name: str, namespace: str = SAML) -> Element:
    return next(element.iter(q(namespace, name)))


def _set_values(value: str) -> Change:
    def change(element: Element) -> None:
        for found in element.iter(q(SAML, "AttributeValue")):
            if (found.text or "").isdigit():
                found.text = value

    return change


def _drop_signature(element: Element) -> None:
    element.remove(element[-1])


def _name_sts(ctx: Context) -> bytes:
    """The attacker's own signature, with the STS's certificate listed."""
    token = resigned(ctx, lambda _: None, ATTACKER)
    _first(token, "X509Certificate", DS)
    for listed in token[-1].iter(q(DS, "X509Certificate")):
        listed.text = b64(ctx.signer("sts").der)
    return carrying(ctx, token).octets()


def _evil_and_true(place: Callable[[Element, Element], Element]) -> Callable[[Context], bytes]:
    """A forged assertion about the victim with the STS's true one about the attacker somewhere in it."""

    def make(ctx: Context) -> bytes:
        true = assertion(ctx, holder=ctx.signer(ATTACKER).certificate, attributes=certified({NUMBER: IBW2, TRUTH: "true"}))
        forged = deepcopy(true)
        forged.set("AssertionID", "_forged")
        _set_values(IBW1)(forged)
        token = place(forged, true)
        return carrying(ctx, token, who=ATTACKER).octets()

    return make


def _inside(path: str) -> Callable[[Element, Element], Element]:
    def place(forged: Element, true: Element) -> Element:
        forged.remove(forged[-1])
        target = forged if path == "." else _first(forged, path)
        target.append(true)
        return forged

    return place


def _stolen_signature(forged: Element, true: Element) -> Element:
    forged.replace(forged[-1], true[-1])
    return forged


def _in_signature_object(forged: Element, true: Element) -> Element:
    signature = true[-1]
    forged.replace(forged[-1], signature)
    etree.SubElement(signature, q(DS, "Object")).append(true)
    return forged


def _same_id(forged: Element, true: Element) -> Element:
    forged.set("AssertionID", true.get("AssertionID", ""))
    return _inside("Conditions")(forged, true)


def two_assertions(first_true: bool) -> Callable[[Context], bytes]:
    def make(ctx: Context) -> bytes:
        true = assertion(ctx)
        made = carrying(ctx, true)
        forged = deepcopy(true)
        forged.set("AssertionID", "_forged")
        true.addnext(forged) if first_true else true.addprevious(forged)
        return made.octets()

    return make


def with_token(ctx: Context) -> bytes:
    made = carrying(ctx, assertion(ctx))
    made.security.insert(0, made.token)
    return made.octets()


def elsewhere(ctx: Context) -> bytes:
    """The assertion beside the Security header."""
    made = carrying(ctx, assertion(ctx))
    made.header.append(made.security[0])
    return made.octets()


def echo(ctx: Context) -> bytes:
    """A client's own claim, repeated inside, says more than the STS does."""
    claim = assertion(ctx, "sts")
    _drop_signature(claim)
    claim.set("AssertionID", "_claim")
    return carrying(ctx, assertion(ctx, holder=ctx.signer(VICTIM).certificate, attributes=(), echo=claim)).octets()


def stolen(ctx: Context) -> bytes:
    """The victim's assertion, the attacker's key."""
    return carrying(ctx, assertion(ctx), who=ATTACKER).octets()


def minted(flaw: str) -> Callable[[Context], bytes]:
    """The STS names a holder whose certificate is bad by now."""
    return lambda ctx: carrying(ctx, assertion(ctx, holder=ctx.signer(flaw).certificate), who=flaw).octets()


def replayed(ctx: Context) -> Exchange:
    """A get under an assertion, octet for octet."""
    made = Draft(get_payload(), ctx.signer(), ctx.now())
    token = assertion(ctx)
    made.security.replace(made.token, token)
    pointer = xml(
        f'<ds:KeyInfo xmlns:ds="{DS}"><wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:KeyIdentifier '
        f'ValueType="{SAML_ASSERTION_ID}">{token.get("AssertionID")}</wsse:KeyIdentifier></wsse:SecurityTokenReference></ds:KeyInfo>'
    )
    made.sign([ref(made.timestamp)], key_info=pointer)
    sent = Sent(service=SERVICE, body=made.octets())
    return Exchange(first=(sent,), last=sent)


def at_zorgkas(ctx: Context) -> bytes:
    return carrying(ctx, assertion(ctx), payload=get_payload()).octets()


def self_made(ctx: Context) -> bytes:
    """The holder is its own STS, on a certificate that says it is the STS's."""
    made = ctx.mint.signer([*((a.oid, str(a.value)) for a in ctx.signer("sts").certificate.subject)])
    token = write_assertion(statement(ctx), Signer(key=made.key, certificate=made.certificate), ctx.now())
    return carrying(ctx, token).octets()


_FORGED = cases(
    "SAML forged",
    ("unsigned", "no signature", after(_drop_signature), "TRUST-002"),
    ("other-issuer", "another issuer", says(issuer="urn:evil"), "TRUST-028"),
    ("by-facility", "signed by the attacker's own certificate", says(sts=ATTACKER), "TRUST-028"),
    ("by-holder", "signed by the holder itself", says(sts=VICTIM), "TRUST-028"),
    ("by-gateway", "signed by the gateway's certificate", says(sts="gateway"), "TRUST-028"),
    ("by-look-alike", "signed by a certificate with the STS's subject, from the same CA", self_made, "TRUST-028"),
    ("names-sts", "signed by the attacker, the STS's certificate listed", _name_sts, "TRUST-029 TRUST-003"),
    ("changed-number", "the number changed after signing", text(f"<AttributeValue>{IBW1}<", f"<AttributeValue>{IBW2}<"), "TRUST-029"),
    ("changed-comment", "the number cut by a comment", text(f"<AttributeValue>{IBW1}<", f"<AttributeValue>{IBW2}<!--{IBW1}--><"), "TRUST-029"),
    ("changed-validity", "the end moved", after(lambda e: _first(e, "Conditions").set("NotOnOrAfter", "2999-01-01T00:00:00Z")), "TRUST-029"),
    ("changed-id", "another AssertionID", after(lambda e: e.set("AssertionID", "_other")), "TRUST-002 TRUST-029"),
    ("changed-version", "MinorVersion 0", after(lambda e: e.set("MinorVersion", "0")), "TRUST-027"),
    ("version-2", "SAML 2.0", text(SAML, "urn:oasis:names:tc:SAML:2.0:assertion"), "TRUST-002"),
    ("two", "two assertions, the true one first", two_assertions(True), "TRUST-002"),
    ("two-forged-first", "two assertions, the forged one first", two_assertions(False), "TRUST-002"),
    ("with-token", "an assertion and a certificate token", with_token, "TRUST-002"),
    ("elsewhere", "the assertion beside Security", elsewhere, "TRUST-002"),
    ("stolen", "the victim's assertion, the attacker's key", stolen, "TRUST-032 TRUST-003"),
    ("other-name", "a key identifier of another assertion", lambda ctx: carrying(ctx, assertion(ctx), named="_other").octets(), "TRUST-027"),
    ("revoked-holder", "a holder whose certificate was revoked", minted("bad-revoked"), "TRUST-010"),
    ("expired-holder", "a holder whose certificate has expired", minted("bad-expired"), "TRUST-008"),
    ("stranger-holder", "a holder of another CA", minted("bad-wrong-issuer"), "TRUST-007"),
    ("get-again", "a get under an assertion, octet for octet", replayed, "TRUST-023"),
)  # fmt: skip
_WRAPPED = cases(
    "SAML wrapped (CVE-2025-47949)",
    (
        "wrap-conditions",
        "the true one in the forged one's Conditions",
        _evil_and_true(_inside("Conditions")),
        "TRUST-002 TRUST-027",
    ),
    ("wrap-subject", "the true one in the forged one's Subject", _evil_and_true(_inside("Subject")), "TRUST-002"),
    ("wrap-confirmation", "the true one in SubjectConfirmation", _evil_and_true(_inside("SubjectConfirmation")), "TRUST-002"),
    ("wrap-child", "the true one as last child", _evil_and_true(_inside(".")), "TRUST-002"),
    ("wrap-value", "the true one in an AttributeValue", _evil_and_true(_inside("AttributeValue")), "TRUST-002"),
    ("wrap-same-id", "the true one inside, under the same id", _evil_and_true(_same_id), "TRUST-024 TRUST-002"),
    ("wrap-signature", "the true one's signature in the forged one", _evil_and_true(_stolen_signature), "TRUST-002 TRUST-029"),
    ("wrap-object", "the true one in the signature's Object", _evil_and_true(_in_signature_object), "TRUST-002"),
)
_SAID = cases(
    "SAML said too much",
    ("expired", "expired an hour ago", at(timedelta(hours=-3), timedelta(hours=-1)), "TRUST-030"),
    ("just-expired", "expired just beyond the skew", at(timedelta(hours=-3), timedelta(minutes=-5, seconds=-10)), "TRUST-030"),
    ("not-yet", "valid from tomorrow", at(timedelta(days=1), timedelta(days=2)), "TRUST-031"),
    ("reversed", "an end before its begin", at(timedelta(hours=1), timedelta(hours=-1)), "TRUST-030 TRUST-031 TRUST-027"),
    ("vouches", "sender-vouches", says(method="urn:oasis:names:tc:SAML:1.0:cm:sender-vouches"), "TRUST-032"),
    ("bearer", "bearer", says(method="urn:oasis:names:tc:SAML:1.0:cm:bearer"), "TRUST-032"),
    ("other-number", "certified for another facility", says(attributes=certified({NUMBER: IBW2, TRUTH: "true"})), "TRUST-015"),
    ("other-certificate", "certified for the victim, held by another facility", says(who=ATTACKER, holder=lambda ctx: ctx.signer(ATTACKER).certificate), "TRUST-015"),
    ("kbo-certificate", "held by a certificate on a KBO number", says(who="bad-kbo-only", holder=lambda ctx: ctx.signer("bad-kbo-only").certificate), "TRUST-015 TRUST-011"),
    ("nothing", "no attributes", says(attributes=()), "TRUST-033"),
    ("asserted", "the number only asserted", values((IDENTIFICATION, NUMBER, IBW1), (IDENTIFICATION, TRUTH, "true")), "TRUST-033"),
    ("namespace-short", "the certified namespace without its end", values(("urn:be:fgov:certified-namespace", NUMBER, IBW1)), "TRUST-033"),
    ("namespace-space", "the certified namespace and a space", values((f"{CERTIFIED} ", NUMBER, IBW1)), "TRUST-033"),
    ("name-case", "the attribute in upper case", values((CERTIFIED, NUMBER.upper(), IBW1)), "TRUST-033"),
    ("name-mixed", "two organisation words", values((CERTIFIED, NUMBER.replace("recognisedprotacc", "recognisedretirement"), IBW1)), "TRUST-033"),
    ("name-suffix", "an attribute that only begins like it", values((CERTIFIED, f"{NUMBER}:evil", IBW1)), "TRUST-033"),
    ("denied", "the number, and that it is not recognised", values((CERTIFIED, NUMBER, IBW1), (CERTIFIED, TRUTH, "false")), "TRUST-033"),
    ("short", "eight digits", values((CERTIFIED, NUMBER, IBW1[:8])), "TRUST-033"),
    ("letters", "letters in the number", values((CERTIFIED, NUMBER, f"{IBW1[:-1]}A")), "TRUST-033"),
    ("full-width", "full-width digits", values((CERTIFIED, NUMBER, "".join(chr(0xFF10 + int(d)) for d in IBW1))), "TRUST-033"),
    ("echo", "the client's own claim, repeated inside", echo, "TRUST-033"),
    ("condition", "a condition nobody knows", before(lambda e: etree.SubElement(_first(e, "Conditions"), "{urn:evil}OnlyOnSunday")), "TRUST-027"),
    ("audience", "an audience that is not ours", before(lambda e: _first(e, "Conditions").append(xml(f'<AudienceRestrictionCondition xmlns="{SAML}"><Audience>urn:other</Audience></AudienceRestrictionCondition>'))), "TRUST-027"),
    ("advice", "Advice with another assertion", before(lambda e: e.insert(1, xml(f'<Advice xmlns="{SAML}"/>'))), "TRUST-027"),
    ("decision", "an AuthorizationDecisionStatement", before(lambda e: e.insert(2, xml(f'<AuthorizationDecisionStatement xmlns="{SAML}"/>'))), "TRUST-027"),
    ("two-subjects", "two subjects", before(lambda e: setattr(list(e.iter(q(SAML, "NameIdentifier")))[1], "text", "CN=other")), "TRUST-032"),
)  # fmt: skip
_ZORGKAS = cases(
    "SAML said too much",
    ("at-zorgkas", "a facility's assertion at the zorgkas service", at_zorgkas, "TRUST-028 TRUST-025"),
    service="zorgkas",
)

CASES: tuple[Case, ...] = _FORGED + _WRAPPED + _SAID + _ZORGKAS
