"""`vsb-gateway serve` and `vsb-gateway worker`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated

import structlog
import typer
import uvicorn
from prometheus_client import start_http_server
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.app import make_gateway
from gateway.commands.shared import stop
from gateway.diensten.kern import Gateway
from gateway.observe import logs, metrics, traces
from gateway.observe.audit_events import Gebeurtenis
from gateway.refusal import Refusal
from gateway.settings import Settings
from gateway.store.audit import noteer
from gateway.store.berichten import GATEWAY
from gateway.store.migrate import SchemaProblem
from gateway.trust.crlfetch import CrlFetcher
from gateway.trust.identity import read_identity
from gateway.wire.server import BoundedProtocol
from gateway.worker import Worker

log = structlog.get_logger("serve")


def serve(
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Also run a worker process.")] = True,
) -> None:
    """Run the gateway (SOAP services, WSDLs, metrics) and one worker.

    Address, port, TLS, database, trusted issuers and keys come from VSB_* environment variables. The database is brought to
    this version's schema first. Stop with Ctrl-C or SIGTERM: running requests are finished.
    """
    settings = Settings()
    logs.configure(settings.log_level, settings.pseudonym_key())
    with _usable_database(settings):
        gateway = make_gateway(settings)
        _note(gateway, Gebeurtenis.GESTART)
    with metrics.shared_between_processes():
        _serve(settings, gateway, with_worker=with_worker)


def _serve(settings: Settings, gateway: Gateway, *, with_worker: bool) -> None:
    stopped = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(stopped,), daemon=True)
    if with_worker:
        keeper.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has stopped; by default that would end us before we have tidied up.
        signal.signal(number, lambda *_: None)
    try:
        uvicorn.run(
            "gateway.app:create_app",
            factory=True,
            http=BoundedProtocol,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            log_config=None,
            access_log=False,
            server_header=False,
            # By itself uvicorn believes what anything on this machine says of where a request came from.
            proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=10,
            h11_max_incomplete_event_size=64 * 1024,
        )
    finally:
        stopped.set()
        if with_worker:
            keeper.join(timeout=40)
        try:
            _note(gateway, Gebeurtenis.GESTOPT)
        except Refusal as refusal:
            log.error("stop_not_recorded", code=refusal.code.info.code)


@contextmanager
def _usable_database(settings: Settings) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, SchemaProblem, Refusal) as error:
        address = make_url(settings.database_url).render_as_string()
        cause = error.orig if isinstance(error, DBAPIError) else error
        stop(f"De databank {address} is niet te gebruiken: {next(iter(str(cause).splitlines()), type(cause).__name__)}")


def _note(gateway: Gateway, event: Gebeurtenis) -> None:
    signer = read_identity(gateway.signer.certificate).label
    details = {"versie": version("vsb-gateway"), "omgeving": gateway.settings.environment.value, "ondertekenaar": signer}
    with gateway.store.writing() as conn:
        noteer(conn, event, actor=GATEWAY, onderwerp="gateway", gegevens=details, tijdstip=gateway.clock())
    # Forked server processes must not share this process's connections.
    gateway.store.engine.dispose()


def _keep_worker(stop: threading.Event) -> None:
    command = [sys.executable, "-m", "gateway", "worker", "--parent", str(os.getpid())]
    while not stop.is_set():
        child = subprocess.Popen(command)  # noqa: S603
        while child.poll() is None and not stop.wait(0.5):
            pass
        if stop.is_set():
            child.terminate()
            try:
                child.wait(timeout=35)
            except subprocess.TimeoutExpired:
                child.kill()
            return
        log.error("worker_died", status=child.returncode)
        stop.wait(1)


def worker(
    parent: Annotated[int, typer.Option(help="Stop when this process is gone; 0: never.", hidden=True)] = 0,
) -> None:
    """Run a worker: judges accepted zendingen and pushes deliveries.

    Any number may run beside each other, on any machine that reaches the database; each piece of work is claimed with a lease.
    """
    settings = Settings()
    logs.configure(settings.log_level, settings.pseudonym_key())
    traces.configure()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if parent:
        threading.Thread(target=_watch_parent, args=(parent, stopped), daemon=True).start()
    if settings.crl_urls:
        threading.Thread(target=CrlFetcher(settings.crl_urls).run, args=(stopped,), daemon=True).start()
    with _usable_database(settings):
        gateway = make_gateway(settings)
    if settings.worker_metrics_port and not parent:
        start_http_server(settings.worker_metrics_port, settings.host)
    Worker(gateway).run(stopped)


def _watch_parent(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent and not stop.wait(0.5):
        pass
    stop.set()
