"""Bounds: one who asks too much, or too slowly, does not keep the others from being served."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import requests

from gateway.refusal import Code, Refusal
from gateway.wire.limits import RateLimit
from tests.support import RunningGateway

Start = Callable[..., AbstractContextManager[RunningGateway]]


def test_a_burst_is_served_and_then_only_the_rate() -> None:
    limit = RateLimit(2, 3, "adres")
    for _ in range(3):
        limit.take("a", 0.0)
    with pytest.raises(Refusal) as caught:
        limit.take("a", 0.0)
    assert (caught.value.code, caught.value.retry_after) == (Code.BUSY, 1)
    limit.take("b", 0.0)
    limit.take("a", 0.5)
    with pytest.raises(Refusal):
        limit.take("a", 0.5)


def test_no_rate_means_no_limit() -> None:
    limit = RateLimit(0, 1, "adres")
    for _ in range(1000):
        limit.take("a", 0.0)


def test_a_flood_gets_429_with_retry_after_and_a_soap_fault(start_gateway: Start) -> None:
    with start_gateway(VSB_RATE_ADDRESS="1", VSB_RATE_BURST="5") as gateway:
        answers = [gateway.post("aanvraag", b"x") for _ in range(8)]
        said = [{"Content-Type": "text/xml", "X-Forwarded-For": f"192.0.2.{n}"} for n in range(8)]
        elsewhere = [requests.post(f"{gateway.base}/soap/aanvraag/v1", b"x", headers=h, timeout=30) for h in said]
    refused = [a for a in answers if a.status == 429]
    assert len(refused) >= 2
    assert (refused[0].codes, refused[0].soa, refused[0].headers["Retry-After"]) == (["VSB-SYS-003"], "SOA-02002", "1")
    assert 429 in {a.status_code for a in elsewhere}, "nobody here said who may speak for others"


def test_a_body_that_does_not_come_in_time_is_answered_and_the_others_are_served(start_gateway: Start) -> None:
    with start_gateway(VSB_BODY_TIMEOUT="1") as gateway:
        host, port = gateway.base.removeprefix("http://").split(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(50)]
        for one in slow:
            one.sendall(b"POST /soap/aanvraag/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<")
        assert requests.get(f"{gateway.base}/healthz", timeout=5).ok
        slow[0].settimeout(20)
        answer = b""
        while b":Envelope>" not in answer and (part := slow[0].recv(65536)):
            answer += part
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"VSB-SYS-004" in answer
        for one in slow:
            one.close()


def test_headers_that_do_not_come_in_time_close_only_their_own_connection(start_gateway: Start) -> None:
    with start_gateway() as gateway:
        host, port = gateway.base.removeprefix("http://").split(":")
        slow = socket.create_connection((host, int(port)))
        slow.sendall(b"POST /soap/aanvraag/v1 HTTP/1.1\r\nHost: x\r\n")
        slow.settimeout(30)
        begin = time.monotonic()
        while time.monotonic() - begin < 9:
            slow.sendall(b"X-A: b\r\n")
            time.sleep(1)
        assert slow.recv(10) == b""
        assert requests.get(f"{gateway.base}/healthz", timeout=5).ok
