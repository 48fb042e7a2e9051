"""One id for each request: in its answer, in the errors it causes, and in the log."""

from __future__ import annotations

import logging
import secrets
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def new_request_id() -> str:
    request_id = secrets.token_hex(8)
    _request_id.set(request_id)
    return request_id


def current_request_id() -> str:
    """`-` outside of a request."""
    return _request_id.get()


class RequestIdFilter(logging.Filter):
    """Gives every log record the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
