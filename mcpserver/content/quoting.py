"""Writes names in one line so that none can be taken for several."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

# What stands between names, and the quote itself.
_SEPARATOR = re.compile(r'[,;·"]|:(?= |$)')


def listed(names: Sequence[Any]) -> str:
    """Names in one line, in quotes where a name could look like several."""
    return ", ".join(quoted(name) for name in names)


def quoted(name: Any) -> str:
    """A name on one line; as a JSON string if it holds a separator or a quote."""
    text = " ".join(str(name).split())
    return json.dumps(text, ensure_ascii=False) if _SEPARATOR.search(text) else text
