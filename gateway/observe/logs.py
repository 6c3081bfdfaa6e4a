"""Structured logs: JSON lines, one correlation id, never an INSZ, a key or a whole message."""

from __future__ import annotations

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


def configure(level: str) -> None:
    """Send every log line, also the libraries', to stderr as JSON."""
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
