"""Fills a folder with items that are always the same, through the tools, and knows what is in it.

Each item has seven short values; every tenth has notes of 3,000 characters, and one of 50,000. Item
10 has five sub-items and ten comments.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Protocol

SHORT = ["Name", "Status", "Assignee", "Due", "Done", "Priority", "Estimate"]
PARENT, CHILDREN, GIANT, TO_FINISH = 10, range(11, 16), 45, range(21, 33)
MIN_ITEMS, MAX_ITEMS = 50, 10_000
COMMENTS = 10
PEOPLE = ("Ada Example", "Bob Example", "Rita Example")
PRIORITIES = ("Low", "Medium", "High", "Urgent")
STATUSES = ("To do", "Doing", "Done", "Blocked")
VERBS = ("Review", "Write", "Measure", "Translate", "Simplify", "Publish", "Repair", "Plan")
NOUNS = ("price list", "welcome mail", "search page", "backup", "meeting room", "handbook")
WORDS = (
    "the team looked at each page and wrote what customers asked for while it was still fresh so"
    " that whoever takes the next step finds figures names and dates in one place"
)


class Caller(Protocol):
    """Calls a tool, and returns its JSON."""

    def data(self, tool: str, **arguments: Any) -> dict[str, Any]: ...


class Board:
    """A folder of `count` items on the sandbox's first board, and one of fifty short ones."""

    def __init__(self, agent: Caller, count: int) -> None:
        workspace = agent.data("list_workspaces")["data"][0]["id"]
        board = agent.data("list_boards", workspace_id=workspace)["data"][0]["id"]
        self.place = {"workspace_id": workspace, "board_id": board}
        self._agent = agent
        self.folder, self.ids = self._filled("Measured", [*SHORT, "Notes"], count)
        self.short, self.short_ids = self._filled("Short", SHORT, MIN_ITEMS)
        self.comments = [
            self._made("add_item_comment", **self.item(PARENT), comment_text=prose(n, 400))
            for n in range(COMMENTS)
        ]

    def item(self, number: int) -> dict[str, Any]:
        """The arguments that name an item of the first folder, counted from one."""
        return {**self.place, "item_id": self.ids[number - 1]}

    @cached_property
    def attributes(self) -> dict[str, dict[str, Any]]:
        """The board's attributes by name."""
        found = self._agent.data("list_attributes", **self.place, limit=100)["data"]
        return {each["name"]: each for each in found}

    @property
    def statuses(self) -> Counter[str]:
        """How many items of the first folder have each status."""
        return Counter(status(n) for n in range(1, len(self.ids) + 1))

    def _filled(
        self, name: str, columns: list[str], count: int
    ) -> tuple[dict[str, Any], list[str]]:
        shown = [self.attributes[each]["id"] for each in columns]
        made = self._made("create_folder", **self.place, name=name, attribute_ids=shown)
        folder, ids = {**self.place, "folder_id": made}, list[str]()
        for n in range(1, count + 1):
            parent = {"parent_id": ids[PARENT - 1]} if "Notes" in columns and n in CHILDREN else {}
            given = {key: text for key, text in values(n).items() if key in columns}
            ids.append(self._made("create_item", **folder, **parent, values=given))
        return folder, ids

    def _made(self, tool: str, **arguments: Any) -> str:
        return str(self._agent.data(tool, **arguments)["id"])


def title(n: int) -> str:
    return f"Task {n:04d}: {VERBS[n % 8]} the {NOUNS[n % 6]}"


def status(n: int) -> str:
    return STATUSES[(n * n + n // 3) % 4]


def values(n: int) -> dict[str, Any]:
    """The values of an item by attribute name."""
    notes = 50_000 if n == GIANT else 0 if n % 10 else 3_000
    return {
        "Name": title(n),
        "Status": status(n),
        "Assignee": [PEOPLE[n % 3]],
        "Due": (date(2026, 3, 1) + timedelta(days=n * 11 % 200)).isoformat(),
        "Done": n % 4 == 0,
        "Priority": PRIORITIES[n // 5 % 4],
        "Estimate": n * 13 % 40 + 0.5 * (n % 2),
        **({"Notes": prose(n, notes)} if notes else {}),
    }


def prose(seed: int, length: int) -> str:
    """Paragraphs of `length` characters, the same for the same seed; the last words name it."""
    known, text, n = WORDS.split(), "", seed
    while len(text) < length:
        n += 1
        words = (known[(n * 7 + k * (1 + n % 3)) % len(known)] for k in range(9 + n % 6))
        text += " ".join(words).capitalize() + (".\n\n" if n % 6 == 0 else ". ")
    end = last_words(seed)
    return text[: length - len(end)].rstrip().ljust(length - len(end), ".") + end


def last_words(seed: int) -> str:
    """How the prose of a seed ends."""
    return f" So ends text {seed}."
