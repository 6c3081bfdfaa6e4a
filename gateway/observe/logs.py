"""Structured logs: JSON lines, one correlation id, never an INSZ, a key or a whole message."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import sys
from typing import Any

import structlog

_ELEVEN_DIGITS = re.compile(r"(?<!\d)\d{11}(?!\d)")


def _mask(_logger: Any, _name: str, event: Any) -> Any:
    # Last line of defence: whatever looks like an INSZ or a full RIZIV number is masked, wherever it comes from.
    for key, value in event.items():
        if isinstance(value, str) and key != "timestamp":
            event[key] = _ELEVEN_DIGITS.sub("***********", value)
    return event


_pseudonym_key: str | None = None


def pseudonym(insz: str, key: str) -> str:
    """What stands in the log for a person: HMAC-SHA256 of the INSZ, the first 16 hexadecimal digits."""
    return hmac.new(key.encode(), insz.encode(), hashlib.sha256).hexdigest()[:16]


def bind_person(insz: str) -> None:
    """Name the person by pseudonym in the log lines that follow in this request; without a key nobody is named."""
    if _pseudonym_key is not None:
        structlog.contextvars.bind_contextvars(person=pseudonym(insz, _pseudonym_key))


def configure(level: str, pseudonym_key: str | None = None) -> None:
    """Send every log line, also the libraries', to stderr as JSON.

    Args:
        pseudonym_key: with it, lines about a person carry the pseudonym of their INSZ.
    """
    global _pseudonym_key
    _pseudonym_key = pseudonym_key
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "zeep", "urllib3", "pyhanko_certvalidator"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
