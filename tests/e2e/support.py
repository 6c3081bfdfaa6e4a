"""What browser tests ask of the gateway behind the screens."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page
from sqlalchemy import Connection, select

from gateway.store.audit_tables import audit
from gateway.store.engine import Store, make_engine
from tests.e2e.conftest import ConsoleUnderTest


@contextmanager
def database(console: ConsoleUnderTest) -> Iterator[Connection]:
    """A write transaction on the gateway's database."""
    engine = make_engine(console.gateway.environment["VSB_DATABASE_URL"])
    with Store(engine).writing() as conn:
        yield conn
    engine.dispose()


def audited(console: ConsoleUnderTest, event: str) -> list[dict[str, Any]]:
    """Records of one kind in the audit chain, oldest first, with what they say."""
    with database(console) as conn:
        rows = conn.execute(select(audit).where(audit.c.gebeurtenis == event).order_by(audit.c.volgnr)).all()
    return [{"actor": r.actor, "onderwerp": r.onderwerp, **json.loads(r.gegevens)} for r in rows]


def session_key(page: Page) -> str:
    """How the database knows the page's session."""
    (cookie,) = [c["value"] for c in page.context.cookies() if c["name"] == "vsb-sessie"]
    return hashlib.sha256(cookie.encode()).hexdigest()


def wait_for(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
