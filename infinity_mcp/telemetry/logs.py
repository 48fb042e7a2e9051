"""Configures logging: text or JSON lines, with secrets hidden."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

# Fields of a line about a call, beside its text (mcpserver.audit.call_log).
FIELDS = ("user", "tool", "outcome", "error", "upstream_status", "duration_ms")
HIDDEN = "[hidden]"
MIN_SECRET_LENGTH = 8  # shorter ones would hide ordinary words

# Every match of _LOOKS_SECRET contains one of these. Most lines have none, and testing that takes
# 1 us instead of 46. They are whole words: a shorter one was in `mcpserver`, and so in each line of
# a call.
_SIGNS = (
    *("mcp_", "gaaaa", "://", "bearer", "basic", "code"),
    *("token", "secret", "password", "verifier", "assertion", "sessionid"),
)

# Precedes a value in queries, headers, JSON and Python's representations of these.
_IS = r"""[\\"']*\s*[:=]\s*(?:b(?=["']))?[\\"']*"""
_LOOKS_SECRET = re.compile(
    rf"""
      (?-i:mcp_[A-Za-z0-9_-]{{40,}})            # an MCP key
    | (?-i:\bgAAAA[A-Za-z0-9_=-]{{20,}})        # what Fernet encrypted
    | (?<=://)[^\s:@/]*:[^\s"'<>]+(?=@)         # user and password in a URL
    | (?P<scheme>\b(?:bearer|basic)\s+)[^\s"',]+
    | (?P<code>\bcode{_IS})[^\s"',;&]{{16,}}    # a shorter one is a status
    | (?P<name>(?:token|secret|password|verifier|assertion|sessionid){_IS})
      (?:(?<=")[^"]+ | (?<=')[^']+ | [^\s"',;&]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def logging_settings(format: str) -> dict[str, Any]:
    """Django's LOGGING: everything goes to standard error, as `format`, text or json."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "infinity_mcp.core.request_id.RequestIdFilter"},
            "strangers": {"()": "infinity_mcp.telemetry.logs.MistakesOfStrangers"},
        },
        "formatters": {
            "text": {
                "()": "infinity_mcp.telemetry.logs.LineFormatter",
                "format": "{asctime} {levelname} [{request_id}] {name}: {message}",
                "style": "{",
            },
            "json": {"()": "infinity_mcp.telemetry.logs.JsonFormatter"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["request_id", "strangers"],
                "formatter": format,
            },
            "nowhere": {"class": "logging.NullHandler"},  # without one Python prints
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn": {"level": "INFO"},
            "mcpserver.calls": {"level": "INFO"},
            "uvicorn.access": {"handlers": [], "propagate": False},
            # Strangers could fill the disk with one line for each request with a wrong Host.
            "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        },
    }


def redacted(text: str) -> str:
    """`text` without the secrets of the settings and anything that looks like a secret."""
    folded = text.casefold()
    if not text.isascii():  # two letters of Turkish match an i, and are folded to something else
        folded = folded.replace("\u0131", "i").replace("\u0307", "")
    if any(sign in folded for sign in _SIGNS):
        text = _LOOKS_SECRET.sub(rf"\g<scheme>\g<code>\g<name>{HIDDEN}", text)
    for secret in _configured_secrets():
        text = text.replace(secret, HIDDEN)
    return text


@cache
def _configured_secrets() -> tuple[str, ...]:
    secrets = (
        settings.SECRET_KEY,
        *settings.CREDENTIAL_STORE_KEYS,
        settings.INFINITY_API_TOKEN,
        settings.OAUTH_CLIENT_SECRET,
        settings.METRICS_TOKEN,
        str(settings.DATABASES["default"].get("PASSWORD", "")),
        *_cache_passwords(),
    )
    return tuple(secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH)


def _cache_passwords() -> Iterator[str]:
    """Passwords of the cache, both plain and as they are encoded in its address."""
    location = settings.CACHES["default"].get("LOCATION", "")
    for server in [location] if isinstance(location, str) else location:
        written = urlsplit(server).password or ""
        yield from (written, unquote(written))


class LineFormatter(logging.Formatter):
    """Formats records as lines of text, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, without secrets."""
        return redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, request_id; `exception` after a failure,
    and FIELDS where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON, without secrets."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        hidden = {name: redacted(v) if isinstance(v, str) else v for name, v in line.items()}
        return json.dumps(hidden, ensure_ascii=False)


class MistakesOfStrangers(logging.Filter):
    """Shortens to one line the errors of clients that Django logs with a traceback: strangers could
    fill the disk with them, and hide a failure among them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lower refusals to warnings without a traceback; drops none."""
        is_refusal = record.name == "django.request" and record.levelno < logging.ERROR
        if is_refusal or record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True
