"""The field's other profiles, against real processes: SAML holder-of-key from an STS, certificates on file, XOP packages."""

from __future__ import annotations

import base64
import hashlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from conformance.berichten.messages import envelope, head, start
from conformance.saml_client import request_assertion, request_assertion_wstrust, sign_envelope_saml
from conformance.walkthrough import sample_signer
from gateway.trust.signing import sign_blob, sign_envelope
from gateway.trust.tokens import THUMBPRINT_SHA1
from gateway.wire.blob import write_blob
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.names import DS, GENERIC_ASYNC, SOAP, WSSE, XOP, q
from tests.support import IBW1, PERSONS, RunningGateway, free_port, running_gateway

CERTS = Path(__file__).parents[2] / "certs-sample"
OUTCOME = ".//{urn:vsb-gateway:antwoord:v1}Uitkomst"


@contextmanager
def running_sts() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "conformance", "sts", "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    with running_sts() as address:
        yield address


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("g"), VSB_STS_CERTIFICATES=str(CERTS / "sts.pem")) as running:
        yield running


def notification(gateway: RunningGateway, person: str = "lena", riziv: str = IBW1) -> etree._Element:
    payload = start(riziv, PERSONS[person], gateway.today(), head(riziv, gateway.now()))
    return write_envelope(etree.fromstring(payload))


def post_of(reference: str, detail: etree._Element, xades: bytes) -> etree._Element:
    post = etree.fromstring(
        f'<post xmlns="{GENERIC_ASYNC}" xmlns:e="urn:be:cin:mycarenet:esb:common:v2"><CommonInput><e:Request><e:IsTest>false</e:IsTest>'
        "</e:Request><e:Origin><e:Package><e:License><e:Username>zorgsoft</e:Username><e:Password>zorgsoft-demo</e:Password></e:License>"
        f"</e:Package><e:CareProvider><e:Nihii><e:Value>{IBW1}</e:Value></e:Nihii></e:CareProvider></e:Origin>"
        f"<e:InputReference>{reference}</e:InputReference></CommonInput></post>"
    )
    post.append(detail)
    etree.SubElement(post, q(GENERIC_ASYNC, "Xades-t")).text = base64.b64encode(xades).decode()
    return post


@pytest.mark.parametrize("path", ["/IAM/Saml11TokenService/v1", "/IAM/Saml11TokenService/Legacy/v1"])
def test_an_assertion_over_samlp_opens_the_aanvraag_service(gateway: RunningGateway, sts: str, path: str) -> None:
    signer = sample_signer("facility-ibw-1")
    assertion = request_assertion(sts + path, signer, gateway.now)
    root = notification(gateway)
    sign_envelope_saml(root, signer, assertion, gateway.now())
    assert gateway.post("aanvraag", serialise(root)).root.findtext(OUTCOME) == "geweigerd"


def test_over_ws_trust_too_and_generic_async_then_signs_only_the_timestamp(gateway: RunningGateway, sts: str) -> None:
    signer = sample_signer("facility-ibw-1")
    assertion = request_assertion_wstrust(f"{sts}/IAM/SecurityTokenService/v1", signer, gateway.now)
    content = b"<x/>"
    detail = write_blob(q(GENERIC_ASYNC, "Detail"), content, content_type="text/xml", message_name="HCPFAC")
    root = write_envelope(post_of("SAML0000000001", detail, sign_blob(content, signer, gateway.now(), canonical=True)))
    sign_envelope_saml(root, signer, assertion, gateway.now(), parts=("Timestamp",))
    answer = gateway.post("facturatie", serialise(root))
    assert not answer.is_fault, answer.body
    unsigned_blob = write_envelope(post_of("SAML0000000002", detail, b""))
    sign_envelope_saml(unsigned_blob, signer, assertion, gateway.now(), parts=("Timestamp",))
    assert gateway.post("facturatie", serialise(unsigned_blob)).codes == ["VSB-TRUST-020"]


def test_an_assertion_of_another_facility_does_not_open_this_one(gateway: RunningGateway, sts: str) -> None:
    signer = sample_signer("facility-ibw-2")
    assertion = request_assertion(f"{sts}/IAM/Saml11TokenService/v1", signer, gateway.now)
    root = notification(gateway)
    sign_envelope_saml(root, signer, assertion, gateway.now())
    assert gateway.post("aanvraag", serialise(root)).codes == ["VSB-TRUST-015"]


def test_a_stolen_assertion_without_its_key_is_worth_nothing(gateway: RunningGateway, sts: str) -> None:
    assertion = request_assertion(f"{sts}/IAM/Saml11TokenService/v1", sample_signer("facility-ibw-1"), gateway.now)
    root = notification(gateway)
    sign_envelope_saml(root, sample_signer("facility-ibw-1-renewed"), assertion, gateway.now())
    assert gateway.post("aanvraag", serialise(root)).codes[0] in ("VSB-TRUST-006", "VSB-TRUST-032")


def test_a_certificate_is_on_file_once_its_holder_has_sent_it(start_gateway: object, tmp_path: Path) -> None:
    with running_gateway(tmp_path / "g") as fresh:
        signer = sample_signer("facility-ibw-2")
        riziv = "72090202000"

        def by_thumbprint() -> bytes:
            root = notification(fresh, riziv=riziv)
            security = sign_envelope(root, signer, fresh.now(), parts=("Body", "Timestamp"))
            token = security.find(q(WSSE, "BinarySecurityToken"))
            assert token is not None
            security.remove(token)
            pointer = security.find(f"{q(DS, 'Signature')}/{q(DS, 'KeyInfo')}/{q(WSSE, 'SecurityTokenReference')}")
            assert pointer is not None
            pointer.remove(pointer[0])
            key = etree.SubElement(pointer, q(WSSE, "KeyIdentifier"), {"ValueType": THUMBPRINT_SHA1})
            key.text = base64.b64encode(hashlib.sha1(signer.certificate.public_bytes(Encoding.DER)).digest()).decode()
            return serialise(root)

        assert fresh.post("aanvraag", by_thumbprint()).codes == ["VSB-TRUST-026"]
        payload = start(riziv, PERSONS["lena"], fresh.today(), head(riziv, fresh.now()))
        assert not fresh.post("aanvraag", envelope(payload, signer, fresh.now())).is_fault
        assert fresh.post("aanvraag", by_thumbprint()).root.findtext(OUTCOME) == "geweigerd"


def test_a_blob_in_a_xop_part_is_verified_and_processed_as_if_it_stood_in_the_message(gateway: RunningGateway) -> None:
    signer, content = sample_signer("facility-ibw-1"), b"<x>xop</x>"
    detail = write_blob(q(GENERIC_ASYNC, "Detail"), content, content_type="text/xml", message_name="HCPFAC")
    packed = base64.b64decode(detail.text or "")
    root = write_envelope(post_of("XOP00000000001", detail, sign_blob(content, signer, gateway.now(), canonical=True)))
    # Everything signed: the inlined part must give the very octets that were signed.
    sign_envelope(root, signer, gateway.now())
    body = root.find(q(SOAP, "Body"))
    assert body is not None
    assert exclusive(body)
    detail.text = None
    etree.SubElement(detail, q(XOP, "Include"), {"href": "cid:blob@x"})
    parts = [
        b'Content-Type: application/xop+xml; type="text/xml"\r\nContent-ID: <root@x>\r\n\r\n' + serialise(root),
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <blob@x>\r\n\r\n" + packed,
    ]
    message = b"".join(b"--BB\r\n" + p + b"\r\n" for p in parts) + b"--BB--\r\n"
    kind = 'multipart/related; type="application/xop+xml"; start="<root@x>"; start-info="text/xml"; boundary="BB"'
    answer = gateway.post("facturatie", message, **{"Content-Type": kind})
    assert not answer.is_fault, answer.body
    tampered = message.replace(packed, packed[:-1] + bytes([packed[-1] ^ 1]))
    assert gateway.post("facturatie", tampered, **{"Content-Type": kind}).codes == ["VSB-TRUST-005"]
