"""System checks: what is wrong with the configuration, and what to do about it."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from credentials.management.places import manage, told

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
    file = told(settings.ENV_FILE)
    hint = f"Run `{manage('credentials_init')}`, which writes one into ENV_FILE, {file}."
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


@register()
def revocation_is_soon(**kwargs: Any) -> list[CheckMessage]:
    if 0 <= settings.CREDENTIAL_CACHE_SECONDS <= 1:
        return []
    hint = "A revoked key is to be refused within a second; 0 refuses it everywhere at once."
    message = "CREDENTIAL_CACHE_SECONDS must be between 0 and 1."
    return [Error(message, hint=hint, id="infinity_mcp.E007")]


@register()
def proxies_are_addresses(**kwargs: Any) -> list[CheckMessage]:
    hint = "For example TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8. A name is never the proxy's address."
    return [
        Error(f"TRUSTED_PROXIES: {proxy!r} is no address.", hint=hint, id="infinity_mcp.E008")
        for proxy in settings.TRUSTED_PROXIES
        if proxy != "*" and not _is_address(proxy)
    ]


def _is_address(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


@register()
def public_url_is_one(**kwargs: Any) -> list[CheckMessage]:
    if settings.OAUTH_ENABLED or not settings.PUBLIC_URL:
        return []  # with OAuth on, oauthbridge asks for more
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme in ("http", "https") and url.netloc and not url.path:
        return []
    hint = "For example OAUTH_PUBLIC_URL=https://mcp.example.org."
    message = "OAUTH_PUBLIC_URL must begin with https:// (or http://) and have no path."
    return [Error(message, hint=hint, id="infinity_mcp.E009")]


@register()
def some_host_is_allowed(**kwargs: Any) -> list[CheckMessage]:
    if settings.ALLOWED_HOSTS:
        return []
    hint = "Leave it out for this machine only, or name the hosts: ALLOWED_HOSTS=mcp.example.org."
    message = "ALLOWED_HOSTS is empty: nobody would be served."
    return [Error(message, hint=hint, id="infinity_mcp.E010")]


@register(Tags.security, deploy=True)
def public_hosts_need_https(**kwargs: Any) -> list[CheckMessage]:
    public = [host for host in settings.ALLOWED_HOSTS if not validate_host(host, LOOPBACK)]
    if settings.SERVED_OVER_HTTPS or not public:
        return []
    hint = "Set OAUTH_PUBLIC_URL to the https:// address that the proxy in front publishes."
    message = f"Reachable as {', '.join(public)} but not configured for HTTPS."
    return [Warning(message, hint=hint, id="infinity_mcp.W001")]


@register()
def workers_count_together(**kwargs: Any) -> list[CheckMessage]:
    if settings.WORKERS <= 1 or settings.HAS_REDIS:
        return []
    hint = "Set CACHE_URL to a Redis or Valkey, such as redis://127.0.0.1:6379/0."
    message = "Each of the WORKERS counts wrong keys and requests for itself."
    return [Warning(message, hint=hint, id="infinity_mcp.W002")]
