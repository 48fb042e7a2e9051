"""One authenticated request on its way through a handler: lookups, body, answers."""

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

from mcpserver.sandbox.errors import ApiError, Forbidden, NotFound
from mcpserver.sandbox.models import Attribute, Board, Json, Member, User, Workspace
from mcpserver.sandbox.options import Options
from mcpserver.sandbox.pages import paginate
from mcpserver.sandbox.state import Sandbox
from mcpserver.sandbox.store import Row, Store, Table
from mcpserver.sandbox.validation import UNKNOWN, Check, Fields, fault, invalid, string, validate

R = TypeVar("R", bound=Row)

EXPAND_KEY = re.compile(r"expand\[\d*\]", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
FIRST_ARCHIVING_VERSION = "2025-12-01.morava"
MANAGERS = ("owner", "admin")


@dataclass(frozen=True)
class Call:
    sandbox: Sandbox
    request: Request
    user: User
    version: str
    """The X-API-Version; "" when there is none, which sorts before every version."""
    expandable: frozenset[str]

    @property
    def options(self) -> Options:
        return self.sandbox.options

    @property
    def store(self) -> Store:
        return self.sandbox.store

    @property
    def archives(self) -> bool:
        """Whether deleting keeps the row, marked as deleted."""
        return self.version >= FIRST_ARCHIVING_VERSION

    def moment(self, time: datetime | None) -> str | None:
        return self.sandbox.moment(time)

    # --- What the path names ----------------------------------------------------------------------

    def number(self, parameter: str) -> int | None:
        text = self.request.path_params[parameter]
        return int(text) if NUMBER.fullmatch(text) else None

    def workspace(self) -> Workspace:
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
        """The row of the path's board. `archived`: an archived one may be read."""
        key = self.request.path_params[parameter]
        row = table.get(key, board_id=self.board().id, **matching)
        if row is None or (row.deleted and not (archived and self.options.archived_readable)):
            raise NotFound(table.name)
        return row

    # --- What the caller sent ---------------------------------------------------------------------

    async def body(self) -> Json:
        """The JSON body; {} when the content type is another. Raises ApiError 400."""
        if not re.search(r"[/+]json", self.request.headers.get("Content-Type", "")):
            return {}
        raw = await self.request.body()
        try:
            content = json.loads(raw) if raw.strip() else {}
            # Refuses what Python reads and PHP does not: NaN, half a surrogate pair, deep nesting.
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

    # --- What it changes --------------------------------------------------------------------------

    def change(self, row: Row, given: Mapping[str, Any]) -> None:
        for name, value in given.items():
            setattr(row, name, value)

    def archive(self, table: Table[R], rows: Iterable[R]) -> None:
        """Mark rows as deleted; an old version really deletes them."""
        for row in list(rows):
            self.change(row, {"deleted": True})
            if not self.archives:
                del table.rows[row.id]

    # --- What it answers --------------------------------------------------------------------------

    def page(
        self,
        rows: Iterable[R],
        render: Callable[[R], Json],
        id_type: Callable[[str], Any] = str,
    ) -> Response:
        self.expand()
        shown = [row for row in rows if self.options.lists_include_deleted or not row.deleted]
        page = paginate(shown, self.request.query_params, self.options, id_type)
        return StreamingResponse(page.written(render), media_type="application/json")

    def one(self, content: Json) -> Response:
        self.expand()
        return self._single(content, 200)

    def created(self, content: Json) -> Response:
        return self._single(content, self.options.create_status)

    def updated(self, content: Json) -> Response:
        return self._single(content, 200)

    def removed(self, content: Json) -> Response:
        if self.options.delete_status == 204:
            return Response(status_code=204)
        return self._single(content, self.options.delete_status)

    def _single(self, content: Json, status: int) -> Response:
        return JSONResponse({"data": content} if self.options.wrap_single else content, status)

    def settings(self, settings: Json) -> Any:
        return [] if not settings and self.options.empty_settings_as_list else settings
