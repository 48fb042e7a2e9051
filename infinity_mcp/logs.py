"""How log lines look: for people, or as JSON for machines. Neither ever shows a secret."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from urllib.parse import unquote, urlsplit

from django.conf import settings

# What a line about a call carries beside its text (mcpserver.telemetry).
FIELDS = ("user", "tool", "outcome", "error", "upstream_status", "duration_ms")
HIDDEN = "[hidden]"
SHORTEST_SECRET = 8  # what is shorter would hide ordinary words

# One of these is in every match of _LOOKS_SECRET. Most lines have none, and to see that takes 1 us
# instead of 46. They are whole words: a shorter sign was in `mcpserver`, and so in each line of a
# call.
_SIGNS = (
    *("mcp_", "gaaaa", "://", "bearer", "basic", "code"),
    *("token", "secret", "password", "verifier", "assertion", "sessionid"),
)

# In front of a value, in queries, headers, JSON and what Python prints of these.
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


def redacted(text: str) -> str:
    """`text` without the secrets of the settings, and without what looks like one."""
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
    return tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)


def _cache_passwords() -> Iterator[str]:
    """As they are, and as they are written in the address."""
    location = settings.CACHES["default"].get("LOCATION", "")
    for server in [location] if isinstance(location, str) else location:
        written = urlsplit(server).password or ""
        yield from (written, unquote(written))


class LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, request_id; `exception` after a failure,
    and FIELDS where there are any."""

    def format(self, record: logging.LogRecord) -> str:
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
    """Makes one line of what Django reports with a traceback although the server did not fail: they
    could fill the disk with it, and hide a failure in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        is_refusal = record.name == "django.request" and record.levelno < logging.ERROR
        if is_refusal or record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True
