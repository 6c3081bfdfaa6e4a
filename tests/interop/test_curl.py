"""The README's first message: signed on the command line, posted with curl."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from tests.support import RunningGateway


def curl(gateway: RunningGateway, service: str, file: Path, *more: str) -> tuple[int, bytes]:
    program = shutil.which("curl")
    if program is None:
        pytest.fail("curl not found: apt-get install curl", pytrace=False)
    # fmt: off
    command = [
        program, "-sS", "-w", "\n%{http_code}", "-H", "Content-Type: text/xml; charset=utf-8",
        "--data-binary", f"@{file}", *more, f"{gateway.base}/soap/{service}/v1",
    ]
    # fmt: on
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body


def sign(service: str, file: Path, *more: str) -> None:
    command = [sys.executable, "-m", "conformance", "sign", service, "--out", str(file), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("service", "answer"), [("verzekerbaarheid", "RaadplegenResponse"), ("aanvraag", "IndienenResponse")])
def test_a_signed_message_posted_with_curl_is_answered(
    gateway: RunningGateway, tmp_path: Path, service: str, answer: str
) -> None:
    message = tmp_path / "message.xml"
    sign(service, message, "--person", "lena")
    status, body = curl(gateway, service, message)
    assert status == 200, body
    assert etree.fromstring(body).find(f".//{{urn:vsb-gateway:{service}:v1}}{answer}") is not None


def test_an_offer_of_http_2_is_ignored(gateway: RunningGateway, tmp_path: Path) -> None:
    message = tmp_path / "message.xml"
    sign("verzekerbaarheid", message)
    status, body = curl(gateway, "verzekerbaarheid", message, "--http2")
    assert status == 200, body


def test_a_message_changed_after_signing_is_refused(gateway: RunningGateway, tmp_path: Path) -> None:
    message = tmp_path / "message.xml"
    sign("verzekerbaarheid", message)
    message.write_bytes(message.read_bytes().replace(b"<Insz>1", b"<Insz>2"))
    status, body = curl(gateway, "verzekerbaarheid", message)
    assert status == 500
    assert b"VSB-TRUST-005" in body


def test_a_certificate_that_may_not_send_is_refused(gateway: RunningGateway, tmp_path: Path) -> None:
    message = tmp_path / "message.xml"
    sign("verzekerbaarheid", message, "--certificate", "bad-revoked")
    status, body = curl(gateway, "verzekerbaarheid", message)
    assert status == 500
    assert b"VSB-TRUST-010" in body
