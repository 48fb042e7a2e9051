"""Makes the result of a tool: everything once, as Markdown or as JSON, short enough for any client.

Clients hand their model the text, or structured content, or both, and cut what is long. So Markdown
comes as a text alone, and JSON as structured content with the same JSON as its text. Texts from
Infinity are data: they are shown, never interpreted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from mcp_types import CallToolResult, TextContent
from pydantic import Field

from mcpserver.content.conversion import Texts
from mcpserver.content.item_reader import Reader
from mcpserver.content.overviews.parts import Overview
from mcpserver.content.pages import Cut, Way, Window
from mcpserver.content.rendering import board_overview, item_overview, json_form
from mcpserver.content.rendering.cells import Cells
from mcpserver.content.rendering.markdown import Markdown
from mcpserver.content.rendering.pages import Page, is_page
from mcpserver.infinity import JsonObject

Format = Literal["markdown", "json"]
Lines = Callable[[JsonObject, Texts], Iterator[str]]

NO_NAMES = Reader([], [])
FIRST_PAGE = Window.of("after", None, 100)
# What writes the data of a tool that is no record of Infinity's, by its `object`.
OVERVIEWS: dict[str, Lines] = {
    "board_overview": board_overview.lines,
    "item_overview": item_overview.lines,
}


class ToolResult(CallToolResult):
    """A result, with the id of the record that it is about."""

    record_id: Any = Field(default=None, exclude=True)


def render(
    data: JsonObject,
    format: Format,
    *,
    reader: Reader = NO_NAMES,
    texts: Texts | None = None,
    notice: str = "",
    offset: int | None = None,
    cut: Cut = FIRST_PAGE.cut,
    direction: Way = "after",
) -> ToolResult:
    """Build the result for a record, a page or an overview. `notice` is the server's own.

    `cut` cuts a page that was read in `direction`. With an `offset`, the `text` of a record is read
    from that character on. Raises WrongValue.
    """
    # A key of Infinity's would look like a notice of the server.
    write = OVERVIEWS[data["object"]] if isinstance(data, Overview) else None
    data = {key: data[key] for key in data if key != "notice"}
    page = Page(data, cut, direction) if is_page(data) else None
    texts = texts or Texts()
    cells = Cells(reader, texts)
    if format == "json":
        content = _bounded(page or data, cells, notice, offset)
        return _result(data, json_form.written(content), structured_content=content)
    writer = Markdown(cells, texts, notice)
    if page:
        text = writer.page(page)
    elif offset is not None:
        text = writer.piece(data, offset)
    elif write:
        text = writer.lines(write(data, texts))
    else:
        text = writer.record(data)
    return _result(data, text)


def _bounded(data: JsonObject | Page, cells: Cells, notice: str, offset: int | None) -> JsonObject:
    if isinstance(data, Page):
        return json_form.bounded_page(data, notice)
    if offset is not None:
        return json_form.bounded_piece(data, lambda: cells.body(data), offset, notice)
    return json_form.bounded_record(data, notice)


def _result(data: JsonObject, text: str, **more: Any) -> ToolResult:
    content = TextContent(type="text", text=text)
    return ToolResult(content=[content], record_id=data.get("id"), **more)
