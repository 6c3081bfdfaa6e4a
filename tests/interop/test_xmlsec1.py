"""xmlsec1, a program of others, verifies the gateway's receipt by hand, as the cookbook says anyone can."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from conformance.berichten.messages import signed_message
from conformance.walkthrough import sample_signer
from gateway.paths import data_dir
from tests.support import RunningGateway

CERTS = data_dir("certs-sample")
ANTWOORD = "{urn:vsb-gateway:antwoord:v1}"


def xmlsec1(file: Path, root: str = "root-ca", issuing: str = "issuing-ca") -> subprocess.CompletedProcess[str]:
    program = shutil.which("xmlsec1")
    if program is None:
        pytest.fail("xmlsec1 not found: apt-get install xmlsec1", pytrace=False)
    # fmt: off
    command = [
        program, "--verify", "--trusted-pem", CERTS / f"{root}.pem", "--untrusted-pem", CERTS / f"{issuing}.pem",
        "--id-attr:Id", "SignedProperties", file,
    ]
    # fmt: on
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def exchange(gateway: RunningGateway) -> tuple[bytes, bytes]:
    """What was sent, and the receipt that came back."""
    # A person whom no zorgkas insures: the refusal opens no stay that other tests of this gateway would meet.
    sent = signed_message("aanvraag", sample_signer("facility-ibw-1"), "lena", datetime.now(UTC))
    answer = gateway.post("aanvraag", sent)
    assert answer.status == 200, answer.body
    return sent, base64.b64decode(answer.root.findtext(f".//{ANTWOORD}Ontvangstbewijs") or "")


@pytest.fixture
def receipt(exchange: tuple[bytes, bytes], tmp_path: Path) -> Path:
    file = tmp_path / "ontvangstbewijs.xml"
    file.write_bytes(exchange[1])
    return file


def test_a_receipt_verifies(receipt: Path) -> None:
    done = xmlsec1(receipt)
    assert done.returncode == 0, done.stderr
    assert "SignedInfo References (ok/all): 2/2" in done.stdout + done.stderr


def test_the_receipt_proves_what_was_sent(exchange: tuple[bytes, bytes]) -> None:
    sent, receipt = exchange
    proof = etree.fromstring(receipt)
    assert proof.findtext(f".//{ANTWOORD}Sha256") == base64.b64encode(hashlib.sha256(sent).digest()).decode()
    assert proof.findtext(f".//{ANTWOORD}Octetten") == str(len(sent))


@pytest.mark.parametrize("element", [b"MessageId>", b"Sha256>", b"OntvangenOp>", b"SigningTime>", b"SignatureValue>"])
def test_a_receipt_with_one_changed_byte_is_refused(receipt: Path, element: bytes) -> None:
    content = bytearray(receipt.read_bytes())
    place = content.index(element) + len(element)
    content[place] = ord("1") if content[place] != ord("1") else ord("2")
    receipt.write_bytes(content)
    assert xmlsec1(receipt).returncode != 0


def test_a_receipt_is_not_trusted_under_a_strangers_root(receipt: Path) -> None:
    assert xmlsec1(receipt, "other-root-ca", "other-issuing-ca").returncode != 0
