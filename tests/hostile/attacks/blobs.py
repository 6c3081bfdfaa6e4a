"""Blobs that are not what they say: bombs, nested and broken streams, wrong hashes and names."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

from lxml.etree import _Element as Element

from gateway.wire.blob import deflate
from tests.hostile.case import Case, cases
from tests.hostile.context import Context
from tests.hostile.forge import b64
from tests.hostile.posts import CONTENT, body_post, decision_post, detail, post_payload, send, xades_post

MEGABYTE = 1024 * 1024


def blob(content: bytes = CONTENT, *, packed: bytes | None = None, **attributes: str | None) -> Callable[[Context], bytes]:
    """A post with a signed Body around this blob."""
    return lambda ctx: body_post(ctx, detail(content, packed=packed, **attributes))


def text(change: Callable[[str], str], **attributes: str | None) -> Callable[[Context], bytes]:
    """A post whose blob text is changed before the Body is signed."""

    def make(ctx: Context) -> bytes:
        element: Element = detail(CONTENT, **attributes)
        element.text = change(element.text or "")
        return body_post(ctx, element)

    return make


@cache
def bomb(size: int, fill: bytes = b"\x00") -> bytes:
    """Raw deflate of one octet repeated: about a thousandth of the size."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = fill * MEGABYTE
    return b"".join(engine.compress(chunk) for _ in range(size // MEGABYTE)) + engine.flush()


def bombed(size: int, fill: bytes = b"\x00") -> Callable[[Context], bytes]:
    return lambda ctx: body_post(ctx, detail(b"", packed=bomb(size, fill)))


def bomb_by_timestamp(ctx: Context) -> bytes:
    """A bomb under a signed Timestamp only: any holder of a certificate may send it."""
    return send(ctx, post_payload(detail(b"", packed=bomb(512 * MEGABYTE)), b"x"), ctx.signer("facility-unregistered"))


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/evil", CONTENT)
    return file.getvalue()


def decision_with(content: bytes) -> Callable[[Context], bytes]:
    return lambda ctx: decision_post(ctx, content)


_DEFLATED = deflate(CONTENT)
_BOMBS = cases(
    "blob bomb",
    ("bomb-512m", "512 MB in half a megabyte", bombed(512 * MEGABYTE), "BLOB-003"),
    ("bomb-1g", "a gigabyte in a megabyte", bombed(1024 * MEGABYTE), "BLOB-003"),
    ("bomb-4g", "four gigabytes in four megabytes", bombed(4096 * MEGABYTE), "BLOB-003"),
    ("bomb-letters", "a gigabyte of letters", bombed(1024 * MEGABYTE, b"a"), "BLOB-003"),
    ("bomb-just-over", "one megabyte too much", bombed(257 * MEGABYTE), "BLOB-003"),
    ("bomb-wrong-hash", "100 MB of zeros under a wrong hash", bombed(100 * MEGABYTE), "BLOB-001 BLOB-003"),
    ("bomb-stranger", "a bomb by someone no register knows", bomb_by_timestamp, "BLOB-003 TRUST-015 TRUST-016 TRUST-017"),
    ("bomb-nested", "a bomb within a bomb", blob(bomb(64 * MEGABYTE), packed=deflate(bomb(1024 * MEGABYTE))), "BLOB-001"),
    ("bomb-zlib", "a bomb with a zlib header", blob(b"", packed=zlib.compress(bytes(300 * MEGABYTE), 9)), "BLOB-003"),
    service="facturatie",
    within=20.0,
)  # fmt: skip
_STREAMS = cases(
    "blob",
    ("truncated", "a stream cut in the middle", blob(packed=_DEFLATED[: len(_DEFLATED) // 2]), "BLOB-002"),
    ("truncated-end", "a stream without its last octet", blob(packed=_DEFLATED[:-1]), "BLOB-002"),
    ("trailing", "octets behind the stream", blob(packed=_DEFLATED + b"evil"), "BLOB-002"),
    ("two-streams", "two streams", blob(packed=_DEFLATED + _DEFLATED), "BLOB-002"),
    ("zlib-trailing", "octets behind a zlib stream", blob(packed=zlib.compress(CONTENT) + b"x"), "BLOB-002"),
    ("zlib-checksum", "a zlib stream with a wrong checksum", blob(packed=zlib.compress(CONTENT)[:-1] + b"x"), "BLOB-002"),
    (
        "zlib-dictionary",
        "a zlib stream that wants a dictionary",
        blob(packed=b"\x78\xbb\x00\x00\x00\x01" + _DEFLATED),
        "BLOB-002",
    ),
    ("empty-stream", "an empty stream", blob(packed=b""), "BLOB-002"),
    ("stored", "content that is not deflated", blob(packed=CONTENT), "BLOB-002"),
    ("gzip", "gzip", blob(packed=gzip.compress(CONTENT)), "BLOB-002"),
    ("bzip2", "bzip2", blob(packed=bz2.compress(CONTENT)), "BLOB-002"),
    ("xz", "xz", blob(packed=lzma.compress(CONTENT)), "BLOB-002"),
    ("zip", "a ZIP archive", blob(packed=_zip()), "BLOB-002"),
    ("pdf", "a PDF", blob(packed=b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "BLOB-002"),
    ("bad-block", "a reserved block type", blob(packed=b"\x07"), "BLOB-002"),
    ("far-distance", "a distance before the beginning", blob(packed=b"\x03\x02\x00"), "BLOB-002"),
    ("double-deflate", "deflated twice", blob(packed=deflate(_DEFLATED)), "BLOB-001"),
    ("not-base64", "characters that are no base64", text(lambda t: "!" + t), "SCHEMA-001 BLOB-002"),
    ("url-base64", "base64 for URLs", text(lambda _: "-_-_"), "SCHEMA-001 BLOB-002"),
    ("bad-padding", "padding in the middle", text(lambda t: "AA==" + t), "SCHEMA-001 BLOB-002"),
    ("hexadecimal", "hexadecimal", text(lambda t: base64.b64decode(t).hex() + "0"), "SCHEMA-001 BLOB-002"),
    ("elements", "elements in place of text", lambda ctx: body_post(ctx, _with_child()), "SCHEMA-001"),
    service="facturatie",
)
_NAMES = cases(
    "blob",
    ("wrong-hash", "the hash of another content", blob(HashValue=b64(bytes(32))), "BLOB-001"),
    ("hash-of-packed", "the hash of the deflated octets", lambda ctx: body_post(ctx, _hash_of_packed()), "BLOB-001"),
    ("hash-sha1", "a SHA-1 hash", lambda ctx: body_post(ctx, _hash(20)), "BLOB-001"),
    ("hash-cut", "the first octets of the hash", lambda ctx: body_post(ctx, _hash(8)), "BLOB-001"),
    ("hash-empty", "an empty hash", blob(HashValue=""), "BLOB-001"),
    ("hash-missing", "no hash", blob(HashValue=None), "BLOB-001"),
    ("hash-garbage", "a hash that is no base64", blob(HashValue="!!!!"), "SCHEMA-001 BLOB-002 BLOB-001"),
    ("encoding-gzip", "ContentEncoding gzip", blob(packed=gzip.compress(CONTENT), ContentEncoding="gzip"), "BLOB-004"),
    ("encoding-case", "ContentEncoding in upper case", blob(ContentEncoding="DEFLATE"), "BLOB-004"),
    ("encoding-empty", "an empty ContentEncoding", blob(ContentEncoding=""), "BLOB-004"),
    ("encoding-none", "none, while deflated", blob(ContentEncoding="none"), "BLOB-001"),
    ("encoding-list", "two encodings", blob(ContentEncoding="deflate, deflate"), "BLOB-004"),
    ("name-wrong", "another MessageName", blob(MessageName="VSB-BESLISSING"), "BLOB-004"),
    ("name-empty", "an empty MessageName", blob(MessageName=""), "BLOB-004"),
    ("name-case", "the MessageName in lower case", blob(MessageName="hcpfac"), "BLOB-004"),
    ("name-space", "the MessageName and a space", blob(MessageName="HCPFAC "), "BLOB-004"),
    ("name-long", "a MessageName of a megabyte", blob(MessageName="X" * MEGABYTE), "BLOB-004 SCHEMA-001"),
    ("name-missing", "no MessageName", blob(MessageName=None), "SCHEMA-001"),
    ("type-missing", "no ContentType", blob(ContentType=None), "SCHEMA-001"),
    ("id-colon", "an Id that is no NCName", blob(Id="a:b"), "SCHEMA-001"),
    ("unknown-attribute", "an unknown attribute", blob(ContentEncryption="encryptedForKnownRecipient"), "SCHEMA-001"),
    ("reference-long", "an InputReference of 65 characters", lambda ctx: body_post(ctx, detail(CONTENT), reference="x" * 65), "SCHEMA-001"),
    ("reference-empty", "an InputReference of spaces", lambda ctx: body_post(ctx, detail(CONTENT), reference="   "), "SCHEMA-001"),
    ("test-word", "IsTest that is no boolean", lambda ctx: body_post(ctx, detail(CONTENT), test="maybe"), "SCHEMA-001"),
    service="facturatie",
)  # fmt: skip
_DECISIONS = cases(
    "blob",
    ("decision-not-xml", "a zorgkas's blob that is no XML", decision_with(b"hello"), "WIRE-001"),
    ("decision-empty", "a zorgkas's empty blob", decision_with(b""), "WIRE-001"),
    ("decision-deep", "a zorgkas's blob of a million levels", decision_with(b"<a>" * MEGABYTE), "WIRE-013 BLOB-003"),
    ("decision-wide", "a zorgkas's blob of four million elements", decision_with(b"<x>" + b"<a/>" * (4 * MEGABYTE) + b"</x>"), "WIRE-013 BLOB-003"),
    ("decision-attributes", "a zorgkas's blob of three million attributes", decision_with(b"<x " + b" ".join(b'a%d="x"' % n for n in range(3_000_000)) + b"/>"), "WIRE-013 BLOB-003"),
    ("decision-utf16", "a zorgkas's blob in UTF-16", decision_with("<x/>".encode("utf-16")), "WIRE-012"),
    ("decision-instruction", "a zorgkas's blob with an instruction", decision_with(b"<?x?><x/>"), "WIRE-015"),
    ("decision-unknown", "a zorgkas's blob of an unknown kind", decision_with(b"<x/>"), "WIRE-010 SCHEMA-001"),
    ("decision-other", "a zending as decision", decision_with(CONTENT), "SCHEMA-001"),
    ("decision-spaces", "a zorgkas's blob of forty spaces", decision_with(b" " * 40), "WIRE-001"),
    service="zorgkas",
)  # fmt: skip
_BOTH = cases(
    "blob",
    ("xades-and-hash", "a true XAdES over a blob whose hash is wrong", lambda ctx: xades_post(ctx, CONTENT, octets=CONTENT + b"x"), "TRUST-020"),
    service="facturatie",
)  # fmt: skip


def _with_child() -> Element:
    element = detail(CONTENT)
    element.append(detail(CONTENT, Id=None))
    return element


def _hash_of_packed() -> Element:
    import hashlib

    return detail(CONTENT, HashValue=b64(hashlib.sha256(_DEFLATED).digest()))


def _hash(length: int) -> Element:
    import hashlib

    return detail(CONTENT, HashValue=b64(hashlib.sha256(CONTENT).digest()[:length]))


CASES: tuple[Case, ...] = _BOMBS + _STREAMS + _NAMES + _DECISIONS + _BOTH
