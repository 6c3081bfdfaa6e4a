"""References and transforms: what is digested is not what is processed, or costs more than it should."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

from lxml import etree
from lxml.etree import _Element as Element

from gateway.wire.c14n import exclusive
from gateway.wire.names import DS, ENVELOPED, EXC_C14N, SOAP, WSSE, q
from tests.hostile.case import Case, cases
from tests.hostile.context import Context
from tests.hostile.forge import WSU_ID, Draft, Ref, b64, draft, good, ref, swap, transform, xml

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
STR = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform"

Change = Callable[[Draft], Sequence[Ref]]


def signed(choose: Change) -> Callable[[Context], bytes]:
    """A message truly signed over these references."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign(choose(made))
        return made.octets()

    return make


def beside(extra: Callable[[Draft, Context], Ref]) -> Callable[[Context], bytes]:
    """A message truly signed over all it must be, and one reference more."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign([*made.refs(), extra(made, ctx)])
        return made.octets()

    return make


def uri(text: str | None, transforms: Sequence[str] | None = (EXC_C14N,)) -> Callable[[Context], bytes]:
    return beside(lambda _, ctx: Ref(uri=text if text is None else text.replace("{http}", ctx.canary), transforms=transforms))


def body_through(*steps: str | Element) -> Callable[[Context], bytes]:
    """The Body's reference has other transforms; its digest is that of the plain Body, so that ignoring them succeeds."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        chosen = [deepcopy(s) if isinstance(s, Element) else s for s in steps]
        first = Ref(uri=f"#{made.body.get(WSU_ID)}", octets=exclusive(made.body), transforms=chosen)
        made.sign([first, *made.refs()[1:]])
        return made.octets()

    return make


def _style(body: str) -> Element:
    return transform(
        XSLT,
        f'<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"><x:template match="/">{body}</x:template></x:stylesheet>',
    )


def _child(of: str) -> Callable[[Draft, Context], Ref]:
    def extra(made: Draft, _: Context) -> Ref:
        found = next(made.envelope.iter(of))
        found.set(WSU_ID, "extra")
        return ref(found)

    return extra


def _payload(made: Draft) -> Sequence[Ref]:
    made.payload.set(WSU_ID, "payload")
    return [ref(made.payload), *made.refs()[1:]]


def _renamed(made: Draft, name: str) -> Sequence[Ref]:
    made.body.set(name, made.body.attrib.pop(WSU_ID))
    return [Ref(uri=f"#{made.body.get(name)}", octets=exclusive(made.body)), *(ref(p) for p in made.parts[1:])]


def _manifest(ctx: Context) -> bytes:
    made = draft(ctx)
    manifest = etree.Element(q(DS, "Manifest"), {"Id": "manifest"}, nsmap={"ds": DS})
    manifest.append(made.refs()[0].element())
    made.sign([Ref(uri="#manifest", octets=exclusive(manifest), type=f"{DS}Manifest"), *made.refs()[1:]])
    holder = etree.SubElement(made.security[-1], q(DS, "Object"))
    holder.append(manifest)
    return made.octets()


def _detached(where: Callable[[Draft], Element]) -> Callable[[Context], bytes]:
    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        signature = made.sign()
        where(made).append(signature)
        return made.octets()

    return make


def _enveloping(ctx: Context) -> bytes:
    made = draft(ctx)
    holder = etree.Element(q(DS, "Object"), {"Id": "enveloped"}, nsmap={"ds": DS})
    holder.append(deepcopy(made.payload))
    made.sign([Ref(uri="#enveloped", octets=exclusive(holder)), *made.refs()[1:]])
    made.security[-1].append(holder)
    return made.octets()


def _second_signature(first: bool) -> Callable[[Context], bytes]:
    """A signature by the attacker beside the victim's."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        true = made.sign()
        forged = deepcopy(true)
        value = forged.find(q(DS, "SignatureValue"))
        assert value is not None
        value.text = b64(bytes(256))
        if first:
            true.addprevious(forged)
        else:
            made.security.append(forged)
        return made.octets()

    return make


def _second_security(actor: str | None, *, first: bool, signed_one: bool = True) -> Callable[[Context], bytes]:
    """A second Security header, for another actor or the same."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign()
        extra = deepcopy(made.security) if signed_one else etree.Element(q(WSSE, "Security"))
        for element in extra.iter():
            if element.get(WSU_ID):
                element.set(WSU_ID, f"second-{element.get(WSU_ID)}")
        if actor is not None:
            extra.set(q(SOAP, "actor"), actor)
        if first:
            made.header.insert(0, extra)
        else:
            made.header.append(extra)
        return made.octets()

    return make


def _actor(text: str, name: str = q(SOAP, "actor")) -> Callable[[Context], bytes]:
    return lambda ctx: swap(
        good(ctx),
        "<wsse:Security",
        f'<wsse:Security xmlns:r="{etree.QName(name).namespace}" r:{etree.QName(name).localname}="{text}"',
    )


def _many(count: int) -> Change:
    return lambda made: [*made.refs(), *(Ref(uri=f"#{made.body.get(WSU_ID)}", octets=exclusive(made.body)) for _ in range(count))]


_WHAT = cases(
    "reference",
    ("external-http", "an address", uri("{http}/x"), "TRUST-002"),
    ("external-https", "an address over HTTPS", uri("https://127.0.0.1/x"), "TRUST-002"),
    ("external-file", "a local file (DSS-1511)", uri("file:///etc/passwd"), "TRUST-002"),
    ("external-relative", "a relative path", uri("../../etc/passwd"), "TRUST-002"),
    ("external-fragment", "an address with a fragment", uri("{http}/x#BODY"), "TRUST-002"),
    ("external-cid", "an attachment", uri("cid:part1"), "TRUST-002"),
    ("external-unc", "a network share", uri("\\\\127.0.0.1\\x"), "TRUST-002"),
    ("whole-document", "the whole document, enveloped", uri("", (ENVELOPED, EXC_C14N)), "TRUST-002"),
    ("no-uri", "no URI at all", uri(None), "TRUST-002"),
    ("bare-hash", "a bare #", uri("#"), "TRUST-002"),
    ("xpointer-root", "XPointer of the root", uri("#xpointer(/)"), "TRUST-002"),
    ("xpointer-id", "XPointer of an id", uri("#xpointer(id('x'))"), "TRUST-002"),
    ("xpath-injection", "an id that breaks out of an XPath string (zeep)", uri("#x' or '1'='1"), "TRUST-002"),
    ("xpath-injection-quote", "the same with double quotes", uri('#x" or "1"="1'), "TRUST-002"),
    ("id-space", "an id with a space", uri("#a b"), "TRUST-002"),
    ("id-nothing", "an id that nothing has", uri("#nothing"), "TRUST-004"),
    ("id-percent", "an id, percent-encoded", uri("#%42ODY"), "TRUST-004 TRUST-002"),
    ("id-long", "an id of a million characters", uri("#" + "x" * 1_000_000), "TRUST-004 TRUST-002"),
    ("manifest", "the Body through a Manifest", _manifest, "TRUST-004 TRUST-002"),
    ("enveloping", "the request in the signature's Object", _enveloping, "TRUST-002 TRUST-004"),
    ("the-security", "the Security header itself", beside(_child(q(WSSE, "Security"))), "TRUST-004"),
    ("the-envelope", "the Envelope", beside(_child(q(SOAP, "Envelope"))), "TRUST-004"),
    ("the-header", "the Header", beside(_child(q(SOAP, "Header"))), "TRUST-004"),
    ("deep-element", "an element deep in the Body, besides the Body", beside(_child("{*}Insz")), "TRUST-004"),
    ("payload-only", "the request in place of the Body", signed(_payload), "TRUST-004"),
)  # fmt: skip
_COUNT = cases(
    "reference",
    ("references-0", "no reference", signed(lambda _: ()), "TRUST-002"),
    ("references-6", "six references", signed(_many(3)), "TRUST-002"),
    ("references-400", "400 references (signxml digests them all)", signed(_many(397)), "TRUST-002 WIRE-013"),
    ("references-50k", "50,000 references", lambda ctx: swap(good(ctx), "</ds:SignedInfo>", '<ds:Reference URI="#x"/>' * 50_000 + "</ds:SignedInfo>"), "TRUST-002 WIRE-013"),
    ("reference-twice", "the Body twice", signed(_many(1)), "TRUST-002"),
    ("unsigned-body", "everything but the Body", signed(lambda made: made.refs()[1:]), "TRUST-004"),
    ("unsigned-timestamp", "everything but the Timestamp", signed(lambda made: [made.refs()[0], made.refs()[2]]), "TRUST-004"),
    ("unsigned-token", "everything but the token", signed(lambda made: made.refs()[:2]), "TRUST-004"),
    ("only-timestamp", "only the Timestamp", signed(lambda made: made.refs()[1:2]), "TRUST-004"),
    ("only-body", "only the Body", signed(lambda made: made.refs()[:1]), "TRUST-004"),
    *((f"by-{label}", f"the Body by its {label}", signed(lambda made, name=name: _renamed(made, name)), "TRUST-004") for label, name in (
        ("Id", "Id"), ("ID", "ID"), ("id", "id"), ("xml-id", "{http://www.w3.org/XML/1998/namespace}id"), ("AssertionID", "AssertionID"), ("foreign-Id", "{urn:evil}Id"),
    )),
)  # fmt: skip
_THROUGH = cases(
    "transform",
    ("str-transform", "STR-Transform", body_through(transform(STR, f'<w:TransformationParameters xmlns:w="{WSSE}"><ds:CanonicalizationMethod xmlns:ds="{DS}" Algorithm="{EXC_C14N}"/></w:TransformationParameters>')), "TRUST-003"),
    ("xslt-copy", "XSLT that copies", body_through(_style('<x:copy-of xmlns:x="http://www.w3.org/1999/XSL/Transform" select="."/>')), "TRUST-003"),
    ("xslt-read", "XSLT that reads a file", body_through(_style('<x:copy-of xmlns:x="http://www.w3.org/1999/XSL/Transform" select="document(\'file:///etc/passwd\')"/>')), "TRUST-003"),
    ("xslt-java", "XSLT that calls Java", body_through(_style('<x:value-of xmlns:x="http://www.w3.org/1999/XSL/Transform" xmlns:r="http://xml.apache.org/xalan/java/java.lang.Runtime" select="r:exec(r:getRuntime(),\'id\')"/>')), "TRUST-003"),
    ("xslt-loop", "XSLT without end", body_through(_style('<x:call-template xmlns:x="http://www.w3.org/1999/XSL/Transform" name="a"/>')), "TRUST-003"),
    ("xpath", "XPath that selects nothing", body_through(transform(XPATH, f'<ds:XPath xmlns:ds="{DS}">false()</ds:XPath>')), "TRUST-003"),
    ("xpath-slow", "XPath that takes long", body_through(transform(XPATH, f'<ds:XPath xmlns:ds="{DS}">count(//.[count(//.)>0])>0</ds:XPath>')), "TRUST-003"),
    ("xpath-filter", "XPath filter 2.0", body_through(transform(XPATH2, f'<f:XPath xmlns:f="{XPATH2}" Filter="subtract">//*</f:XPath>')), "TRUST-003"),
    ("xpointer-transform", "XPointer", body_through("http://www.w3.org/2001/04/xmldsig-more/xptr"), "TRUST-003"),
    ("base64-transform", "base64", body_through(f"{DS}base64", EXC_C14N), "TRUST-003"),
    ("deflate-transform", "the blob's private deflate", body_through("urn:nippin:xml:sig:transform:optional-deflate"), "TRUST-003"),
    ("enveloped-transform", "enveloped-signature", body_through(ENVELOPED, EXC_C14N), "TRUST-003"),
    ("decrypt-transform", "decryption", body_through("http://www.w3.org/2002/07/decrypt#XML", EXC_C14N), "TRUST-003"),
    ("swa-transform", "an attachment's content", body_through("http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform"), "TRUST-003"),
    ("unknown-transform", "a transform nobody knows", body_through("urn:evil"), "TRUST-003"),
    ("no-name-transform", "a transform without name", body_through(xml(f'<ds:Transform xmlns:ds="{DS}"/>')), "TRUST-003 TRUST-002"),
    ("twice-transform", "exclusive C14N twice", body_through(EXC_C14N, EXC_C14N), "TRUST-003"),
    ("many-transforms", "2,000 transforms", body_through(*[EXC_C14N] * 2000), "TRUST-003 TRUST-002 WIRE-013"),
    ("no-transform", "Transforms without a Transform", body_through(), "TRUST-002 TRUST-003"),
    ("transform-text", "text within exclusive C14N", body_through(transform(EXC_C14N, "evil")), "TRUST-002"),
    ("transform-child", "an unknown child within exclusive C14N", body_through(transform(EXC_C14N, "<evil/>")), "TRUST-002"),
    ("transform-xpath-child", "an XPath within exclusive C14N", body_through(transform(EXC_C14N, f'<ds:XPath xmlns:ds="{DS}">false()</ds:XPath>')), "TRUST-002"),
    ("prefixes-twice", "two InclusiveNamespaces", body_through(transform(EXC_C14N, f'<i:InclusiveNamespaces xmlns:i="{EXC_C14N}" PrefixList="a"/>' * 2)), "TRUST-002"),
    ("prefixes-foreign", "InclusiveNamespaces of another namespace", body_through(transform(EXC_C14N, '<i:InclusiveNamespaces xmlns:i="urn:evil" PrefixList="a"/>')), "TRUST-002"),
    ("prefixes-child", "a child of InclusiveNamespaces", body_through(transform(EXC_C14N, f'<i:InclusiveNamespaces xmlns:i="{EXC_C14N}" PrefixList="a"><x/></i:InclusiveNamespaces>')), "TRUST-002"),
)  # fmt: skip
_WHERE = cases(
    "signature placement",
    ("in-header", "the signature beside Security", _detached(lambda made: made.header), "TRUST-002"),
    ("in-body", "the signature in the Body", _detached(lambda made: made.body), "WIRE-006"),
    ("in-payload", "the signature in the request", _detached(lambda made: made.payload), "TRUST-002"),
    ("in-timestamp", "the signature in the Timestamp", _detached(lambda made: made.timestamp), "TRUST-002"),
    ("in-token", "the signature in the token", _detached(lambda made: made.token), "TRUST-002"),
    ("second-signature", "a second, invalid signature", _second_signature(False), "TRUST-002"),
    ("second-signature-first", "an invalid signature before the true one", _second_signature(True), "TRUST-002"),
    ("no-signature", "no signature", lambda ctx: draft(ctx).octets(), "TRUST-001"),
)
_SECURITY = cases(
    "two Security headers",
    ("security-twice", "the same header twice", _second_security(None, first=False), "TRUST-002"),
    ("security-empty", "an empty second header", _second_security(None, first=False, signed_one=False), "TRUST-002"),
    ("security-empty-first", "an empty first header", _second_security(None, first=True, signed_one=False), "TRUST-002"),
    ("security-next", "a second header for the next actor", _second_security("http://schemas.xmlsoap.org/soap/actor/next", first=False), "TRUST-002"),
    ("security-actor", "a second header for another actor", _second_security("urn:other", first=True), "TRUST-002"),
    ("security-no-actor", "a second header for the empty actor", _second_security("", first=False, signed_one=False), "TRUST-002"),
    ("actor-next", "the only header for the next actor", _actor("http://schemas.xmlsoap.org/soap/actor/next"), "TRUST-002"),
    ("actor-other", "the only header for another actor", _actor("urn:other"), "TRUST-002"),
    ("actor-space", "the only header for an actor of spaces", _actor(" "), "TRUST-002"),
    ("role-12", "a SOAP 1.2 role", _actor("http://www.w3.org/2003/05/soap-envelope/role/none", "{http://www.w3.org/2003/05/soap-envelope}role"), "TRUST-002"),
    ("security-body", "a Security header in the Body", lambda ctx: swap(good(ctx), "<Hoofding>", f'<w:Security xmlns:w="{WSSE}"/><Hoofding>'), "TRUST-002"),
    ("security-wss11", "a Security header of the wrong namespace", lambda ctx: good(ctx).replace(WSSE.encode(), b"http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"), "WIRE-014 TRUST-001"),
    ("security-unknown-child", "an unknown element in Security", lambda ctx: swap(good(ctx), "</wsse:Security>", "<evil/></wsse:Security>"), "TRUST-002"),
    ("security-encrypted", "encrypted data in Security", lambda ctx: swap(good(ctx), "</wsse:Security>", '<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/></wsse:Security>'), "TRUST-002"),
)  # fmt: skip

CASES: tuple[Case, ...] = _WHAT + _COUNT + _THROUGH + _WHERE + _SECURITY
