"""Links and checklist entries in the forms that agents write them."""

from __future__ import annotations

import re
import uuid
from typing import Any

from mcpserver.caps import MOST_IN_VALUES
from mcpserver.infinity import JsonObject
from mcpserver.params import WrongValue

LINK_FORM = 'each link is a URL or {"url", "name"}'
TASK_FORM = 'each entry is a text or {"name", "done"}; a text of several lines is a task list'
_URL_KEYS = ("url", "href", "link")
_LINK_NAME_KEYS = ("name", "title", "text", "label")
_TASK_KEYS = ("name", "text", "title", "label", "task", "item", "content")
_DONE_KEYS = ("done", "checked", "completed", "complete", "isDone", "is_done", "state", "status")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_SCRIPT = re.compile(r"(javascript|data|vbscript):", re.IGNORECASE)
_DOMAIN = re.compile(r"www\.[^\s.]+\.\S+|[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}/\S*", re.IGNORECASE)
_NEXT_URL = re.compile(r"[,;](?=(?:[a-z][a-z0-9+.-]*://|www\.|mailto:))", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\(<?(\S+?)>?\)")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_DASH = re.compile(r"^\s*[-*+•]\s+")
_BOX = re.compile(r"\s*(?:\[([ xX✓✔]?)\](?!\()|([☐☑☒✅✓✔]))\s*")
_TICKED = set("xX✓✔☑☒✅")

DONE_WORDS = {
    **dict.fromkeys(("true", "yes", "y", "on", "1", "x", "done", "checked", "complete"), True),
    **dict.fromkeys(("completed", "finished", "closed"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0", "", "open", "todo", "to do"), False),
    **dict.fromkeys(("unchecked", "not done", "undone", "pending", "incomplete"), False),
}


def links(data: list[Any]) -> list[JsonObject]:
    """Raises WrongValue for what is no link."""
    once: dict[tuple[str, Any], JsonObject] = {}
    for link in (link for each in data for link in _links_of(each)):
        once.setdefault((link["url"], link.get("name")), link)
    return list(once.values())


def tasks(data: list[Any]) -> list[JsonObject]:
    """Raises WrongValue for what is no entry of a checklist."""
    return countable([task for each in data for task in _tasks_of(each)])


def lines_of(text: str) -> list[str]:
    return countable([line for line in text.splitlines() if line.strip()])


def countable(entries: list[Any]) -> list[Any]:
    """Lists that come as text were not counted before (mcpserver.caps). Raises WrongValue."""
    if len(entries) > MOST_IN_VALUES:
        raise WrongValue(f"takes at most {MOST_IN_VALUES:,} list entries at once")
    return entries


# --- Links ----------------------------------------------------------------------------------------


def _links_of(given: Any) -> list[JsonObject]:
    if isinstance(given, str):
        return [link for line in lines_of(given) for link in _links_in(line)]
    entry = _object(given, {"url": _URL_KEYS, "name": _LINK_NAME_KEYS}, LINK_FORM)
    url, name = entry.get("url"), entry.get("name")
    if not isinstance(url, str) or not (name is None or isinstance(name, str)):
        raise WrongValue(LINK_FORM)
    if not given.get("id"):
        url = _url(url)
    elif _SCRIPT.match(url.strip()):
        raise WrongValue(f"{LINK_FORM}; {url[:60]!r} is no URL")
    return [{**entry, "url": url}]


def _links_in(line: str) -> list[JsonObject]:
    """One line: a Markdown link, or URLs."""
    text = _BULLET.sub("", line, count=1).strip()
    if match := _MARKDOWN_LINK.fullmatch(text):
        named = {"name": match[1].strip()} if match[1].strip() else {}
        return [{"id": _new_id(), "url": _url(match[2]), **named}]
    parts = [part for word in countable(text.split()) for part in _split(word)]
    return [{"id": _new_id(), "url": _url(part)} for part in countable(parts)]


def _split(text: str) -> list[str]:
    """URLs with only a comma between them. Raises WrongValue where it may be part of one."""
    parts = _NEXT_URL.split(text)
    if len(parts) > 1 and any(set("?#") & set(part) for part in parts[:-1]):
        raise WrongValue(
            f'{LINK_FORM}; {text[:60]!r} may be one URL or several: give each as {{"url"}}'
        )
    return parts


def _url(text: str) -> str:
    url = text.strip().removeprefix("<").removesuffix(">").rstrip(",;")
    if _DOMAIN.fullmatch(url):
        return f"https://{url}"
    if not _URL.fullmatch(url) or _SCRIPT.match(url):
        raise WrongValue(f"{LINK_FORM}; {text[:60]!r} is no URL")
    return url


# --- Checklists -----------------------------------------------------------------------------------


def _tasks_of(given: Any) -> list[JsonObject]:
    if isinstance(given, bool) or not isinstance(given, str | int | float | dict):
        raise WrongValue(TASK_FORM)
    if not isinstance(given, dict):
        return [_task(line) for line in _lines_of_entry(str(given))]
    if given and not set(_TASK_KEYS) & given.keys() and _are_states(given):
        return [_new_task(str(name), state) for name, state in given.items()]
    entry = _object(given, {"name": _TASK_KEYS, "done": _DONE_KEYS}, TASK_FORM)
    name = entry.get("name")
    if isinstance(name, bool) or not isinstance(name, str | int) or not str(name).strip():
        raise WrongValue(TASK_FORM)
    return [{**entry, "name": str(name), "done": _is_done(entry.get("done"))}]


def _lines_of_entry(text: str) -> list[str]:
    """A text of one line is one entry as it stands; one of several lines is a task list."""
    return task_lines(text) if len(lines_of(text)) > 1 else [text]


def _are_states(given: JsonObject) -> bool:
    """{"Buy paper": true, "Call Ada": false}."""
    return all(isinstance(state, bool) for state in given.values()) and not (
        set(_DONE_KEYS) & given.keys()
    )


def task_lines(text: str) -> list[str]:
    """The entries of a text: a task list, a bulleted list, or a line each.

    Raises WrongValue where some lines are entries and others are not: their meaning is open.
    """
    lines = lines_of(text)
    marked = [bool(_BULLET.match(line) or _BOX.match(line)) for line in lines]
    if any(marked) and not all(marked):
        odd = lines[marked.index(False)].strip()
        raise WrongValue(f"{TASK_FORM}; the line {odd[:60]!r} is no entry")
    bullet = _BULLET if len(lines) > 1 else _DASH  # "2. quarter" alone is a text
    return [bullet.sub("", line, count=1) for line in lines] if any(marked) else lines


def _task(line: str) -> JsonObject:
    text = _BULLET.sub("", line, count=1)
    box = _BOX.match(text)
    if box is None:
        return _new_task(line, False)
    return _new_task(text[box.end() :], (box[1] or box[2]) in _TICKED)


def _new_task(name: str, done: bool) -> JsonObject:
    if not name.strip():
        raise WrongValue(TASK_FORM)
    return {"id": _new_id(), "name": name.strip(), "done": done}


def _is_done(given: Any) -> bool:
    word = "" if given is None else str(given).strip().casefold()
    if isinstance(given, list | dict) or word not in DONE_WORDS:
        raise WrongValue(f"done is true or false, not {str(given)[:40]!r}")
    return DONE_WORDS[word]


# --- Both -----------------------------------------------------------------------------------------


def _object(given: Any, keys: dict[str, tuple[str, ...]], form: str) -> JsonObject:
    """An entry by the names that Infinity uses. Its id is made by who writes it.

    An entry with an id was read from Infinity, and keeps what else is in it.
    """
    if not isinstance(given, dict):
        raise WrongValue(form)
    known = {alias: name for name, aliases in keys.items() for alias in aliases}
    if not given.get("id"):
        given = {key: value for key, value in given.items() if value is not None}
        if unknown := given.keys() - {*known, "favicon"}:
            raise WrongValue(f"{form}; {sorted(unknown)[0][:60]!r} is not known")
    entry: JsonObject = {"id": str(given.get("id") or _new_id())}
    for key in given.keys() - {"id"}:
        name = known.get(key, key)
        if given.get("id") and name in given:
            name = key
        if name in entry and entry[name] != given[key]:
            raise WrongValue(f"{form}; {key[:60]!r} contradicts another of its keys")
        entry[name] = given[key]
    return entry


def _new_id() -> str:
    return str(uuid.uuid4())
