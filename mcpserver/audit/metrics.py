"""Collects the metrics of all workers for /metrics."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from django.db import connection
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from infinity_mcp.core.events import EventKind
from mcpserver.audit.records import CallRow

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "infinity-mcp-metrics-"  # of such a folder; the id of its process follows
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_calls = Counter("infinity_mcp_calls", "Calls of tools.", ["tool", "outcome", "error"])
_durations = Histogram(
    "infinity_mcp_call_seconds", "How long calls took.", ["tool"], buckets=SECONDS
)
_in_progress = Gauge(
    "infinity_mcp_requests_in_progress",
    "Requests to /mcp under way.",
    multiprocess_mode="livesum",
)
_refusals = Counter("infinity_mcp_refusals", "Refused requests, by reason.", ["kind"])
_upstream_requests = Counter("infinity_mcp_upstream_requests", "Requests to Infinity.")
_upstream_refusals = Counter(
    "infinity_mcp_upstream_refusals", "Calls that Infinity refused, by HTTP status.", ["status"]
)
_connections = Gauge(
    "infinity_mcp_database_connections",
    "Connections to PostgreSQL, and requests that wait for one, as calls were last written.",
    ["state"],
    multiprocess_mode="livesum",
)
LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_lags = Histogram(
    "infinity_mcp_event_loop_lag_seconds",
    "How late the event loop came to its next turn.",
    buckets=LAGS,
)
_loads = Histogram(
    "infinity_mcp_event_loop_busy_seconds",
    "How much of that lag its own thread computed.",
    buckets=LAGS,
)


def count_call(call: CallRow, *, is_known: bool) -> None:
    """Count a call. Unknown tools share one label: clients could make up any number of names."""
    tool = call.tool if is_known else "unknown"
    _calls.labels(tool, call.outcome, call.error).inc()
    _durations.labels(tool).observe((call.duration_ms or 0) / 1000)
    _upstream_requests.inc(call.requests)
    if call.upstream_status:
        _upstream_refusals.labels(call.upstream_status).inc()


def count_refusal(kind: EventKind) -> None:
    """Count a refused request."""
    _refusals.labels(kind).inc()


def in_progress() -> AbstractContextManager[None]:
    """Counts a request as under way while the block runs."""
    return _in_progress.track_inprogress()


def note_connections() -> None:
    """Record the state of the connection pool. Called in a thread that uses the database: in the
    event loop's it would open a connection."""
    pool = getattr(connection, "pool", None)  # PostgreSQL has one
    if pool is None:
        return
    stats = pool.get_stats()
    idle = stats.get("pool_available", 0)
    _connections.labels("used").set(stats.get("pool_size", 0) - idle)
    _connections.labels("idle").set(idle)
    _connections.labels("waited for").set(stats.get("requests_waiting", 0))


def note_lag(lag: float, busy: float) -> None:
    """Record the lag of one turn of the event loop and its own share of that, in seconds."""
    _lags.observe(lag)
    _loads.observe(busy)


def render() -> bytes:
    """All metrics in Prometheus' text format."""
    folder = os.environ.get(SHARED_FOLDER)
    if folder is None:
        return generate_latest(REGISTRY)
    _forget_ended_workers(Path(folder))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_ended_workers(folder: Path) -> None:
    """Drop the gauges of workers that were killed: their requests are no longer under way."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        if not _is_running(pid):
            with suppress(FileNotFoundError):  # another worker was faster
                multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


@contextmanager
def shared_folder() -> Iterator[None]:
    """Provides a folder in which all workers count, so that each can report the metrics of all.

    Also removes the folders of servers that were killed.
    """
    _remove_left_behind()
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        os.environ[SHARED_FOLDER] = folder
        yield


def _remove_left_behind() -> None:
    if sys.platform == "win32":  # where os.kill cannot test whether a process runs
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        with suppress(FileNotFoundError):  # another server was faster
            is_own = folder.lstat().st_uid == os.getuid()
            if is_own and pid.isdecimal() and not _is_running(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user, which got the id later
        return True
    return True
