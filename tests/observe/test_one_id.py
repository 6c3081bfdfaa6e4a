"""One id from a message's arrival to its delivery: in the log, in the answer and in the traces; and no person's INSZ anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import UUID, uuid4

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from conformance.berichten.messages import signed_message
from conformance.walkthrough import sample_signer
from tests.server.test_main_job import wait_for
from tests.support import IBW1, PERSONS, RunningGateway, free_port, running_gateway, running_receiver

KEY = "a key of the log, long enough"


def lines(gateway: RunningGateway) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gateway.log().splitlines() if line.startswith("{")]


def notify(gateway: RunningGateway, person: str) -> str:
    start = {"Startdatum": gateway.today() - timedelta(days=1), "TypeVerblijf": "regulier"}
    return str(gateway.facility().indienen(str(uuid4()), PERSONS[person], StartVerblijf=start).MessageId)


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, set[str]]]]:
    """An OTLP collector over HTTP; yields its address and the names of the spans by trace id."""
    found: dict[str, set[str]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            for span in (s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans):
                found.setdefault(span.trace_id.hex(), set()).add(span.name)
                assert not any(insz in str(span) for insz in PERSONS.values())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", found
    server.shutdown()


def test_the_message_id_goes_through_log_answer_and_traces_from_arrival_to_delivery(tmp_path: Path) -> None:
    port = free_port()
    with (
        collector() as (address, traces),
        running_receiver(tmp_path / "kassen", port) as push,
        running_gateway(
            tmp_path / "g", push, OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_BSP_SCHEDULE_DELAY="200", VSB_LOG_KEY=KEY
        ) as gateway,
    ):
        message = notify(gateway, "wout")
        wait_for(lambda: any(line.get("message_id") == message and line["event"] == "delivered" for line in lines(gateway)))
        answered = [line for line in lines(gateway) if line.get("ticket") == message]
        assert [line["event"] for line in answered] == ["answered"]
        wait_for(lambda: traces.get(UUID(message).hex, set()) >= {"request", "prove", "decide", "deliver"})
        typed = subprocess.run(
            [sys.executable, "-m", "gateway", "log-pseudonym"],
            env=gateway.environment,
            input=f"{PERSONS['wout']}\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert answered[0]["person"] == typed.stdout.strip()
        assert not any(insz in gateway.log() for insz in PERSONS.values())


def test_without_a_key_the_log_names_no_person(gateway: RunningGateway) -> None:
    message = notify(gateway, "lena")
    (answered,) = [line for line in lines(gateway) if line.get("ticket") == message]
    assert "person" not in answered


def test_a_fault_carries_the_id_under_which_the_log_tells_of_it(gateway: RunningGateway) -> None:
    body = signed_message("aanvraag", sample_signer("facility-ibw-1"), "els", gateway.now()).replace(b"ZorgSoft", b"ZorgSift")
    fault = gateway.post("aanvraag", body)
    ticket = fault.root.xpath("string(//*[local-name() = 'SystemError']/@Id)")
    assert [line["code"] for line in lines(gateway) if line.get("ticket") == ticket] == fault.codes


def test_one_scrape_tells_what_all_processes_of_a_gateway_did(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "g", VSB_WORKERS="2") as gateway:
        asked = 12
        for _ in range(asked):
            gateway.facility().verzekerbaarheid(str(uuid4()), PERSONS["els"], gateway.today(), gateway.today())
        message = notify(gateway, "els")
        kas = gateway.kas("180")
        given: list[bytes] = []

        def fetched() -> bool:
            given.extend(digest for _, _, digest in kas.get())
            return bool(given)

        wait_for(fetched)
        kas.confirm(given)
        for _ in range(4):
            shown = requests.get(f"{gateway.base}/metrics", timeout=30).text
            assert f'vsb_answered_total{{dienst="verzekerbaarheid"}} {asked}.0' in shown
            assert 'vsb_decided_total{dienst="aanvraag",pijler="eibwfin",uitkomst="aanvaard",zorgkas="180"} 1.0' in shown
            assert 'vsb_turnaround_seconds_count{pijler="eibwfin",zorgkas="180"} 1.0' in shown
            assert 'vsb_turnaround_promise_seconds{pijler="eibwfin"} 3600.0' in shown
            assert message not in shown
            assert IBW1 not in shown


def test_what_a_killed_gateway_left_of_its_counters_goes_when_another_starts(start_gateway: Callable[..., Any]) -> None:
    def left() -> set[Path]:
        return {f for base in ("/dev/shm", gettempdir()) for f in Path(base).glob("vsb-metrics-*")}

    with start_gateway() as gateway:
        (mine,) = [f for f in left() if f.name.startswith(f"vsb-metrics-{gateway.process.pid}-")]
        gateway.kill()
        assert mine in left()
        gateway.start()
        assert mine not in left()
