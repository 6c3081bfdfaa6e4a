"""A real server under attack: sends a case, judges the answer, and watches the process, its log and the traps."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import requests

from gateway.paths import data_dir
from tests.hostile.case import ACCEPTED, Case, Exchange, Made, Raw, Twin, status_of
from tests.hostile.context import Context
from tests.hostile.talk import Reply, post_request, talk
from tests.support import RunningGateway, running_gateway

BODY_TIMEOUT = 2.0
_TROUBLE = re.compile(rb"Traceback|\"unexpected\"|worker_died|MemoryError")
_SECRET = "root:x:0:0:the-secret-of-the-hostile-corpus"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one input."""

    case: Case
    answer: str
    seconds: float
    accepted: bool = False
    server_errors: tuple[str, ...] = ()
    wrong: str | None = None

    @property
    def ok(self) -> bool:
        return not (self.accepted or self.server_errors or self.wrong)

    def __str__(self) -> str:
        troubles = [*self.server_errors, *([self.wrong] if self.wrong else []), *(["ACCEPTED"] if self.accepted else [])]
        return f"{self.case.kind} / {self.case.id}: {'; '.join(troubles) or self.answer} ({self.seconds:.1f} s)"


@dataclass(kw_only=True)
class Arena:
    """One gateway process, the context its attackers use, and what was seen of it."""

    gateway: RunningGateway
    context: Context
    trap: Trap
    restarts: int = 0
    peak: dict[str, int] = field(default_factory=dict)
    """Highest resident memory of the server and its worker, in KB."""
    greedy: dict[str, int] = field(default_factory=dict)
    """Cases that raised the server's peak, and by how many KB."""
    _log_read: int = 0

    def attack(self, case: Case) -> Verdict:
        """Send one hostile input and judge what came back."""
        made = case.make(self.context)
        opening = self._opening(made) if isinstance(made, Exchange) else None
        if opening is not None:
            return Verdict(case=case, answer=opening, seconds=0.0, wrong=opening)
        replies = self._send(case, made)
        answer, seconds = replies[0].name, replies[0].seconds
        errors = [f"server error {r.status}: {r.body[:200]!r}" for r in replies if r.is_server_error]
        errors += self._troubles(case, replies)
        return Verdict(
            case=case,
            answer=answer,
            seconds=seconds,
            accepted=any(r.name == ACCEPTED for r in replies),
            server_errors=tuple(errors),
            wrong=_wrong(case, replies),
        )

    def honest(self, twin: Twin) -> str:
        """Answer to a message that must pass."""
        made = twin.make(self.context)
        opening = self._opening(made) if isinstance(made, Exchange) else None
        return opening or self._send(twin, made)[0].name

    def _send(self, case: Case | Twin, made: Made) -> list[Reply]:
        timeout = max(20.0, getattr(case, "within", 10.0) + 5)
        if isinstance(made, Exchange):
            return self._post(made.last.service, made.last.body, {**case.headers, **made.last.headers}, timeout)
        if isinstance(made, Raw):
            return talk(self._address, made, timeout=timeout)
        return self._post(case.service, made, dict(case.headers), timeout)

    def _post(self, service: str, body: bytes, headers: dict[str, str], timeout: float) -> list[Reply]:
        return talk(self._address, Raw.of(post_request(f"/soap/{service}/v1", body, headers)), timeout=timeout)

    def _opening(self, exchange: Exchange) -> str | None:
        for sent in exchange.first:
            reply = self._post(sent.service, sent.body, dict(sent.headers), 20)[0]
            if reply.name != ACCEPTED:
                return f"the honest message before it got {reply.name}"
        return None

    @property
    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.gateway.base)
        return str(parts.hostname), int(parts.port or 80)

    def _troubles(self, case: Case, replies: Sequence[Reply]) -> Iterator[str]:
        if any(_SECRET.encode() in r.body for r in replies):
            yield "the answer quotes a local file"
        if self.trap.calls:
            yield f"the gateway called {self.trap.calls.pop()}"
            self.trap.calls.clear()
        log = (self.gateway.folder / "gateway.log").read_bytes()
        found = _TROUBLE.findall(log, self._log_read)
        self._log_read = len(log)
        if found:
            yield f"the log shows {found[0].decode()}"
        before = self.peak.get("server", 0)
        self.measure()
        if self.peak["server"] > before > 0:
            self.greedy[case.id] = self.peak["server"] - before
        if not self._alive():
            yield "the server no longer answers"
            self.restarts += 1
            self.gateway.kill()
            self.gateway.start()

    def _alive(self) -> bool:
        if self.gateway.process.poll() is not None:
            return False
        try:
            return requests.get(f"{self.gateway.base}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def measure(self) -> None:
        """Remember the peak memory of the server and its worker."""
        pid = self.gateway.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if Path(f"/proc/{pid}").exists() else []
        for name, number in (("server", str(pid)), *(("worker", c) for c in children)):
            found = re.search(r"VmHWM:\s*(\d+)", _status(number))
            if found:
                self.peak[name] = max(self.peak.get(name, 0), int(found[1]))


def _status(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""


def _wrong(case: Case, replies: Sequence[Reply]) -> str | None:
    first = replies[0]
    if any(r.name not in case.expect for r in replies):
        return f"expected {' or '.join(sorted(case.expect))}, got {', '.join(r.name for r in replies)}"
    if first.status != status_of(first.name):
        return f"{first.name} came with HTTP {first.status}"
    if first.seconds > case.within:
        return f"{first.name} took {first.seconds:.1f} s, {case.within:g} allowed"
    return None


class Trap:
    """An HTTP listener that remembers who called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(f"{self.command} {self.path}")
                self.send_error(404)

            do_POST = do_HEAD = do_PUT = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()


@contextmanager
def arena(folder: Path, **env: str) -> Iterator[Arena]:
    """A gateway with the sample data, a short body timeout, and the traps set."""
    trap = Trap()
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret.txt"
    secret.write_text(f"{_SECRET}\n")
    sts = str(data_dir("certs-sample") / "sts.pem")
    settings = {
        "VSB_STS_CERTIFICATES": sts,
        "VSB_BODY_TIMEOUT": str(BODY_TIMEOUT),
        "VSB_RATE_ADDRESS": "0",
        "VSB_RATE_SENDER": "0",
        # An empty mailbox is asked often here; the pause after that has a test of its own.
        "VSB_POLL_SECONDS": "0",
        **env,
    }
    try:
        with running_gateway(folder / "gateway", **settings) as gateway:
            yield Arena(gateway=gateway, context=Context(clock=gateway.now, canary=trap.address, secret=secret), trap=trap)
    finally:
        trap.close()
