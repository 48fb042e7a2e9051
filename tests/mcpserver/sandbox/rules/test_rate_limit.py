from __future__ import annotations

from typing import Any

from mcpserver.sandbox import BOB_TOKEN, Options, create_app
from tests.mcpserver.sandbox.api import Api
from tests.mcpserver.sandbox.conftest import Clock


def limited(clock: Clock, **options: Any) -> Api:
    return Api(create_app(Options(requests_per_minute=2, **options), clock=clock))


def statuses(api: Api, times: int) -> list[int]:
    return [api.get("/profile").status_code for _ in range(times)]


def test_180_requests_a_minute_by_default(clock: Clock) -> None:
    api = Api(create_app(clock=clock))
    assert [200] * 180 + [429] == statuses(api, 181)


def test_remaining_requests_are_counted_down(clock: Clock) -> None:
    api = limited(clock)
    answers = [api.get("/profile").headers for _ in range(2)]
    assert ["2", "2"] == [headers["X-RateLimit-Limit"] for headers in answers]
    assert ["1", "0"] == [headers["X-RateLimit-Remaining"] for headers in answers]


def test_refusal_says_when_to_come_back(clock: Clock) -> None:
    api = limited(clock)
    statuses(api, 2)
    clock.now += 20.5
    answer = api.get("/profile")
    assert (429, {"message": "Too Many Attempts."}) == (answer.status_code, answer.json())
    assert "40" == answer.headers["Retry-After"]
    assert "1800000060" == answer.headers["X-RateLimit-Reset"]
    assert "0" == answer.headers["X-RateLimit-Remaining"]


def test_window_ends_after_a_minute(clock: Clock) -> None:
    api = limited(clock)
    assert [200, 200, 429] == statuses(api, 3)
    clock.now += 60
    assert [200, 200, 429] == statuses(api, 3)


def test_limit_is_per_token(clock: Clock) -> None:
    api = limited(clock)
    statuses(api, 3)
    assert [200] == statuses(Api(api.app, BOB_TOKEN), 1)


def test_errors_count_and_carry_the_headers(clock: Clock) -> None:
    api = limited(clock)
    answer = api.get("/workspaces/1/boards")
    assert (404, "1") == (answer.status_code, answer.headers["X-RateLimit-Remaining"])


def test_headers_can_be_left_out(clock: Clock) -> None:
    api = limited(clock, rate_limit_headers=False)
    answers = [api.get("/profile") for _ in range(3)]
    assert [200, 200, 429] == [answer.status_code for answer in answers]
    assert not any(
        name.startswith("x-ratelimit") or name == "retry-after"
        for answer in answers
        for name in answer.headers
    )
