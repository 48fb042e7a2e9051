"""Parses links and checklist entries in the forms that agents write."""

from __future__ import annotations

import re
import uuid
from itertools import islice
from typing import Any

from mcpserver.content.blank import is_blank
from mcpserver.content.errors import WrongValue
from mcpserver.content.values.caps import MAX_IN_VALUES, countable
from mcpserver.infinity import JsonObject

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
# A Markdown link before a blank, another link or the end; or a word.
_LINK_OR_WORD = re.compile(r"\[([^\[\]]*+)\]\(<?(\S+?)>?\)[,;]?(?=[\s\[]|\Z)|\S+")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_BULLET_ALONE = re.compile(r"^\s*(?:[-*+•]|\d{1,3}\))\s+")  # "2. quarter" alone is a text
_FENCE = re.compile(r"\s*```[\w-]*\s*")
_BOX = re.compile(r"\s*(?:\[([ xX✓✔]?)\](?!\()|([☐☑☒✅✓✔]))\s*")
_TICKED = set("xX✓✔☑☒✅")

DONE_WORDS = {
    **dict.fromkeys(("true", "yes", "y", "on", "1", "x", "done", "checked", "complete"), True),
    **dict.fromkeys(("completed", "finished", "closed"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0", "", "open", "todo", "to do"), False),
    **dict.fromkeys(("unchecked", "not done", "undone", "pending", "incomplete"), False),
}


def links(data: list[Any]) -> list[JsonObject]:
    """The links in the entries, each once. Raises WrongValue for anything else."""
    once: dict[tuple[str, Any], JsonObject] = {}
    for link in (link for each in data for link in _links_of(each)):
        once.setdefault((link["url"], link.get("name")), link)
    return list(once.values())


def tasks(data: list[Any]) -> list[JsonObject]:
    """The entries of a checklist. Raises WrongValue for anything else."""
    return countable([task for each in data for task in _tasks_of(each)])


def lines_of(text: str) -> list[str]:
    """The lines of a text that are not blank."""
    return countable([line for line in text.splitlines() if not is_blank(line)])


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
    """The Markdown links and URLs of one line."""
    text = _BULLET.sub("", line, count=1).strip()
    found: list[JsonObject] = []
    parts = islice(_LINK_OR_WORD.finditer(text), MAX_IN_VALUES + 1)
    for part in countable([*parts]):
        if part[2] is None:
            found += [{"id": _new_id(), "url": _url(url)} for url in _split(part[0])]
            continue
        named = {"name": part[1].strip()} if part[1].strip() else {}
        found.append({"id": _new_id(), "url": _url(part[2]), **named})
    return countable(found)


def _split(text: str) -> list[str]:
    """URLs that are separated by commas. Raises WrongValue if a comma may belong to a URL."""
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
    if isinstance(given, bool) or not isinstance(given, str | int | dict):
        raise WrongValue(TASK_FORM)
    if not isinstance(given, dict):
        text = str(given)
        return [_task(line) for line in task_lines(text) or [text]]
    if given and not set(_TASK_KEYS) & given.keys() and _are_states(given):
        return [_new_task(str(name), state) for name, state in given.items()]
    entry = _object(given, {"name": _TASK_KEYS, "done": _DONE_KEYS}, TASK_FORM)
    name = entry.get("name")
    if isinstance(name, bool) or not isinstance(name, str | int) or is_blank(str(name)):
        raise WrongValue(TASK_FORM)
    return [{**entry, "name": str(name), "done": _is_done(entry.get("done"))}]


def _are_states(given: JsonObject) -> bool:
    """Whether an object has tasks as keys: {"Buy paper": true, "Call Ada": false}."""
    return all(isinstance(state, bool) for state in given.values()) and not (
        set(_DONE_KEYS) & given.keys()
    )


def task_lines(text: str) -> list[str]:
    """The entries of a text: of a task list, of a bulleted list, or its lines.

    Raises WrongValue if only some of the lines are marked as entries: the meaning is not clear.
    """
    lines = lines_of(text)
    marked = [bool(_BULLET.match(line) or _BOX.match(line)) for line in lines]
    is_mixed = any(marked) and not all(marked)
    odd = [line for line, mark in zip(lines, marked, strict=True) if is_mixed and not mark]
    odd += filter(_FENCE.fullmatch, lines if len(lines) > 1 else [])  # the edge of a code block
    if odd:
        raise WrongValue(f"{TASK_FORM}; the line {odd[0].strip()[:60]!r} is no entry")
    bullet = _BULLET if len(lines) > 1 else _BULLET_ALONE
    return [bullet.sub("", line, count=1) for line in lines] if any(marked) else lines


def _task(line: str) -> JsonObject:
    text = _BULLET.sub("", line, count=1)
    box = _BOX.match(text)
    if box is None:
        return _new_task(line, False)
    return _new_task(text[box.end() :], (box[1] or box[2]) in _TICKED)


def _new_task(name: str, done: bool) -> JsonObject:
    if is_blank(name):
        raise WrongValue(f"{TASK_FORM}; each entry needs a name, and [] is the empty list")
    return {"id": _new_id(), "name": name.strip(), "done": done}


def _is_done(given: Any) -> bool:
    word = "" if given is None else str(given).strip().casefold()
    if isinstance(given, list | dict) or word not in DONE_WORDS:
        raise WrongValue(f"done is true or false, not {str(given)[:40]!r}")
    return DONE_WORDS[word]


# --- Both -----------------------------------------------------------------------------------------


def _object(given: Any, keys: dict[str, tuple[str, ...]], form: str) -> JsonObject:
    """An entry with Infinity's keys. A new one gets an id, which Infinity leaves to its clients.

    An entry with an id was read from Infinity, and keeps its other keys.
    """
    if not isinstance(given, dict):
        raise WrongValue(form)
    known = {alias: name for name, aliases in keys.items() for alias in aliases}
    if not given.get("id"):
        given = {
            key: value
            for key, value in given.items()
            if value is not None and (key, value) != ("id", "")
        }
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
