"""Date and time formats of all pages, with the time zone."""

from __future__ import annotations

DATETIME_FORMAT = "Y-m-d H:i T"
DATE_FORMAT = "Y-m-d"
