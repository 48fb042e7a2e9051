"""The outcome of each fault of the upstream: reads may be repeated, changes are sent once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mcpserver.infinity import errors
from mcpserver.sandbox import ADA_TOKEN
from mcpserver.sandbox.rules.faults import FAULTS
from tests.mcpserver.infinity.upstream import (
    METHODS,
    WRITES,
    FaultyInfinity,
    connected,
    outcome,
    run,
    send,
)

OPERATOR = "the operator must check the profile's API base URL"
LOOK_FIRST = "The change may or may not have been made, and was not sent again."
LATER = "Try again later."
OVER = 0.5  # seconds that a call may outlast its deadline by


@dataclass(frozen=True)
class Promise:
    error: type[errors.InfinityError]
    says: str
    """What has failed."""
    advises: str
    """What to do; for a write whose outcome is unknown it is LOOK_FIRST."""
    reads: int = 1
    """How often a read reaches Infinity; a write does once."""
    known: bool = True
    """Whether a write has certainly not been made."""
    options: dict[str, float] | None = None


def lost() -> Promise:
    says = "The connection to Infinity broke before its answer was complete."
    return Promise(errors.ConnectionLost, says, LATER, reads=4, known=False)


def bad(says: str, advises: str = OPERATOR) -> Promise:
    return Promise(errors.BadAnswer, says, advises, known=False)


def overdue(says: str, **options: float) -> Promise:
    return Promise(errors.Overdue, says, LATER, known=False, options=options)


def invalid(says: str, advises: str = "Correct the arguments") -> Promise:
    return Promise(errors.Invalid, says, advises)


def failed(status: int, reads: int = 4) -> Promise:
    says = f"Infinity failed ({status})."
    return Promise(errors.UpstreamFailure, says, LATER, reads=reads, known=False)


def limited(advises: str, reads: int = 4) -> Promise:
    return Promise(errors.RateLimited, "rate limit is reached (429)", advises, reads=reads)


def redirect(status: int) -> Promise:
    return bad(f"a redirect ({status}), which is never followed", "ask the operator to check it")


SILENCE = overdue("Infinity sent nothing for 0.4 s.", read_seconds=0.4, seconds=0.9)
TOO_LARGE = bad("is larger than 16 MiB", "Ask for less")
REMOVED = "no longer has this operation ({}: Removed in selected version)"

PROMISES = {
    "no_answer": SILENCE,
    "stall_mid_body": SILENCE,
    "slow_drip": overdue("Infinity did not answer within 0.6 s.", seconds=0.6),
    "closed_before_answer": lost(),
    "reset_before_answer": lost(),
    "closed_mid_body": lost(),
    "reset_mid_body": lost(),
    "broken_gzip": lost(),
    "invalid_http": bad("was not valid HTTP"),
    "truncated_json": bad("answer (200) was not complete JSON"),
    "html_200": bad("answer (200) was a web page"),
    "empty_200": bad("was empty where one record was expected"),
    "too_large": TOO_LARGE,
    "too_large_unpacked": TOO_LARGE,
    "redirect_301": redirect(301),
    "redirect_302": redirect(302),
    "redirect_307": redirect(307),
    "redirect_308": redirect(308),
    "redirect_elsewhere": redirect(302),
    "bad_request_400": invalid("accept this (400). Infinity says: The cursor is not valid."),
    "unauthenticated_401": Promise(
        errors.TokenRefused,
        "Infinity refused the Infinity token of this profile (401)",
        "only the operator can mend that",
    ),
    "forbidden_403": Promise(errors.Forbidden, "may not do this (403)", "can grant it"),
    "not_found_404": Promise(errors.NotFound, "does not know this (404)", "Check each id"),
    "conflict_409": invalid("(409). Infinity says: The record has changed.", "Read the record"),
    "too_large_413": invalid("(413)", "send less at once"),
    "invalid_422": invalid(
        "(422). Infinity says: name: The name field is required.; values.0.data: Too long."
    ),
    "removed_route": Promise(errors.RemovedInVersion, REMOVED.format(404), "Do without it"),
    "removed_route_text": Promise(errors.RemovedInVersion, REMOVED.format(410), "Do without it"),
    "rate_429_seconds": limited("Try again in 3 s."),
    "rate_429_date": limited("Try again in "),
    "rate_429_past_date": limited("Try again in 1 s."),
    "rate_429_garbage": limited("Try again in a minute."),
    "rate_429_absurd_date": limited("Try again in a minute."),
    "rate_429_negative": limited("Try again in a minute."),
    "rate_429_huge": limited("Try again in 86400 s.", reads=1),
    "rate_429_bare": limited("Try again in a minute."),
    "rate_429_reset_time": limited("Try again in "),
    "error_500_json": failed(500),
    "error_500_html": failed(500),
    "gateway_502": failed(502),
    "unavailable_503": failed(503),
    "unavailable_503_seconds": failed(503),
    "timeout_504": failed(504),
}
PASSING = [name for name, promise in PROMISES.items() if promise.reads > 1]
# Some routes answer a delete with an empty body.
FAILURES = [
    (fault, method)
    for fault in PROMISES
    for method in METHODS
    if (fault, method) != ("empty_200", "DELETE")
]


def test_every_fault_has_a_promise() -> None:
    assert set(FAULTS) == set(PROMISES)


@pytest.mark.parametrize(("fault", "method"), FAILURES)
def test_a_fault_is_one_clean_error(faulty: FaultyInfinity, fault: str, method: str) -> None:
    promise = PROMISES[fault]
    options = {"seconds": 45.0, **(promise.options or {})}
    faulty.fail(fault)
    got = outcome(faulty.url, method, **options)

    assert promise.error is type(got.error)
    assert [method] * (promise.reads if method == "GET" else 1) == faulty.hits()
    assert got.seconds <= options["seconds"] + OVER
    text = str(got.error)
    assert promise.says in text
    if method == "GET" or promise.known:
        assert promise.advises in text
        assert LOOK_FIRST not in text
    else:
        assert text.endswith(f"{LOOK_FIRST} Read the record to see before you repeat it.")
    for secret in ("<", "SQLSTATE", "10.0.3.7", ADA_TOKEN, faulty.url, "elsewhere.invalid"):
        assert secret not in text


def test_an_empty_answer_to_a_delete_is_tolerated(faulty: FaultyInfinity) -> None:
    faulty.fail("empty_200")
    got = outcome(faulty.url, "DELETE")
    assert ({}, None, ["DELETE"]) == (got.answer, got.error, faulty.hits())


@pytest.mark.parametrize("fault", PASSING)
def test_a_read_survives_a_passing_fault(faulty: FaultyInfinity, fault: str) -> None:
    faulty.fail(fault, times=1)
    got = outcome(faulty.url, "GET")
    assert got.answer is not None
    assert ("Ada Example", ["GET", "GET"]) == (got.answer["name"], faulty.hits())


def test_a_write_works_again_after_a_fault(faulty: FaultyInfinity) -> None:
    async def create_twice() -> str:
        async with connected(faulty.url) as api:
            with pytest.raises(errors.ConnectionLost):
                await send(api, "POST", "workspaces/31337/boards")
            return str((await send(api, "POST", "workspaces/31337/boards"))["name"])

    faulty.fail("reset_before_answer", times=1)
    assert "Buy paper" == run(create_twice())
    assert ["POST", "POST"] == faulty.hits()


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        ("rate_429_seconds", 3, 3),
        ("rate_429_date", 1.9, 4),  # dates have whole seconds, that of the answer too
        ("rate_429_reset_time", 1.9, 4),
        ("unavailable_503_seconds", 3, 3),
        ("rate_429_past_date", 0.25, 0.5),
        ("rate_429_garbage", 0.25, 0.5),
        ("rate_429_absurd_date", 0.25, 0.5),
        ("rate_429_negative", 0.25, 0.5),
        ("rate_429_bare", 0.25, 0.5),
    ],
)
def test_a_read_waits_as_long_as_infinity_asks(
    faulty: FaultyInfinity, fault: str, least: float, most: float
) -> None:
    faulty.fail(fault, times=1)
    (delay,) = outcome(faulty.url, "GET").delays
    assert least <= delay <= most


def test_the_wait_doubles_and_is_random(faulty: FaultyInfinity) -> None:
    faulty.fail("error_500_html")
    first, second, third = outcome(faulty.url, "GET").delays
    assert 0.25 <= first <= 0.5 <= second <= 1 <= third <= 2
    assert [first, second, third] != outcome(faulty.url, "GET").delays


def test_no_wait_goes_past_the_deadline(faulty: FaultyInfinity) -> None:
    faulty.fail("rate_429_seconds")
    got = outcome(faulty.url, "GET", seconds=7)
    assert ([3, 3], ["GET"] * 3) == (got.delays, faulty.hits())
    assert isinstance(got.error, errors.RateLimited)


@pytest.mark.parametrize("method", WRITES)
def test_a_write_at_the_rate_limit_tells_when_to_repeat_it(
    faulty: FaultyInfinity, method: str
) -> None:
    faulty.fail("rate_429_seconds")
    got = outcome(faulty.url, method)
    assert isinstance(got.error, errors.RateLimited)
    assert (3.0, []) == (got.error.retry_after, got.delays)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_sent_after_the_deadline(faulty: FaultyInfinity, method: str) -> None:
    got = outcome(faulty.url, method, seconds=0)
    assert errors.TooLate is type(got.error)
    assert [] == faulty.hits()
