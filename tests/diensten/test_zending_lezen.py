"""What a blob holds that is no zending is told, whatever it is."""

from __future__ import annotations

import pytest

from gateway.diensten.zending_lezen import lees_of_fouten
from gateway.wire.content import Content


@pytest.mark.parametrize(
    "octets", [b"", b"x", b"\n", b"\xef\xbb\xbf", b"<", b" ", b"abc", b"abcd", b"abcde", b"<a>b", b"\x89PNG\r\n"]
)
def test_a_blob_of_any_length_that_is_no_xml_is_refused_in_words_about_a_blob(octets: bytes) -> None:
    zending, (fout,) = lees_of_fouten(Content.plain(octets))
    assert zending is None
    assert fout.code == "VSB-WIRE-001"
    assert "blob" in fout.tekst
    assert "vlak bestand" in str(fout.remedie)
    assert "SOAP" not in f"{fout.tekst} {fout.remedie}"
    assert "expected" not in str(fout.gevonden)


def test_the_shortest_xml_is_refused_by_its_schema() -> None:
    zending, (fout,) = lees_of_fouten(Content.plain(b"<a/>"))
    assert (zending, fout.code) == (None, "VSB-SCHEMA-001")
