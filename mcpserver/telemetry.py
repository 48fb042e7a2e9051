"""What is told of every call when it ends: a line in the log, and its part of the metrics."""

from __future__ import annotations

import logging

from mcpserver.metrics import count_call
from mcpserver.rows import CallRow

logger = logging.getLogger("mcpserver.calls")


def tell(call: CallRow, *, is_known: bool = True) -> None:
    """`call` has ended, or was refused. `is_known`: whether there is such a tool."""
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
