"""How moments and days are written: the same for everybody, with the zone."""

from __future__ import annotations

DATETIME_FORMAT = "Y-m-d H:i T"
DATE_FORMAT = "Y-m-d"
