"""System checks: what is wrong with the configuration, and what to do about it."""

from __future__ import annotations

import re
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
STRONG_TOKEN = re.compile(rf"[!-~]{{{SHORTEST_TOKEN},}}")
LAST_PORT = 65535
EXPORTER = "opentelemetry.exporter.otlp.proto.http"  # it brings the rest of OpenTelemetry
# What is written otherwise is never equal to what is sent.
HOST_NAME = re.compile(r"\*|[a-z0-9.-]+|\[[0-9a-f:.]+\]", re.IGNORECASE)
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+|:\*)?")
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
        "OAUTH_REGISTRATIONS_PER_HOUR",
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
    hint = f"`{manage('mcp_tools')}` lists the names."
    return [
        Error(f"OAUTH_ALLOWED_TOOLS: there is no tool {name!r}.", hint=hint, id="infinity_mcp.E004")
        for name in unknown
    ]


@register()
def metrics_token_is_strong(**kwargs: Any) -> list[CheckMessage]:
    if not settings.METRICS_TOKEN or STRONG_TOKEN.fullmatch(settings.METRICS_TOKEN):
        return []
    hint = "Make one: openssl rand -hex 32. What follows it in the line, a # too, is part of it."
    message = (
        f"METRICS_TOKEN must have at least {SHORTEST_TOKEN} characters,"
        " without spaces or accented letters."
    )
    return [Error(message, hint=hint, id="infinity_mcp.E005")]


@register()
def traces_can_be_exported(**kwargs: Any) -> list[CheckMessage]:
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT or _is_installed(EXPORTER):
        return []
    hint = "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
    message = "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's exporter is not installed."
    return [Error(message, hint=hint, id="infinity_mcp.E006")]


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of one that it is in
        return False


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
    if _is_web_address(settings.PUBLIC_URL) and urlsplit(settings.PUBLIC_URL)[2:] == ("", "", ""):
        return []
    hint = "For example OAUTH_PUBLIC_URL=https://mcp.example.org."
    message = "OAUTH_PUBLIC_URL must begin with https:// (or http://) and have no path."
    return [Error(message, hint=hint, id="infinity_mcp.E009")]


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # a port that is not one, or an unclosed bracket
        return False


@register()
def some_host_is_allowed(**kwargs: Any) -> list[CheckMessage]:
    if settings.ALLOWED_HOSTS:
        return []
    hint = "Leave it out for this machine only, or name the hosts: ALLOWED_HOSTS=mcp.example.org."
    message = "ALLOWED_HOSTS is empty: nobody would be served."
    return [Error(message, hint=hint, id="infinity_mcp.E010")]


@register()
def hosts_are_names(**kwargs: Any) -> list[CheckMessage]:
    hint = "The name alone: mcp.example.org, .example.org with all below it, [::1], or * for any."
    return [
        Error(f"ALLOWED_HOSTS: {host!r} is no host name.", hint=hint, id="infinity_mcp.E011")
        for host in settings.ALLOWED_HOSTS
        if not HOST_NAME.fullmatch(host)
    ]


@register()
def origins_are_understood(**kwargs: Any) -> list[CheckMessage]:
    hint = "As browsers send it, in lower case, without a path: https://app.example.org."
    return [
        Error(f"MCP_ALLOWED_ORIGINS: {origin!r} is no origin.", hint=hint, id="infinity_mcp.E012")
        for origin in settings.MCP_ALLOWED_ORIGINS
        if not ORIGIN.fullmatch(origin)
    ]


@register()
def transport_is_known(**kwargs: Any) -> list[CheckMessage]:
    if settings.TRANSPORT in ("http", "stdio"):
        return []
    hint = "Use http, which is streamable HTTP, or stdio."
    return [Error(f"TRANSPORT is {settings.TRANSPORT!r}.", hint=hint, id="infinity_mcp.E013")]


@register()
def port_is_one(**kwargs: Any) -> list[CheckMessage]:
    if settings.PORT <= LAST_PORT:
        return []
    hint = f"Ports go from 1 to {LAST_PORT}; 3015 is the default."
    return [Error(f"PORT is {settings.PORT}.", hint=hint, id="infinity_mcp.E014")]


@register()
def draining_takes_time(**kwargs: Any) -> list[CheckMessage]:
    if settings.DRAIN_SECONDS >= 0:
        return []
    hint = "0 ends at once; behind a proxy, longer than it takes the proxy to notice."
    return [Error("DRAIN_SECONDS must not be negative.", hint=hint, id="infinity_mcp.E015")]


@register()
def traces_have_an_address(**kwargs: Any) -> list[CheckMessage]:
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    if not endpoint or _is_web_address(endpoint):
        return []
    hint = "For example http://127.0.0.1:4318."
    message = "OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or https://."
    return [Error(message, hint=hint, id="infinity_mcp.E016")]


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
