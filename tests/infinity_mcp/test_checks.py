"""`manage.py check` on settings that would not work as meant."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def findings() -> dict[str | None, str]:
    """Messages and hints of the checks of infinity_mcp, by id."""
    return {
        finding.id: f"{finding.msg} {finding.hint}"
        for finding in run_checks()
        if str(finding.id).startswith("infinity_mcp.")
    }


@pytest.mark.parametrize(
    ("name", "value", "id", "told"),
    [
        ("ALLOWED_HOSTS", ["a.org", "https://b.org"], "E011", "'https://b.org' is no host name"),
        ("ALLOWED_HOSTS", ["b.org:443"], "E011", "'b.org:443' is no host name"),
        ("ALLOWED_HOSTS", ["::1"], "E011", "[::1]"),
        ("MCP_ALLOWED_ORIGINS", ["foo"], "E012", "'foo' is no origin"),
        ("MCP_ALLOWED_ORIGINS", ["*"], "E012", "'*' is no origin"),
        ("MCP_ALLOWED_ORIGINS", ["null"], "E012", "'null' is no origin"),
        ("MCP_ALLOWED_ORIGINS", ["https://a.org/"], "E012", "without a path"),
        ("MCP_ALLOWED_ORIGINS", ["https://A.org"], "E012", "in lower case"),
        ("TRANSPORT", "sse", "E013", "TRANSPORT is 'sse'. Use http"),
        ("PORT", 70000, "E014", "PORT is 70000. Ports go from 1 to 65535"),
        ("PORT", 0, "E002", "PORT must be a positive number, but is 0."),
        ("DRAIN_SECONDS", -5, "E015", "DRAIN_SECONDS must not be negative"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "E016", "http://127.0.0.1:4318"),
        ("METRICS_TOKEN", "metrics", "E005", "METRICS_TOKEN must have at least 16 characters"),
        ("METRICS_TOKEN", "metrics # for Prometheus", "E005", "openssl rand"),
        ("METRICS_TOKEN", "Zähler für Prometheus", "E005", "without spaces or accented letters"),
        ("PUBLIC_URL", "https://[::1", "E009", "OAUTH_PUBLIC_URL must begin with https://"),
        ("PUBLIC_URL", "https://a.org:x", "E009", "OAUTH_PUBLIC_URL must begin with https://"),
        ("PUBLIC_URL", "https://a.org?x", "E009", "OAUTH_PUBLIC_URL must begin with https://"),
    ],
)
def test_a_value_that_cannot_work_is_told_with_a_hint(
    settings: Settings, name: str, value: Any, id: str, told: str
) -> None:
    setattr(settings, name, value)

    found = findings()

    assert [f"infinity_mcp.{id}"] == list(found)
    assert told in found[f"infinity_mcp.{id}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", ["mcp.example.org", ".Example.org", "127.0.0.1", "[::1]", "*"]),
        ("MCP_ALLOWED_ORIGINS", ["https://a.org", "http://localhost:*", "http://[::1]:6274"]),
        ("MCP_ALLOWED_ORIGINS", ["vscode-webview://0abc1", "chrome-extension://abcdefgh"]),
        ("MCP_ALLOWED_ORIGINS", []),
        ("TRANSPORT", "stdio"),
        ("PORT", 65535),
        ("DRAIN_SECONDS", 0),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://traces.example.org/otlp"),
        ("PUBLIC_URL", "https://mcp.example.org:8443"),
    ],
)
def test_a_value_that_works_is_not_told(settings: Settings, name: str, value: Any) -> None:
    setattr(settings, name, value)
    assert {} == findings()


@pytest.mark.parametrize(
    "missing", ["opentelemetry.exporter", "opentelemetry.exporter.otlp.proto.http"]
)
def test_traces_without_their_exporter_are_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    for name in [name for name in sys.modules if name.startswith("opentelemetry.exporter")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed

    assert "opentelemetry-exporter-otlp-proto-http" in findings()["infinity_mcp.E006"]
