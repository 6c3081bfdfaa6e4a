"""What a mailbox gives says of each content what it is."""

from __future__ import annotations

import pytest

from gateway.wire.generic import Outgoing, write_get_response


@pytest.mark.parametrize(
    ("content", "kind"), [(b"<a/>", "text/xml"), (b"<?xml version='1.0'?><a/>", "text/xml"), (b"920098", "text/plain")]
)
def test_a_flat_return_is_plain_text_and_xml_is_xml(content: bytes, kind: str) -> None:
    message = Outgoing(id="x", message_name="HCPFAC", input_reference="R", content=content)
    assert [d.get("ContentType") for d in write_get_response([message], []).iter("{*}Detail")] == [kind]
