"""Generates ids in Infinity's forms, the same ones in every fresh sandbox."""

from __future__ import annotations

import itertools
import random
import uuid
from datetime import datetime

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
FIRST_NUMBER = 98_765


class Ids:
    """Generates ids from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._last_millisecond = 0
        self._numbers = itertools.count(FIRST_NUMBER)

    def base58(self) -> str:
        """An id of a board or folder: 11 characters."""
        return "".join(self._random.choices(BASE58, k=11))

    def uuid4(self) -> str:
        """A UUID of version 4 in its usual form."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def uuid7(self, moment: datetime) -> str:
        """An id of an item. Ids are strictly ordered by time, at any resolution of the clock."""
        millisecond = max(int(moment.timestamp() * 1000), self._last_millisecond + 1)
        self._last_millisecond = millisecond
        variant = 0b10 << 62
        low = variant | self._random.getrandbits(62)
        high = millisecond << 16 | 0x7 << 12 | self._random.getrandbits(12)
        return str(uuid.UUID(int=high << 64 | low))

    def number(self) -> int:
        """An id of an attachment, or of an invited user."""
        return next(self._numbers)

    def secret(self) -> str:
        """A secret of 40 hex digits."""
        return f"{self._random.getrandbits(160):040x}"
