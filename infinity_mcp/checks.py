"""System checks of the configuration; each says what to do."""

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

from infinity_mcp.core.paths import explain_missing_env_file, manage, told
from infinity_mcp.serving.listening import LAST_PORT

MAX_REQUEST_BYTES = 32 * 1024 * 1024
MIN_TOKEN_LENGTH = 16
STRONG_TOKEN = re.compile(rf"[!-~]{{{MIN_TOKEN_LENGTH},}}")
EXPORTER = "opentelemetry.exporter.otlp.proto.http"  # it brings the rest of OpenTelemetry
# Other spellings never equal the Host header of a request.
HOST_NAME = re.compile(r"\*|[a-z0-9.-]+|\[[0-9a-f:.]+\]", re.IGNORECASE)
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+|:\*)?")
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


@register()
def secret_key_is_set(**kwargs: Any) -> list[CheckMessage]:
    """Report an empty DJANGO_SECRET_KEY, with the command that writes one."""
    try:
        if settings.SECRET_KEY:
            return []
    except ImproperlyConfigured:  # Django's message about an empty one names no remedy
        pass
    file = told(settings.ENV_FILE)
    run = f"Run `{manage('credentials_init')}`, which writes one into ENV_FILE, {file}."
    hint = f"{explain_missing_env_file()} {run}".lstrip()
    return [Error("DJANGO_SECRET_KEY is not set.", hint=hint, id="infinity_mcp.E001")]


@register()
def numbers_are_sensible(**kwargs: Any) -> list[CheckMessage]:
    """Report each number that must be positive and is not."""
    positive = (
        "PORT",
        "WORKERS",
        "INFINITY_REQUESTS_PER_MINUTE",
        "MCP_REQUESTS_PER_MINUTE",
        "MCP_CONCURRENT_REQUESTS",
        "MCP_MAX_REQUEST_BYTES",
        "MCP_RESULT_TEXT_CHARACTERS",
        "AUDIT_RETENTION_DAYS",
    )
    return [
        Error(f"{name} must be a positive number, but is {value}.", id="infinity_mcp.E002")
        for name in positive
        if (value := getattr(settings, name)) <= 0
    ]


@register()
def request_size_is_bounded(**kwargs: Any) -> list[CheckMessage]:
    """Report an MCP_MAX_REQUEST_BYTES above 32 MiB."""
    if settings.MCP_MAX_REQUEST_BYTES <= MAX_REQUEST_BYTES:
        return []
    hint = "Larger files go through infinity_upload_attachment_from_url."
    message = "MCP_MAX_REQUEST_BYTES may be 33554432 (32 MiB) at most."
    return [Error(message, hint=hint, id="infinity_mcp.E003")]


@register()
def oauth_tools_exist(**kwargs: Any) -> list[CheckMessage]:
    """Check OAUTH_ALLOWED_TOOLS; here, because oauthbridge does not know the tools."""
    if not (settings.OAUTH_ENABLED and settings.OAUTH_ALLOWED_TOOLS):
        return []
    from mcpserver.tools import tool_names

    unknown = sorted(set(settings.OAUTH_ALLOWED_TOOLS) - tool_names())
    hint = f"`{manage('mcp_tools')}` lists the names."
    return [
        Error(f"OAUTH_ALLOWED_TOOLS: there is no tool {name!r}.", hint=hint, id="infinity_mcp.E004")
        for name in unknown
    ]


@register()
def metrics_token_is_strong(**kwargs: Any) -> list[CheckMessage]:
    """Report a METRICS_TOKEN that is short or that no header can carry."""
    if not settings.METRICS_TOKEN or STRONG_TOKEN.fullmatch(settings.METRICS_TOKEN):
        return []
    hint = "Make one: openssl rand -hex 32"
    message = (
        f"METRICS_TOKEN must have at least {MIN_TOKEN_LENGTH} characters,"
        " without spaces or accented letters."
    )
    return [Error(message, hint=hint, id="infinity_mcp.E005")]


@register()
def traces_can_be_exported(**kwargs: Any) -> list[CheckMessage]:
    """Report an endpoint for traces without the packages that export them."""
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT or _is_installed(EXPORTER):
        return []
    hint = "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
    message = "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's exporter is not installed."
    return [Error(message, hint=hint, id="infinity_mcp.E006")]


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False


@register()
def revocation_is_soon(**kwargs: Any) -> list[CheckMessage]:
    """Report a CREDENTIAL_CACHE_SECONDS outside 0 to 1."""
    if 0 <= settings.CREDENTIAL_CACHE_SECONDS <= 1:
        return []
    hint = "A revoked key must be refused within a second; 0 refuses it everywhere at once."
    message = "CREDENTIAL_CACHE_SECONDS must be between 0 and 1."
    return [Error(message, hint=hint, id="infinity_mcp.E007")]


@register()
def proxies_are_addresses(**kwargs: Any) -> list[CheckMessage]:
    """Report each of TRUSTED_PROXIES that is neither an IP address, a network nor *."""
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
    """Report an OAUTH_PUBLIC_URL with a path or without http; oauthbridge asks for more."""
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
    """Report an empty ALLOWED_HOSTS, with which every request would be refused."""
    if settings.ALLOWED_HOSTS:
        return []
    hint = "Leave it out for this machine only, or name the hosts: ALLOWED_HOSTS=mcp.example.org."
    message = "ALLOWED_HOSTS is empty: every request would be refused."
    return [Error(message, hint=hint, id="infinity_mcp.E010")]


@register()
def hosts_are_names(**kwargs: Any) -> list[CheckMessage]:
    """Report each of ALLOWED_HOSTS that has a scheme, port or path, or is no name."""
    hint = "The name alone: mcp.example.org, .example.org with all below it, [::1], or * for any."
    return [
        Error(f"ALLOWED_HOSTS: {host!r} is no host name.", hint=hint, id="infinity_mcp.E011")
        for host in settings.ALLOWED_HOSTS
        if not HOST_NAME.fullmatch(host)
    ]


@register()
def origins_are_understood(**kwargs: Any) -> list[CheckMessage]:
    """Report each of MCP_ALLOWED_ORIGINS that no browser sends in this form."""
    hint = "As browsers send it, in lower case, without a path: https://app.example.org."
    return [
        Error(f"MCP_ALLOWED_ORIGINS: {origin!r} is no origin.", hint=hint, id="infinity_mcp.E012")
        for origin in settings.MCP_ALLOWED_ORIGINS
        if not ORIGIN.fullmatch(origin)
    ]


@register()
def transport_is_known(**kwargs: Any) -> list[CheckMessage]:
    """Report a TRANSPORT other than http and stdio."""
    if settings.TRANSPORT in ("http", "stdio"):
        return []
    hint = "Use http, which is streamable HTTP, or stdio."
    return [Error(f"TRANSPORT is {settings.TRANSPORT!r}.", hint=hint, id="infinity_mcp.E013")]


@register()
def port_is_one(**kwargs: Any) -> list[CheckMessage]:
    """Report a PORT above 65535; `numbers_are_sensible` reports those below 1."""
    if settings.PORT <= LAST_PORT:
        return []
    hint = f"Ports go from 1 to {LAST_PORT}; 3015 is the default."
    return [Error(f"PORT is {settings.PORT}.", hint=hint, id="infinity_mcp.E014")]


@register()
def draining_takes_time(**kwargs: Any) -> list[CheckMessage]:
    """Report a negative DRAIN_SECONDS."""
    if settings.DRAIN_SECONDS >= 0:
        return []
    hint = "0 ends at once; behind a proxy, set it longer than the proxy needs to notice."
    return [Error("DRAIN_SECONDS must not be negative.", hint=hint, id="infinity_mcp.E015")]


@register()
def traces_have_an_address(**kwargs: Any) -> list[CheckMessage]:
    """Report an endpoint for traces that is no http or https address."""
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    if not endpoint or _is_web_address(endpoint):
        return []
    hint = "For example http://127.0.0.1:4318."
    message = "OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or https://."
    return [Error(message, hint=hint, id="infinity_mcp.E016")]


@register(Tags.security, deploy=True)
def public_hosts_need_https(**kwargs: Any) -> list[CheckMessage]:
    """Warn of hosts other than this machine that are served without HTTPS."""
    public = [host for host in settings.ALLOWED_HOSTS if not validate_host(host, LOOPBACK)]
    if settings.SERVED_OVER_HTTPS or not public:
        return []
    hint = "Set OAUTH_PUBLIC_URL to the https:// address that the proxy in front publishes."
    message = f"Reachable as {', '.join(public)} but not configured for HTTPS."
    return [Warning(message, hint=hint, id="infinity_mcp.W001")]


@register()
def workers_count_together(**kwargs: Any) -> list[CheckMessage]:
    """Warn of several workers without Redis, each of which has its own limits."""
    if settings.WORKERS <= 1 or settings.HAS_REDIS:
        return []
    hint = "Set CACHE_URL to a Redis or Valkey, such as redis://127.0.0.1:6379/0."
    message = "Each of the WORKERS counts wrong keys and requests for itself."
    return [Warning(message, hint=hint, id="infinity_mcp.W002")]


@register()
def names_are_known(**kwargs: Any) -> list[CheckMessage]:
    """Warn of each variable like ours in the .env file that no setting reads."""
    file = told(settings.ENV_FILE)
    return [
        Warning(
            f"{file} sets {name}, which is no setting.",
            hint=f"Did you mean {meant}?" if meant else ".env.example lists all settings.",
            id="infinity_mcp.W003",
        )
        for name, meant in settings.UNKNOWN_SETTINGS.items()
    ]
