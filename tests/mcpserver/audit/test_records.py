"""What the audit log writes of a call is what Django reads of it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest
from django.forms.models import model_to_dict

from mcpserver.audit import records
from mcpserver.audit.models import Outcome, ToolCall
from mcpserver.audit.records import CallRow

EMPTY = CallRow(user="alice", tool="infinity_get_profile", changes=False)
FULL = CallRow(
    user="bob; 'é%s",
    tool="infinity_create_folder",
    changes=True,
    credential="oauth",
    profile="local",
    user_id=2**62,
    credential_id=7,
    targets={"board_id": "LA1dW8i1TTK", "é": "?"},
    started_at=datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
    outcome=Outcome.FAILED.value,
    error="not_found",
    upstream_status=404,
    requests=3,
    duration_ms=1234,
)
pytestmark = pytest.mark.django_db


@pytest.fixture(params=[EMPTY, FULL], ids=["empty", "full"])
def row(request: pytest.FixtureRequest) -> CallRow:
    """One that no other test has stored."""
    like: CallRow = request.param
    return replace(like, request_id=secrets.token_hex(8))


def stored(row: CallRow) -> dict[str, object]:
    """What the database has of it, named as the fields of a row are."""
    call = ToolCall.objects.get(request_id=row.request_id)
    fields = model_to_dict(call, exclude=["id"])
    return {**fields, "started_at": call.started_at, "pk": call.pk}


def test_every_field_of_a_row_is_stored(row: CallRow) -> None:
    records.insert(row)
    assert asdict(row) == stored(row)


def test_every_field_of_rows_written_together_is_stored(row: CallRow) -> None:
    another = replace(row, request_id=secrets.token_hex(8))
    records.insert_all([row, another])
    for each in (row, another):
        assert asdict(each) == {**stored(each), "pk": None}


def test_how_a_call_ended_is_stored(row: CallRow) -> None:
    records.insert(row)
    row.targets = {"id": "m4XcVb9RtQe"}
    row.outcome, row.error, row.upstream_status = Outcome.REFUSED.value, "forbidden", 403
    row.requests, row.duration_ms = 2, 56
    records.end(row)
    assert asdict(row) == stored(row)


def test_the_end_of_a_call_changes_no_other_row(row: CallRow) -> None:
    records.insert(row)
    records.end(replace(row, request_id="another", error="internal"))
    assert asdict(row) == stored(row)
