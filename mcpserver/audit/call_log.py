"""Logs and counts each finished call."""

from __future__ import annotations

import logging

from mcpserver.audit.metrics import count_call
from mcpserver.audit.records import CallRow

logger = logging.getLogger("mcpserver.calls")


def log_call(call: CallRow, *, is_known: bool = True) -> None:
    """Log and count a call that ended or was refused. `is_known`: whether there is such a tool."""
    count_call(call, is_known=is_known)
    outcome = f"{call.outcome} ({call.error})" if call.error else call.outcome
    logger.info(
        "%s by %s: %s in %d ms",
        call.tool,
        call.user,
        outcome,
        call.duration_ms or 0,
        extra={
            "user": call.user,
            "tool": call.tool,
            "outcome": call.outcome,
            "error": call.error,
            "upstream_status": call.upstream_status,
            "duration_ms": call.duration_ms,
        },
    )
