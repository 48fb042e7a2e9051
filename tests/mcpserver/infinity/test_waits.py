"""How long an answer asks a caller to wait."""

from __future__ import annotations

import pytest

from mcpserver.infinity import errors
from mcpserver.infinity.answers import MAX_WAIT, retry_after
from tests.mcpserver.infinity.upstream import (
    RawRequest,
    connected,
    http,
    raw_server,
    run,
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 7 "}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "9" * 400}, MAX_WAIT),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, MAX_WAIT),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00"}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 99999 00:00:00 GMT"}, None),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:00 +99999999999999"}, None),
        ({"Retry-After": "Jan +9999999999 00:00:00 01 00:00:00"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "1000000000"}, 0.0),
        ({"Retry-After": "7", "X-RateLimit-Reset": "99999999999"}, 7.0),
        ({"X-RateLimit-Reset": "99999999999"}, MAX_WAIT),
        # The clock of this machine has no part in it.
        (
            {"Date": "Thu, 01 Jan 1970 00:00:10 GMT", "X-RateLimit-Reset": "1000000000"},
            MAX_WAIT,
        ),
        (
            {
                "Date": "Thu, 01 Jan 2099 00:00:10 GMT",
                "Retry-After": "Thu, 01 Jan 2099 00:00:17 GMT",
            },
            7.0,
        ),
        ({"Date": "soon", "Retry-After": "Thu, 01 Jan 1970 00:00:17 GMT"}, 0.0),
        ({"X-RateLimit-Reset": "60"}, None),
        ({"X-RateLimit-Reset": "soon"}, None),
    ],
)
def test_a_wait_is_read_or_left_open(headers: dict[str, str], expected: float | None) -> None:
    assert expected == retry_after(headers)


def test_the_first_of_repeated_waits_counts() -> None:
    """A proxy may add one to that of the application."""
    refusal = http({}, 429, Retry_After="70").replace(
        b"Retry-After: 70", b"Retry-After: 70\r\nRetry-After: 90"
    )

    async def call() -> list[RawRequest]:
        async with raw_server(lambda requests: refusal) as server, connected(server.url) as api:
            with pytest.raises(errors.RateLimited, match="in 70 s"):
                await api.get("profile")
        return server.requests

    assert 1 == len(run(call()))
