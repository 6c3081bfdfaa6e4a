"""Targets that are down, slow, no SOAP at all, or worse: each becomes a verdict in words, and the run goes on."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conformance.server.runner import Options, choose, fixed_target, new_run, run_server, server_plan
from conformance.verdict import Check, Run, Verdict
from conformance.zorgkas.run import run_zorgkas
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.faults import fault

CERTS = data_dir("certs-sample")
ASKED = ("ENV-001", "WSS-001", "ENV-010")
FAULT = serialise(write_envelope(fault(Refusal(Code.UNAVAILABLE), ticket="t", environment="Test")))
Behave = Callable[[BaseHTTPRequestHandler], None]


def answer(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, media: str = "text/xml", length: int | None = None
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", media)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def trickle(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b"<", length=10_000)
    for _ in range(15):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def gigabyte(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b"<a>", length=1 << 30)
    piece = b" " * (1 << 20)
    for _ in range(1 << 10):
        handler.wfile.write(piece)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


class Target:
    """A server that does as a test says."""

    def __init__(self, behave: Behave, tls: bool = False) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    behave(self)
                except OSError:
                    return

            do_GET = do_PUT = do_POST

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTS / "tls-server.pem", CERTS / "tls-server.key")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def target(behave: Behave, *, tls: bool = False) -> Iterator[str]:
    running = Target(behave, tls)
    yield running.base
    running.close()


def judged(base: str, folder: Path, ids: tuple[str, ...] = ASKED, verify: bool | str = True) -> Run:
    plan = choose(server_plan(), ids=ids)
    chosen = [s for s in plan if s.id in ids]
    options = Options(out=folder, timeout=1.0, patience=1.0)
    return run_server(new_run(chosen, target=base), chosen, fixed_target(base, verify=verify), options)


def first(run: Run, scenario: str = "ENV-001") -> Check:
    return next(c for c in run.results[scenario].checks if c.verdict is Verdict.FAIL)


BAD: dict[str, tuple[Behave, str]] = {
    "slow": (slow, "antwoordt niet binnen de tijd"),
    "trickles": (trickle, "nog niet volledig"),
    "html": (lambda h: answer(h, b"<!DOCTYPE html><html>Welkom</html>", media="text/html"), "<!DOCTYPE html>"),
    "json": (lambda h: answer(h, b'{"ok": true}', media="application/json"), "application/json"),
    "empty": (lambda h: answer(h, b""), "0 octetten"),
    "other-xml": (lambda h: answer(h, b"<a/>"), "geen SOAP 1.1-envelop"),
    "breaks-off": (lambda h: answer(h, b"<soap:Envelope", length=5000), "verbrak de verbinding in het midden"),
    "resets": (reset, "niet bereikbaar, of verbrak de verbinding zonder antwoord"),
    "a-gigabyte": (gigabyte, "groter dan"),
    "redirects": (lambda h: answer(h, b"", 302), "geen leesbare XML"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_target_gets_a_verdict_in_words_and_the_run_goes_on(name: str, tmp_path: Path) -> None:
    behave, words = BAD[name]
    with target(behave) as base:
        run = judged(base, tmp_path)
    assert set(run.results) == set(ASKED)
    assert {r.verdict for r in run.results.values()} == {Verdict.FAIL}
    assert words in first(run).got
    assert first(run).expected
    assert run.finished
    assert not run.passed


def test_a_fault_on_200_is_told_as_just_that(tmp_path: Path) -> None:
    with target(lambda h: answer(h, FAULT)) as base:
        run = judged(base, tmp_path)
    wrong = next(c for c in run.results["WSS-001"].checks if c.name == "status")
    assert (wrong.verdict, wrong.got) == (Verdict.FAIL, "HTTP 200")
    assert "HTTP 500" in wrong.expected
    asked = {c.name: c.got for c in run.results["ENV-001"].checks if c.verdict is Verdict.FAIL}
    assert asked["uitkomst"] == "fout (VSB-SYS-001)"


def test_nobody_at_the_address(tmp_path: Path) -> None:
    run = judged("http://127.0.0.1:9", tmp_path)
    assert len(run.results) == len(ASKED)
    assert "niet bereikbaar" in first(run).got
    assert "bereikbaar" in first(run).remedy


def test_a_tls_certificate_that_nobody_trusts_says_what_to_give(tmp_path: Path) -> None:
    with target(lambda h: answer(h, FAULT), tls=True) as base:
        strange = judged(base, tmp_path / "a")
        known = judged(base, tmp_path / "b", verify=str(CERTS / "ca-bundle.pem"))
    assert "geef --ca" in first(strange).got
    assert first(known).got != first(strange).got


def test_an_address_that_is_none(tmp_path: Path) -> None:
    assert first(judged("http://", tmp_path)).got


@pytest.mark.parametrize("name", ["slow", "html", "breaks-off", "a-gigabyte", "resets"])
def test_a_bad_receiver_gets_a_verdict_in_words_too(name: str) -> None:
    behave, _ = BAD[name]
    with target(behave) as base:
        run = run_zorgkas(f"{base}/zorgkas/280", only=["zorgkas/aanvraag", "zorgkas/niet-ondertekend"], timeout=1.0)
    assert {r.verdict for r in run.results.values()} == {Verdict.FAIL}
    assert all(first(run, s).got for s in run.results)
