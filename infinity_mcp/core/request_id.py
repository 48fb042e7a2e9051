"""Gives each request an id, for its answer, its errors and its log lines."""

from __future__ import annotations

import logging
import secrets
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def new_request_id() -> str:
    """Make a random id of 16 hex digits; log lines of this request have it from here on."""
    request_id = secrets.token_hex(8)
    _request_id.set(request_id)
    return request_id


def current_request_id() -> str:
    """The id of the current request; `-` outside of one."""
    return _request_id.get()


class RequestIdFilter(logging.Filter):
    """Gives every log record the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add `request_id` to the record; drops none."""
        record.request_id = current_request_id()
        return True
