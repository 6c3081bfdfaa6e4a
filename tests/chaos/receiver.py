"""A zorgkas that is pushed to, on a bad day: `python -m tests.chaos.receiver --port N --folder F --seed S`.

It keeps every message as the reference receiver does, durably and once by message id, and answers late, half, with an error, not at
all, or well. Each attempt is a line of its journal. Once the file `calm` lies in its folder it behaves.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

from conformance.walkthrough import sample_signer
from conformance.zorgkas.receiver import Receiver
from gateway.paths import data_dir
from gateway.refusal import Refusal
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode

REFUSES = "error before keeping"
BEHAVIOURS = {
    "well": 76.0,
    "late": 8.0,
    REFUSES: 4.0,
    "error after keeping": 4.0,
    "half an answer": 4.0,
    "kept, line cut": 3.0,
    "silence": 1.0,
}
"""What it does with an attempt, and how often of a hundred times."""
SILENCE = 40.0
"""Seconds that a silent one holds the line: longer than the gateway waits."""
_REFERENCE = re.compile(rb"<(?:\w+:)?InputReference[^>]*>([0-9a-f-]{36})<")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One line of the journal, in the order of arrival."""

    zorgkas: str
    id: str
    at: float
    """Seconds since the epoch at which the request was read."""
    behaviour: str

    @property
    def kept(self) -> bool:
        """Whether the receiver has the message from this attempt on."""
        return self.behaviour != REFUSES


def journal(folder: Path) -> Iterator[Attempt]:
    """The attempts that a receiver saw, in the order in which they arrived."""
    path = folder / "journal.jsonl"
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from (Attempt(**json.loads(line)) for line in lines)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, folder: Path, seed: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        certs = data_dir("certs-sample")
        trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
        sender = read_identity(sample_signer("gateway").certificate).label
        self.receiver = Receiver(
            folder=folder, trust=trust, sender=sender, signer_of=lambda code: sample_signer(f"zorgkas-{code}")
        )
        self.folder = folder
        self._random = Random(seed)
        self._lock = threading.Lock()
        self._journal = (folder / "journal.jsonl").open("a", encoding="utf-8")

    @property
    def calm(self) -> bool:
        return (self.folder / "calm").exists()

    def arrive(self, zorgkas: str, raw: bytes) -> tuple[str, float]:
        """Note an attempt; returns what to do with it, and a pause in seconds."""
        found = _REFERENCE.search(raw)
        with self._lock:
            behaviour = "well" if self.calm else self._random.choices([*BEHAVIOURS], [*BEHAVIOURS.values()])[0]
            pause = self._random.uniform(0.2, 3.0)
            name = "" if found is None else found[1].decode()
            line = Attempt(zorgkas=zorgkas, id=name, at=time.time(), behaviour=behaviour)
            self._journal.write(json.dumps(asdict(line)) + "\n")
            self._journal.flush()
        return behaviour, pause


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        zorgkas = self.path.rpartition("/")[2]
        behaviour, pause = self.server.arrive(zorgkas, raw)
        if behaviour == REFUSES:
            self._answer(503, b"de zorgkas is even weg")
            return
        try:
            answer = self.server.receiver.receive(zorgkas, raw)
        except Refusal as refusal:
            print(f"refused {zorgkas} {refusal.code.info.code}", flush=True)
            self._answer(500, b"geweigerd")
            return
        match behaviour:
            case "error after keeping":
                self._answer(500, b"de zorgkas is even weg")
            case "half an answer":
                self._answer(200, answer, octets=len(answer) // 2)
                self._cut()
            case "kept, line cut":
                self._cut()
            case "silence":
                self._hold()
                self._cut()
            case _:
                if behaviour == "late":
                    time.sleep(pause)
                self._answer(200, answer)

    def _answer(self, status: int, body: bytes, octets: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8" if status == 200 else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:octets])

    def _hold(self) -> None:
        end = time.monotonic() + SILENCE
        while time.monotonic() < end and not self.server.calm:
            time.sleep(0.2)

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.receiver", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    _Server(options.port, options.folder, options.seed).serve_forever()


if __name__ == "__main__":
    main()
