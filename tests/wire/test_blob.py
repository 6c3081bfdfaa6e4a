"""The blob: raw deflate in and out, its hash checked, and nothing that costs more memory than its size allows."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.refusal import Code, Refusal
from gateway.wire.blob import MAX_RATIO, deflate, inflate, read_blob, write_blob
from gateway.wire.parser import parse


@given(st.binary(max_size=20_000))
def test_what_was_deflated_comes_back_the_same(content: bytes) -> None:
    assert inflate(deflate(content) if content else deflate(b""), 1 << 20) == content


@given(st.binary(min_size=1, max_size=2_000), st.sampled_from(["text/xml", "text/plain"]))
def test_a_written_blob_reads_back_with_its_hash(content: bytes, kind: str) -> None:
    blob = read_blob(write_blob("Detail", content, content_type=kind, message_name="HCPFAC"))
    assert (blob.content.whole(), blob.hash, blob.content_type) == (content, hashlib.sha256(content).digest(), kind)


def test_a_zlib_header_is_tolerated_as_the_java_reader_does() -> None:
    assert inflate(zlib.compress(b"abc" * 100), 1 << 20) == b"abc" * 100


def refused(packed: bytes, limit: int = 1 << 30) -> Code:
    with pytest.raises(Refusal) as caught:
        inflate(packed, limit)
    return caught.value.code


def test_a_bomb_is_refused_long_before_it_has_gone_off() -> None:
    assert refused(deflate(b"\0" * 200_000_000)) is Code.BLOB_SIZE


def test_the_limit_is_exact() -> None:
    packed = deflate(b"x" * 1000)
    assert len(inflate(packed, 1000)) == 1000
    assert refused(packed, 999) is Code.BLOB_SIZE


def test_a_well_packing_month_of_invoices_is_no_bomb() -> None:
    line = b"<Lijn><Volgnummer>%06d</Volgnummer><Prestatiecode>763055</Prestatiecode><Bedrag>145359</Bedrag></Lijn>"
    content = b"".join(line % n for n in range(100_000))
    packed = deflate(content)
    assert len(content) / len(packed) < MAX_RATIO
    assert inflate(packed, 1 << 30) == content


@pytest.mark.parametrize(
    "packed", [b"", b"\x03", deflate(b"abc")[:-1], deflate(b"abc") + b"x", b"PK\x03\x04" + b"\0" * 40, b"%PDF-1.7"]
)
def test_what_is_cut_off_padded_or_something_else_is_refused(packed: bytes) -> None:
    assert refused(packed) is Code.BLOB_DEFLATE


def test_a_missing_or_wrong_hash_is_refused() -> None:
    for value in (None, base64.b64encode(b"\0" * 32).decode()):
        detail = write_blob("Detail", b"abc", content_type="text/xml", message_name="HCPFAC")
        if value is None:
            del detail.attrib["HashValue"]
        else:
            detail.set("HashValue", value)
        with pytest.raises(Refusal) as caught:
            read_blob(detail)
        assert caught.value.code is Code.BLOB_HASH


@pytest.mark.parametrize("prolog", [b" " * 4000, b"<!---->" * 500, b"<?a?>" * 700, b"\n<!-- -->" * 400, b"<!--" * 900])
def test_a_long_prolog_is_walked_once(prolog: bytes) -> None:
    with pytest.raises(Refusal):
        parse(prolog)


def test_comments_inside_text_do_not_split_it() -> None:
    assert etree.tostring(parse(b"<a>12<!-- x -->34<![CDATA[56]]>7</a>")) == b"<a>1234567</a>"
