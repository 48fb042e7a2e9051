"""Defines the errors of requests to Infinity.

InfinityError                  written for a model: what failed, and what to do
├── InvalidIdentifier          an id that cannot be part of a path; nothing was sent
├── Unsendable                 arguments that JSON cannot carry; nothing was sent
├── Unreachable                no connection; nothing was sent
│   └── CircuitOpen            not even tried, after repeated failures
├── BudgetSpent                our own pacing would delay it too long; nothing was sent
├── TooLate                    the deadline had passed; nothing was sent
├── Overdue                    no answer before the deadline
├── ConnectionLost             the connection broke after the request was sent
├── BadAnswer                  not Infinity's API: HTML, cut JSON, a redirect, too large
│   └── TooManyEntries         JSON that would take too long to read
└── Refused                    Infinity answered with an error status
    ├── TokenRefused           401: the stored Infinity token, or the API version
    ├── Forbidden              403
    ├── NotFound               404, 405, 410
    ├── RemovedInVersion       the route is gone in the API version in use
    ├── Invalid                400, 409, 413, 422: the data was not accepted
    ├── RateLimited            429
    └── UpstreamFailure        5xx
"""

from __future__ import annotations


class InfinityError(Exception):
    """A call to Infinity that did not work; `str()` is safe to show to a model."""

    outcome_unknown = False  # whether a write may have taken effect despite the error

    def advise(self, advice: str) -> None:
        """Add to the message what to do next."""
        self.args = (f"{self} {advice}",)


class InvalidIdentifier(InfinityError):
    """An id cannot be part of a path."""


class Unsendable(InfinityError):
    """The arguments cannot be written as JSON, or are too long for a URL."""


class Unreachable(InfinityError):
    """No connection could be made."""


class CircuitOpen(Unreachable):
    """The host was not reachable lately, so nothing was tried."""


class BudgetSpent(InfinityError):
    """Pacing would delay the request too long. `retry_after`: seconds until it may be tried."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLate(InfinityError):
    """The call's deadline had passed before the request."""


class Overdue(InfinityError):
    """Infinity did not answer before the deadline."""

    outcome_unknown = True


class ConnectionLost(InfinityError):
    """The connection broke after the request was sent."""

    outcome_unknown = True


class BadAnswer(InfinityError):
    """The answer is not one of Infinity's API."""

    outcome_unknown = True


class TooManyEntries(BadAnswer):
    """The answer would take too long to parse."""


class Refused(InfinityError):
    """Infinity answered with an error.

    `status` is the HTTP status, `retry_after` the seconds that Infinity asks to wait, or None.
    """

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class TokenRefused(Refused):
    """Infinity refused the token (401)."""


class Forbidden(Refused):
    """The token's user lacks the permission (403)."""


class NotFound(Refused):
    """Infinity does not know the path or an id (404, 405, 410)."""


class RemovedInVersion(Refused):
    """The API version in use has no such route."""


class Invalid(Refused):
    """Infinity did not accept the data (400, 409, 413, 422)."""


class RateLimited(Refused):
    """Infinity's rate limit is reached (429)."""


class UpstreamFailure(Refused):
    """Infinity failed (5xx)."""

    outcome_unknown = True
