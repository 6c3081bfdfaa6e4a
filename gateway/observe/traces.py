"""OpenTelemetry traces, when the standard OTEL_EXPORTER_OTLP_* variables name a collector and the extra `otel` is installed.

A MessageId is a UUID, as long as a trace id: it is the trace id of its message. So the worker that delivers a message a day
later, on another machine, adds to the trace that its arrival began, and nothing has to be stored for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog

log = structlog.get_logger("traces")
_WANTED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_tracer: Any = None


def configure() -> None:
    """Begin to send traces from this process; without a collector named in the environment nothing is done or paid."""
    global _tracer
    if not any(os.environ.get(name) for name in _WANTED):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces_not_installed", remedy="pip install 'vsb-gateway[otel]'")
        return
    provider = TracerProvider(resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "vsb-gateway")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("gateway")


@contextmanager
def span(name: str, ticket: str, **attributes: str) -> Iterator[None]:
    """A stage of a message's way, in the trace of its id; inside another span of this thread it is that one's child.

    Args:
        ticket: the MessageId, a UUID.
        attributes: never what tells who a person is.
    """
    if _tracer is None:
        yield
        return
    from opentelemetry import trace

    context = None
    if not trace.get_current_span().get_span_context().is_valid:
        number = UUID(ticket).int
        parent = trace.SpanContext(number, number & 0xFFFFFFFFFFFFFFFF, is_remote=True, trace_flags=trace.TraceFlags(1))
        context = trace.set_span_in_context(trace.NonRecordingSpan(parent))
    with _tracer.start_as_current_span(name, context=context, attributes={"vsb.message_id": ticket, **attributes}):
        yield
