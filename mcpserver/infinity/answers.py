"""Parses answers of Infinity, and raises an error for those that report or show a failure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from mcpserver.infinity import errors
from mcpserver.infinity.json_size import marks_in

JsonObject = dict[str, Any]

REMOVED = "Removed in selected version"
MAX_DETAIL_LENGTH = 600
MAX_WAIT = 86_400.0
MAX_LEVELS = 150  # of lists and objects: clients read 200, an answer's envelope included
_WRITABLE_LEVELS = 254  # of orjson
MAX_IN_ANSWER = 200_000  # lists, objects, and what they hold
CHECK_THE_URL = "If this persists, the operator must check the profile's API base URL."


def read_answer(status: int, headers: Mapping[str, str], body: bytes, secret: str) -> Any:
    """The JSON of an answer; None when it is empty but should not be. Raises InfinityError.

    A single resource is unwrapped: some routes answer `{"data": {…}}`. If Infinity repeats
    `secret`, the error does not.
    """
    if 300 <= status < 400:
        raise errors.BadAnswer(
            f"Infinity answered with a redirect ({status}), which is never followed. The profile's "
            "API base URL is probably wrong; ask the operator to check it."
        )
    if status >= 400:
        raise _refusal(status, headers, body, secret)
    if status == 204:
        return {}
    if not body.strip():
        return None
    if _has_too_many_entries(body):
        raise errors.TooManyEntries(
            f"Infinity's answer has more than {MAX_IN_ANSWER:,} entries. Ask for less: a smaller "
            "limit, or without expand."
        )
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        what = "a web page" if body.lstrip().startswith(b"<") else "not complete JSON"
        raise errors.BadAnswer(
            f"Infinity's answer ({status}) was {what}. {CHECK_THE_URL}"
        ) from None
    if len(body) > 2 * MAX_LEVELS and not _is_writable(answer):
        raise errors.BadAnswer(
            f"Infinity's answer ({status}) was nested too deeply. {CHECK_THE_URL}"
        )
    return _unwrapped(answer)


def _has_too_many_entries(body: bytes) -> bool:
    """Whether parsing would take too long: 1.5 s for 16 MiB of brackets, while counting takes
    0.02."""
    if len(body) <= MAX_IN_ANSWER:
        return False
    return marks_in(body) > MAX_IN_ANSWER


def _is_writable(answer: Any) -> bool:
    """Whether an answer has at most MAX_LEVELS: within further ones, orjson can still write it.
    Writing a page of 227 kB takes 0.2 ms, less than counting its brackets."""
    for _ in range(_WRITABLE_LEVELS - MAX_LEVELS):
        answer = [answer]
    try:
        orjson.dumps(answer)
    except orjson.JSONEncodeError:
        return False
    return True


def read_record(answer: Any) -> JsonObject:
    """The answer as one resource. Raises BadAnswer."""
    if isinstance(answer, dict) and answer:
        return answer
    raise _unexpected(answer, "one record")


def read_object(answer: Any) -> JsonObject:
    """The answer to a write: the resource, or an empty object. Raises BadAnswer."""
    if isinstance(answer, dict):
        return answer
    if answer == []:  # PHP's empty object
        return {}
    raise _unexpected(answer, "one record")


def read_outcome(answer: Any) -> JsonObject:
    """The answer to a delete: the resource, or an empty object for an empty answer."""
    return {} if answer is None else read_object(answer)


def read_page(answer: Any) -> JsonObject:
    """The answer as a page with all of its keys: `{has_more, before, after, data}`."""
    if isinstance(answer, list):
        answer = {"data": answer}
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise _unexpected(answer, "a list")
    return {
        **answer,
        "has_more": bool(answer.get("has_more", False)),
        "before": _cursor(answer.get("before")),
        "after": _cursor(answer.get("after")),
        "data": [record for record in answer["data"] if not _is_deleted(record)],
    }


def _unexpected(answer: Any, expected: str) -> errors.BadAnswer:
    what = "empty" if answer is None else "of another kind"
    return errors.BadAnswer(
        f"Infinity's answer was {what} where {expected} was expected. {CHECK_THE_URL}"
    )


def _cursor(value: Any) -> str | None:
    return str(value) if type(value) in (str, int) else None


def _is_deleted(record: Any) -> bool:
    """Whether a record is deleted. Infinity normally leaves such records out of lists."""
    return isinstance(record, dict) and record.get("deleted") is True


def _unwrapped(answer: Any) -> Any:
    if not isinstance(answer, dict) or "object" in answer or "id" in answer:
        return answer
    return answer["data"] if isinstance(answer.get("data"), dict) else answer


def _refusal(status: int, headers: Mapping[str, str], body: bytes, secret: str) -> errors.Refused:
    if REMOVED.lower().encode() in body.lower():
        return errors.RemovedInVersion(
            f"The Infinity API version in use no longer has this operation ({status}: {REMOVED}). "
            "Do without it; only the operator can choose another version.",
            status=status,
        )
    wait = retry_after(headers)
    match status:
        case 401:
            return errors.TokenRefused(
                "Infinity refused the Infinity token of this profile (401). The token may be "
                "expired or revoked, or the API version wrong; only the operator can mend "
                "that (over stdio: INFINITY_API_TOKEN).",
                status=status,
            )
        case 403:
            return errors.Forbidden(
                "The profile's Infinity user may not do this (403): it has no access to that "
                "workspace or board, or lacks the permission. Only someone who manages that "
                "workspace in Infinity can grant it.",
                status=status,
            )
        case 404 | 405 | 410:
            return errors.NotFound(
                f"Infinity does not know this ({status}). Check each id with the matching list "
                "tool; ids belong to one workspace and board.",
                status=status,
            )
        case 429:
            return errors.RateLimited(
                "Infinity's rate limit is reached (429). Try again in "
                + ("a minute." if wait is None else f"{max(1, math.ceil(wait))} s."),
                status=status,
                retry_after=wait,
            )
        case _ if status >= 500:
            return errors.UpstreamFailure(
                f"Infinity failed ({status}).", status=status, retry_after=wait
            )
        case _:
            detail = _detail(body).replace(secret, "[token]")[:MAX_DETAIL_LENGTH]
            said = f" Infinity says: {detail}" if detail else ""
            advice = ADVICE.get(status, "Correct the arguments before you try again.")
            return errors.Invalid(
                f"Infinity did not accept this ({status}).{said} {advice}", status=status
            )


ADVICE = {
    409: "Read the record again, and repeat the change only if it still applies.",
    413: "It is too large: send less at once.",
}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait from `Retry-After` (seconds or a date) or `X-RateLimit-Reset` (Unix time).

    None without either; at most MAX_WAIT. Times are compared with the answer's own `Date`, because
    this machine's clock may be wrong.
    """
    now = _unix_time(headers.get("Date", "")) or datetime.now(UTC).timestamp()
    value = headers.get("Retry-After", "").strip()
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if re.fullmatch(r"\d+(\.\d*)?", value):
        wait = float(value)
    elif (moment := _unix_time(value)) is not None:
        wait = moment - now
    elif re.fullmatch(r"\d{9,11}", reset):
        wait = float(reset) - now
    else:
        return None
    return min(max(0.0, wait), MAX_WAIT)


def _unix_time(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):  # OverflowError for an absurd year or zone
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _detail(body: bytes) -> str:
    """Infinity's explanation of a fault on one line: its message, or the fields that it names.

    No other part of a body is passed on, and nothing of a body that is not JSON.
    """
    if _has_too_many_entries(body):
        return ""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(answer, dict) or not _is_writable(answer):
        return ""
    faults = answer.get("errors")
    if isinstance(faults, dict) and faults:
        text = "; ".join(f"{field}: {_first(messages)}" for field, messages in faults.items())
    else:
        said = (answer.get("message"), answer.get("error"))
        text = next((text for text in said if isinstance(text, str) and text), "")
    return re.sub(r"\s+", " ", text).strip()


def _first(messages: Any) -> str:
    return str(messages[0]) if isinstance(messages, list) and messages else str(messages)
