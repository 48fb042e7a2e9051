"""The forms of a page, with what a browser would send for each of their fields."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = dict[str, str | None]
Fields = dict[str, list[str]]


@dataclass
class Form:
    action: str
    method: str
    fields: Fields = field(default_factory=lambda: defaultdict(list))

    def sent(self, **changes: list[str]) -> Fields:
        """The fields with these changes; an empty list leaves one out."""
        return {name: values for name, values in {**self.fields, **changes}.items() if values}


def forms_of(page: str) -> list[Form]:
    parser = _Parser()
    parser.feed(page)
    return parser.forms


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            method = (attributes.get("method") or "get").lower()
            self.forms.append(Form(attributes.get("action") or "", method))
        elif tag == "select":
            self._select = attributes.get("name") or ""
            self._offer(self._select, None)
        elif tag == "option" and "selected" in attributes:
            self._offer(self._select, attributes.get("value"))
        elif tag in ("input", "textarea", "button"):
            self._offer(attributes.get("name") or "", _value(attributes))

    def _offer(self, name: str, value: str | None) -> None:
        """A field of the form that is open: it is there, even where nothing of it is sent."""
        if name and self.forms:
            values = self.forms[-1].fields[name]
            values += [] if value is None else [value]


def _value(attributes: Attributes) -> str | None:
    kind = attributes.get("type")
    if kind in ("checkbox", "radio") and "checked" not in attributes:
        return None
    return attributes.get("value") or ("on" if kind == "checkbox" else "")
