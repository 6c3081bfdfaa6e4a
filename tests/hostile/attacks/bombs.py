"""Documents that are small on the wire and large, or slow, in memory."""

from __future__ import annotations

from collections.abc import Callable

from gateway.wire.names import DS, WSSE
from tests.hostile.case import Case, cases
from tests.hostile.context import Context
from tests.hostile.forge import ask, draft, good, swap, xml

_OPEN = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
_CLOSE = b"</e:Body></e:Envelope>"


def laughs(levels: int, times: int, use: str = "&e9;") -> Callable[[Context], bytes]:
    """Nested entities: each level holds the one below it a number of times."""
    lines = ['<!ENTITY e0 "lol">'] + [f'<!ENTITY e{n} "{f"&e{n - 1};" * times}">' for n in range(1, levels)]
    declared = f"<!DOCTYPE x [{''.join(lines)}]>"
    return lambda ctx: swap(swap(good(ctx), "?>\n", f"?>\n{declared}"), "ZorgSoft", use)


def subset(text: str, use: str = "&e;") -> Callable[[Context], bytes]:
    return lambda ctx: swap(swap(good(ctx), "?>\n", f"?>\n<!DOCTYPE x [{text}]>"), "ZorgSoft", use)


def plain(inner: bytes) -> Callable[[Context], bytes]:
    """An unsigned envelope around something large."""
    return lambda _: _OPEN + inner + _CLOSE


def before_root(junk: bytes, root: bytes = b"<x/>") -> Callable[[Context], bytes]:
    return lambda _: junk + root


def in_header(inner: str) -> Callable[[Context], bytes]:
    """A truly signed message with something large beside the Security header."""
    return lambda ctx: swap(good(ctx), "<soap:Header>", f"<soap:Header>{inner}")


def in_security(inner: str) -> Callable[[Context], bytes]:
    """A truly signed message with something large inside the Security header."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign()
        made.security.append(xml(inner))
        return made.octets()

    return make


def in_payload(inner: str) -> Callable[[Context], bytes]:
    """A truly signed question with something large inside it."""

    def make(ctx: Context) -> bytes:
        payload = ask(ctx)
        payload.append(xml(inner))
        return good(ctx, payload)

    return make


def before_the_key(old: str, new: str) -> Callable[[Context], bytes]:
    """Something large in what is computed before anybody has proven anything: a certificate is public."""
    return lambda ctx: swap(good(ctx), old, new)


def prefixes(count: int) -> str:
    names = " ".join(f"n{n}" for n in range(count))
    return f'exc-c14n#"><i:InclusiveNamespaces xmlns:i="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="{names}"/></ds:CanonicalizationMethod>'


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def attributes(count: int, gap: str = "") -> str:
    return " ".join(f'a{n}{gap}={gap}"x"' for n in range(count))


def namespaces(count: int, gap: str = "") -> str:
    return " ".join(f'xmlns:n{n}{gap}={gap}"u:{n}"' for n in range(count))


def ids(count: int) -> str:
    """One element with an Id in each of many namespaces."""
    return " ".join(f'xmlns:n{n}="u:{n}" n{n}:Id="i{n}"' for n in range(count))


_ENTITIES = cases(
    "entity bomb",
    ("laughs", "billion laughs", laughs(10, 10), "WIRE-002"),
    ("laughs-wide", "a few wide levels", laughs(3, 4000, "&e2;"), "WIRE-002"),
    ("laughs-deep", "a thousand narrow levels", laughs(1000, 2, "&e999;"), "WIRE-002"),
    ("laughs-unused", "billion laughs, not used", laughs(10, 10, "ZorgSoft"), "WIRE-002"),
    ("quadratic", "one long entity used often", subset(f'<!ENTITY e "{"x" * 100_000}">', "&e;" * 10_000), "WIRE-002"),
    ("recursive", "an entity within itself", subset('<!ENTITY e "&e;">'), "WIRE-002 WIRE-001"),
    ("mutual", "two entities within each other", subset('<!ENTITY e "&f;"><!ENTITY f "&e;">'), "WIRE-002 WIRE-001"),
    ("parameter-bomb", "nested parameter entities", subset('<!ENTITY % a "xx"><!ENTITY % b "%a;%a;"><!ENTITY e "%b;%b;">'), "WIRE-002 WIRE-001"),
    ("attribute-bomb", "entities in a default attribute", subset('<!ENTITY e "lol"><!ATTLIST x a CDATA "&e;&e;">', "ZorgSoft"), "WIRE-002"),
    ("many-entities", "fifty thousand declarations", subset("".join(f'<!ENTITY e{n} "x">' for n in range(50_000)), "&e1;"), "WIRE-002"),
    ("many-references", "a million undeclared references", plain(b"<x>" + b"&a;" * 1_000_000 + b"</x>"), "WIRE-002"),
    ("character-references", "two million character references in one name", plain(b"<x>" + b"&#65;" * 2_000_000 + b"</x>"), "WIRE-010"),
)  # fmt: skip
_NESTING = cases(
    "nesting",
    ("depth-300", "deeper than any schema", plain(nested(300)), "WIRE-013"),
    ("depth-10k", "ten thousand levels", plain(nested(10_000)), "WIRE-013"),
    ("depth-250k", "a quarter of a million levels", plain(nested(250_000)), "WIRE-013"),
    ("depth-2m", "two million levels, never closed", plain(b"<a>" * 2_000_000), "WIRE-013"),
    ("depth-header", "in a header block", in_header("<a>" * 5000 + "</a>" * 5000), "WIRE-013"),
    ("depth-namespaced", "each level with a namespace of its own", plain(b"".join(b'<a xmlns="u:%d">' % n for n in range(5000)) + b"</a>" * 5000), "WIRE-013"),
    ("depth-200-signed", "deep, but not too deep to parse, inside a signed Body", in_payload("<a>" * 200 + "</a>" * 200), "SCHEMA-001"),
)  # fmt: skip
_FLOODS = cases(
    "flood",
    ("attributes-200k", "200,000 attributes on one element", plain(f"<x {attributes(200_000)}/>".encode()), "WIRE-010 WIRE-013 WIRE-001"),
    ("attributes-700k", "700,000 attributes", plain(f"<x {attributes(700_000)}/>".encode()), "WIRE-013"),
    ("attributes-spaced", "700,000 attributes with spaces round the equals sign", plain(f"<x {attributes(700_000, ' ')}/>".encode()), "WIRE-013"),
    ("attributes-signed", "100,000 attributes in a signed Body", in_payload(f"<x {attributes(100_000)}/>"), "SCHEMA-001 WIRE-013"),
    ("namespaces-100k", "100,000 namespace declarations on one element", plain(f"<x {namespaces(100_000)}/>".encode()), "WIRE-010 WIRE-013"),
    ("namespaces-signed", "20,000 namespace declarations in a signed Body", in_payload(f"<x {namespaces(20_000)}/>"), "SCHEMA-001 WIRE-013"),
    ("namespaces-spaced", "500,000 namespace declarations with spaces", plain(f"<x {namespaces(500_000, ' ')}/>".encode()), "WIRE-013 WIRE-001"),
    ("namespaces-used", "50,000 elements in as many namespaces", plain(b"<x>" + b"".join(b'<p:a xmlns:p="u:%d"/>' % n for n in range(50_000)) + b"</x>"), "WIRE-010 WIRE-013"),
    ("ids-100k", "100,000 ids on one element", in_header(f"<x {ids(100_000)}/>"), "WIRE-013"),
    ("ids-many-elements", "250,000 elements with an id", in_header("<x>" + "".join(f'<a Id="i{n}"/>' for n in range(250_000)) + "</x>"), "WIRE-013"),
    ("elements-2m", "two million empty elements", plain(b"<x>" + b"<a/>" * 2_000_000 + b"</x>"), "WIRE-013"),
    ("elements-header", "half a million header blocks", in_header("<a/>" * 500_000), "WIRE-013"),
    ("elements-security", "100,000 tokens", in_security(f'<x xmlns="{WSSE}">' + "<BinarySecurityToken/>" * 100_000 + "</x>"), "TRUST-002 WIRE-013"),
    ("elements-signed", "100,000 unknown elements in a signed Body", in_payload("<x>" + "<a/>" * 100_000 + "</x>"), "SCHEMA-001 WIRE-013"),
    ("elements-signed-own", "100,000 elements of our own namespace in a signed Body", in_payload('<x xmlns="urn:vsb-gateway:verzekerbaarheid:v1">' + "<Insz/>" * 100_000 + "</x>"), "SCHEMA-001 WIRE-013"),
    ("comments-2m", "two million comments", plain(b"<x>" + b"<!---->" * 2_000_000 + b"</x>"), "WIRE-013"),
    ("cdata-1m", "a million CDATA sections", plain(b"<x>" + b"<![CDATA[]]>" * 1_000_000 + b"</x>"), "WIRE-013"),
    ("instructions-1m", "a million processing instructions", plain(b"<x>" + b"<?a?>" * 1_000_000 + b"</x>"), "WIRE-013"),
    ("signatures-10k", "ten thousand signatures", in_security(f'<x xmlns="{DS}">' + "<Signature/>" * 10_000 + "</x>"), "TRUST-002 WIRE-013"),
)  # fmt: skip
_UNPROVEN = cases(
    "flood before proof",
    ("info-attributes", "150,000 attributes on SignedInfo", before_the_key("<ds:SignedInfo", f"<ds:SignedInfo {attributes(150_000)}"), "WIRE-013 TRUST-002 TRUST-003"),
    ("info-attributes-spaced", "the same with spaces", before_the_key("<ds:SignedInfo", f"<ds:SignedInfo {attributes(150_000, ' ')}"), "WIRE-013 TRUST-002 TRUST-003"),
    ("reference-attributes", "150,000 attributes on a Reference", before_the_key("<ds:Reference ", f"<ds:Reference {attributes(150_000)} "), "WIRE-013 TRUST-002"),
    ("method-attributes", "150,000 attributes on SignatureMethod", before_the_key("<ds:SignatureMethod ", f"<ds:SignatureMethod {attributes(150_000)} "), "WIRE-013 TRUST-002 TRUST-003"),
    ("info-namespaces", "100,000 namespaces on SignedInfo", before_the_key("<ds:SignedInfo", f"<ds:SignedInfo {namespaces(100_000)}"), "WIRE-013 TRUST-002 TRUST-006"),
    ("info-namespaces-used", "40,000 namespaces that SignedInfo's attributes use", before_the_key("<ds:SignedInfo", "<ds:SignedInfo " + " ".join(f'xmlns:n{n}="u:{n}" n{n}:a="x"' for n in range(40_000))), "WIRE-013 TRUST-002"),
    ("info-prefixes", "a PrefixList of a million prefixes on SignedInfo", before_the_key('exc-c14n#"/>', prefixes(1_000_000)), "WIRE-013 TRUST-002 TRUST-006"),
    ("info-text", "nine million characters of text in SignedInfo", before_the_key("<ds:Reference ", "x" * 9_000_000 + "<ds:Reference "), "TRUST-002 TRUST-006 WIRE-013"),
    ("envelope-namespaces", "100,000 namespaces on the Envelope", before_the_key("<soap:Envelope", f"<soap:Envelope {namespaces(100_000)}"), "WIRE-013 WIRE-016 TRUST-002"),
    ("envelope-attributes", "150,000 attributes on the Envelope", before_the_key("<soap:Envelope", f"<soap:Envelope {attributes(150_000)}"), "WIRE-013 WIRE-016 TRUST-002"),
    ("security-attributes", "150,000 attributes on Security", before_the_key("<wsse:Security", f"<wsse:Security {attributes(150_000)}"), "WIRE-013 TRUST-002"),
    ("body-attributes", "150,000 attributes on the Body", before_the_key("<soap:Body", f"<soap:Body {attributes(150_000)}"), "WIRE-013 TRUST-005"),
    ("body-ids", "100,000 ids on the Body", before_the_key("<soap:Body", f"<soap:Body {ids(100_000)}"), "WIRE-013 TRUST-005"),
    ("id-queries", "150,000 elements with two ids", before_the_key("<soap:Header>", "<soap:Header><x>" + "".join(f'<a Id="i{n}" ID="j{n}"/>' for n in range(150_000)) + "</x>"), "WIRE-013"),
)  # fmt: skip
_NAMES = cases(
    "huge names and text",
    ("name-100k", "an element name of 100,000 characters", plain(b"<" + b"a" * 100_000 + b"/>"), "WIRE-001"),
    ("name-10m", "an element name of ten million characters", plain(b"<" + b"a" * 10_000_000 + b"/>"), "WIRE-001 WIRE-003 WIRE-013"),
    ("name-attribute", "an attribute name of 100,000 characters", plain(b"<x " + b"a" * 100_000 + b'="1"/>'), "WIRE-001"),
    ("name-prefix", "a prefix of 100,000 characters", plain(b"<" + b"p" * 100_000 + b':a xmlns:p="u"/>'), "WIRE-001"),
    ("name-namespace", "a namespace name of twelve million characters", plain(b'<x xmlns="' + b"u" * 12_000_000 + b'"/>'), "WIRE-001 WIRE-003 WIRE-013"),
    ("name-40k-payload", "a request name of 40,000 characters", plain(b"<" + b"a" * 40_000 + b"/>"), "WIRE-010"),
    ("text-11m", "one text of eleven million characters", plain(b"<x>" + b"a" * 11_000_000 + b"</x>"), "WIRE-003"),
    ("text-attribute-11m", "one attribute of eleven million characters", plain(b'<x a="' + b"a" * 11_000_000 + b'"/>'), "WIRE-001 WIRE-003 WIRE-013"),
    ("text-comment-12m", "one comment of twelve million characters", plain(b"<!--" + b"a" * 12_000_000 + b"--><x/>"), "WIRE-001 WIRE-003"),
    ("text-instruction-12m", "one instruction of twelve million characters", plain(b"<?a " + b"a" * 12_000_000 + b"?><x/>"), "WIRE-001 WIRE-003 WIRE-015"),
    ("text-token-9m", "a token of nine million characters", lambda ctx: swap(good(ctx), "MII", "A" * 9_000_000 + "MII"), "TRUST-002"),
    ("text-id-5m", "an id of five million characters", lambda ctx: swap(good(ctx), 'Id="TS-', 'Id="' + "T" * 5_000_000), "TRUST-004 TRUST-002"),
    ("text-17m", "a body above the limit", plain(b"<x>" + b"a" * 17_000_000 + b"</x>"), "WIRE-003"),
    ("text-64m", "a body far above the limit", plain(b"<x>" + b"a" * 64_000_000 + b"</x>"), "WIRE-003"),
)  # fmt: skip
_PROLOG = cases(
    "prolog that costs time",
    ("prolog-spaces-40", "forty spaces before the root", before_root(b" " * 40), "WIRE-005 WIRE-001"),
    ("prolog-spaces-4k", "four thousand spaces before the root", before_root(b" " * 4000), "WIRE-005 WIRE-001"),
    ("prolog-newlines", "newlines after the declaration", before_root(b'<?xml version="1.0"?>' + b"\n" * 3000), "WIRE-005 WIRE-001"),
    ("prolog-comments", "500 comments before the root", before_root(b"<!---->" * 500), "WIRE-005 WIRE-001 WIRE-015"),
    ("prolog-instructions", "500 instructions before the root", before_root(b"<?a?>" * 500), "WIRE-005 WIRE-015 WIRE-001"),
    ("prolog-mixed", "comments, instructions and spaces in turn", before_root(b"<!-- --> <?a?> " * 250), "WIRE-005 WIRE-015 WIRE-001"),
    ("prolog-declaration", "a declaration that never ends", before_root(b"<?xml " + b"encoding " * 400_000), "WIRE-001 WIRE-012"),
    ("prolog-declaration-spaces", "a declaration of spaces", before_root(b"<?xml version" + b" " * 2_000_000 + b"encoding" + b" " * 2_000_000), "WIRE-001 WIRE-012"),
    ("prolog-quotes", "a declaration full of quotes", before_root(b"<?xml " + b'encoding="' * 200_000), "WIRE-001 WIRE-012"),
    ("prolog-bytes", "four megabytes of angle brackets", before_root(b"<" * 4_000_000, b""), "WIRE-001 WIRE-013"),
)  # fmt: skip

CASES: tuple[Case, ...] = _ENTITIES + _NESTING + _FLOODS + _UNPROVEN + _NAMES + _PROLOG
