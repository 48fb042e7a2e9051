from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from django.core.exceptions import ValidationError

from credentials.errors import TokenInvalid
from credentials.validators import clean_token, complete_base_url, expiry_of, validate_base_url


@pytest.mark.parametrize(
    "url",
    [
        "sandbox:",
        "https://app.startinfinity.com/api/v2",
        "https://infinity.example.org:8443/api/v2/",
        "http://localhost:8000/api/v2",
        "http://127.0.0.1:8000",
        "http://127.8.9.10",
        "http://[::1]:8000/api",
        "https://app.startinfinity.com",
        "https://app.startinfinity.com/",
        "https://app.startinfinity.com/api/",
        "https://proxy.example.org/infinity/api/v2",
    ],
)
def test_safe_base_url_is_accepted(url: str) -> None:
    validate_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.startinfinity.com/api/v2",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://example.org",
        "file:///etc/passwd",
        "sandbox:/",
        "sandbox:x",
        "SANDBOX:",
        "app.startinfinity.com/api/v2",
        "//example.org",
        "https://",
        "https:///api",
        "https://:443/api",
        "https://alice@example.org",
        "https://alice:secret@example.org",
        "https://@example.org",
        "https://example.org/api?x=1",
        "https://example.org/api?",
        "https://example.org/api#part",
        "https://example.org/api#",
        "https://example.org/a b",
        "https://exam\nple.org/",
        "https://example.org\\@evil.example",
        "https://example.org\\api",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://exämple.org",
        " https://example.org",
        "https://app.startinfinity.com/api/v1",
        "https://app.startinfinity.com/api/v2/workspaces",
        "https://app.startinfinity.com/b/board",
        "https://app.startinfinity.com//api",
        "https://app.startinfinity.com/v2",
    ],
)
def test_unsafe_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        validate_base_url(url)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("", ""),
        ("sandbox:", "sandbox:"),
        ("https://app.startinfinity.com", "https://app.startinfinity.com/api/v2"),
        ("https://app.startinfinity.com/", "https://app.startinfinity.com/api/v2"),
        ("https://app.startinfinity.com/api", "https://app.startinfinity.com/api/v2"),
        ("https://app.startinfinity.com/api/v2/", "https://app.startinfinity.com/api/v2"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v2"),
        ("http://127.0.0.1:8000/own", "http://127.0.0.1:8000/own"),
        ("nonsense", "nonsense"),
        ("https://[::1/", "https://[::1/api/v2"),
    ],
)
def test_a_path_that_is_missing_is_completed(given: str, stored: str) -> None:
    assert stored == complete_base_url(given)


def test_space_around_a_token_is_dropped(token: str) -> None:
    assert token == clean_token(f"\r\n {token}\n")


@pytest.mark.parametrize("text", ["", " \n", "\ufeff"])
def test_empty_token_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        clean_token(text)


@pytest.mark.parametrize("separator", [" ", "\n", "\t", "\x00", "é", "\u200b", "\x7f"])
def test_token_that_is_no_header_value_is_refused_unquoted(separator: str, token: str) -> None:
    with pytest.raises(TokenInvalid) as caught:
        clean_token(f"{token}{separator}{token}")

    assert token not in str(caught.value)


def signed(**claims: Any) -> str:
    return jwt.encode(claims, secrets.token_hex(32))


def test_jwt_says_when_it_ends_even_when_it_has() -> None:
    for moment in (datetime(2030, 5, 1, tzinfo=UTC), datetime(2020, 5, 1, tzinfo=UTC)):
        assert moment == expiry_of(signed(exp=int(moment.timestamp())))


@pytest.mark.parametrize(
    "token",
    [
        "sandbox-ada",
        "a.b.c",
        signed(sub="1"),
        signed(exp="soon"),
        signed(exp=10**30),
        signed(exp=True).partition(".")[2],
    ],
    ids=["no JWT", "like a JWT", "no end", "a word", "too far", "no header"],
)
def test_of_other_tokens_no_end_is_known(token: str) -> None:
    assert expiry_of(token) is None
