"""OAuth is configured or the server does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

from accounts.models import McpUser
from accounts.scopes import SCOPES
from infinity_mcp.checks import oauth_tools_exist
from oauthbridge.checks import is_public_url, oauth_is_configured
from oauthbridge.configured import register_configured_client, warn_of_unknown_user
from oauthbridge.models import Application
from tests.oauthbridge.conftest import CLIENT_ID, CLIENT_SECRET, variables
from tests.support import ROOT, environment, free_port, running

VARIABLES = (
    "OAUTH_PUBLIC_URL",
    "OAUTH_MCP_USER",
    "OAUTH_CLIENT_ID",
    "OAUTH_CLIENT_SECRET",
    "OAUTH_ALLOWED_REDIRECT_ORIGINS",
)


@pytest.fixture
def configured(settings: Settings) -> Iterator[Settings]:
    """Settings with which OAuth works."""
    settings.OAUTH_ENABLED = True
    settings.PUBLIC_URL = "https://mcp.example.org"
    settings.ALLOWED_HOSTS = ["mcp.example.org"]
    settings.OAUTH_MCP_USER = "alice"
    settings.OAUTH_CLIENT_ID, settings.OAUTH_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.OAUTH_ALLOWED_REDIRECT_ORIGINS = ["https://chatgpt.com"]
    yield settings


def found() -> list[tuple[str | None, str]]:
    return [(message.id, message.msg) for message in oauth_is_configured()]


def test_a_full_configuration_is_fine(configured: Settings) -> None:
    assert [] == found()


@pytest.mark.parametrize("name", VARIABLES)
def test_each_missing_variable_is_named(configured: Settings, name: str) -> None:
    missing: list[str] | str = [] if name.endswith("ORIGINS") else ""
    setattr(configured, "PUBLIC_URL" if name == "OAUTH_PUBLIC_URL" else name, missing)
    assert [("oauthbridge.E001", f"{name} is not set, but OAUTH_ENABLED is.")] == found()


def test_with_registration_there_need_not_be_a_client(configured: Settings) -> None:
    configured.OAUTH_CLIENT_ID = configured.OAUTH_CLIENT_SECRET = ""
    configured.OAUTH_ALLOWED_REDIRECT_ORIGINS = []
    assert 3 == len(found())
    configured.OAUTH_DYNAMIC_REGISTRATION = True
    assert [] == found()


def test_nothing_is_asked_while_it_is_off(configured: Settings) -> None:
    configured.OAUTH_ENABLED, configured.PUBLIC_URL = False, ""
    assert [] == found()


@pytest.mark.parametrize(
    "url",
    [
        "http://mcp.example.org",
        "https://mcp.example.org/infinity",
        "https://mcp.example.org?x",
        "https://user@mcp.example.org",
        "https://MCP.example.org",
        "https://mcp.example.org:0",
        "https://mcp.example.org:x",
        "https://mcp.example.org:443",
        "https://mcp.example.org:",
        "https://[::1",
        "http://127.0.0.1:80",
        "mcp.example.org",
        "https://",
        "http://localhost.evil.example",
    ],
)
def test_a_wrong_public_url_is_named(configured: Settings, url: str) -> None:
    configured.PUBLIC_URL = url
    assert ["oauthbridge.E002"] == [id for id, _ in found()]


@pytest.mark.parametrize(
    "url", ["https://mcp.example.org:8443", "http://127.0.0.1:3015", "http://localhost:3015"]
)
def test_https_or_this_machine_is_fine(url: str) -> None:
    assert is_public_url(url)


@pytest.mark.parametrize(
    ("url", "hosts", "errors"),
    [
        ("https://mcp.example.org", ["localhost"], 1),
        ("https://mcp.example.org:8443", [".example.org"], 0),
        ("https://mcp.example.org", ["*"], 0),
        ("http://[::1]:3015", ["[::1]"], 0),
        ("http://127.0.0.1:3015", ["mcp.example.org"], 1),
    ],
)
def test_a_public_host_that_is_not_served_is_named(
    configured: Settings, url: str, hosts: list[str], errors: int
) -> None:
    configured.PUBLIC_URL, configured.ALLOWED_HOSTS = url, hosts
    assert errors == len(found())
    assert {"oauthbridge.E005"} >= {id for id, _ in found()}


def test_registration_is_named_as_the_other_way(configured: Settings) -> None:
    configured.OAUTH_CLIENT_ID, configured.OAUTH_MCP_USER = "", ""
    hints = [str(error.hint) for error in oauth_is_configured()]
    assert [False, True] == ["OAUTH_DYNAMIC_REGISTRATION=true" in hint for hint in hints]


@pytest.mark.parametrize(
    "origin",
    [
        "chatgpt.com",
        "http://chatgpt.com",
        "https://chatgpt.com/",
        "https://chatgpt.com:443",
        "https://*.com",
        "https://a@b.c",
    ],
)
def test_a_wrong_origin_is_named(configured: Settings, origin: str) -> None:
    configured.OAUTH_ALLOWED_REDIRECT_ORIGINS = ["https://chatgpt.com", origin]
    assert [("oauthbridge.E003", f"OAUTH_ALLOWED_REDIRECT_ORIGINS: {origin!r} is no origin.")] == (
        found()
    )


def test_a_short_secret_is_named(configured: Settings) -> None:
    configured.OAUTH_CLIENT_SECRET = "short"
    assert ["oauthbridge.E004"] == [id for id, _ in found()]


@pytest.mark.parametrize("name", ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"])
def test_what_no_client_can_hold_is_named(configured: Settings, name: str) -> None:
    setattr(configured, name, "x" * 255)
    assert [] == found()
    setattr(configured, name, "x" * 256)
    assert [("oauthbridge.E006", f"{name} has more than 255 characters.")] == found()


def test_the_server_does_not_start_without_them(configured: Settings) -> None:
    configured.OAUTH_CLIENT_SECRET = ""
    with pytest.raises(SystemCheckError, match="OAUTH_CLIENT_SECRET is not set"):
        call_command("mcp_serve")


def test_every_scope_has_words() -> None:
    assert list(SCOPES) == list(settings.OAUTH2_PROVIDER["SCOPES"])


def test_check_deploy_is_clean_with_oauth_on(tmp_path: Path) -> None:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "infinity_mcp.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        **variables("https://mcp.example.org"),
        "ALLOWED_HOSTS": "mcp.example.org",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert 0 == run.returncode, run.stderr
    assert "no issues" in run.stdout + run.stderr


@pytest.mark.django_db
def test_the_client_of_the_environment_follows_it(configured: Settings) -> None:
    Application.objects.all().delete()
    for _ in range(2):
        register_configured_client()
    first = Application.objects.get()
    assert CLIENT_SECRET not in first.client_secret
    first.client_type = "public"
    first.redirect_uris = "https://added.example/in-the-admin"
    first.save()
    register_configured_client()
    second = Application.objects.get()
    assert "confidential" == second.client_type
    assert second.redirect_uri_allowed("https://added.example/in-the-admin")
    configured.OAUTH_CLIENT_SECRET = CLIENT_SECRET[::-1]
    register_configured_client()
    assert second.client_secret != Application.objects.get().client_secret


def test_workers_that_start_together_make_one_client(
    transactional_db: None, tmp_path: Path
) -> None:
    Application.objects.all().delete()
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    env = environment(PORT=str(port), WORKERS="2", **variables(origin))
    log = tmp_path / "server.log"
    with running("mcp_serve", ready_url=f"{origin}/ready", log=log, env=env):
        assert CLIENT_ID == Application.objects.get().client_id
        assert "There is no MCP user 'alice', which OAUTH_MCP_USER names" in log.read_text()


def test_an_mcp_user_that_exists_is_no_warning(
    configured: Settings, alice: McpUser, caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_unknown_user()
    configured.OAUTH_ENABLED, configured.OAUTH_MCP_USER = False, "nobody"
    warn_of_unknown_user()
    assert [] == caplog.messages


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "OAUTH_ENABLED",
            "ture",
            "OAUTH_ENABLED must be true or false, but the environment says 'ture'.",
        ),
        (
            "OAUTH_DYNAMIC_REGISTRATION",
            "2",
            "OAUTH_DYNAMIC_REGISTRATION must be true or false, but the environment says '2'.",
        ),
        ("OAUTH_ALLOWED_TOOLS", " , ", "OAUTH_ALLOWED_TOOLS is set, but names nothing."),
    ],
)
def test_a_value_that_says_nothing_is_refused(name: str, value: str, told: str) -> None:
    run = settings_with("pass", **{name: value})
    assert 0 != run.returncode and told in run.stderr


def test_tools_that_do_not_exist_are_named(settings: Settings) -> None:
    settings.OAUTH_ENABLED = True
    settings.OAUTH_ALLOWED_TOOLS = ["infinity_list_boards", "infinity_list_bords"]
    assert ["OAUTH_ALLOWED_TOOLS: there is no tool 'infinity_list_bords'."] == [
        error.msg for error in oauth_tools_exist()
    ]


def test_spaces_around_names_do_not_count() -> None:
    show = "print(settings.OAUTH_ALLOWED_TOOLS, settings.OAUTH_ENABLED)"
    run = settings_with(show, OAUTH_ALLOWED_TOOLS=" a, b ,", OAUTH_ENABLED="False")
    assert "['a', 'b'] False\n" == run.stdout, run.stderr


def settings_with(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    code = f"from infinity_mcp import settings; {command}"
    env = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True
    )
