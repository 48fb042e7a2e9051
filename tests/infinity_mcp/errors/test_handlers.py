"""A failed request gets a plain page, with the id under which the log has the details."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import cast

import httpx2
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path
from pytest_django import Settings
from starlette.types import ASGIApp

from infinity_mcp import views
from infinity_mcp.core.request_id import RequestIdFilter
from infinity_mcp.core.sqlite import WritableFile
from infinity_mcp.middleware import RequestIdMiddleware
from infinity_mcp.urls import handler400, handler403, handler404, handler500
from tests.support import PATIENT, Server

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def failing(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


def of_sqlite(code: int) -> OperationalError:
    error, error.__cause__ = OperationalError("innards"), sqlite3.OperationalError("innards")
    error.__cause__.sqlite_errorcode = code
    return error


urlpatterns = [
    path("full", failing(of_sqlite(sqlite3.SQLITE_FULL))),
    path("busy", failing(of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT))),
    path("400", failing(SuspiciousOperation("innards"))),
    path("403", failing(PermissionDenied("innards"))),
    path("500", failing(RuntimeError("innards"))),
]


def get(url: str) -> httpx2.Response:
    """From Django as asgi.py serves it, with the URLs above."""
    app = RequestIdMiddleware(cast(ASGIApp, ASGIHandler()))

    async def answer() -> httpx2.Response:
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1"
        ) as client:
            return await client.get(url, headers={"Accept": "text/html"})

    return asyncio.run(answer())


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_failure_is_a_plain_page_with_its_id_in_the_log(
    transactional_db: None, status: int, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = __name__
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.WARNING):
        answer = get(f"/{status}")
    request_id = answer.headers["x-request-id"]
    assert status == answer.status_code
    assert request_id in answer.text and "<h1>" in answer.text
    assert not re.search("innards|Traceback|Django|RuntimeError", answer.text)
    assert {request_id} == {getattr(record, "request_id", None) for record in caplog.records}


@pytest.mark.parametrize(
    ("url", "expected"),
    [("/full", "cannot write to its database"), ("/busy", "Try again in a minute")],
)
def test_waiting_is_advised_where_it_helps(
    transactional_db: None, url: str, expected: str, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    answer = get(url)
    assert 503 == answer.status_code
    assert expected in answer.text and "innards" not in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_a_database_whose_folder_is_gone_is_logged_once_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "gone"
    monkeypatch.setitem(connection.settings_dict, "NAME", gone / "db.sqlite3")
    fail = failing(of_sqlite(sqlite3.SQLITE_CANTOPEN))
    monkeypatch.setattr(views, "is_migrated", lambda: fail(HttpRequest()))
    monkeypatch.setattr(views, "database_file", WritableFile())
    for _ in range(2):
        assert b"database" in views.ready(RequestFactory().get("/ready")).content
    [told] = caplog.messages
    assert f"There is no folder {gone}: make it, or choose another." in told


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health", "/admin/login/", "/static/admin/css/base.css", "/mcp"])
def test_every_answer_has_a_request_id_of_its_own(server: Server, path: str) -> None:
    ids = [
        httpx2.get(f"{server.origin}{path}", **PATIENT).headers.get_list("x-request-id")
        for _ in range(2)
    ]
    assert [1, 1] == [len(each) for each in ids]
    assert ids[0] != ids[1]


@pytest.mark.django_db
def test_what_is_missing_is_logged_under_the_id_that_was_told(server: Server) -> None:
    missing = httpx2.get(f"{server.origin}/nothing-here", **PATIENT)
    line = f"[{missing.headers['x-request-id']}] django.request: Not Found: /nothing-here"
    assert line in server.log.read_text()


@pytest.mark.django_db
def test_a_browser_that_asks_for_an_icon_is_no_warning(server: Server) -> None:
    assert 204 == httpx2.get(f"{server.origin}/favicon.ico", **PATIENT).status_code
    assert "favicon" not in server.log.read_text()


FORM = "application/x-www-form-urlencoded"
FIELDS = "&".join(f"x{n}=y" for n in range(1001))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Host": "evil.example"}, ""),
        ({"Content-Type": FORM}, FIELDS),
        ({"Content-Type": FORM}, "x" * 3 * 1024 * 1024),
        ({"Content-Type": "multipart/form-data"}, "x"),
    ],
    ids=["host", "fields", "size", "multipart"],
)
def test_what_a_stranger_gets_wrong_is_one_line_of_the_log(
    server: Server, headers: dict[str, str], body: str
) -> None:
    before = len(server.log.read_text())
    url = f"{server.origin}/login/"
    token = {"csrftoken": "x" * 32}  # without one, nothing is read
    answer = httpx2.post(url, content=body, headers=headers, cookies=token, **PATIENT)
    assert 400 <= answer.status_code < 500
    lines = server.log.read_text()[before:].splitlines()
    assert len(lines) <= 1 and all(" WARNING [" in line for line in lines)
