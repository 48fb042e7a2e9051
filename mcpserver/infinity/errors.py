"""Everything that can go wrong on the way to Infinity, as one tree.

InfinityError                  written for a model: what failed, and what to do
├── InvalidIdentifier          an id that cannot be part of a path; nothing was sent
├── Unsendable                 arguments that JSON cannot carry; nothing was sent
├── Unreachable                no connection; nothing was sent
│   └── CircuitOpen            not even tried, after repeated failures
├── BudgetSpent                our own pacing would make it wait too long; nothing was sent
├── TooLate                    the deadline was over before it; nothing was sent
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

    outcome_unknown = False  # whether a write may have taken effect all the same

    def advise(self, advice: str) -> None:
        """Add what to do next to the message."""
        self.args = (f"{self} {advice}",)


class InvalidIdentifier(InfinityError):
    pass


class Unsendable(InfinityError):
    pass


class Unreachable(InfinityError):
    pass


class CircuitOpen(Unreachable):
    pass


class BudgetSpent(InfinityError):
    """`retry_after` is the seconds until it may be tried again."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLate(InfinityError):
    pass


class Overdue(InfinityError):
    outcome_unknown = True


class ConnectionLost(InfinityError):
    outcome_unknown = True


class BadAnswer(InfinityError):
    outcome_unknown = True


class TooManyEntries(BadAnswer):
    pass


class Refused(InfinityError):
    """Infinity answered with an error.

    `status` is the HTTP status, `retry_after` the seconds that Infinity asked to wait, if it did.
    """

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class TokenRefused(Refused):
    pass


class Forbidden(Refused):
    pass


class NotFound(Refused):
    pass


class RemovedInVersion(Refused):
    pass


class Invalid(Refused):
    pass


class RateLimited(Refused):
    pass


class UpstreamFailure(Refused):
    outcome_unknown = True
