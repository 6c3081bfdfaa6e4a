"""MTOM/XOP packages and includes: outside, at nothing, at themselves, and MIME that two readers cut differently.

CVE-2022-46364 and CVE-2024-28752 (CXF follows an include's address), CVE-2024-47874 (Starlette, many parts) and
CVE-2026-42561 (python-multipart, unbounded part headers).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lxml import etree
from lxml.etree import _Element as Element

from gateway.wire.blob import deflate
from gateway.wire.names import DS, q
from tests.hostile.case import Case, answers, cases
from tests.hostile.context import Context
from tests.hostile.forge import Draft, good, swap
from tests.hostile.posts import CONTENT, Xades, detail, post_payload

XOP = "http://www.w3.org/2004/08/xop/include"
BOUNDARY = "MIMEBoundary_hostile"
ROOT = "<root.message@ehealth.fgov.be>"
TYPE = f'multipart/related; boundary="{BOUNDARY}"; type="application/xop+xml"; start="{ROOT}"; start-info="text/xml"'
Part = tuple[str, bytes]


def part(content: bytes, id: str | None, *headers: str, type: str = "application/octet-stream") -> bytes:
    """One MIME part."""
    lines = [f"Content-Type: {type}", "Content-Transfer-Encoding: binary", *([f"Content-ID: {id}"] if id else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


def root(message: bytes, id: str = ROOT) -> bytes:
    return part(message, id, type='application/xop+xml; charset=UTF-8; type="text/xml"')


def package(*parts: bytes, close: bool = True, boundary: str = BOUNDARY) -> bytes:
    """A package from whole parts."""
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + p + b"\r\n" for p in parts) + (mark + b"--\r\n" if close else b"")


def include(parent: Element, href: str | None, **attributes: str) -> Element:
    """Replace an element's text by an include."""
    parent.text = None
    element = etree.SubElement(parent, q(XOP, "Include"), attributes, nsmap={"xop": XOP})
    if href is not None:
        element.set("href", href)
    return element


def post(
    ctx: Context, change: Callable[[Draft, Element], None] = lambda _made, _blob: None, *, href: str | None = "cid:blob@vendor"
) -> bytes:
    """A post signed as the field does, whose blob is an include."""
    blob = detail(CONTENT)
    document = Xades(signer=ctx.signer(), now=ctx.now()).document()
    made = Draft(post_payload(blob, document), ctx.signer(), ctx.now())
    made.sign(made.refs()[1:])
    include(blob, href)
    change(made, blob)
    return made.octets()


BLOB = part(deflate(CONTENT), "<blob@vendor>")


def honest(ctx: Context) -> bytes:
    """What a federal client sends."""
    return package(root(post(ctx)), BLOB)


def pointing(href: str | None) -> Callable[[Context], bytes]:
    """A package whose include points elsewhere."""
    return lambda ctx: package(root(post(ctx, href=None if href is None else href.replace("{http}", ctx.canary))), BLOB)


def changed(change: Callable[[Draft, Element], None]) -> Callable[[Context], bytes]:
    return lambda ctx: package(root(post(ctx, change)), BLOB)


def parts(choose: Callable[[bytes], Sequence[bytes]], **rest: object) -> Callable[[Context], bytes]:
    """A package of these parts, made around an honest root."""
    return lambda ctx: package(*choose(root(post(ctx))), **rest)  # type: ignore[arg-type]


def edited(change: Callable[[bytes], bytes]) -> Callable[[Context], bytes]:
    return lambda ctx: change(honest(ctx))


def plain(href: str) -> Callable[[Context], bytes]:
    """An include in an ordinary text/xml request."""
    return lambda ctx: post(ctx, href=href.replace("{http}", ctx.canary).replace("{file}", ctx.secret.as_uri()))


def _second_include(_: Draft, blob: Element) -> None:
    include(blob, "cid:blob@vendor")


def _beside_text(_: Draft, blob: Element) -> None:
    blob.text = "AAAA"


def _with_child(_: Draft, blob: Element) -> None:
    etree.SubElement(blob[0], "{urn:evil}x")


def _nested(_: Draft, blob: Element) -> None:
    include(blob[0], "cid:blob@vendor")


def _in_token(made: Draft, blob: Element) -> None:
    include(made.token, "cid:blob@vendor")
    blob.remove(blob[0])
    blob.text = "AAAA"


def _in_signature(made: Draft, blob: Element) -> None:
    value = next(made.security.iter(q(DS, "SignatureValue")))
    include(value, "cid:blob@vendor")
    blob.remove(blob[0])


def _in_created(made: Draft, blob: Element) -> None:
    include(made.timestamp[0], "cid:blob@vendor")
    blob.remove(blob[0])


def _neighbour(made: Draft, blob: Element) -> None:
    """An include that would put the blob's part in the licence."""
    name = next(made.payload.iter("{*}Username"))
    include(name, "cid:blob@vendor")
    blob.remove(blob[0])


def _as_root(made: Draft, _: Element) -> None:
    made.envelope.tag = q(XOP, "Include")


def body_include(ctx: Context) -> bytes:
    """The Body is signed around the include, not around what it stands for."""
    blob = detail(CONTENT)
    made = Draft(post_payload(blob), ctx.signer(), ctx.now())
    include(blob, "cid:blob@vendor")
    made.sign()
    return package(root(made.octets()), BLOB)


def signed_question(ctx: Context) -> bytes:
    """A question whose signed person is replaced by an include of another number."""
    message = swap(good(ctx), "<Insz>12071796092</Insz>", f'<Insz><x:Include xmlns:x="{XOP}" href="cid:blob@vendor"/></Insz>')
    return package(root(message), part(b"06062999747", "<blob@vendor>"))


def _tiny(count: int) -> Callable[[bytes], Sequence[bytes]]:
    return lambda first: [first, BLOB, *(part(b"x", f"<p{n}>") for n in range(count))]


_HREFS = cases(
    "XOP include (CVE-2022-46364, CVE-2024-28752)",
    ("http", "an address", pointing("{http}/x"), "XOP-002"),
    ("https", "an address over HTTPS", pointing("https://127.0.0.1/x"), "XOP-002"),
    ("metadata", "a cloud's metadata address", pointing("http://169.254.169.254/latest/meta-data/"), "XOP-002"),
    ("file", "a local file", pointing("file:///etc/passwd"), "XOP-002"),
    ("relative", "a relative path", pointing("../../etc/passwd"), "XOP-002"),
    ("data", "a data URL", pointing("data:text/plain,AAAA"), "XOP-002"),
    ("nothing", "a part that is not there", pointing("cid:nothing"), "XOP-002"),
    ("empty", "an empty href", pointing(""), "XOP-002"),
    ("empty-cid", "a cid without name", pointing("cid:"), "XOP-002"),
    ("absent", "no href", pointing(None), "XOP-002"),
    ("itself", "the root part itself", pointing("cid:root.message@ehealth.fgov.be"), "XOP-002"),
    ("upper-case", "CID in upper case, nothing there", pointing("CID:other"), "XOP-002"),
    ("mid", "a mid", pointing("mid:blob@vendor"), "XOP-002"),
    ("fragment", "a fragment", pointing("#blob"), "XOP-002"),
    ("double-encoded", "a cid encoded twice", pointing("cid:blob%2540vendor"), "XOP-002"),
    ("nul", "an encoded NUL behind the name", pointing("cid:blob@vendor%00"), "XOP-002"),
    ("brackets", "a cid with its brackets", pointing("cid:<blob@vendor>"), "XOP-002 SCHEMA-001"),
    ("space", "a space behind the name", pointing("cid:blob@vendor "), "XOP-002"),
    service="facturatie",
    headers={"Content-Type": TYPE},
)
_PLACES = cases(
    "XOP include",
    ("twice", "the same part twice", changed(_second_include), "XOP-002"),
    ("beside-text", "text beside the include", changed(_beside_text), "XOP-002"),
    ("with-child", "an element within the include", changed(_with_child), "XOP-002"),
    ("nested", "an include within an include", changed(_nested), "XOP-002"),
    ("in-token", "an include for the token", changed(_in_token), "XOP-002 TRUST-002"),
    ("in-signature", "an include for the SignatureValue", changed(_in_signature), "XOP-002 TRUST-006 TRUST-002"),
    ("in-created", "an include for the Timestamp's Created", changed(_in_created), "XOP-002 TRUST-002 TRUST-005"),
    ("neighbour", "an include for the licence beside the signed blob", changed(_neighbour), "XOP-002 TRUST-017 TRUST-020 BLOB-001 BLOB-002"),
    ("as-root", "an include as root", changed(_as_root), "XOP-002 WIRE-005"),
    ("signed-as-include", "the Body signed around the include itself", body_include, "TRUST-005"),
    ("other-blob", "another blob in the part", parts(lambda first: [first, part(deflate(b"<x/>"), "<blob@vendor>")]), "BLOB-001"),
    ("base64-twice", "base64 in the part", parts(lambda first: [first, part(detail(CONTENT).text.encode(), "<blob@vendor>")]), "BLOB-002"),
    ("bomb", "a bomb in the part", parts(lambda first: [first, part(_bomb(), "<blob@vendor>")]), "BLOB-003"),
    ("large-part", "a part of fifteen megabytes", parts(lambda first: [first, part(bytes(15_000_000), "<blob@vendor>")]), "BLOB-002 BLOB-001 BLOB-003"),
    service="facturatie",
    headers={"Content-Type": TYPE},
) + cases(
    "XOP include",
    ("signed-neighbour", "an include for a signed element of a question", signed_question, "TRUST-005 XOP-002"),
    headers={"Content-Type": TYPE},
)  # fmt: skip
_PLAIN = cases(
    "XOP include in plain SOAP",
    ("plain-http", "an address", plain("{http}/x"), "XOP-002 SCHEMA-001"),
    ("plain-file", "a local file", plain("{file}"), "XOP-002 SCHEMA-001"),
    ("plain-cid", "a part, where there are no parts", plain("cid:blob@vendor"), "XOP-002 SCHEMA-001"),
    service="facturatie",
)
_PACKAGES = cases(
    "XOP package",
    ("parts-10k", "10,000 tiny parts (CVE-2024-47874)", parts(_tiny(10_000)), "XOP-001"),
    ("parts-100k", "100,000 tiny parts", parts(_tiny(100_000)), "XOP-001"),
    ("parts-empty", "100,000 empty parts", lambda _: f"--{BOUNDARY}\r\n\r\n".encode() * 100_000, "XOP-001 WIRE-001"),
    ("part-unused", "a part that no include uses", parts(lambda first: [first, BLOB, part(b"evil", "<evil>")]), "XOP-001"),
    ("part-header-huge", "a part header of a megabyte (CVE-2026-42561)", parts(lambda first: [first, part(b"x", "<p>", f"X: {'y' * 1_000_000}")]), "XOP-001"),
    ("part-header-flood", "a part of 10,000 headers", parts(lambda first: [first, part(b"x", "<p>", *(f"X{n}: y" for n in range(10_000)))]), "XOP-001"),
    ("part-header-bad", "a part header without colon", parts(lambda first: [first, part(deflate(CONTENT), "<blob@vendor>", "evil")]), "XOP-001"),
    ("id-twice", "two parts with one Content-ID", parts(lambda first: [first, BLOB, BLOB]), "XOP-001"),
    ("id-twice-root", "a part with the root's Content-ID", parts(lambda first: [first, part(b"x", ROOT), BLOB]), "XOP-001"),
    ("id-header-twice", "two Content-IDs on one part", parts(lambda first: [first, part(deflate(CONTENT), "<blob@vendor>", "Content-ID: <evil>")]), "XOP-001"),
    ("id-none", "a part without Content-ID", parts(lambda first: [first, part(deflate(CONTENT), None)]), "XOP-002 XOP-001"),
    ("base64-encoding", "a part that says it is base64", edited(lambda p: p.replace(b"Encoding: binary\r\nContent-ID: <blob", b"Encoding: base64\r\nContent-ID: <blob")), "XOP-001"),
    ("quoted-printable", "a root that says it is quoted-printable", edited(lambda p: p.replace(b"Encoding: binary", b"Encoding: quoted-printable", 1)), "XOP-001"),
    ("not-closed", "no closing boundary", lambda ctx: package(root(post(ctx)), BLOB, close=False), "XOP-001"),
    ("cut", "half a package", edited(lambda p: p[: len(p) // 2]), "XOP-001"),
    ("no-parts", "a closing boundary only", lambda _: f"--{BOUNDARY}--\r\n".encode(), "XOP-001"),
    ("empty-package", "nothing", lambda _: b"", "XOP-001"),
    ("boundary-absent", "another boundary than announced", edited(lambda p: p.replace(BOUNDARY.encode(), b"other")), "XOP-001"),
    ("preamble", "a message before the first boundary", edited(lambda p: b"<evil/>\r\n" + p.replace(ROOT.encode(), b"<x>", 1)), "XOP-001"),
    ("epilogue", "a message behind the last boundary", edited(lambda p: p + b"<evil/>"), "XOP-001"),
    ("second-package", "a second package behind the first", edited(lambda p: p + p), "XOP-001"),
    ("line-feeds", "bare line feeds", edited(lambda p: p.replace(b"\r\n", b"\n")), "XOP-001"),
    ("start-nothing", "start names a part that is not there", edited(lambda p: p.replace(ROOT.encode(), b"<other>", 1)), "XOP-001"),
    ("boundary-longer", "a part whose boundary goes on", edited(lambda p: p.replace(f"--{BOUNDARY}\r\n".encode(), f"--{BOUNDARY}evil\r\n".encode(), 2)), "XOP-001"),
    ("root-utf16", "a root in UTF-16", lambda ctx: package(root(post(ctx).decode().encode("utf-16")), BLOB), "WIRE-012"),
    ("root-dtd", "a root with a DTD", lambda ctx: package(root(swap(post(ctx), "?>\n", '?>\n<!DOCTYPE x SYSTEM "file:///etc/passwd">')), BLOB), "WIRE-002"),
    ("root-charset", "a root that says it is UTF-7", edited(lambda p: p.replace(b"charset=UTF-8", b"charset=UTF-7", 1)), "XOP-001 WIRE-007 WIRE-012"),
    ("root-type", "a root that says it is a picture", edited(lambda p: p.replace(b"application/xop+xml; charset", b"image/png; charset", 1)), "XOP-001 WIRE-007"),
    ("nested-package", "a package within the package", lambda ctx: package(part(honest(ctx), ROOT, type=TYPE), BLOB), "XOP-001 WIRE-001"),
    service="facturatie",
    headers={"Content-Type": TYPE},
)  # fmt: skip


def announced(name: str, content_type: str, title: str, expect: str = "XOP-001") -> Case:
    return Case(
        id=f"announced-{name}",
        title=title,
        kind="XOP package",
        make=honest,
        expect=answers(expect),
        service="facturatie",
        headers={"Content-Type": content_type},
    )


_ANNOUNCED = (
    announced("no-boundary", 'multipart/related; type="application/xop+xml"', "no boundary"),
    announced("empty-boundary", 'multipart/related; boundary=""; type="application/xop+xml"', "an empty boundary"),
    announced("long-boundary", f"multipart/related; boundary={'x' * 1000}; type=text/xml", "a boundary of 1,000 characters"),
    announced("boundary-line", 'multipart/related; boundary="a\\"b"; type=text/xml', "a quote in the boundary"),
    announced("two-boundaries", f"multipart/related; boundary={BOUNDARY}; boundary=other; type=text/xml", "two boundaries"),
    announced("two-starts", f'{TYPE}; start="<other>"', "two starts"),
    announced("type-other", f"multipart/related; boundary={BOUNDARY}; type=image/png", "a type that is no XOP"),
    announced("start-other", f'multipart/related; boundary={BOUNDARY}; type="application/xop+xml"; start="<other>"', "a start that is not there"),
    announced("start-blob", f'multipart/related; boundary={BOUNDARY}; type="application/xop+xml"; start="<blob@vendor>"', "a start at the attachment", "WIRE-001 XOP-001 WIRE-012"),
    announced("parameters", "multipart/related" + ';a="' * 5000, "5,000 open quotes in Content-Type"),
)  # fmt: skip


def _bomb() -> bytes:
    from tests.hostile.attacks.blobs import MEGABYTE, bomb

    return bomb(512 * MEGABYTE)


CASES: tuple[Case, ...] = _HREFS + _PLACES + _PLAIN + _PACKAGES + _ANNOUNCED
