"""Gives the handler of an authenticated request its lookups, body and answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from mcpserver.sandbox.data.models import Attribute, Board, Json, Member, User, Workspace
from mcpserver.sandbox.data.store import Row, Store, Table
from mcpserver.sandbox.errors import ApiError, Forbidden, NotFound
from mcpserver.sandbox.pages import paginate
from mcpserver.sandbox.rules.options import Options
from mcpserver.sandbox.rules.validation import (
    UNKNOWN,
    Check,
    Fields,
    fault,
    invalid,
    string,
    validate,
)
from mcpserver.sandbox.state import Sandbox

R = TypeVar("R", bound=Row)

EXPAND_KEY = re.compile(r"expand\[\d*\]", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
FIRST_ARCHIVING_VERSION = "2025-12-01.morava"
MANAGERS = ("owner", "admin")


@dataclass(frozen=True)
class Call:
    """An authenticated request to the sandbox."""

    sandbox: Sandbox
    request: Request
    user: User
    version: str
    """The X-API-Version; "" when there is none, which sorts before every version."""
    expandable: frozenset[str]

    @property
    def options(self) -> Options:
        """The options of this sandbox."""
        return self.sandbox.options

    @property
    def store(self) -> Store:
        """The tables of this sandbox."""
        return self.sandbox.store

    @property
    def archives(self) -> bool:
        """Whether deleting keeps the row, marked as deleted."""
        return self.version >= FIRST_ARCHIVING_VERSION

    def moment(self, time: datetime | None) -> str | None:
        """A time as this sandbox writes it; None stays None."""
        return self.sandbox.moment(time)

    # --- Lookups by the path ----------------------------------------------------------------------

    def number(self, parameter: str) -> int | None:
        """A number in the path; None if it is no number, so that nothing is found by it."""
        text = self.request.path_params[parameter]
        return int(text) if NUMBER.fullmatch(text) else None

    def workspace(self) -> Workspace:
        """The workspace in the path. Raises NotFound, or Forbidden for others than members."""
        workspace = self.store.workspaces.get(self.number("workspace"), deleted=False)
        if workspace is None:
            raise NotFound("Workspace")
        if self.user.id not in workspace.members:
            raise Forbidden
        return workspace

    def member(self) -> Member:
        """The caller, in the workspace of the path."""
        return self.workspace().members[self.user.id]

    def managed_workspace(self) -> Workspace:
        """The workspace, for a caller who may change who is in it."""
        if self.member().role not in MANAGERS:
            raise Forbidden
        return self.workspace()

    def board(self) -> Board:
        """The board in the path. Raises NotFound, or Forbidden for others than its users."""
        key = self.request.path_params["board"]
        board = self.store.boards.get(key, workspace_id=self.workspace().id, deleted=False)
        if board is None:
            raise NotFound("Board")
        if self.user.id not in board.user_ids:
            raise Forbidden
        return board

    @cached_property
    def attributes(self) -> list[Attribute]:
        """The attributes of the path's board."""
        return self.store.attributes.where(board_id=self.board().id, deleted=False)

    def find(
        self, table: Table[R], parameter: str, *, archived: bool = False, **matching: Any
    ) -> R:
        """The row of the path's board. `archived`: the caller only reads, so it may be archived."""
        key = self.request.path_params[parameter]
        row = table.get(key, board_id=self.board().id, **matching)
        if row is None or (row.deleted and not (archived and self.options.archived_readable)):
            raise NotFound(table.name)
        return row

    # --- Body and query ---------------------------------------------------------------------------

    async def body(self) -> Json:
        """The JSON body; {} when the content type is another. Raises ApiError 400."""
        if not re.search(r"[/+]json", self.request.headers.get("Content-Type", "")):
            return {}
        raw = await self.request.body()
        try:
            content = json.loads(raw) if raw.strip() else {}
            # Refuses what Python parses and PHP does not: NaN, half a surrogate pair, deep nesting.
            json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):
            raise ApiError(400, "The request body is not valid JSON.") from None
        if content == []:
            return {}
        if not isinstance(content, dict):
            raise ApiError(400, "The request body must be a JSON object.")
        return content

    async def fields(self, fields: Fields, *, partial: bool = False) -> Json:
        """The validated fields of the body. Raises Invalid."""
        return validate(fields, await self.body(), partial=partial)

    def on_board(self, table: Table[R], **matching: Any) -> Check:
        """A check: the id of a row of the path's board."""
        board = self.board()

        def check(value: Any) -> str:
            key = string(value)
            if table.get(key, board_id=board.id, deleted=False, **matching) is None:
                raise fault(UNKNOWN)
            return key

        return check

    def expand(self) -> set[str]:
        """The relations to expand: expand[]=a or expand[0]=a. Raises Invalid."""
        sent = self.request.query_params.multi_items()
        if any(key == "expand" for key, _ in sent):
            raise invalid(("expand", "The {field} field must be an array."))
        names = [value for key, value in sent if EXPAND_KEY.fullmatch(key)]
        unknown = [
            (f"expand.{index}", UNKNOWN)
            for index, name in enumerate(names)
            if name not in self.expandable
        ]
        if unknown and self.options.unknown_expand == "refuse":
            raise invalid(*unknown)
        return set(names) & self.expandable

    # --- Changes ----------------------------------------------------------------------------------

    def change(self, row: Row, given: Mapping[str, Any]) -> None:
        """Set the given attributes of a row."""
        for name, value in given.items():
            setattr(row, name, value)

    def archive(self, table: Table[R], rows: Iterable[R]) -> None:
        """Mark rows as deleted; an old version really deletes them."""
        for row in list(rows):
            self.change(row, {"deleted": True})
            if not self.archives:
                del table.rows[row.id]

    # --- Answers ----------------------------------------------------------------------------------

    def page(
        self,
        rows: Iterable[R],
        render: Callable[[R], Json],
        id_type: Callable[[str], Any] = str,
    ) -> Response:
        """A page of rows, as the query parameters ask for it."""
        self.expand()
        shown = [row for row in rows if self.options.lists_include_deleted or not row.deleted]
        page = paginate(shown, self.request.query_params, self.options, id_type)
        return StreamingResponse(page.written(render), media_type="application/json")

    def one(self, content: Json) -> Response:
        """One record, as GET answers it."""
        self.expand()
        return self._single(content, 200)

    def created(self, content: Json) -> Response:
        """A new record, with the status that the options say."""
        return self._single(content, self.options.create_status)

    def updated(self, content: Json) -> Response:
        """A record after its change."""
        return self._single(content, 200)

    def removed(self, content: Json) -> Response:
        """The answer to DELETE: 204 without a body, or the record, as the options say."""
        if self.options.delete_status == 204:
            return Response(status_code=204)
        return self._single(content, self.options.delete_status)

    def _single(self, content: Json, status: int) -> Response:
        return JSONResponse({"data": content} if self.options.wrap_single else content, status)

    def settings(self, settings: Json) -> Any:
        """Settings in an answer; with an option, empty ones are a list, as PHP writes them."""
        return [] if not settings and self.options.empty_settings_as_list else settings
