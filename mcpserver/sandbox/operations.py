"""Lists the API's operations, in the order of its documentation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.resources import (
    attachments,
    attributes,
    boards,
    comments,
    folders,
    hooks,
    items,
    members,
    profile,
    references,
    time_tracking,
    views,
    workspaces,
)

LEGACY = ""
VERSIONS = ("2025-02-26.morava", "2025-12-01.morava", "2026-04-20.morava")
CURRENT = VERSIONS[-1]


@dataclass(frozen=True)
class Operation:
    """One operation: its route, handler and versions."""

    name: str
    """The operationId of Infinity's documentation."""
    method: str
    path: str
    handler: Callable[[Call], Awaitable[Response]]
    expandable: frozenset[str] = frozenset()
    since: str = LEGACY
    until: str = CURRENT
    """The last version that has it."""


WS = "/workspaces/{workspace}"
BOARD = WS + "/boards/{board}"
FOLDERS, FOLDER = BOARD + "/folders", BOARD + "/folders/{folder}"
ATTRIBUTES, ATTRIBUTE = BOARD + "/attributes", BOARD + "/attributes/{attribute}"
ITEMS, ITEM = BOARD + "/items", BOARD + "/items/{item}"
COMMENTS, COMMENT = ITEM + "/comments", ITEM + "/comments/{comment}"
VIEWS, VIEW = BOARD + "/views", BOARD + "/views/{view}"
REFERENCES, REFERENCE = BOARD + "/references", BOARD + "/references/{reference}"
HOOKS, HOOK = BOARD + "/hooks", BOARD + "/hooks/{hook}"
TIMES, TIME = BOARD + "/time-tracking", BOARD + "/time-tracking/{entry}"

OPERATIONS = (
    Operation("getMyProfileData", "GET", "/profile", profile.show),
    Operation("listWorkspaces", "GET", "/workspaces", workspaces.index),
    Operation("listMembers", "GET", WS + "/members", members.index),
    Operation("inviteMember", "POST", WS + "/members/invite", members.invite),
    Operation("addMember", "PUT", WS + "/members/{user}", members.add),
    Operation("removeMember", "DELETE", WS + "/members/{user}", members.remove),
    Operation("createFromFile", "POST", WS + "/attachments/file", attachments.create_from_file),
    Operation("createFromURL", "POST", WS + "/attachments/url", attachments.create_from_url),
    Operation("listBoards", "GET", WS + "/boards", boards.index),
    Operation("createBoard", "POST", WS + "/boards", boards.create),
    Operation("getBoard", "GET", BOARD, boards.show),
    Operation("listFolders", "GET", FOLDERS, folders.index),
    Operation("createFolder", "POST", FOLDERS, folders.create),
    Operation("getFolder", "GET", FOLDER, folders.show),
    Operation("updateFolder", "PUT", FOLDER, folders.update),
    Operation("deleteFolder", "DELETE", FOLDER, folders.delete),
    Operation("listAttributes", "GET", ATTRIBUTES, attributes.index),
    Operation("createAttribute", "POST", ATTRIBUTES, attributes.create),
    Operation("getAttribute", "GET", ATTRIBUTE, attributes.show),
    Operation("updateAttribute", "PUT", ATTRIBUTE, attributes.update),
    Operation("deleteAttribute", "DELETE", ATTRIBUTE, attributes.delete),
    Operation("listItems", "GET", ITEMS, items.index, expandable=items.EXPANDABLE),
    Operation("createItem", "POST", ITEMS, items.create),
    Operation("getItem", "GET", ITEM, items.show, expandable=items.EXPANDABLE),
    Operation("updateItem", "PUT", ITEM, items.update),
    Operation("deleteItem", "DELETE", ITEM, items.delete),
    Operation("listComments", "GET", COMMENTS, comments.index, expandable=comments.EXPANDABLE),
    Operation("createComment", "POST", COMMENTS, comments.create),
    Operation("getComment", "GET", COMMENT, comments.show, expandable=comments.EXPANDABLE),
    Operation("updateComment", "PUT", COMMENT, comments.update),
    Operation("deleteComment", "DELETE", COMMENT, comments.delete),
    Operation("listViews", "GET", VIEWS, views.index),
    Operation("createView", "POST", VIEWS, views.create),
    Operation("getViews", "GET", VIEW, views.show),
    Operation("updateView", "PUT", VIEW, views.update),
    Operation("deleteView", "DELETE", VIEW, views.delete),
    Operation("listReferences", "GET", REFERENCES, references.index, until=LEGACY),
    Operation("createReference", "POST", REFERENCES, references.create),
    Operation("deleteReference", "DELETE", REFERENCE, references.delete),
    Operation("listHooks", "GET", HOOKS, hooks.index),
    Operation("createHook", "POST", HOOKS, hooks.create),
    Operation("updateHook", "PUT", HOOK, hooks.update),
    Operation("deleteHook", "DELETE", HOOK, hooks.delete),
    Operation("createTimeEntry", "POST", TIMES, time_tracking.create, since=CURRENT),
    Operation("updateTimeEntry", "PUT", TIME, time_tracking.update, since=CURRENT),
    Operation("deleteTimeEntry", "DELETE", TIME, time_tracking.delete, since=CURRENT),
)
"""The 45 operations of CURRENT, and the one that only the oldest version has."""
