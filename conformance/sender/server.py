"""Puts a session together: the central application behind its tap, on a port, and the conductor that plays on it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.plan import Scenario
from conformance.sender.conductor import Conductor
from conformance.sender.hook import Hook, ProgramHook
from conformance.sender.session import Options, Session, new_session, utc
from conformance.sender.tap import STS, Tap, TappedProtocol
from conformance.sender.universe import Universes
from conformance.server.reference import free_port
from conformance.sts.app import sts_app
from conformance.sts.register import sample_register
from conformance.verdict import Run
from conformance.walkthrough import sample_signer
from gateway.clock import Clock
from gateway.paths import data_dir
from gateway.trust.chain import load_trust_store
from gateway.trust.revocation import RevocationMode


class NotServed(RuntimeError):
    """The port could not be had."""


@contextmanager
def listening(app: ASGIApp, host: str, port: int, *, protocol: type = TappedProtocol) -> Iterator[None]:
    """Serve an application in a thread until the context ends.

    Raises:
        NotServed: something else listens there.
    """
    config = uvicorn.Config(
        app, host=host, port=port, http=protocol, log_config=None, access_log=False, proxy_headers=False, lifespan="off"
    )
    _check_free(host, port)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name=f"serve-{port}", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise NotServed(f"poort {port} op {host} is niet vrij")
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)


def _check_free(host: str, port: int) -> None:
    # uvicorn would say it too, in a log line and by ending the process.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NotServed(f"poort {port} op {host} is niet vrij ({error.strerror}); kies een andere") from None


@contextmanager
def on_stage(session: Session, hook: Hook | None = None) -> Iterator[Conductor]:
    """A conductor whose central application listens.

    Args:
        hook: the vendor in this process; None: the session's program, or a person.
    """
    options = session.options
    universes = Universes(folder=session.folder / "toepassing", software=options.software, poll_seconds=options.poll_seconds)
    tap = Tap(
        patience=options.patience,
        late=options.late,
        keep=lambda a: conductor.keep(a),
        rest=_with_sts(universes.rest, lambda: tap.now()),
    )
    if hook is None and options.hook:
        hook = ProgramHook.parse(options.hook)
    conductor = Conductor(
        session=session, universes=universes, tap=tap, base=f"http://{_shown(options.host)}:{options.port}", hook=hook
    )
    with listening(tap, options.host, options.port):
        try:
            yield conductor
        finally:
            conductor.close()


def _with_sts(rest: ASGIApp, clock: Clock) -> ASGIApp:
    """The gateway's pages, and a security token service beside them for who signs with SAML."""
    certs = data_dir("certs-sample")
    trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
    sts = sts_app(sample_signer("sts"), trust, sample_register(), clock)

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        here = scope["type"] == "http" and str(scope["path"]).startswith(STS)
        await (sts if here else rest)(scope, receive, send)

    return routed


def _shown(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


def play_all(conductor: Conductor, scenarios: Iterable[Scenario]) -> Run:
    """Play these one after the other; the record of the whole session."""
    for scenario in scenarios:
        conductor.play(scenario)
    session = conductor.session
    if not session.pending():
        session.run.finished = utc()
        session.save()
    return session.run


def judge_sender(
    pijler: str,
    hook: Hook,
    folder: Path,
    *,
    scenarios: Iterable[str] | None = None,
    options: Options | None = None,
) -> Run:
    """Judge a sender that is driven by a hook, without a person.

    Args:
        hook: see hook.py; a ProgramHook, or a function of this process.
        folder: where the session is kept.
        scenarios: ids, with or without `<pillar>/` before them; all of the pillar's plan if left out.
        options: in place of quick ones: an impatient suite whose clock the sender follows.
    """
    quick = Options(pijler=pijler, klok="volgt", port=free_port(), patience=0.5, late=0.3, quiet=0.0, poll_seconds=0.2)
    session = new_session(folder, options or quick)
    wanted = None if scenarios is None else {s if s.startswith(f"{pijler}/") else f"{pijler}/{s}" for s in scenarios}
    plan = [s for s in session.plan() if wanted is None or s.id in wanted]
    with on_stage(session, hook) as conductor:
        return play_all(conductor, plan)
