"""XOP packages: what stands in a part is read as if it stood in the message, and nothing else is reached."""

from __future__ import annotations

import base64

import pytest

from gateway.refusal import Code, Refusal
from gateway.wire.parser import Bounds
from gateway.wire.xop import MAX_PARTS, read_message

TYPE = 'multipart/related; type="application/xop+xml"; start="<root>"; start-info="text/xml"; boundary=XX'
INCLUDE = '<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="%s"/>'


def package(xml: str, *parts: tuple[str, bytes], end: str = "--XX--\r\n") -> bytes:
    out = b'--XX\r\nContent-ID: <root>\r\nContent-Type: application/xop+xml; type="text/xml"\r\n\r\n' + xml.encode() + b"\r\n"
    for name, content in parts:
        out += b"--XX\r\nContent-ID: <" + name.encode() + b">\r\nContent-Transfer-Encoding: binary\r\n\r\n" + content + b"\r\n"
    return out + end.encode()


def envelope(inside: str) -> str:
    return f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><x><y>{inside}</y></x></e:Body></e:Envelope>'


def read(raw: bytes, content_type: str = TYPE) -> bytes:
    return base64.b64decode(read_message(raw, content_type, Bounds()).payload[0].text or "")


def refusal(raw: bytes, content_type: str = TYPE) -> Code:
    with pytest.raises(Refusal) as caught:
        read_message(raw, content_type, Bounds())
    return caught.value.code


def test_an_include_is_replaced_by_its_part() -> None:
    content = bytes(range(256)) * 40
    assert read(package(envelope(INCLUDE % "cid:a%40b"), ("a@b", content))) == content


def test_parts_are_told_apart() -> None:
    xml = envelope(INCLUDE % "cid:1").replace("</x>", f"<z>{INCLUDE % 'cid:2'}</z></x>")
    payload = read_message(package(xml, ("1", b"one"), ("2", b"two")), TYPE, Bounds()).payload
    assert [base64.b64decode(e.text or "") for e in payload] == [b"one", b"two"]


def test_content_that_looks_like_a_boundary_start_is_content() -> None:
    content = b"a--XX\n--XX\r\n--X\r\n"
    assert read(package(envelope(INCLUDE % "cid:1"), ("1", content))) == content


@pytest.mark.parametrize("href", ["cid:none", "http://127.0.0.1/x", "file:///etc/passwd", "", "cid:", "cid:root", "1"])
def test_an_include_reaches_only_parts_of_its_own_package(href: str) -> None:
    assert refusal(package(envelope(INCLUDE % href), ("1", b"x"))) is Code.INCLUDE


def test_a_part_is_used_once_and_only_alone_in_its_element() -> None:
    twice = envelope(INCLUDE % "cid:1").replace("</x>", f"<z>{INCLUDE % 'cid:1'}</z></x>")
    assert refusal(package(twice, ("1", b"x"))) is Code.INCLUDE
    assert refusal(package(envelope("text" + INCLUDE % "cid:1"), ("1", b"x"))) is Code.INCLUDE
    assert refusal(package(envelope(INCLUDE % "cid:1" + "<b/>"), ("1", b"x"))) is Code.INCLUDE


def test_a_part_that_nobody_includes_is_refused() -> None:
    assert refusal(package(envelope("eA=="), ("1", b"x"))) is Code.PACKAGE


def test_too_many_parts_a_missing_end_a_double_id_and_a_bad_boundary_are_refused() -> None:
    assert refusal(package(envelope("x"), *((str(n), b"x") for n in range(MAX_PARTS)))) is Code.PACKAGE
    assert refusal(package(envelope(INCLUDE % "cid:1"), ("1", b"x"), end="")) is Code.PACKAGE
    assert refusal(package(envelope(INCLUDE % "cid:1"), ("1", b"x"), ("1", b"y"))) is Code.PACKAGE
    assert refusal(package(envelope("x")), TYPE.replace("XX", "Y" * 71)) is Code.PACKAGE
    assert refusal(package(envelope("x")), "multipart/related") is Code.PACKAGE
    assert refusal(package(envelope("x")), TYPE.replace("<root>", "<other>")) is Code.PACKAGE


def test_ten_thousand_tiny_parts_cost_nothing() -> None:
    assert refusal(package(envelope("x"), *((str(n), b"x" * 100) for n in range(10_000)))) is Code.PACKAGE


def test_an_include_in_a_plain_message_is_only_an_element() -> None:
    payload = read_message(envelope(INCLUDE % "cid:1").encode(), "text/xml", Bounds()).payload
    assert payload[0][0].get("href") == "cid:1"
