"""System checks: what is wrong with the configuration, and what to do about it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

LARGEST_REQUEST = 32 * 1024 * 1024
SHORTEST_TOKEN = 16
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


@register()
def secret_key_is_set(**kwargs: Any) -> list[CheckMessage]:
    try:
        if settings.SECRET_KEY:
            return []
    except ImproperlyConfigured:  # what Django says of an empty one names no remedy
        pass
    hint = "Run `manage.py credentials_init`, which writes one into .env."
    return [Error("DJANGO_SECRET_KEY is not set.", hint=hint, id="infinity_mcp.E001")]


@register()
def numbers_are_sensible(**kwargs: Any) -> list[CheckMessage]:
    positive = (
        "PORT",
        "WORKERS",
        "INFINITY_REQUESTS_PER_MINUTE",
        "INFINITY_MAX_WAIT_SECONDS",
        "MCP_REQUESTS_PER_MINUTE",
        "MCP_CONCURRENT_REQUESTS",
        "MCP_MAX_REQUEST_BYTES",
        "MCP_RESULT_TEXT_CHARACTERS",
        "AUDIT_RETENTION_DAYS",
    )
    return [
        Error(f"{name} must be a positive number.", id="infinity_mcp.E002")
        for name in positive
        if getattr(settings, name) <= 0
    ]


@register()
def request_size_is_bounded(**kwargs: Any) -> list[CheckMessage]:
    if settings.MCP_MAX_REQUEST_BYTES <= LARGEST_REQUEST:
        return []
    hint = "Larger files go through infinity_upload_attachment_from_url."
    message = "MCP_MAX_REQUEST_BYTES may be 33554432 (32 MiB) at most."
    return [Error(message, hint=hint, id="infinity_mcp.E003")]


@register()
def oauth_tools_exist(**kwargs: Any) -> list[CheckMessage]:
    """Here, because oauthbridge does not know the tools."""
    if not (settings.OAUTH_ENABLED and settings.OAUTH_ALLOWED_TOOLS):
        return []
    from mcpserver.server import tool_names

    unknown = sorted(set(settings.OAUTH_ALLOWED_TOOLS) - tool_names())
    hint = "`manage.py mcp_tools` lists the names."
    return [
        Error(f"OAUTH_ALLOWED_TOOLS: there is no tool {name!r}.", hint=hint, id="infinity_mcp.E004")
        for name in unknown
    ]


@register()
def metrics_token_is_strong(**kwargs: Any) -> list[CheckMessage]:
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= SHORTEST_TOKEN:
        return []
    hint = "Make one: openssl rand -hex 32."
    message = f"METRICS_TOKEN must have at least {SHORTEST_TOKEN} characters."
    return [Error(message, hint=hint, id="infinity_mcp.E005")]


@register()
def traces_can_be_exported(**kwargs: Any) -> list[CheckMessage]:
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT or find_spec("opentelemetry.sdk"):
        return []
    hint = "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
    message = "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's exporter is not installed."
    return [Error(message, hint=hint, id="infinity_mcp.E006")]


@register(Tags.security, deploy=True)
def public_hosts_need_https(**kwargs: Any) -> list[CheckMessage]:
    public = [host for host in settings.ALLOWED_HOSTS if not validate_host(host, LOOPBACK)]
    if settings.SERVED_OVER_HTTPS or not public:
        return []
    hint = "Set OAUTH_PUBLIC_URL to the https:// address that the proxy in front publishes."
    message = f"Reachable as {', '.join(public)} but not configured for HTTPS."
    return [Warning(message, hint=hint, id="infinity_mcp.W001")]
