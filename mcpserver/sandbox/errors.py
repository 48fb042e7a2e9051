"""Defines the errors of the API, and their bodies.

ApiError                400 … 429, with headers
├── Unauthenticated     401
├── Forbidden           403
├── NotFound            404, an unknown id
├── NoSuchRoute         404, an unknown path
├── WrongMethod         405
└── Invalid             422, with `errors` by field path
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.responses import JSONResponse


class ApiError(Exception):
    """An error answer of the API."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})

    def body(self) -> dict[str, object]:
        """The JSON of the answer."""
        return {"message": str(self)}

    def response(self) -> JSONResponse:
        """The answer, with its status and headers."""
        return JSONResponse(self.body(), self.status, self.headers)


class Unauthenticated(ApiError):
    """The token is missing or unknown (401)."""

    def __init__(self) -> None:
        super().__init__(401, "Unauthenticated.")


class Forbidden(ApiError):
    """The user may not do this (403)."""

    def __init__(self, message: str = "This action is unauthorized.") -> None:
        super().__init__(403, message)


class NotFound(ApiError):
    """No record has this id (404)."""

    def __init__(self, model: str) -> None:
        super().__init__(404, f"No query results for model [{model}].")


class NoSuchRoute(ApiError):
    """No operation has this path (404)."""

    def __init__(self, path: str) -> None:
        super().__init__(404, f"The route {path.strip('/')} could not be found.")


class WrongMethod(ApiError):
    """The path does not take this method (405)."""

    def __init__(self, method: str, path: str, supported: Iterable[str]) -> None:
        methods = ", ".join(supported)
        message = f"The {method} method is not supported for route {path.strip('/')}."
        super().__init__(
            405, f"{message} Supported methods: {methods}.", headers={"Allow": methods}
        )


class Invalid(ApiError):
    """Fields are not valid (422)."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        """`errors`: the messages of each field, by dot path; never empty."""
        messages = [message for of_field in errors.values() for message in of_field]
        more = len(messages) - 1
        suffix = f" (and {more} more error{'s' if more > 1 else ''})" if more else ""
        super().__init__(422, messages[0] + suffix)
        self.errors = dict(errors)

    def body(self) -> dict[str, object]:
        """The JSON of the answer, with the errors by field."""
        return {**super().body(), "errors": self.errors}
