"""The metrics for Prometheus and the traces for OpenTelemetry."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest

from infinity_mcp.telemetry import tracing
from mcpserver.audit.metrics import SHARED_FOLDER, shared_folder
from tests.conftest import MakeUser
from tests.support import PATIENT, Server, eventually, running_server

pytestmark = pytest.mark.any_database

TOKEN = secrets.token_hex(32)


@pytest.fixture(scope="module")
def measured(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers and /metrics."""
    folder = tmp_path_factory.mktemp("metrics")
    with running_server(folder, WORKERS="2", METRICS_TOKEN=TOKEN) as running:
        yield running


def asked(server: Server, token: str | None = TOKEN) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx2.get(f"{server.origin}/metrics", headers=headers, **PATIENT)


def value(server: Server, name: str, **labels: str) -> float:
    """Of one sample, 0 while there is none."""
    for sample, given, number in re.findall(
        r"^(\w+)(?:\{(.*)\})? (\S+)$", asked(server).text, re.M
    ):
        if sample == name and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', given)).items():
            return float(number)
    return 0.0


def test_calls_of_all_workers_are_counted_by_tool_and_outcome(
    measured: Server, make_user: MakeUser
) -> None:
    _, key = make_user(access="read-only")
    for _ in range(8):  # over connections of their own: both workers get some
        measured.call(key, "infinity_get_profile")
    measured.call(key, "infinity_get_board", workspace_id="1", board_id="Hq7wTz3KfPa")
    measured.call(
        key, "infinity_delete_hook", workspace_id="1", board_id="Hq7wTz3KfPa", hook_id="1"
    )
    measured.call(key, f"infinity_{secrets.token_hex(8)}")

    calls = "infinity_mcp_calls_total"
    assert 8 == value(measured, calls, tool="infinity_get_profile", outcome="ok")
    assert 1 == value(measured, calls, tool="infinity_get_board", error="not_found")
    assert 1 == value(measured, calls, outcome="refused", error="missing_scope")
    assert 1 == value(measured, calls, tool="unknown", error="unknown_tool")
    took = "infinity_mcp_call_seconds"
    assert 8 == value(measured, f"{took}_count", tool="infinity_get_profile")
    assert 8 == value(measured, f"{took}_bucket", tool="infinity_get_profile", le="+Inf")
    assert 9 <= value(measured, "infinity_mcp_upstream_requests_total")
    assert 1 == value(measured, "infinity_mcp_upstream_refusals_total", status="404")
    assert 0 == value(measured, "infinity_mcp_requests_in_progress")


def test_refusals_are_counted(measured: Server, transactional_db: None) -> None:
    before = value(measured, "infinity_mcp_refusals_total")
    measured.post("mcp_wrong")
    assert before + 1 == value(measured, "infinity_mcp_refusals_total")


@pytest.mark.parametrize("token", [None, "wrong", TOKEN.upper()], ids=["none", "wrong", "case"])
def test_without_the_token_nothing_is_told(measured: Server, token: str | None) -> None:
    answer = asked(measured, token)
    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
    assert "infinity_mcp_" not in answer.text


def test_without_the_setting_there_are_no_metrics(server: Server) -> None:
    assert 404 == asked(server).status_code


def test_a_guessable_token_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="METRICS_TOKEN must have at least 16"),
        running_server(tmp_path, METRICS_TOKEN="metrics"),
    ):
        pass


def test_folders_of_killed_servers_are_removed_and_those_of_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = ("infinity-mcp-metrics-{}-a", "infinity-mcp-metrics-{}-b", "other-{}-c")
    left, running, other = (
        tmp_path / name.format(pid)
        for name, pid in zip(names, (ended.pid, os.getpid(), ended.pid), strict=True)
    )
    for folder in (left, running, other):
        folder.mkdir()
        (folder / "counter.db").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(SHARED_FOLDER, "")  # what is set meanwhile is taken back

    with shared_folder():
        (mine,) = set(tmp_path.iterdir()) - {left, running, other}
        assert os.environ[SHARED_FOLDER] == str(mine)

    assert {running, other} == set(tmp_path.iterdir())


class Collector(HTTPServer):
    """Keeps what an exporter sends."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Collected)
        self.bodies: list[bytes] = []


class _Collected(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_traces_of_calls_are_exported_without_arguments(
    collector: Collector, make_user: MakeUser, tmp_path: Path
) -> None:
    _, key = make_user()
    endpoint = tmp_path / "endpoint"
    endpoint.write_text(f"http://127.0.0.1:{collector.server_port}\n")
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT_FILE": str(endpoint),
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_SERVICE_NAME": "team-infinity",
    }
    with running_server(tmp_path, **settings) as server:
        server.call(key, "infinity_get_board", workspace_id="1", board_id="canary")
        eventually(lambda: b"tools/call infinity_get_board" in b"".join(collector.bodies))
    sent = b"".join(collector.bodies)
    assert b"team-infinity" in sent
    assert b"canary" not in sent
    assert key.encode() not in sent


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "infinity-mcp"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "host.name=one"}, "infinity-mcp"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=team"}, "team"),
        ({"OTEL_SERVICE_NAME": "team"}, "team"),
    ],
)
def test_traces_are_of_the_service_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    for variable in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    assert name == tracing.service().attributes["service.name"]
