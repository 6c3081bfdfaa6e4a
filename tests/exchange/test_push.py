"""A push to a zorgkas: only its own signed receipt over this very content closes a delivery."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conformance.walkthrough import sample_signer
from gateway.clock import system_clock
from gateway.exchange import push
from gateway.exchange.foutwoorden import in_woorden
from gateway.exchange.push import SoapPush
from gateway.exchange.transport import Delivery, HandedOver, Refused, Unreachable
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode
from gateway.trust.signing import sign_envelope
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.faults import fault
from gateway.wire.generic import read_post, write_post_response
from gateway.wire.parser import Bounds
from gateway.wire.xop import read_message

CERTS = data_dir("certs-sample")
CONTENT = b'<a xmlns="urn:x">inhoud</a>'


@contextmanager
def answering(answer: Callable[[bytes], tuple[int, bytes]]) -> Iterator[str]:
    """An HTTP server that answers a POST as the test says."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/zorgkas/280"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def pusher() -> SoapPush:
    trust = load_trust_store(
        CERTS / "ca-bundle.pem", [CERTS / "crl/issuing-ca.crl", CERTS / "crl/root-ca.crl"], RevocationMode.GRACE
    )
    return SoapPush(sample_signer("gateway"), system_clock, trust, lambda _: kbo("280"))


def kbo(code: str) -> str:
    return read_identity(sample_signer(f"zorgkas-{code}").certificate).number


def delivery(endpoint: str) -> Delivery:
    return Delivery(
        id="01a20764-b96d-7000-81a6-9d75314b2e4b",
        bestemming="zorgkas:280",
        endpoint=endpoint,
        message_name="VSB-AANVRAAG",
        input_reference="01a20764-b96d-7000-81a6-9d75314b2e4b",
        test=False,
        content=CONTENT,
        sha256=hashlib.sha256(CONTENT).digest(),
        created=datetime.now(UTC),
    )


def receipt(raw: bytes, *, signer: str | None = "zorgkas-280", over: bytes | None = None) -> tuple[int, bytes]:
    post = read_post(read_message(raw, "text/xml", Bounds(octets=10**7)).payload, max_blob=10**7)
    content = post.blob.content if over is None else over
    response = write_envelope(write_post_response(request=content, input_reference=post.input_reference, reference="R-1"))
    if signer is not None:
        sign_envelope(response, sample_signer(signer), datetime.now(UTC))
    return 200, serialise(response)


def test_the_zorgkas_signed_receipt_over_this_content_is_believed(pusher: SoapPush) -> None:
    with answering(receipt) as endpoint:
        assert pusher.deliver(delivery(endpoint)) == HandedOver(reference="R-1", confirmed=True)


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("unsigned", lambda raw: receipt(raw, signer=None)),
        ("signed by another zorgkas", lambda raw: receipt(raw, signer="zorgkas-380")),
        ("signed by a facility", lambda raw: receipt(raw, signer="facility-ibw-1")),
        ("signed with a revoked certificate", lambda raw: receipt(raw, signer="bad-revoked")),
        ("over other content", lambda raw: receipt(raw, over=b"<a/>")),
        ("not XML", lambda raw: (200, b"ok")),
        ("empty", lambda raw: (200, b"")),
        ("changed after signing", lambda raw: (200, receipt(raw)[1].replace(b"R-1", b"R-2"))),
        ("too long", lambda raw: (200, b" " * (push.MAX_REPLY + 1))),
        ("an HTTP error", lambda raw: (500, b"<html>Internal Server Error</html>")),
    ],
)
def test_any_other_answer_leaves_the_delivery_open(
    pusher: SoapPush, what: str, answer: Callable[[bytes], tuple[int, bytes]]
) -> None:
    with answering(answer) as endpoint, pytest.raises(Unreachable) as error:
        pusher.deliver(delivery(endpoint))
    assert "inhoud" not in str(error.value)


def test_a_fault_that_blames_the_message_is_a_refusal_and_one_that_blames_the_server_is_not(pusher: SoapPush) -> None:
    def with_fault(code: Code) -> Callable[[bytes], tuple[int, bytes]]:
        body = serialise(write_envelope(fault(Refusal(code, place="x"), ticket="t", environment="Test", generic_async=True)))
        return lambda raw: (500, body)

    with answering(with_fault(Code.SCHEMA)) as endpoint, pytest.raises(Refused, match="Client"):
        pusher.deliver(delivery(endpoint))
    with answering(with_fault(Code.UNAVAILABLE)) as endpoint, pytest.raises(Unreachable, match="Server"):
        pusher.deliver(delivery(endpoint))


def test_nobody_at_the_address_is_unreachable(pusher: SoapPush) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unreachable):
        pusher.deliver(delivery(f"http://127.0.0.1:{port}/"))


def test_a_redirect_is_not_followed(pusher: SoapPush) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.raises(Unreachable):
        pusher.deliver(delivery(f"http://127.0.0.1:{server.server_address[1]}/"))
    server.shutdown()
    server.server_close()


def test_with_mutual_tls_alone_an_unsigned_receipt_is_enough_when_settings_say_so(tmp_path: Path) -> None:
    trust = load_trust_store(CERTS / "ca-bundle.pem", [], RevocationMode.GRACE)
    pusher = SoapPush(sample_signer("gateway"), system_clock, trust, lambda _: None, signed_receipts=False)
    with answering(lambda raw: receipt(raw, signer=None)) as endpoint:
        assert pusher.deliver(delivery(endpoint)).confirmed


def test_a_fault_is_told_in_the_receivers_own_words_without_a_persons_number(pusher: SoapPush) -> None:
    def answer(_: bytes) -> tuple[int, bytes]:
        fault = (
            "<s:Fault><faultcode>s:Client</faultcode><faultstring>Dossier van 85.07.30-033.28\n gesloten</faultstring></s:Fault>"
        )
        return (
            500,
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{fault}</s:Body></s:Envelope>'.encode(),
        )

    with answering(answer) as endpoint, pytest.raises(Refused) as refused:
        pusher.deliver(delivery(endpoint))
    assert "85.07.30-033.28" not in str(refused.value)
    assert in_woorden(str(refused.value)).startswith("de ontvanger heeft het bericht geweigerd: Dossier van ")
    assert str(refused.value).endswith(" gesloten")


def test_a_receiver_that_is_not_there_is_told_in_words(pusher: SoapPush) -> None:
    with answering(lambda _: (500, b"")) as endpoint:
        pass
    with pytest.raises(Unreachable) as away:
        pusher.deliver(delivery(endpoint))
    assert in_woorden(str(away.value)) == "geen verbinding met de ontvanger: verbinding geweigerd"
