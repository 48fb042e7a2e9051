"""Exports the OpenTelemetry spans that the MCP SDK makes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.conf import settings
from opentelemetry import trace

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource


def export_traces() -> None:
    """Set up the export; call it once in each process. The exporter reads the OTEL_EXPORTER_OTLP_*
    variables itself, except the address, which may come from a file."""
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    # An optional dependency; infinity_mcp.checks says how to install it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=service())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def service() -> Resource:
    """The service in the traces: infinity-mcp, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES
    names another."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    ours = Resource.create({"service.name": "infinity-mcp"})
    return ours.merge(OTELResourceDetector().detect())
