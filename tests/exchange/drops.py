"""What the tests of transports that put files down share."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from gateway.exchange.transport import Delivery

CONTENT = b"<Levering>octets that no transport understands \xc3\xa9</Levering>"


def delivery(endpoint: str, content: bytes = CONTENT, *, test: bool = False, id: str = "") -> Delivery:
    return Delivery(
        id=id or str(uuid4()),
        bestemming="zorgkas:180",
        endpoint=endpoint,
        message_name="VSB-AANVRAAG",
        input_reference="ref",
        test=test,
        content=content,
        sha256=hashlib.sha256(content).digest(),
        created=datetime(2026, 3, 15, 12, tzinfo=UTC),
    )


def name(of: Delivery) -> str:
    return f"VSB-AANVRAAG_{of.id}.xml"


def at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """Results of a function that several threads call at the same moment; an exception is a result too."""
    gate = threading.Barrier(count)
    results: list[Any] = []

    def run() -> None:
        gate.wait()
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
