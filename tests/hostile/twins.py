"""Honest neighbours of the hostile inputs: what must be accepted although it looks like them."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from gateway.wire.blob import deflate
from gateway.wire.c14n import exclusive
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.names import BASE64_TRANSFORM, EXC_C14N, OPTIONAL_DEFLATE, SOAP, WSA, q
from tests.hostile.attacks import saml, xop
from tests.hostile.attacks.http_requests import chunked, request
from tests.hostile.attacks.identity import FACILITY, ID, NAME
from tests.hostile.attacks.references import body_through
from tests.hostile.attacks.replays import again, notification, stamped
from tests.hostile.attacks.signedinfo import clock
from tests.hostile.case import Exchange, Raw, Sent, Twin
from tests.hostile.context import ATTACKER, Context
from tests.hostile.forge import IBW1, IBW2, PERSONS, ask, draft, good, swap, transform, xml
from tests.hostile.mint import subject
from tests.hostile.posts import (
    CLIENT_TRANSFORMS,
    CONTENT,
    Xades,
    body_post,
    confirm_payload,
    detail,
    get_payload,
    post_payload,
    send,
    xades_post,
)

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def after(old: str, new: str) -> Callable[[Context], bytes]:
    return lambda ctx: swap(good(ctx), old, new)


def minted(cn: str, *units: str, **options: object) -> Callable[[Context], bytes]:
    return lambda ctx: good(ctx, None, ctx.mint.signer(subject(cn, *units), **options))  # type: ignore[arg-type]


def prefixes(names: str) -> Callable[[Context], bytes]:
    """InclusiveNamespaces as the Basic Security Profile wants it; the prefixes are declared above and used in content only."""
    return body_through(transform(EXC_C14N, f'<i:InclusiveNamespaces xmlns:i="{EXC_C14N}" PrefixList="{names}"/>'))


def hinted(ctx: Context) -> bytes:
    made = draft(ctx)
    made.envelope.set(f"{{{XSI}}}schemaLocation", f"{SOAP} {ctx.canary}/soap.xsd")
    made.payload.set(f"{{{XSI}}}schemaLocation", f"urn:x {ctx.canary}/x.xsd")
    made.sign()
    return made.octets()


def reordered(ctx: Context) -> bytes:
    """Lax layout: the token last, other header blocks around Security."""
    made = draft(ctx)
    made.header.insert(0, etree.Element("{urn:other}Before"))
    etree.SubElement(made.header, q(WSA, "MessageID")).text = "urn:uuid:1"
    made.sign()
    made.security.append(made.token)
    return made.octets()


def signed_block(ctx: Context) -> bytes:
    """A signed WS-Addressing header."""
    made = draft(ctx)
    block = etree.SubElement(
        made.header,
        q(WSA, "MessageID"),
        {"{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id": "id-1"},
    )
    block.text = "urn:uuid:1"
    from tests.hostile.forge import ref

    made.sign([*made.refs(), ref(block)])
    return made.octets()


def reversed_chain(ctx: Context) -> bytes:
    signer = ctx.signer()
    return xades_post(ctx, certificates=tuple(reversed((signer.certificate, *signer.chain))))


def canonical_xades(ctx: Context) -> bytes:
    return xades_post(ctx, octets=exclusive(xml(CONTENT.decode())), transforms=(*CLIENT_TRANSFORMS, EXC_C14N))


def packed_xades(ctx: Context) -> bytes:
    """Signed over the deflated octets, and says so."""
    return xades_post(ctx, octets=deflate(CONTENT), transforms=(BASE64_TRANSFORM,))


def undeflated(ctx: Context) -> bytes:
    document = Xades(signer=ctx.signer(), now=ctx.now(), transforms=(BASE64_TRANSFORM, OPTIONAL_DEFLATE)).document()
    return send(ctx, post_payload(detail(CONTENT, packed=CONTENT, ContentEncoding="none"), document))


def night_xades(ctx: Context) -> bytes:
    """A batch that was signed last night."""
    return xades_post(ctx, now=ctx.now() - timedelta(hours=23))


def zlib_blob(ctx: Context) -> bytes:
    import zlib

    return body_post(ctx, detail(CONTENT, packed=zlib.compress(CONTENT)))


def notified_again(ctx: Context) -> Exchange:
    """A notification again, octet for octet: the same answer."""
    message = notification(ctx, f"again-{ctx.now():%H%M%S%f}", "regulier", "griet")
    return Exchange(first=(Sent(service="aanvraag", body=message),), last=Sent(service="aanvraag", body=message))


def over_wire(build: Callable[[bytes], bytes]) -> Callable[[Context], Raw]:
    return lambda ctx: Raw.of(build(good(ctx)))


def expecting(ctx: Context) -> Raw:
    message = good(ctx)
    return Raw.of(request(_TEXT, "Expect: 100-continue", f"Content-Length: {len(message)}"), 0.3, message)


def dripped(ctx: Context) -> Raw:
    """Slow, but in time."""
    message = good(ctx)
    size = len(message) // 8 + 1
    pieces = [p for n in range(0, len(message), size) for p in (0.1, message[n : n + size])]
    return Raw.of(request(_TEXT, f"Content-Length: {len(message)}"), *pieces)


_TEXT = f"Content-Type: {XML_CONTENT_TYPE}"
_MINUTE = timedelta(minutes=1)
_QUESTIONS = (
    Twin(id="good", title="a good question", make=good),
    Twin(id="ec", title="a good question signed with an EC key", make=lambda ctx: good(ctx, ask(ctx, IBW2), ctx.signer(ATTACKER))),
    Twin(id="renewed", title="the renewed certificate beside the old one", make=lambda ctx: good(ctx, None, ctx.signer("facility-ibw-1-renewed"))),
    Twin(id="application", title="a certificate with an application id", make=lambda ctx: good(ctx, None, ctx.signer("facility-ibw-1-app"))),
    Twin(id="minted", title="a certificate minted on the spot", make=minted(ID, ID, NAME)),
    Twin(id="minted-order", title="its OUs in another order", make=minted(ID, NAME, ID)),
    Twin(id="minted-p384", title="a P-384 key", make=lambda ctx: good(ctx, None, ctx.mint.signer(FACILITY, key=ec.generate_private_key(ec.SECP384R1())))),
    Twin(id="minted-extension", title="an unknown extension that is not critical", make=minted(ID, ID, NAME, extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00"), False)])),
    Twin(id="clock-behind", title="a sender's clock four minutes behind", make=clock(timedelta(minutes=-5, seconds=-40), _MINUTE)),
    Twin(id="clock-ahead", title="a sender's clock four minutes ahead", make=clock(timedelta(minutes=4, seconds=40), _MINUTE)),
    Twin(id="clock-five-minutes", title="a Timestamp of five minutes, without milliseconds", make=clock(timedelta(0), timedelta(minutes=5))),
    Twin(id="bom", title="a UTF-8 mark", make=lambda ctx: codecs.BOM_UTF8 + good(ctx)),
    Twin(id="upper-case", title="UTF-8 in upper case", make=after("encoding='utf-8'", 'encoding="UTF-8"')),
    Twin(id="no-declaration", title="no XML declaration", make=lambda ctx: good(ctx).partition(b"?>\n")[2]),
    Twin(id="charset-upper", title="charset=UTF-8 in quotes", make=good, headers={"Content-Type": 'text/xml;charset="UTF-8"'}),
    Twin(id="charset-none", title="no charset", make=good, headers={"Content-Type": "text/xml"}),
    Twin(id="comment", title="a comment in signed text, nothing changed", make=after("ZorgSoft", "Zorg<!-- x -->Soft")),
    Twin(id="cdata", title="CDATA in signed text, nothing changed", make=after("ZorgSoft", "<![CDATA[ZorgSoft]]>")),
    Twin(id="reference", title="a character reference, nothing changed", make=after("ZorgSoft", "Zorg&#83;oft")),
    Twin(id="attribute-order", title="attributes in another order", make=lambda ctx: swap(good(ctx), "<wsse:Security ", "<wsse:Security\n ")),
    Twin(id="prefix-list", title="a PrefixList of what is in scope and used", make=prefixes("soap")),
    Twin(id="schema-hint", title="schemaLocation hints, which nobody follows", make=hinted),
    Twin(id="layout", title="the parts of Security in another order", make=reordered),
    Twin(id="signed-block", title="a signed WS-Addressing header", make=signed_block),
    Twin(id="action", title="the right SOAPAction", make=good, headers={"SOAPAction": '"urn:vsb-gateway:verzekerbaarheid:v1:Raadplegen"'}),
    Twin(id="action-empty", title="an empty SOAPAction", make=good, headers={"SOAPAction": '""'}),
    Twin(id="identity-coding", title="Content-Encoding identity", make=good, headers={"Content-Encoding": "identity"}),
    Twin(id="chunked", title="chunked", make=over_wire(lambda m: request(_TEXT, "Transfer-Encoding: chunked", "Connection: close", body=chunked(m)))),
    Twin(id="http10", title="HTTP/1.0", make=over_wire(lambda m: request(_TEXT, f"Content-Length: {len(m)}", line="POST /soap/verzekerbaarheid/v1 HTTP/1.0", body=m))),
    Twin(id="expect", title="Expect: 100-continue", make=expecting),
    Twin(id="dripped", title="a slow body that is there in time", make=dripped),
    Twin(id="question-again", title="a question again, octet for octet", make=again(good, "verzekerbaarheid")),
    Twin(id="saml", title="a SAML assertion", make=saml.honest),
    Twin(id="saml-unknown-person", title="a question for a person nobody knows", make=lambda ctx: good(ctx, ask(ctx, IBW1, PERSONS["lena"]))),
)  # fmt: skip
_OTHERS = (
    Twin(id="body-post", title="a post with a signed Body", make=lambda ctx: body_post(ctx, detail(CONTENT)), service="facturatie"),
    Twin(id="xades-post", title="a post with XAdES over the blob", make=xades_post, service="facturatie"),
    Twin(id="xades-reversed", title="XAdES with its chain issuer first", make=reversed_chain, service="facturatie"),
    Twin(id="xades-canonical", title="XAdES over the canonical document", make=canonical_xades, service="facturatie"),
    Twin(id="xades-packed", title="XAdES over the deflated octets", make=packed_xades, service="facturatie"),
    Twin(id="xades-none", title="XAdES over a blob that is not deflated", make=undeflated, service="facturatie"),
    Twin(id="xades-night", title="XAdES of last night", make=night_xades, service="facturatie"),
    Twin(id="zlib", title="a blob with a zlib header", make=zlib_blob, service="facturatie"),
    Twin(id="post-again", title="a post again, octet for octet", make=again(xades_post), service="facturatie"),
    Twin(id="get", title="a get of which the Timestamp is signed", make=lambda ctx: send(ctx, get_payload()), service="facturatie"),
    Twin(id="get-ec", title="the same with an EC key", make=lambda ctx: stamped(ctx, get_payload(riziv=IBW2), ATTACKER).octets(), service="facturatie"),
    Twin(id="confirm-unknown", title="a confirm of an unknown hash", make=lambda ctx: send(ctx, confirm_payload([bytes(32)])), service="facturatie"),
    Twin(id="package", title="a XOP package", make=xop.honest, service="facturatie", headers={"Content-Type": xop.TYPE}),
    Twin(id="notification-again", title="a notification again, octet for octet", make=notified_again, service="aanvraag"),
)  # fmt: skip
TWINS: tuple[Twin, ...] = _QUESTIONS + _OTHERS
